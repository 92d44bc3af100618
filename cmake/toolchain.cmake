# Compiler-wide choices: warnings, sanitizers, ccache, mold.

find_program(ZS_CCACHE ccache)
if(ZS_CCACHE)
  # Precompiled headers stay cacheable only with these.
  set(ZS_LAUNCHER ${CMAKE_COMMAND} -E env CCACHE_SLOPPINESS=pch_defines,time_macros
    CCACHE_BASEDIR=${CMAKE_SOURCE_DIR} ${ZS_CCACHE})
  set(CMAKE_C_COMPILER_LAUNCHER ${ZS_LAUNCHER})
  set(CMAKE_CXX_COMPILER_LAUNCHER ${ZS_LAUNCHER})
endif()

find_program(ZS_MOLD mold)
if(ZS_MOLD)
  add_link_options(-fuse-ld=mold)
endif()

add_compile_options($<$<COMPILE_LANG_AND_ID:CXX,GNU>:-fpch-preprocess>)

add_library(zs_warnings INTERFACE)
target_compile_options(zs_warnings INTERFACE
  -Wall -Wextra -Wshadow -Wconversion -Werror -Werror=switch)
if(CMAKE_CXX_COMPILER_ID STREQUAL GNU)
  # g++ 12 reports Asio's coroutine frames as freed by the wrong operator, and, when it optimises,
  # concatenated strings as overlapping or beyond their bounds.
  target_compile_options(zs_warnings INTERFACE -Wno-mismatched-new-delete)
  if(ZS_SANITIZE OR NOT CMAKE_BUILD_TYPE STREQUAL Debug)
    target_compile_options(zs_warnings INTERFACE
      -Wno-array-bounds -Wno-stringop-overflow -Wno-stringop-overread -Wno-restrict)
  endif()
endif()
if(ZS_SANITIZE AND CMAKE_CXX_COMPILER_ID STREQUAL GNU)
  # The sanitizers' own instrumentation makes g++ see uninitialised values that are not there.
  target_compile_options(zs_warnings INTERFACE -Wno-maybe-uninitialized)
  if(ZS_SANITIZE MATCHES "thread")
    target_compile_options(zs_warnings INTERFACE -Wno-tsan)
  endif()
endif()

if(ZS_SANITIZE)
  add_compile_options(-fsanitize=${ZS_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${ZS_SANITIZE})
endif()

if(ZS_SANITIZE MATCHES "undefined" AND CMAKE_CXX_COMPILER_ID STREQUAL Clang)
  # LLVM 14 cannot instrument function types in coroutines ("difference across sections").
  add_compile_options(-fno-sanitize=function)
endif()

if(ZS_FUZZ)
  # Coverage feedback in every object; zs_fuzz() adds libFuzzer's own main.
  add_compile_options(-fsanitize=fuzzer-no-link)
endif()
