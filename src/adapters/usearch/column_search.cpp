#include "adapters/usearch/limits.hpp"
#include "adapters/usearch/live_column.hpp"
#include "vector/kernels.hpp"

#include <algorithm>
#include <atomic>
#include <bit>
#include <limits>
#include <mutex>
#include <shared_mutex>

// How a column answers: by walking the graph or by scanning, always ranked by the exact values.
namespace zs::usearch {
namespace {

using Words = std::vector<std::uint64_t>;

// Candidates for each result when the graph compares rounded copies.
constexpr std::size_t kCopiesPerHit = 4;
constexpr std::size_t kCopiesMore = 16;

// Equal ranks at the end of a scan may hide others; so many more tell whether there are any.
constexpr std::size_t kTieProbe = 1;

// Row ids as numbers whose order is the same.
std::uint64_t order_of(std::int64_t row_id) {
    return static_cast<std::uint64_t>(row_id) ^ (std::uint64_t{1} << 63);
}
std::int64_t row_of(std::uint64_t order) {
    return static_cast<std::int64_t>(order ^ (std::uint64_t{1} << 63));
}

Error wrong_dimensions(std::size_t given, std::size_t wanted) {
    return invalid_field("query",
                         "the query has " + std::to_string(given) + " dimensions, the column "
                             + std::to_string(wanted),
                         "dimension_mismatch");
}

}  // namespace

// What one search may see, made once for all its queries.
struct LiveColumn::Request {
    explicit Request(const data::VectorQuery& asked) : query(asked) {}

    const data::VectorQuery& query;
    vector::Metric metric = vector::Metric::L2;
    vector::RankFn rank = nullptr;
    bool only_some = false;
    Words allowed;          // of a filter: alive rows of it
    std::size_t count = 0;  // of rows that may be found
    std::size_t top_k = 0;  // not more than count
    bool graph = false;
    Crew* crew = nullptr;

