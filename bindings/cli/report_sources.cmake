# SPDX-License-Identifier: BSD-3-Clause
target_sources(spikekit_cli PRIVATE
    cmd_report.c
    report_data.c
    report_details.c
    report_merges.c
    report_positions.c
    report_peaks.c
    report_text.c
    report_chart.c
    report_cards.c
    report_connections.c
    report_style.c
    report_facts.c
    report_time.c
    report_units.c
    report_page.c
    report_tables.c
    report_files.c)

# The script of the page as an array of bytes.
set(spk_script ${CMAKE_CURRENT_SOURCE_DIR}/report_units.js)
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${spk_script})
file(READ ${spk_script} spk_script_bytes HEX)
string(REGEX REPLACE "(..)" "0x\\1," spk_script_bytes "${spk_script_bytes}")
file(CONFIGURE OUTPUT report_units_script.c CONTENT
"#include \"report_units.h\"
const char report_units_script[] = {@spk_script_bytes@0};
" @ONLY)
target_sources(spikekit_cli PRIVATE ${CMAKE_CURRENT_BINARY_DIR}/report_units_script.c)
target_include_directories(spikekit_cli PRIVATE ${CMAKE_CURRENT_SOURCE_DIR})
