// Exact nearest neighbours of 100,000 × 768 f32, against a memory read, FAISS, sqlite-vec, DuckDB.
// sqlite-vec and DuckDB come from bench/peers.
#include "support/failure.hpp"
#include "support/knn_peers.hpp"
#include "support/options.hpp"
#include "support/report.hpp"
#include "vector/kernels.hpp"
#include "vector/top_k.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <random>
#include <thread>
#include <vector>

#ifdef ZS_BENCH_FAISS
#include <faiss/IndexFlat.h>
#endif

namespace zs::bench {
namespace {

constexpr std::size_t kVectors = 100'000;
constexpr std::size_t kDimensions = 768;
constexpr std::size_t kQueries = 64;
constexpr std::size_t kNearest = 10;

constexpr const char* kRead = "memory read";
constexpr const char* kFaissOne = "FAISS flat, 1 query";
constexpr const char* kFaissMany = "FAISS flat, 64 queries";
constexpr const char* kOneL2 = "l2, 1 query";
constexpr const char* kOneCosine = "cosine, 1 query";
constexpr const char* kOneIp = "ip, 1 query";
constexpr const char* kManyL2 = "l2, 64 queries";

const std::vector<Report::Column> kColumns{{"queries_per_second", "queries/s", 1},
                                           {"ms_per_pass", "ms per pass", 2},
                                           {"gigabytes_per_second", "GB/s", 2}};

std::vector<float> random_vectors(std::size_t count, std::uint64_t seed) {
    std::mt19937_64 engine(seed);
    std::normal_distribution<float> normal;
    std::vector<float> made(count * kDimensions);
    for (float& value : made)
        value = normal(engine);
    return made;
}

// Cuts [0, kVectors) into one piece per processor, each on its own thread.
template <class Work>
void on_all_cores(const Work& work) {
    const std::size_t cores = std::max(1U, std::thread::hardware_concurrency());
    std::vector<std::jthread> threads;
    for (std::size_t core = 0; core < cores; ++core) {
        threads.emplace_back([&work, core, cores] {
            work(core, kVectors * core / cores, kVectors * (core + 1) / cores);
        });
    }
}

// Calls `pass` until the time is over; a pass looks at all vectors for `queries` queries.
template <class Pass>
Sample passes(double seconds, std::size_t queries, const Pass& pass) {
    using Clock = std::chrono::steady_clock;
    pass();  // warm
    const auto start = Clock::now();
    double took = 0;
    std::size_t count = 0;
    for (; took < seconds || count < 2; ++count) {
        pass();
        took = std::chrono::duration<double>(Clock::now() - start).count();
    }
    const double each = took / double(count);
    Sample sample;
    sample["queries_per_second"] = double(queries) / each;
    sample["passes_per_second"] = 1 / each;
    sample["ms_per_pass"] = each * 1000;
    sample["gigabytes_per_second"] = double(kVectors * kDimensions * sizeof(float)) / each / 1e9;
    return sample;
}

// Loads every byte once and does next to nothing with it.
std::uint64_t read_all(const std::uint64_t* words, std::size_t count) {
    using Wide [[gnu::vector_size(32), gnu::aligned(8), gnu::may_alias]] = std::uint64_t;
    Wide a{};
    Wide b{};
    Wide c{};
    Wide d{};
    const auto* wide = reinterpret_cast<const Wide*>(words);
    for (std::size_t i = 0; i + 16 <= count; i += 16, wide += 4) {
        a |= wide[0];
        b |= wide[1];
        c |= wide[2];
        d |= wide[3];
    }
    const Wide all = a | b | c | d;
    return all[0] | all[1] | all[2] | all[3];
}

class Subjects {
public:
    explicit Subjects(const BenchOptions& options)
        : options_(options),
          vectors_(random_vectors(kVectors, options.seed)),
          queries_(random_vectors(kQueries, options.seed + 1)) {
#ifdef ZS_BENCH_FAISS
        faiss_.add(kVectors, vectors_.data());
        check();
#endif
    }

    Subject read() const {
        const auto run = [this] {
            return passes(options_.seconds, 1, [this] {
                std::atomic<std::uint64_t> sum{0};
                on_all_cores([&](std::size_t, std::size_t begin, std::size_t end) {
                    const auto* words =
                        reinterpret_cast<const std::uint64_t*>(&vectors_[begin * kDimensions]);
                    sum |= read_all(words, (end - begin) * kDimensions / 2);
                });
                if (sum == 0) throw Failure("the vectors are all zero");
            });
        };
        return {kRead, run};
    }

    // One whose answers are right: it must find the nearest vector that we find.
    Subject database(KnnPeer& peer) const {
        const auto found = search(vector::Metric::L2, kQueries);
        for (std::size_t q = 0; q < kQueries; q += 16) {
            if (peer.nearest(query(q), kNearest).at(0) != found[q][0].index)
                throw Failure(fmt::format("{} finds another nearest vector", peer.name()));
        }
        const auto run = [this, &peer] {
            return passes(options_.seconds, 1, [&] { (void)peer.nearest(query(0), kNearest); });
        };
        return {peer.name(), run};
    }

    KnnTable table() const {
        return {vectors_, kDimensions};
    }