    std::span<const std::uint64_t> words(const ColumnVectors& vectors) const {
        return only_some ? std::span<const std::uint64_t>(allowed) : vectors.alive_words();
    }
};

Result<std::optional<data::VectorAnswer>> LiveColumn::search_blocking(
    const data::VectorQuery& query, Wish wish, Crew* crew) {
    if (query.deadline.expired()) return deadline_exceeded("the search waited for too long");
    if (!catch_up_blocking()) return std::optional<data::VectorAnswer>();
    const std::shared_lock hold(mutex_);
    auto answer = search_locked(query, wish, crew);
    if (!answer) return std::move(answer).error();
    return std::optional<data::VectorAnswer>(std::move(*answer));
}

Result<data::VectorAnswer> LiveColumn::search_locked(const data::VectorQuery& query, Wish wish,
                                                     Crew* crew) const {
    data::VectorAnswer answer;
    answer.hits.resize(query.queries.size());
    const std::size_t dimensions = vectors_ ? vectors_->dimensions() : shape_.names.dimensions;
    const std::size_t asked = query.queries.front().size();
    if (dimensions != 0 && asked != dimensions) return wrong_dimensions(asked, dimensions);
    if (!vectors_ && !bad_rows_.empty()) {
        return invalid_argument("the column '" + shape_.names.column + "' holds no vectors",
                                "not_a_vector");
    }
    if (!vectors_) return answer;
    Request request = request_of(query, wish);
    request.crew = crew;
    if (request.count == 0) return answer;
    if (request.graph) {
        auto walked = walk(request, answer);
        if (!walked) return std::move(walked).error();
        if (*walked) return answer;
    }
    auto scanned = scan(request, answer);
    if (!scanned) return std::move(scanned).error();
    return answer;
}

LiveColumn::Request LiveColumn::request_of(const data::VectorQuery& query, Wish wish) const {
    Request request(query);
    request.metric = wish == Wish::Graph && wanted_ ? wanted_->metric : query.metric;
    request.rank = vector::rank_function(request.metric, vector::Scalar::F32);
    request.only_some = query.only != nullptr;
    if (request.only_some) {
        request.allowed.resize((vectors_->slots() + 63) / 64);
        for (const std::int64_t row_id : *query.only) {
            const auto slot = vectors_->find(row_id);
            if (!slot) continue;
            set_bit(request.allowed, *slot);
            ++request.count;
        }
    } else {
        request.count = vectors_->alive();
    }
    request.top_k = std::min(query.top_k, request.count);
    request.graph = wish == Wish::Graph && walks_graph(request);
    return request;
}

// A walk looks at about ef · m vectors, and at more the fewer of them are allowed: it goes on until
// ef of those were found. A scan looks at the allowed ones, one behind the other, which is half the
// price.
bool LiveColumn::walks_graph(const Request& request) const {
    if (!graph_ || graph_->parameters().metric != request.metric) return false;
    const auto rows = static_cast<double>(vectors_->alive());
    const auto count = static_cast<double>(request.count);
    const auto ef = static_cast<double>(std::max(request.query.ef_search, request.top_k));
    const double walked = 2 * ef * static_cast<double>(graph_->parameters().m) * rows / count;
    return count > static_cast<double>(limits::kGraphRowsMin) / 2 && count > walked;
}

// False: fewer rows than a scan would give; nobody knows why, so a scan it is.
Result<bool> LiveColumn::walk(Request& request, data::VectorAnswer& answer) const {
    const bool exact = graph_->parameters().storage == vector::Scalar::F32;
    const std::size_t wanted =
        exact ? request.top_k
              : std::max(request.top_k + kCopiesMore, request.top_k * kCopiesPerHit);
    const std::size_t ef = std::max(request.query.ef_search, wanted);
    const bool all = !request.only_some && dead_nodes_ == 0;
    const auto allowed = all ? std::span<const std::uint64_t>() : request.words(*vectors_);
    Words pending;
    if (pending_count_ > 0) {
        const auto words = request.words(*vectors_);
        pending.resize(words.size());
        for (std::size_t i = 0; i < std::min(words.size(), pending_.size()); ++i)
            pending[i] = pending_[i] & words[i];
    }
    for (std::size_t i = 0; i < answer.hits.size(); ++i) {
        const std::span<const float> query = request.query.queries[i];
        auto candidates = graph_->search(query, wanted, ef, allowed);
        if (!candidates) return std::move(candidates).error();
        vector::TopK best(request.top_k);
        for (const Candidate& candidate : *candidates) {
            // Again, by the kernel that ranks what is pending: equal vectors have equal ranks.
            const float rank =
                request.rank(query.data(), vectors_->values(candidate.slot), query.size());
            best.offer(rank, order_of(vectors_->row_id(candidate.slot)));
        }
        for (std::size_t word = 0; word < pending.size(); ++word) {
            for (std::uint64_t bits = pending[word]; bits != 0; bits &= bits - 1) {
                const auto slot =
                    static_cast<Slot>(word * 64) + static_cast<Slot>(std::countr_zero(bits));
                best.offer(request.rank(query.data(), vectors_->values(slot), query.size()),
                           order_of(vectors_->row_id(slot)));
            }
        }
        if (best.size() < request.top_k) return false;
        answer.hits[i] = hits_of(request, query, best.take_sorted());
    }
    answer.plan = data::VectorPlan::Graph;
    return true;
}

// In one piece, or in several when it is worth the trouble. False: cancelled.
bool LiveColumn::scan_block(const Request& request, const vector::VectorBlock& asked,
                            const vector::VectorBlock& block, std::span<vector::TopK> best) const {
    const std::size_t dimensions = vectors_->dimensions();
    const vector::ScanSpec spec = {request.metric, vector::Scalar::F32, dimensions};
    const auto& cancelled = request.query.cancelled;
    const std::size_t numbers = request.count * dimensions * asked.count;
    if (request.crew == nullptr || request.crew->threads() < 2
        || numbers < limits::kSharedScanNumbersMin) {
        return vector::scan(spec, asked, block, best, cancelled);
    }
    // More pieces than threads, so that who is held up does not hold up the others.
    const std::size_t wanted = request.crew->threads() * limits::kPiecesPerThread;
    const std::size_t slots = (block.count / wanted + 64) / 64 * 64;
    const std::size_t pieces = (block.count + slots - 1) / slots;
    std::mutex merging;
    std::atomic<bool> whole{true};
    const auto scan_piece = [&](std::size_t piece) {
        const std::size_t begin = piece * slots;
        const auto part = vector::part_of(block, spec, begin, std::min(begin + slots, block.count));
        std::vector<vector::TopK> own(best.size(), vector::TopK(best.front().k()));
        if (!vector::scan(spec, asked, part, own, cancelled)) whole = false;
        const std::lock_guard hold(merging);
        for (std::size_t i = 0; i < own.size(); ++i)
            best[i].merge(own[i]);
    };
    request.crew->run_blocking(pieces, scan_piece);
    return whole;
}

// The kernels number what they scan by slot. Where equal ranks meet the end of the result, the row
// ids have to decide, so these few queries are ranked one vector at a time.
Result<void> LiveColumn::scan(const Request& request, data::VectorAnswer& answer) const {
    const std::size_t dimensions = vectors_->dimensions();
    const auto& queries = request.query.queries;
    std::vector<float> values;
    values.reserve(queries.size() * dimensions);
    for (const auto& query : queries)
        values.insert(values.end(), query.begin(), query.end());
    vector::VectorBlock asked;
    asked.data = values.data();
    asked.count = queries.size();
    const auto words = request.words(*vectors_);
    const bool dense = !request.only_some && request.count == vectors_->slots();
    const auto block = vectors_->block(dense ? std::span<const std::uint64_t>() : words);
    std::vector<vector::TopK> best(queries.size(), vector::TopK(request.top_k + kTieProbe));
    if (!scan_block(request, asked, block, best)) {
        return unavailable("the search was cancelled");
    }
    for (std::size_t i = 0; i < queries.size(); ++i) {
        auto nearest = best[i].take_sorted();
        const bool tie = nearest.size() > request.top_k
                         && nearest[request.top_k].rank == nearest[request.top_k - 1].rank;
        vector::TopK exact(request.top_k);
        if (!tie) {
            for (const auto& near : nearest)
                exact.offer(near.rank, order_of(vectors_->row_id(static_cast<Slot>(near.index))));
        }
        for (Slot slot = 0; tie && slot < vectors_->slots(); ++slot) {
            if (!has_bit(words, slot)) continue;
            exact.offer(request.rank(queries[i].data(), vectors_->values(slot), dimensions),
                        order_of(vectors_->row_id(slot)));
        }
        answer.hits[i] = hits_of(request, queries[i], exact.take_sorted());
    }
    answer.plan = data::VectorPlan::Scan;
    return {};
}

std::vector<data::VectorHit> LiveColumn::hits_of(const Request& request,
                                                 std::span<const float> query,
                                                 std::vector<vector::Neighbour> nearest) const {
    std::vector<data::VectorHit> hits;
    hits.reserve(nearest.size());
    for (const auto& near : nearest) {
        const std::int64_t row_id = row_of(near.index);
        const Slot slot = *vectors_->find(row_id);
        const double distance =
            vector::distance(request.metric, query.data(), vectors_->values(slot), query.size());
        hits.push_back({row_id, distance + 0.0});  // no -0
    }
    std::ranges::sort(hits, [](const data::VectorHit& a, const data::VectorHit& b) {
        return a.distance != b.distance ? a.distance < b.distance : a.row_id < b.row_id;
    });
    return hits;
}

}  // namespace zs::usearch
