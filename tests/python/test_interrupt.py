# SPDX-License-Identifier: BSD-3-Clause
"""Ctrl-C, progress, errors in callbacks, other threads, and fork."""

import _thread
import multiprocessing
import os
import signal
import subprocess
import sys
import threading
import time

import numpy as np
import pytest
import spikekit

SOON_S = 12  # tens of milliseconds when idle; this holds on a machine with ten other loads


def make_long_table():
    rng = np.random.default_rng(1)
    samples = np.sort(rng.integers(0, 400 * 30000, 4_000_000))
    units = rng.integers(0, 2000, 4_000_000).astype(np.int32)
    return spikekit.SpikeTable(samples, units, 30000.0)


@pytest.fixture(scope="module")
def long_table():
    """2e10 pairs within half a second: half a minute of work for one thread."""
    return make_long_table()


def count_long(table, function=spikekit.correlograms, **options):
    return function(table, 1.0, 0.25, **options)


def after(seconds, function):
    timer = threading.Timer(seconds, function)
    timer.daemon = True
    timer.start()
    return timer


def rows(*arguments, **options):
    return list(spikekit.correlogram_rows(*arguments, **options))


def pairs(data, *arguments, **options):
    every = np.stack(np.meshgrid(np.arange(2000), np.arange(1000)), -1).reshape(-1, 2)
    return spikekit.correlogram_pairs(data, every, *arguments, **options)


def heard(*arguments, **options):
    spikekit.correlogram_rows(*arguments, callback=lambda *row: None, **options)


COUNTS = [spikekit.correlograms, rows, heard, pairs]


@pytest.mark.parametrize("function", COUNTS)
@pytest.mark.parametrize("threads", [1, 2])
def test_interrupt_main(long_table, function, threads):
    before = signal.getsignal(signal.SIGINT)
    stopped = []

    def stop():
        stopped.append(time.monotonic())
        _thread.interrupt_main()

    timer = after(0.5, stop)
    with pytest.raises(KeyboardInterrupt):
        count_long(long_table, function, threads=threads)
    assert time.monotonic() - stopped[0] < SOON_S
    timer.join()
    assert signal.getsignal(signal.SIGINT) is before
    # The next call is as good as any.
    assert spikekit.correlograms(([1, 2], [0, 1], 1000.0), 0.01, 0.001)[0, 1].sum() == 1


def test_interrupt_of_a_simulation():
    after(0.5, _thread.interrupt_main)
    start = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        spikekit.simulate(n_units=20000, duration_s=36000, threads=2)
    assert time.monotonic() - start < 0.5 + SOON_S


