# SPDX-License-Identifier: BSD-3-Clause
"""Connections from Python: rows against correlograms, selections, and planted synapses."""

import numpy as np
import pytest
import spikekit


@pytest.fixture(scope="module")
def simulated():
    return spikekit.simulate(
        n_units=12, duration_s=300, seed=5, rate_median_hz=8, burst_share=0, drift_sigma=0,
        connection_share=0.06, inhibitory_share=0, connection_strength=0.2,
    )


def test_planted_synapses_are_found(simulated):
    planted = simulated.connections
    pairs = zip(planted["source"].tolist(), planted["target"].tolist())
    truth = dict(zip(pairs, planted["latency_s"]))
    found = spikekit.connections(simulated)
    certain = found.select((found.q < 1e-3) & (found.sign > 0))
    pairs = set(zip(certain.source.tolist(), certain.target.tolist()))
    driven = {(a, b) for s, a in truth for t, b in truth if s == t}  # by the same source
    assert len(truth) >= 4 and len(set(truth) - pairs) <= 1
    assert not pairs - set(truth) - driven
    for row in range(len(certain)):
        pair = certain.source[row], certain.target[row]
        if pair in truth:
            assert abs(certain.latency_s[row] - truth[pair]) < 0.0008


def test_counts_are_those_of_the_correlogram(simulated):
    found = spikekit.connections(simulated, max_p=1)
    used = found.parameters
    cube = spikekit.correlograms(simulated, used["window_s"], used["bin_s"])
    assert found.n_tests == len(found) == 132
    for row in range(0, len(found), 7):
        lag = int(round(found.latency_s[row] / used["bin_s"])) + len(cube.lags_s) // 2
        counts = cube[found.source[row], found.target[row]]
        if np.isfinite(found.count[row]):
            assert counts[lag] == found.count[row]
    # numpy's exp may differ in the last bit from one place in memory to another
    np.testing.assert_allclose(found.p, np.exp(found.log_p), rtol=1e-15)
    assert np.all(found.log_q >= found.log_p - 1e-12)


def test_q_is_benjamini_hochberg(simulated):
    found = spikekit.connections(simulated, max_p=1)
    order = np.argsort(found.log_p)
    q = found.p[order] * found.n_tests / np.arange(1, len(order) + 1)
    q = np.minimum.accumulate(q[::-1])[::-1]
    np.testing.assert_allclose(found.q[order], q, rtol=1e-12)
    some = spikekit.connections(simulated, max_p=0.05)
    assert some.n_tests == found.n_tests and len(some) == (found.p <= 0.05).sum()
    kept = found.select(found.p <= 0.05)
    exact = kept.q <= 0.05
    assert np.all(some.q[~exact] > 0.05)
    np.testing.assert_allclose(some.q[exact], kept.q[exact], rtol=1e-12)


def test_selections_agree(simulated):
    whole = spikekit.connections(simulated, max_p=1)
    pairs = [(3, 7), (7, 3), (0, 11)]
    some = spikekit.connections(simulated, pairs=pairs, max_p=1)
    assert sorted(set(zip(some.source.tolist(), some.target.tolist()))) == sorted(pairs)
    few = spikekit.connections(simulated, units=[0, 3, 7, 11], max_p=1)
    assert few.n_tests == 12 and set(few.source) == {0, 3, 7, 11}
    for part in (some, few):
        for row in range(len(part)):
            same = (
                (whole.source == part.source[row])
                & (whole.target == part.target[row])
                & (whole.sign == part.sign[row])
            )
            assert whole.log_p[same] == part.log_p[row]
    assert len(spikekit.connections(simulated, pairs=[], max_p=1)) == 0
    matrix = whole.matrix("log_p")
    assert matrix[3, 7] == whole.log_p[
        (whole.source == 3) & (whole.target == 7) & (whole.sign == 1)
    ]
    assert np.isnan(matrix[2, 2])


def test_threads_and_signs(simulated):
    one = spikekit.connections(simulated, max_p=1, threads=1)
    two = spikekit.connections(simulated, max_p=1, threads=2)
    assert one._rows.tobytes() == two._rows.tobytes()
    assert set(one.sign) == {1} and one.n_tests == 132
    down = spikekit.connections(simulated, signs="lack", max_p=1)
    assert set(down.sign) == {-1} and down.n_tests == 132
    both = spikekit.connections(simulated, signs="both", max_p=1)
    assert set(both.sign) == {1, -1} and both.n_tests == 264


