#pragma once

#include "adapters/usearch/live_column.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <random>
#include <vector>

namespace zs::bench {

// Vectors as embeddings are: many dimensions that follow a few hidden ones, and some noise.
class VectorData {
public:
    VectorData(std::size_t count, std::size_t queries, std::size_t dimensions, std::uint64_t seed)
        : count_(count), queries_(queries), dimensions_(dimensions) {
        std::mt19937_64 random(seed);
        std::normal_distribution<float> normal;
        std::vector<float> mixing(kHidden * dimensions);
        for (float& value : mixing)
            value = normal(random);
        values_.resize((count + queries) * dimensions);
        std::vector<float> hidden(kHidden);
        for (std::size_t i = 0; i < count + queries; ++i) {
            for (float& value : hidden)
                value = normal(random);
            for (std::size_t d = 0; d < dimensions; ++d) {
                float sum = 0.3F * normal(random);
                for (std::size_t h = 0; h < kHidden; ++h)
                    sum += hidden[h] * mixing[h * dimensions + d];
                values_[i * dimensions + d] = sum;
            }
        }
    }
    std::size_t count() const { return count_; }
    std::size_t queries() const { return queries_; }
    std::size_t dimensions() const { return dimensions_; }
    const float* vector(std::size_t i) const { return &values_[i * dimensions_]; }
    const float* query(std::size_t i) const { return vector(count_ + i); }

    // The vectors as rows 0, 1, 2 … of a column, and nothing else of the product.
    std::unique_ptr<usearch::LiveColumn> column() const {
        usearch::ColumnShape shape;
        shape.names.dimensions = dimensions_;
        auto made = std::make_unique<usearch::LiveColumn>(data::VectorColumn(), shape);
        made->begin_reading_blocking(shape);
        for (std::size_t i = 0; i < count_; ++i) {
            data::SqlValueView value;
            value.kind = data::SqlValueView::Kind::Blob;
            value.bytes = {reinterpret_cast<const char*>(vector(i)), dimensions_ * sizeof(float)};
            (void)made->take_row_blocking(static_cast<std::int64_t>(i), value);
        }
        made->end_reading_blocking();
        return made;
    }
    data::VectorQuery query_of(std::size_t i, std::size_t k, std::size_t ef) const {
        data::VectorQuery made;
        made.queries.emplace_back(query(i), query(i) + dimensions_);
        made.top_k = k;
        made.ef_search = ef;
        return made;
    }

private:
    static constexpr std::size_t kHidden = 24;
    std::size_t count_;
    std::size_t queries_;
    std::size_t dimensions_;
    std::vector<float> values_;
};

}  // namespace zs::bench
