// A vector index, against hnswlib, FAISS and plain USearch: queries per CPU-second at equal recall.
// `--vectors 30000x768` measures that size alone, `--only A,B` these contestants alone.
#include "support/failure.hpp"
#include "support/hnsw_peers.hpp"
#include "support/options.hpp"
#include "support/report.hpp"
#include "support/vector_data.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <ctime>
#include <functional>
#include <future>
#include <map>
#include <set>
#include <sstream>

namespace zs::bench {
namespace {

constexpr std::size_t kQueries = 1000;
constexpr std::size_t kNearest = 10;
constexpr std::size_t kM = 16;
constexpr std::size_t kEfConstruction = 200;
constexpr double kRecallWanted = 0.99;
constexpr double kGoal = 1.2;  // times hnswlib's rate

double cpu_seconds() {
    timespec now{};
    ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return double(now.tv_sec) + double(now.tv_nsec) / 1e9;
}

using Ids = std::vector<std::uint64_t>;

struct Size {
    std::size_t count = 0;
    std::size_t dimensions = 0;
};

std::vector<std::size_t> efs_of(const BenchOptions& options) {
    if (options.quick) return {32, 64, 96, 128};
    return {16, 24, 32, 48, 64, 96, 128, 192};
}

std::vector<Size> sizes_of(const BenchOptions& options) {
    if (options.vectors.empty()) {
        return options.quick ? std::vector<Size>{{20'000, 128}, {8'000, 768}}
                             : std::vector<Size>{{50'000, 128}, {30'000, 768}};
    }
    std::vector<Size> sizes;
    std::istringstream text(options.vectors);
    for (std::string part; std::getline(text, part, ',');) {
        Size size;
        if (std::sscanf(part.c_str(), "%zux%zu", &size.count, &size.dimensions) != 2) {
            throw Failure("--vectors must look like 50000x128,30000x768, not '" + part + "'");
        }
        sizes.push_back(size);
    }
    return sizes;
}

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
    column->want_graph_blocking(parameters);
    const double start = cpu_seconds();
    if (!column->build_blocking()) throw Failure("the graph was not built");
    Contestant made;
    made.rows_per_second = double(data.count()) / (cpu_seconds() - start);
    const auto bytes = column->sizes_blocking().bytes;
    made.bytes_per_vector = double(bytes) / double(data.count());
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

Contestant theirs(const VectorData& data, const HnswPeerMaker& maker) {
    HnswSettings settings;
    settings.dimensions = data.dimensions();
    settings.count = data.count();
    settings.m = kM;
    settings.ef_construction = kEfConstruction;
    const std::shared_ptr<HnswPeer> peer = maker.make(settings);
    const double start = cpu_seconds();
    for (std::size_t i = 0; i < data.count(); ++i)
        peer->add(data.vector(i), i);
    Contestant made;
    made.rows_per_second = double(data.count()) / (cpu_seconds() - start);
    made.name = maker.name;
    made.search = [&data, peer](std::size_t i, std::size_t ef, Ids& out) {
        peer->set_ef(ef);
        peer->search(data.query(i), kNearest, out);
    };
    return made;
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
double rate_at_recall(const Samples& samples, const std::string& name,
                      const std::vector<std::size_t>& efs) {
    double last_recall = 0;
    double last_rate = 0;
    for (const std::size_t ef : efs) {
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

using Maker = std::pair<std::string, std::function<Contestant()>>;

// Who takes part, the slowest to build first. Those that compare without wide registers take
// minutes to build a graph of many dimensions: there they have to be named.
std::vector<Maker> makers_of(const BenchOptions& options, const VectorData& data) {
    constexpr std::size_t kManyDimensions = 256;
    const auto wanted = [&](const std::string& name) {
        if (!options.only.empty()) return std::ranges::count(options.only, name) > 0;
        const bool slow = name == "FAISS" || name == "USearch";
        return !slow || (!options.quick && data.dimensions() <= kManyDimensions);
    };
    std::vector<Maker> makers;
    for (const HnswPeerMaker& peer : hnsw_peers()) {
        if (!wanted(peer.name)) continue;
        makers.emplace_back(peer.name, [&data, peer] { return theirs(data, peer); });
    }
    for (const auto storage : {vector::Scalar::F32, vector::Scalar::BF16, vector::Scalar::I8}) {
        const auto name = std::string(vector::to_text(storage));
        if (!wanted(name)) continue;
        makers.emplace_back(name, [&data, storage] { return ours(data, storage); });
    }
    return makers;
}

// Two at a time, each on a thread of its own, whose time is what counts.
std::vector<Contestant> build_all(const std::vector<Maker>& makers) {
    std::vector<Contestant> all(makers.size());
    std::atomic<std::size_t> next{0};
    std::vector<std::future<void>> builders;
    for (int i = 0; i < 2; ++i) {
        builders.push_back(std::async(std::launch::async, [&] {
            for (std::size_t at = next++; at < makers.size(); at = next++)
                all[at] = makers[at].second();
        }));
    }
    for (auto& builder : builders)
        builder.get();
    return all;
}

void tell_builds(Report& report, const std::vector<Contestant>& all) {
    for (const Contestant& each : all) {
        report.note(
            each.name,
            fmt::format("{:.0f} vectors added per processor second{}", each.rows_per_second,
                        each.bytes_per_vector == 0 ? std::string()
                                                   : fmt::format(", {:.0f} bytes per vector in all",
                                                                 each.bytes_per_vector)));
    }
}

void measure_size(const BenchOptions& options, Size size) {
    const auto [count, dimensions] = size;
    const VectorData data(count, kQueries, dimensions, options.seed);
    const auto efs = efs_of(options);
    const auto all = build_all(makers_of(options, data));
    const auto plain = data.column();
    const auto truth = truth_of(data, *plain);
    Report report(fmt::format("hnsw {}x{}", count, dimensions), options);
    report.note("vectors", fmt::format("{} x {} f32, m {}, ef_construction {}, top {}", count,
                                       dimensions, kM, kEfConstruction, kNearest));
    tell_builds(report, all);
    std::vector<Subject> subjects;
    for (const Contestant& each : all) {
        for (const std::size_t ef : efs)
            subjects.push_back(subject_of(data, each, ef, truth));
    }
    const Samples samples = run_interleaved(subjects, options.rounds);
    const std::vector<Report::Column> columns{{"queries", "queries/cpu s", 0},
                                              {"recall", "recall", 4}};
    report.table("Searches", subjects, samples, columns, "");
    std::map<std::string, double> rates;
    for (const Contestant& each : all) {
        rates[each.name] = rate_at_recall(samples, each.name, efs);
        report.note(each.name + " at recall .99", fmt::format("{:.0f}/cpu s", rates[each.name]));
    }
    if (rates.count("hnswlib") == 0 || rates["hnswlib"] == 0) return;
    for (const char* name : {"zserver f32", "zserver bf16", "zserver i8"}) {
        if (rates.count(name) == 0) continue;
        report.goal(fmt::format("{} against hnswlib at recall .99", name),
                    rates[name] / rates["hnswlib"], Report::Bound::AtLeast, kGoal);
    }
}

void measure(const BenchOptions& options) {
    for (const Size& size : sizes_of(options))
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
