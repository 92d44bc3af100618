#pragma once

#include "core/data/limits.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>

namespace zs::sqlite_data {

// What one statement may cost, whoever runs it.
struct StatementLimits {
    std::size_t memory_bytes = 268'435'456;  // ZSQL_MEMORY_LIMIT
    std::uint64_t steps = 4'000'000'000;     // engine steps
    std::size_t text_bytes = 1'048'576;      // ZSQL_MAX_TEXT
    // One text or blob. Also what bounds the time of a single engine step (a LIKE, a function),
    // which nothing can stop midway; see bounded_functions.hpp.
    std::size_t value_bytes = std::size_t{10} << 20;
    int parameters = 1000;
    int columns = 1000;
    int expression_depth = 500;
    int compound_selects = 200;
    int trigger_depth = 32;
    int like_pattern_bytes = 1000;
    int program_steps = 5'000'000;  // length of the compiled statement
};

struct SqliteDataOptions {
    std::string folder;  // <data>/sql
    StatementLimits statement;
    std::size_t databases_open_max = 64;
    std::size_t concurrent_max = 10;  // ZSQL_MAX_CONCURRENT, per database
    std::chrono::milliseconds concurrent_wait{5000};
    std::size_t streams_max = 4;       // ZSQL_MAX_STREAMS: read at the client's pace, per database
    std::size_t stream_threads = 32;   // ZSQL_STREAM_THREADS
    std::size_t idle_readers_max = 4;  // kept open per database
    std::size_t reader_cache_kib = 1024;
    std::uint64_t reader_mmap_bytes = std::uint64_t{256} << 20;
    std::size_t writer_cache_kib = 4096;
    std::size_t statements_cached_max = 128;  // per connection
    std::size_t write_queue_max = 4096;
    std::size_t vector_dimensions_max = data::limits::kVectorDimensionsDefault;  // ZVEC_MAX_DIM
    std::size_t returning_bytes_max = data::limits::kReturningBytesAtOnceMax;    // per database
};

}  // namespace zs::sqlite_data
