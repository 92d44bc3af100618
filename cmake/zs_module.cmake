# zs_module(NAME LEVEL level SOURCES … [DEPS …] [LIBS …] [TESTS …] [TEST_DEPS …])
#
# One module = one static library zs_NAME of src/<folder>; NAME is the folder with _ for /.
# DEPS are modules of ours, LIBS third-party targets. TESTS become one executable NAME_test, run by
# ctest under that name; TEST_DEPS are further modules it links (tests may use any module).
#
# Refuses, while CMake configures, an arrow that docs/architecture.md does not draw:
#
#   server ─► adapter ─► core ─► library ─► base
#
# On one level, and from core to a library, only the arrows of ZS_EXTRA_ARROWS exist.
# tools/lint/layers.py reads ZS_LEVELS and ZS_EXTRA_ARROWS from here and holds #include to them.

set(ZS_LEVELS base library core adapter server)
set(ZS_EXTRA_ARROWS
  "sqlite->async"
  # every core module may use these; no other library is open to all of core
  "core_.*->async" "core_.*->core_identity" "core_.*->core_events"
  "core_data->vector" "core_data->documents" "core_collab->yjs"
  "core_workflow->core_jobs" "core_workflow->core_data" "core_workflow->core_files"
  "core_media->core_jobs" "core_jobs->core_files"
  # the parts of an adapter, and of the server, belong to it
  "adapters_relational_.*->adapters_relational" "adapters_relational->adapters_relational_.*"
  "adapters_http_.*->adapters_http" "server_.*->server")

function(zs_check_arrow from from_level to)
  get_property(to_level GLOBAL PROPERTY ZS_LEVEL_${to})
  if(NOT to_level)
    message(FATAL_ERROR
      "zs_module(${from}): DEPS names ${to}, which is not a module declared before it")
  endif()
  list(FIND ZS_LEVELS ${from_level} from_rank)
  list(FIND ZS_LEVELS ${to_level} to_rank)
  if(to_rank LESS from_rank AND NOT (from_level STREQUAL core AND to_level STREQUAL library))
    return()
  endif()
  foreach(arrow IN LISTS ZS_EXTRA_ARROWS)
    if("${from}->${to}" MATCHES "^${arrow}$")
      return()
    endif()
  endforeach()
  message(FATAL_ERROR
    "zs_module(${from}): the arrow ${from} (${from_level}) -> ${to} (${to_level}) is not allowed. "
    "See docs/architecture.md; a new arrow needs a decision record.")
endfunction()

function(zs_apply_defaults target)
  target_include_directories(${target} PUBLIC "${CMAKE_SOURCE_DIR}/src")
  target_link_libraries(${target} PRIVATE zs_warnings PUBLIC zs_boost fmt::fmt)
  target_precompile_headers(${target} REUSE_FROM zs_pch)
endfunction()

function(zs_test name)
  cmake_parse_arguments(T "" "TIMEOUT" "SOURCES;DEPS;LIBS;ENV" ${ARGN})
  add_executable(${name} ${T_SOURCES})
  zs_apply_defaults(${name})
  list(TRANSFORM T_DEPS PREPEND zs_)
  target_link_libraries(${name} PRIVATE ${T_DEPS} ${T_LIBS} zs_test_support
    GTest::gtest GTest::gmock GTest::gtest_main)
  target_include_directories(${name} PRIVATE "${CMAKE_SOURCE_DIR}/tests")
  add_test(NAME ${name} COMMAND ${name})
  if(NOT T_TIMEOUT)
    set(T_TIMEOUT 300)  # much more than any needs: machines are shared
  endif()
  if(ZS_SANITIZE)
    math(EXPR T_TIMEOUT "3 * ${T_TIMEOUT}")
  endif()
  set_tests_properties(${name} PROPERTIES TIMEOUT ${T_TIMEOUT} ENVIRONMENT "${T_ENV}")
endfunction()

function(zs_module name)
  cmake_parse_arguments(M "" "LEVEL" "SOURCES;DEPS;LIBS;TESTS;TEST_DEPS" ${ARGN})
  if(NOT M_LEVEL IN_LIST ZS_LEVELS)
    message(FATAL_ERROR
      "zs_module(${name}): LEVEL must be one of ${ZS_LEVELS}, not '${M_LEVEL}'")
  endif()
  set_property(GLOBAL PROPERTY ZS_LEVEL_${name} ${M_LEVEL})
  foreach(dep IN LISTS M_DEPS)
    zs_check_arrow(${name} ${M_LEVEL} ${dep})
  endforeach()
  add_library(zs_${name} STATIC ${M_SOURCES})
  zs_apply_defaults(zs_${name})
  set(dep_targets ${M_DEPS})
  list(TRANSFORM dep_targets PREPEND zs_)
  target_link_libraries(zs_${name} PUBLIC ${dep_targets} PRIVATE ${M_LIBS})
  if(M_TESTS)
    zs_test(${name}_test SOURCES ${M_TESTS} DEPS ${name} ${M_TEST_DEPS} LIBS ${M_LIBS})
  endif()
endfunction()

# zs_program(TARGET): puts an executable that users run at build/<preset>/TARGET instead of bin/.
function(zs_program target)
  set_target_properties(${target} PROPERTIES RUNTIME_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}")
endfunction()

# zs_fuzz(NAME SOURCES … [DEPS …] [LIBS …]): the libFuzzer target NAME_fuzz in preset fuzz; in every
# other preset the test NAME_corpus_test, which replays tests/corpus/NAME/: the fuzzer's seeds, and
# every input that ever crashed it.
function(zs_fuzz name)
  cmake_parse_arguments(F "" "" "SOURCES;DEPS;LIBS" ${ARGN})
  if(NOT ZS_FUZZ)
    zs_test(${name}_corpus_test
      SOURCES ${F_SOURCES} "${CMAKE_SOURCE_DIR}/tests/fuzz/replay_corpus.cpp"
      DEPS ${F_DEPS} LIBS ${F_LIBS}
      ENV "ZS_CORPUS=${CMAKE_SOURCE_DIR}/tests/corpus/${name}")
    return()
  endif()
  add_executable(${name}_fuzz ${F_SOURCES})
  zs_apply_defaults(${name}_fuzz)
  list(TRANSFORM F_DEPS PREPEND zs_)
  target_link_libraries(${name}_fuzz PRIVATE ${F_DEPS} ${F_LIBS})
  target_include_directories(${name}_fuzz PRIVATE "${CMAKE_SOURCE_DIR}/tests")
  target_link_options(${name}_fuzz PRIVATE -fsanitize=fuzzer)
  set_property(GLOBAL APPEND PROPERTY ZS_FUZZ_TARGETS ${name}_fuzz)
endfunction()