@pytest.mark.parametrize("method", list(spikekit.connection_methods()))
def test_which_signs_by_default(simulated, method):
    found = spikekit.connections(simulated, method, units=[0, 1, 2], max_p=1)
    both = {"kopelowitz", "glmcc", "glmcc_lr"}
    expected = {1, -1} if method in both else {-1} if method == "refractory" else {1}
    assert set(found.sign) == expected
    assert found.parameters["signs"] == (0 if method in both else expected.pop())


def test_a_curve_is_the_correlogram(simulated):
    found = spikekit.connections(simulated)
    curve = found.curve(3, 7)
    used = found.parameters
    cube = spikekit.correlograms(simulated, used["window_s"], used["bin_s"])
    assert np.array_equal(curve["counts"], cube[3, 7])
    np.testing.assert_allclose(curve["lags_s"], cube.lags_s, atol=1e-15)
    assert np.isfinite(curve["expected"]).any()
    with np.errstate(invalid="ignore"):
        assert not np.any(curve["upper"] <= curve["expected"])


@pytest.mark.parametrize("method", list(spikekit.connection_methods()))
def test_every_method_runs(simulated, method):
    found = spikekit.connections(simulated, method, units=[0, 1, 2, 3], max_p=1)
    assert found.method == method and 0 < len(found) <= 24
    assert np.all(found.log_p <= 0)
    assert method in repr(spikekit.connection_methods()[method])


def test_lag_zero_is_left_out(simulated):
    methods = spikekit.connection_methods()
    assert [name for name, m in methods.items() if m.skip_center] == ["english"]
    for method, default in [("hollow", False), ("english", True), ("deconvolution", False)]:
        for told in (None, False, True):
            found = spikekit.connections(simulated, method, skip_center=told)
            skips = default if told is None else told
            assert found.parameters["skip_center"] is skips
            expected = found.curve(3, 7)["expected"]
            assert np.isnan(expected[len(expected) // 2]) == skips


@pytest.mark.parametrize(
    "wrong, message",
    [
        (dict(method="magic"), "method must be one of"),
        (dict(signs="up"), "signs: expected one of excess"),
        (dict(alpha=0), "alpha must be between 0 and 1"),
        (dict(max_p=2), "max_p must be above 0"),
        (dict(pairs=[(1, 2, 3)]), "pairs: expected shape"),
        (dict(pairs=[(1, 1)]), "must be two units"),
        (dict(pairs=[(1, 99)]), "99"),
        (dict(units=[1, 2], pairs=[(1, 2)]), "exclude each other"),
        (dict(window_s=1e4), "window_s"),
        (dict(method="jitter", skip_center=True), "skip_center must be 0 for method jitter"),
    ],
)
def test_mistakes(simulated, wrong, message):
    with pytest.raises(ValueError, match=message):
        spikekit.connections(simulated, **wrong)


def test_frame(simulated):
    pandas = pytest.importorskip("pandas")
    frame = spikekit.connections(simulated).to_frame()
    assert isinstance(frame, pandas.DataFrame) and frame.p.is_monotonic_increasing


def test_plain_lists_of_trains_are_no_data():
    with pytest.raises(TypeError, match=r"data\[1\]: expected a pynapple Ts of seconds, found list; give"):
        spikekit.connections({1: [0.1, 0.2], 2: [0.3]})
    with pytest.raises(spikekit.ArgumentError, match="found 3 trains"):
        spikekit.connections([[1, 2], [3, 4], [5]])


def test_what_a_method_does_not_use_is_refused(simulated):
    for method, name in (("glmcc", "alpha"), ("kopelowitz", "width_s")):
        with pytest.raises(spikekit.ArgumentError, match=f"{name}: method '{method}' has none"):
            spikekit.connections(simulated, method, **{name: 0.01})


def test_a_grid_too_fine_is_named():
    table = spikekit.SpikeTable([0, 10**10, 5 * 10**10], [0, 1, 0], 1e9)
    with pytest.raises(spikekit.LimitError, match="at 1e\\+09 Hz: a coarser sampling rate will do"):
        spikekit.connections(table, "glmcc")
