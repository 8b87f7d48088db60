# SPDX-License-Identifier: BSD-3-Clause
# Every compiler runs the fuzz targets on their corpora: finds of the past stay fixed.
foreach(target npy npz table params_py thresholds curation)
    set(folder ${PROJECT_SOURCE_DIR}/tests/fuzz)
    add_executable(replay_${target} ${folder}/replay.c ${folder}/fuzz_${target}.c)
    target_include_directories(replay_${target} PRIVATE ${PROJECT_SOURCE_DIR}/lib)
    target_link_libraries(replay_${target} PRIVATE spikekit_static ${SPK_MATH})
    add_test(NAME fuzz.${target} COMMAND replay_${target} ${folder}/corpus/${target})
    set_tests_properties(fuzz.${target} PROPERTIES LABELS fuzz)
endforeach()
