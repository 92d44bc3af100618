#pragma once

#include "support/load.hpp"

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace zs::bench {

// What every benchmark can be told on its command line.
struct BenchOptions {
    double seconds = 2;        // measured time of one run
    int rounds = 5;            // runs of each subject, interleaved
    std::vector<int> clients;  // empty: the benchmark's own
    bool json = false;         // one JSON document on stdout instead of tables
    bool access_log = false;   // ours and the peer's
    bool quick = false;        // less data, where a benchmark knows what that is
    bool alone = false;        // without peers, where a benchmark can do without
    std::uint64_t seed = 1;
    std::vector<std::string> only;  // names of subjects; empty: all
    std::string vectors;            // sizes of vector data, COUNTxDIMENSIONS,…; empty: its own

    std::vector<int> clients_or(std::vector<int> fallback) const {
        return clients.empty() ? fallback : clients;
    }
};

// The common main: reads the flags, runs the benchmark, says what failed. Answers the exit code: 0,
// 1 for a failed run, 2 for a wrong flag. `about` is the first line of --help.
int run_bench(int argc, char** argv, const std::string& about, BenchOptions defaults,
              const std::function<void(const BenchOptions&)>& body);

}  // namespace zs::bench