    Subject ours(const char* name, vector::Metric metric, std::size_t queries) const {
        const auto run = [this, metric, queries] {
            const auto pass = [&] { (void)search(metric, queries); };
            return passes(options_.seconds, queries, pass);
        };
        return {name, run};
    }

#ifdef ZS_BENCH_FAISS
    Subject faiss_flat(const char* name, std::size_t queries) const {
        const auto run = [this, queries] {
            const auto pass = [&] { (void)search_faiss(queries); };
            return passes(options_.seconds, queries, pass);
        };
        return {name, run};
    }
#endif

private:
    std::span<const float> query(std::size_t index) const {
        return std::span(queries_).subspan(index * kDimensions, kDimensions);
    }

    std::vector<std::vector<vector::Neighbour>> search(vector::Metric metric,
                                                       std::size_t queries) const {
        const vector::ScanSpec spec{metric, vector::Scalar::F32, kDimensions};
        vector::VectorBlock asked;
        asked.data = queries_.data();
        asked.count = queries;
        vector::VectorBlock block;
        block.data = vectors_.data();
        block.count = kVectors;
        std::mutex mutex;
        std::vector<vector::TopK> best(queries, vector::TopK(kNearest));
        on_all_cores([&](std::size_t, std::size_t begin, std::size_t end) {
            std::vector<vector::TopK> part(queries, vector::TopK(kNearest));
            (void)vector::scan(spec, asked, vector::part_of(block, spec, begin, end), part);
            const std::lock_guard lock(mutex);
            for (std::size_t q = 0; q < queries; ++q)
                best[q].merge(part[q]);
        });
        std::vector<std::vector<vector::Neighbour>> found;
        for (auto& each : best)
            found.push_back(each.take_sorted());
        return found;
    }

#ifdef ZS_BENCH_FAISS
    std::vector<faiss::Index::idx_t> search_faiss(std::size_t queries) const {
        std::vector<float> distances(queries * kNearest);
        std::vector<faiss::Index::idx_t> found(queries * kNearest);
        faiss_.search(faiss::Index::idx_t(queries), queries_.data(), kNearest, distances.data(),
                      found.data());
        return found;
    }

    // Both must find the same nearest vector, or one of them is fast and wrong.
    void check() const {
        const auto theirs = search_faiss(kQueries);
        const auto found = search(vector::Metric::L2, kQueries);
        for (std::size_t q = 0; q < kQueries; ++q) {
            if (std::uint64_t(theirs[q * kNearest]) != found[q][0].index) {
                throw Failure(fmt::format("query {} has different nearest vectors", q));
            }
        }
    }

    faiss::IndexFlatL2 faiss_{faiss::Index::idx_t(kDimensions)};
#endif
    const BenchOptions& options_;
    std::vector<float> vectors_;
    std::vector<float> queries_;
};

void measure(const BenchOptions& options) {
    Subjects all(options);
    Report report("knn", options);
    report.note("vectors", fmt::format("{} x {} f32", kVectors, kDimensions));
    report.note("instructions", std::string(vector::target_name()));
    using vector::Metric;
    std::vector<Subject> subjects{
        all.read(), all.ours(kOneL2, Metric::L2, 1), all.ours(kOneCosine, Metric::Cosine, 1),
        all.ours(kOneIp, Metric::InnerProduct, 1), all.ours(kManyL2, Metric::L2, kQueries)};
#ifdef ZS_BENCH_FAISS
    subjects.push_back(all.faiss_flat(kFaissOne, 1));
    subjects.push_back(all.faiss_flat(kFaissMany, kQueries));
#else
    report.note("FAISS", "not installed (libfaiss-dev): no peer");
#endif
    const auto sqlite_vec = open_sqlite_vec(all.table());
    const auto duckdb = open_duckdb(all.table());
    subjects.push_back(all.database(*sqlite_vec));
    subjects.push_back(all.database(*duckdb));
    const auto samples = run_interleaved(subjects, options.rounds);
    report.table("10 nearest, all cores", subjects, samples, kColumns, kRead);
    report.goal("time of one l2 query ÷ memory read",
                ratio_of(samples, kRead, kOneL2, "passes_per_second"), Report::Bound::AtMost, 1.3);
    report.goal("time of one cosine query ÷ memory read",
                ratio_of(samples, kRead, kOneCosine, "passes_per_second"), Report::Bound::AtMost,
                1.3);
#ifdef ZS_BENCH_FAISS
    report.goal("one query ÷ FAISS flat",
                ratio_of(samples, kOneL2, kFaissOne, "queries_per_second"), Report::Bound::AtLeast,
                1.0);
    report.goal("64 queries ÷ FAISS flat",
                ratio_of(samples, kManyL2, kFaissMany, "queries_per_second"),
                Report::Bound::AtLeast, 1.0);
#endif
    for (const KnnPeer* peer : {sqlite_vec.get(), duckdb.get()}) {
        report.goal("one query ÷ " + peer->name(),
                    ratio_of(samples, kOneL2, peer->name(), "queries_per_second"),
                    Report::Bound::AtLeast, 1.0);
    }
}

}  // namespace
}  // namespace zs::bench

int main(int argc, char** argv) {
    return zs::bench::run_bench(argc, argv, "bench knn: exact nearest neighbours", {},
                                zs::bench::measure);
}
