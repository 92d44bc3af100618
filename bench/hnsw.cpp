// A vector index, against hnswlib, FAISS and plain USearch: queries per CPU-second at equal recall.
// ZS_BENCH_VECTORS=30000x768 measures that size alone.
#include "support/failure.hpp"
#include "support/hnsw_peers.hpp"
#include "support/options.hpp"
#include "support/report.hpp"
#include "support/vector_data.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <functional>
#include <map>
#include <set>

namespace zs::bench {
namespace {

constexpr std::size_t kQueries = 1000;
constexpr std::size_t kNearest = 10;
constexpr std::size_t kM = 16;
constexpr std::size_t kEfConstruction = 200;
constexpr double kRecallWanted = 0.99;
constexpr std::size_t kEfs[] = {16, 24, 32, 48, 64, 96, 128, 192};

double cpu_seconds() {
    timespec now{};
    ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return double(now.tv_sec) + double(now.tv_nsec) / 1e9;
}

using Ids = std::vector<std::uint64_t>;

// One graph, ours or a peer's.
struct Contestant {
    std::string name;
    std::function<void(std::size_t query, std::size_t ef, Ids& out)> search;
    double rows_per_second = 0;
    double bytes_per_vector = 0;  // 0: not known
};

std::vector<std::set<std::uint64_t>> truth_of(const VectorData& data, usearch::LiveColumn& column) {
    std::vector<std::set<std::uint64_t>> truth(data.queries());
    for (std::size_t i = 0; i < data.queries(); ++i) {
        const auto query = data.query_of(i, kNearest, 64);
        const auto found = column.search_blocking(query, usearch::LiveColumn::Wish::Scan);
        if (!found || !*found) throw Failure("the scan failed");
        for (const auto& hit : (*found)->hits.front())
            truth[i].insert(std::uint64_t(hit.row_id));
    }
    return truth;
}

Contestant ours(const VectorData& data, vector::Scalar storage) {
    std::shared_ptr<usearch::LiveColumn> column = data.column();
    data::HnswParameters parameters;
    parameters.storage = storage;
    parameters.m = kM;
    parameters.ef_construction = kEfConstruction;
    const auto before = column->sizes_blocking().bytes;
    column->want_graph_blocking(parameters);
    const double start = cpu_seconds();
    if (!column->build_blocking()) throw Failure("the graph was not built");
    Contestant made;
    made.rows_per_second = double(data.count()) / (cpu_seconds() - start);
    const auto bytes = column->sizes_blocking().bytes;
    made.bytes_per_vector = double(bytes) / double(data.count());
    (void)before;
    made.name = fmt::format("zserver {}", vector::to_text(storage));
    made.search = [&data, column](std::size_t i, std::size_t ef, Ids& out) {
        const auto query = data.query_of(i, kNearest, ef);
        auto found = column->search_blocking(query, usearch::LiveColumn::Wish::Graph);
        if (!found || !*found) throw Failure("a search failed");
        if ((*found)->plan != data::VectorPlan::Graph) throw Failure("the graph was not walked");
        out.clear();
        for (const auto& hit : (*found)->hits.front())
            out.push_back(std::uint64_t(hit.row_id));
    };
    return made;
}

Contestant theirs(const VectorData& data, std::shared_ptr<HnswPeer> peer) {
    const double start = cpu_seconds();
    for (std::size_t i = 0; i < data.count(); ++i)
        peer->add(data.vector(i), i);
    Contestant made;
    made.rows_per_second = double(data.count()) / (cpu_seconds() - start);
    made.name = peer->name();
    made.search = [&data, peer](std::size_t i, std::size_t ef, Ids& out) {
        peer->set_ef(ef);
        peer->search(data.query(i), kNearest, out);
    };
    return made;
}

struct Size {
    std::size_t count = 0;
    std::size_t dimensions = 0;
};

std::vector<Size> sizes_wanted() {
    const char* const text = std::getenv("ZS_BENCH_VECTORS");
    if (text == nullptr) return {{50'000, 128}, {30'000, 768}};
    Size size;
    if (std::sscanf(text, "%zux%zu", &size.count, &size.dimensions) != 2) {
        throw Failure("ZS_BENCH_VECTORS must look like 30000x768");
    }
    return {size};
}

Subject subject_of(const VectorData& data, const Contestant& contestant, std::size_t ef,
                   const std::vector<std::set<std::uint64_t>>& truth) {
    const auto run = [&data, &contestant, ef, &truth] {
        Ids found;
        std::size_t right = 0;
        const double start = cpu_seconds();
        for (std::size_t i = 0; i < data.queries(); ++i) {
            contestant.search(i, ef, found);
            for (const auto id : found)
                right += truth[i].count(id);
        }
        const double took = cpu_seconds() - start;
        Sample sample;
        sample["queries"] = double(data.queries()) / took;
        sample["recall"] = double(right) / double(data.queries() * kNearest);
        return sample;
    };
    return {fmt::format("{} ef {}", contestant.name, ef), run};
}

// The best rate at which the wanted recall is kept; between two points of the sweep, where a
// straight line between them is.
double rate_at_recall(const Samples& samples, const std::string& name) {
    double last_recall = 0;
    double last_rate = 0;
    for (const std::size_t ef : kEfs) {
        const auto& runs = samples.at(fmt::format("{} ef {}", name, ef));
        const double recall = median_of(runs, "recall");
        const double rate = median_of(runs, "queries");
        if (recall >= kRecallWanted) {
            if (last_rate <= 0) return rate;
            const double part = (kRecallWanted - last_recall) / (recall - last_recall);
            return last_rate + part * (rate - last_rate);
        }
        last_recall = recall;
        last_rate = rate;
    }
    return 0;
}

void measure_size(const BenchOptions& options, Size size) {
    const auto [count, dimensions] = size;
    const VectorData data(count, kQueries, dimensions, options.seed);
    std::vector<Contestant> all;
    for (const auto storage : {vector::Scalar::F32, vector::Scalar::BF16, vector::Scalar::I8})
        all.push_back(ours(data, storage));
    HnswSettings settings;
    settings.dimensions = dimensions;
    settings.count = count;
    settings.m = kM;
    settings.ef_construction = kEfConstruction;
    for (auto& peer : hnsw_peers(settings))
        all.push_back(theirs(data, std::move(peer)));
    const auto plain = data.column();
    const auto truth = truth_of(data, *plain);

    Report report(fmt::format("hnsw {}x{}", count, dimensions), options);
    report.note("vectors", fmt::format("{} x {} f32, m {}, ef_construction {}, top {}", count,
                                       dimensions, kM, kEfConstruction, kNearest));
    for (const Contestant& each : all) {
        report.note(
            each.name,
            fmt::format("{:.0f} vectors added per processor second{}", each.rows_per_second,
                        each.bytes_per_vector == 0 ? std::string()
                                                   : fmt::format(", {:.0f} bytes per vector in all",
                                                                 each.bytes_per_vector)));
    }
    std::vector<Subject> subjects;
    for (const Contestant& each : all) {
        for (const std::size_t ef : kEfs)
            subjects.push_back(subject_of(data, each, ef, truth));
    }
    const Samples samples = run_interleaved(subjects, options.rounds);
    const std::vector<Report::Column> columns{{"queries", "queries/cpu s", 0},
                                              {"recall", "recall", 4}};
    report.table("Searches", subjects, samples, columns, "");
    std::map<std::string, double> rates;
    for (const Contestant& each : all) {
        rates[each.name] = rate_at_recall(samples, each.name);
        report.note(each.name + " at recall .99", fmt::format("{:.0f}/cpu s", rates[each.name]));
    }
    if (rates.count("hnswlib") == 0 || rates["hnswlib"] == 0) return;
    for (const char* name : {"zserver f32", "zserver bf16", "zserver i8"}) {
        report.goal(fmt::format("{} against hnswlib at recall .99", name),
                    rates[name] / rates["hnswlib"], Report::Bound::AtLeast, 1.2);
    }
}

void measure(const BenchOptions& options) {
    for (const Size& size : sizes_wanted())
        measure_size(options, size);
}

}  // namespace
}  // namespace zs::bench

int main(int argc, char** argv) {
    zs::bench::BenchOptions defaults;
    defaults.rounds = 3;
    return zs::bench::run_bench(argc, argv, "HNSW searches beside other graphs.", defaults,
                                zs::bench::measure);
}