def test_signal_to_a_process():
    code = (
        "import conftest, test_interrupt\n"
        "table = test_interrupt.make_long_table()\n"
        "at_work = lambda *what: print('at work', flush=True)\n"
        "test_interrupt.count_long(table, progress=at_work)\n"
    )
    folder = os.path.dirname(os.path.abspath(__file__))
    process = subprocess.Popen(
        [sys.executable, "-c", code],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout.readline() == "at work\n"
    time.sleep(0.2)
    sent = time.monotonic()
    process.send_signal(signal.SIGINT)
    errors = process.communicate(timeout=60)[1]
    assert time.monotonic() - sent < SOON_S
    assert process.returncode == -signal.SIGINT
    assert errors.rstrip().endswith("KeyboardInterrupt")
    assert "Exception ignored" not in errors


def test_interrupt_during_a_slow_progress_callback(long_table):
    def slow(activity, fraction):
        after(0.1, _thread.interrupt_main)
        time.sleep(0.3)

    with pytest.raises(KeyboardInterrupt):
        count_long(long_table, progress=slow)


def test_own_handler_of_ctrl_c_is_left_alone(long_table):
    class Stop(Exception):
        pass

    def handler(number, frame):
        raise Stop

    before = signal.signal(signal.SIGINT, handler)
    try:
        after(0.5, _thread.interrupt_main)
        with pytest.raises(Stop):
            count_long(long_table, progress=lambda activity, fraction: time.sleep(0.001))
        assert signal.getsignal(signal.SIGINT) is handler
    finally:
        signal.signal(signal.SIGINT, before)


@pytest.mark.parametrize("function", COUNTS)
def test_an_error_in_progress_ends_the_call(long_table, function):
    calls = []

    def progress(activity, fraction):
        calls.append(fraction)
        raise ZeroDivisionError("in progress")

    with pytest.raises(ZeroDivisionError, match="in progress"):
        count_long(long_table, function, progress=progress)
    assert len(calls) == 1 and calls[0] < 0.5


@pytest.mark.parametrize("function", COUNTS)
def test_little_is_done_after_an_interrupt(long_table, function):
    calls = []

    def progress(activity, fraction):
        calls.append(fraction)
        if len(calls) == 2:
            _thread.interrupt_main()

    with pytest.raises(KeyboardInterrupt):
        count_long(long_table, function, progress=progress, threads=2)
    # Python handles the signal at once or before the next callback.
    assert 2 <= len(calls) <= 3 and calls[-1] < 0.5


@pytest.mark.parametrize("error", [ValueError("mine"), KeyboardInterrupt(), SystemExit(3)])
def test_an_error_in_a_row_callback_ends_the_call(random_spikes, error):
    seen = []

    def callback(unit, counts):
        seen.append(unit)
        if unit == 2:
            raise error

    data = (*random_spikes(1), 30000.0)
    for threads in (1, 3):
        with pytest.raises(type(error)) as caught:
            spikekit.correlogram_rows(data, callback=callback, threads=threads)
        assert caught.value is error
        assert seen == [0, 1, 2]
        seen.clear()


@pytest.mark.parametrize("function", [spikekit.correlograms, rows, heard, spikekit.autocorrelograms])
def test_progress(simulation, function):
    calls = []
    function(simulation, progress=lambda *what: calls.append(what), threads=2)
    assert calls and calls[-1][1] == 1.0
    for (before, first), (after_, second) in zip(calls, calls[1:]):
        assert isinstance(before, str) and 0 <= first <= 1
        assert before != after_ or first <= second


class Bar:
    """Acts as tqdm does."""

    made = []

    def __init__(self, total=None, **options):
        self.total, self.n, self.words, self.closed = total, 0, [], False
        Bar.made.append(self)

    def update(self, step):
        assert step > 0
        self.n += step

    def reset(self):
        self.n = 0

    def set_description(self, words):
        self.words.append(words)

    def close(self):
        self.closed = True


def test_bars(simulation, long_table):
    bar = Bar(total=200)
    spikekit.correlograms(simulation, progress=bar)
    assert bar.n == pytest.approx(200) and bar.words and not bar.closed
    Bar.made.clear()
    spikekit.correlograms(simulation, progress=Bar)
    (made,) = Bar.made
    assert made.n == pytest.approx(100) and made.closed
    with pytest.raises(KeyboardInterrupt):
        after(0.3, _thread.interrupt_main)
        count_long(long_table, progress=Bar)
    assert Bar.made[-1].closed


def test_tqdm(simulation, capsys):
    tqdm = pytest.importorskip("tqdm", reason="tqdm is not installed")
    spikekit.correlograms(simulation, progress=True)
    spikekit.correlograms(simulation, progress=tqdm.tqdm)
    with tqdm.tqdm(total=1) as bar:
        spikekit.correlograms(simulation, progress=bar)
        assert bar.n == pytest.approx(1)
    assert "100%" in capsys.readouterr().err


def test_tqdm_shows_one_colon_and_keeps_the_words_of_a_bar(simulation, capsys):
    tqdm = pytest.importorskip("tqdm", reason="tqdm is not installed").tqdm
    spikekit.correlograms(simulation, progress=tqdm)
    shown = capsys.readouterr().err
    assert "correlograms: 100%|" in shown and ": :" not in shown
    for total in (None, 7):
        with tqdm(desc="mine", total=total) as bar:
            spikekit.correlograms(simulation, progress=bar)
            assert bar.desc.startswith("mine") and bar.n == pytest.approx(bar.total)
            assert bar.total == (total or 100)
        assert "mine: 100%|" in capsys.readouterr().err


def test_progress_true_without_tqdm(simulation, monkeypatch):
    monkeypatch.setitem(sys.modules, "tqdm.auto", None)
    with pytest.raises(ImportError, match="pip install tqdm"):
        spikekit.correlograms(simulation, progress=True)


def test_other_threads_run_meanwhile(simulation):
    worker = threading.Thread(
        target=lambda: spikekit.correlograms(simulation, window_s=20.0, bin_s=0.01, threads=1)
    )
    turns = 0
    worker.start()
    while worker.is_alive():
        turns += 1
        time.sleep(0)
    assert turns > 100


def test_calls_from_many_threads(simulation):
    expected = spikekit.correlograms(simulation, 0.02, 0.001).counts
    results = [None] * 6

    def work(i):
        calls = []
        data = spikekit.correlograms(
            simulation, 0.02, 0.001, threads=2, progress=lambda *what: calls.append(what)
        )
        results[i] = data.counts if calls else None

    threads = [threading.Thread(target=work, args=(i,)) for i in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(np.array_equal(counts, expected) for counts in results)


def in_child(simulation):
    return spikekit.correlograms(simulation, 0.02, 0.001, threads=2).counts


def test_fork(simulation):
    expected = in_child(simulation)
    context = multiprocessing.get_context("fork")
    with context.Pool(2) as pool:
        # Views of the library's memory, and of nothing else, cross by the fork itself.
        found = [pool.apply_async(child_of_fork) for _ in range(4)]
        assert all(np.array_equal(one.get(60), expected) for one in found)


def child_of_fork():
    data = spikekit.simulate(n_units=30, duration_s=100, seed=11, connection_share=0.05, threads=2)
    return in_child(data)
