# SPDX-License-Identifier: BSD-3-Clause
target_sources(spikekit_cli PRIVATE
    cmd_report.c
    report_data.c
    report_peaks.c
    report_text.c
    report_chart.c
    report_cards.c
    report_style.c
    report_facts.c
    report_time.c
    report_page.c
    report_tables.c
    report_files.c)
