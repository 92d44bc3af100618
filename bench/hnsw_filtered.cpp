// Filtered searches of an index: what the planner chooses, beside a plain scan of what matches.
#include "support/failure.hpp"
#include "support/options.hpp"
#include "support/report.hpp"
#include "support/vector_data.hpp"

#include <fmt/format.h>

#include <ctime>
#include <random>
#include <set>

namespace zs::bench {
namespace {

constexpr std::size_t kCount = 50'000;
constexpr std::size_t kDimensions = 128;
constexpr std::size_t kQueries = 300;
constexpr std::size_t kNearest = 10;
constexpr std::size_t kEf = 64;

using Wish = usearch::LiveColumn::Wish;
using Rows = std::shared_ptr<const data::RowIds>;

double cpu_seconds() {
    timespec now{};
    ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return double(now.tv_sec) + double(now.tv_nsec) / 1e9;
}

Rows rows_of(double share, std::uint64_t seed) {
    std::mt19937_64 random(seed);
    std::bernoulli_distribution chosen(share);
    data::RowIds rows;
    for (std::size_t i = 0; i < kCount; ++i) {
        if (chosen(random)) rows.push_back(std::int64_t(i));
    }
    return std::make_shared<const data::RowIds>(std::move(rows));
}

std::vector<data::VectorHit> search(const VectorData& data, usearch::LiveColumn& column,
                                    const Rows& rows, std::size_t i, Wish wish,
                                    data::VectorPlan* plan = nullptr) {
    auto query = data.query_of(i, kNearest, kEf);
    query.only = rows;
    auto found = column.search_blocking(query, wish);
    if (!found || !*found) throw Failure("a search failed");
    if (plan != nullptr) *plan = (*found)->plan;
    return std::move((*found)->hits.front());
}

Subject subject_of(const VectorData& data, usearch::LiveColumn& column, const Rows& rows,
                   std::string name, Wish wish) {
    const auto run = [&data, &column, rows, wish] {
        std::size_t right = 0;
        std::size_t wanted = 0;
        double took = 0;
        data::VectorPlan plan{};
        for (std::size_t i = 0; i < data.queries(); ++i) {
            const double start = cpu_seconds();
            const auto found = search(data, column, rows, i, wish, &plan);
            took += cpu_seconds() - start;
            std::set<std::int64_t> truth;
            for (const auto& hit : search(data, column, rows, i, Wish::Scan))
                truth.insert(hit.row_id);
            if (found.size() != truth.size()) throw Failure("rows are missing");
            for (const auto& hit : found)
                right += truth.count(hit.row_id);
            wanted += truth.size();
        }
        Sample sample;
        sample["queries"] = double(data.queries()) / took;
        sample["recall"] = wanted == 0 ? 1 : double(right) / double(wanted);
        sample["graph"] = plan == data::VectorPlan::Graph ? 1 : 0;
        return sample;
    };
    return {std::move(name), run};
}

void measure(const BenchOptions& options) {
    const VectorData data(kCount, kQueries, kDimensions, options.seed);
    const auto column = data.column();
    column->want_graph_blocking(data::HnswParameters());
    if (!column->build_blocking()) throw Failure("the graph was not built");
    Report report("hnsw_filtered", options);
    report.note("vectors",
                fmt::format("{} x {} f32, top {}, ef {}", kCount, kDimensions, kNearest, kEf));
    std::vector<Subject> subjects;
    for (const double percent : {100.0, 50.0, 10.0, 1.0, 0.1}) {
        const auto rows = rows_of(percent / 100, options.seed);
        subjects.push_back(
            subject_of(data, *column, rows, fmt::format("{} % by index", percent), Wish::Graph));
        subjects.push_back(
            subject_of(data, *column, rows, fmt::format("{} % by scan", percent), Wish::Scan));
    }
    const Samples samples = run_interleaved(subjects, options.rounds);
    const std::vector<Report::Column> columns{
        {"queries", "queries/cpu s", 0}, {"recall", "recall", 4}, {"graph", "walks the graph", 0}};
    report.table("Filtered searches", subjects, samples, columns, "");
    for (const char* percent : {"50", "10", "1", "0.1"}) {
        report.goal(fmt::format("{} %: by index against a scan", percent),
                    ratio_of(samples, fmt::format("{} % by index", percent),
                             fmt::format("{} % by scan", percent), "queries"),
                    Report::Bound::AtLeast, 0.9);
    }
}

}  // namespace
}  // namespace zs::bench

int main(int argc, char** argv) {
    zs::bench::BenchOptions defaults;
    defaults.rounds = 3;
    return zs::bench::run_bench(argc, argv, "Filtered searches of a vector index.", defaults,
                                zs::bench::measure);
}
