#include "core/data/vector_knn.hpp"

#include "core/data/limits.hpp"
#include "vector/kernels.hpp"
#include "vector/top_k.hpp"

#include <algorithm>

namespace zs::data {
namespace {

Result<void> check(const GivenVectors& given) {
    if (given.top_k < 1) return invalid_field("top_k", "'top_k' must be at least 1");
    if (given.metric == vector::Metric::Hamming) {
        return invalid_field("metric", "'metric' must be l2, cosine or ip", "invalid_metric");
    }
    if (given.dimensions > given.dimensions_max) {
        return invalid_field(
            "query", "a vector has at most " + std::to_string(given.dimensions_max) + " dimensions",
            "dimension_too_large");
    }
    if (given.queries.empty() || given.queries.size() > limits::kVectorQueriesMax) {
        return invalid_field(
            "queries",
            "'queries' must hold 1 to " + std::to_string(limits::kVectorQueriesMax) + " vectors");
    }
    for (const auto& query : given.queries) {
        if (query.empty()) return invalid_field("query", "'query' must not be empty");
        if (query.size() != given.dimensions) {
            return invalid_field("queries", "all queries must have the same dimensions",
                                 "dimension_mismatch");
        }
        if (!vector::is_finite(query)) {
            return invalid_field("query", "every number of a vector must fit a 32-bit float");
        }
    }
    if (!vector::is_finite(given.values)) {
        return invalid_field("vectors", "every number of a vector must fit a 32-bit float");
    }
    return {};
}

}  // namespace

Result<std::vector<std::vector<GivenHit>>> nearest_given(const GivenVectors& given,
                                                         const std::stop_token& cancelled) {
    auto valid = check(given);
    if (!valid) return std::move(valid).error();
    const std::size_t count = given.values.size() / given.dimensions;
    std::vector<std::vector<GivenHit>> out(given.queries.size());
    if (count == 0) return out;
    std::vector<float> queries;
    queries.reserve(given.queries.size() * given.dimensions);
    for (const auto& query : given.queries)
        queries.insert(queries.end(), query.begin(), query.end());
    vector::VectorBlock asked;
    asked.data = queries.data();
    asked.count = given.queries.size();
    vector::VectorBlock block;
    block.data = given.values.data();
    block.count = count;
    const vector::ScanSpec spec = {given.metric, vector::Scalar::F32, given.dimensions};
    std::vector<vector::TopK> best(out.size(), vector::TopK(std::min(given.top_k, count)));
    if (!vector::scan(spec, asked, block, best, cancelled)) {
        return unavailable("the client went away");
    }
    for (std::size_t i = 0; i < out.size(); ++i) {
        for (const auto& near : best[i].take_sorted()) {
            // No -0.
            out[i].push_back({near.index, vector::to_distance(given.metric, near.rank) + 0.0});
        }
    }
    return out;
}

}  // namespace zs::data
