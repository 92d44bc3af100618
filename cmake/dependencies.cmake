# Every third-party part, under the name the modules use in LIBS. Where each comes from and why:
# deps/debian.txt and docs/architecture.md.

find_package(Threads REQUIRED)
find_package(Boost 1.81 REQUIRED COMPONENTS json url)
find_package(OpenSSL REQUIRED)
find_package(ZLIB REQUIRED)
find_package(spdlog REQUIRED)
find_package(fmt REQUIRED)
find_package(prometheus-cpp CONFIG REQUIRED)
find_package(tomlplusplus CONFIG REQUIRED)
find_package(yaml-cpp REQUIRED)
find_package(date CONFIG REQUIRED)
find_package(GTest REQUIRED)
find_package(PkgConfig REQUIRED)
pkg_check_modules(SODIUM REQUIRED IMPORTED_TARGET libsodium)
pkg_check_modules(LIBPQ REQUIRED IMPORTED_TARGET libpq)
pkg_check_modules(CURL REQUIRED IMPORTED_TARGET libcurl)
pkg_check_modules(ICU REQUIRED IMPORTED_TARGET icu-uc)
pkg_check_modules(HWY REQUIRED IMPORTED_TARGET libhwy)
pkg_check_modules(SIMDJSON REQUIRED IMPORTED_TARGET simdjson)
pkg_check_modules(ZSTD REQUIRED IMPORTED_TARGET libzstd)

# The allocator of release builds (docs/adr/018). Debug builds and sanitizers keep the C library's,
# which valgrind and its like know. It replaces malloc by being there: nothing names its symbols.
add_library(zs_allocator INTERFACE)
if(CMAKE_BUILD_TYPE STREQUAL Release AND NOT ZS_SANITIZE)
  find_package(mimalloc 2.0 REQUIRED)
  target_link_options(zs_allocator INTERFACE -Wl,--no-as-needed)
  target_link_libraries(zs_allocator INTERFACE mimalloc)
endif()

add_library(zs_boost INTERFACE)
target_link_libraries(zs_boost INTERFACE Boost::headers Boost::json Boost::url Threads::Threads)
target_compile_definitions(zs_boost INTERFACE
  BOOST_ASIO_NO_DEPRECATED BOOST_ASIO_HAS_STD_INVOKE_RESULT BOOST_BEAST_USE_STD_STRING_VIEW)

if(ZS_SYSTEM_SQLITE)
  find_package(SQLite3 REQUIRED)
  message(WARNING "ZS_SYSTEM_SQLITE: unless that SQLite was built with SQLITE_OMIT_XFER_OPT, "
    "INSERT … SELECT * copies tables without the right to read them. Not for production.")
  add_library(zs_sqlite3 INTERFACE)
  target_link_libraries(zs_sqlite3 INTERFACE SQLite::SQLite3)
  target_compile_definitions(zs_sqlite3 INTERFACE SQLITE_ENABLE_PREUPDATE_HOOK)
else()
  set(ZS_SQLITE_DIR "${CMAKE_SOURCE_DIR}/deps/node_modules/better-sqlite3/deps/sqlite3")
  if(NOT EXISTS "${ZS_SQLITE_DIR}/sqlite3.c")
    message(FATAL_ERROR
      "The SQLite amalgamation is missing: run ./dev (or `npm ci --ignore-scripts` in deps/), "
      "or configure with -DZS_SYSTEM_SQLITE=ON")
  endif()
  add_library(zs_sqlite3 STATIC "${ZS_SQLITE_DIR}/sqlite3.c")
  target_include_directories(zs_sqlite3 SYSTEM PUBLIC "${ZS_SQLITE_DIR}")
  # MEMSTATUS=0: the global counters cost a mutex on every allocation; src/sqlite counts per
  # thread instead.
  # Without it SQLite would sync times of a log that is written over, too.
  target_compile_definitions(zs_sqlite3 PRIVATE HAVE_FDATASYNC=1)
  target_compile_definitions(zs_sqlite3 PUBLIC SQLITE_ENABLE_PREUPDATE_HOOK
    PRIVATE
    SQLITE_THREADSAFE=2 SQLITE_DEFAULT_MEMSTATUS=0 SQLITE_DQS=0 SQLITE_LIKE_DOESNT_MATCH_BLOBS
    SQLITE_MAX_EXPR_DEPTH=1000 SQLITE_OMIT_DEPRECATED SQLITE_OMIT_SHARED_CACHE
    SQLITE_OMIT_LOAD_EXTENSION SQLITE_USE_ALLOCA SQLITE_ENABLE_FTS5
    SQLITE_ENABLE_MATH_FUNCTIONS SQLITE_ENABLE_COLUMN_METADATA
    SQLITE_ENABLE_NORMALIZE SQLITE_DEFAULT_WAL_SYNCHRONOUS=2
    SQLITE_TEMP_STORE=3 SQLITE_ENABLE_STAT4 SQLITE_STRICT_SUBTYPE=1
    # INSERT INTO a SELECT * FROM b that copies whole b-trees never asks the authorizer about b.
    SQLITE_OMIT_XFER_OPT)
  target_compile_options(zs_sqlite3 PRIVATE -O2 -w)
  target_link_libraries(zs_sqlite3 PRIVATE Threads::Threads m)
endif()

# The HNSW graph. Its headers only: the package is never built, and its own distance kernels are not
# included, since ours are the metric.
set(ZS_USEARCH_DIR "${CMAKE_SOURCE_DIR}/deps/node_modules/usearch/include")
if(NOT EXISTS "${ZS_USEARCH_DIR}/usearch/index.hpp")
  message(FATAL_ERROR
    "The headers of usearch are missing: run ./dev (or `npm ci --ignore-scripts` in deps/)")
endif()
add_library(zs_usearch INTERFACE)
target_include_directories(zs_usearch SYSTEM INTERFACE "${ZS_USEARCH_DIR}")

# One precompiled header for all modules: the standard library, Asio's coroutines, Boost.JSON.
add_library(zs_pch OBJECT "${CMAKE_SOURCE_DIR}/src/pch/pch.cpp")
target_precompile_headers(zs_pch PRIVATE "${CMAKE_SOURCE_DIR}/src/pch/pch.hpp")
target_include_directories(zs_pch PRIVATE "${CMAKE_SOURCE_DIR}/src")
target_link_libraries(zs_pch PRIVATE zs_warnings zs_boost fmt::fmt)
