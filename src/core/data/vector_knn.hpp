#pragma once

#include "base/error.hpp"
#include "core/data/limits.hpp"
#include "vector/metric.hpp"

#include <cstdint>
#include <stop_token>
#include <vector>

namespace zs::data {

// Vectors that come with the request.
struct GivenVectors {
    vector::Metric metric = vector::Metric::L2;
    std::vector<std::vector<float>> queries;
    std::vector<float> values;  // one vector behind the other
    std::size_t dimensions = 0;
    std::size_t top_k = 10;
    std::size_t dimensions_max = limits::kVectorDimensionsDefault;
};

struct GivenHit {
    std::uint64_t index = 0;
    double distance = 0;
};

// The nearest of the given vectors for each query, ties by index. Takes time: not for an io thread.
// Errors: InvalidArgument naming the field; "dimension_mismatch", "dimension_too_large".
Result<std::vector<std::vector<GivenHit>>> nearest_given(const GivenVectors& given,
                                                         const std::stop_token& cancelled);

}  // namespace zs::data
