#include "vector/top_k.hpp"
#include "vector/vector_test_support.hpp"

#include <algorithm>
#include <limits>
#include <numeric>
#include <optional>
#include <thread>

namespace zs::vector {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();
constexpr float kNaN = std::numeric_limits<float>::quiet_NaN();

using Hits = std::vector<Neighbour>;

// ---- the heap

TEST(TopK, EqualsAFullSort) {
    Numbers numbers(std::random_device{}());
    for (const std::size_t k : {0, 1, 2, 10, 99, 100, 500}) {
        Hits all;
        TopK best(k);
        for (std::uint64_t i = 0; i < 100; ++i) {
            // Few different ranks, so that most are tied; NaN and infinities among them.
            const int draw = numbers.integer(0, 9);
            const float rank = draw == 0 ? kNaN : draw == 1 ? kInfinity : float(draw);
            all.push_back({rank, i * 7 % 100});
            best.offer(rank, i * 7 % 100);
        }
        std::ranges::sort(all, is_nearer);
        all.resize(std::min(k, all.size()));
        const Hits kept = best.take_sorted();
        ASSERT_EQ(kept.size(), all.size());
        for (std::size_t i = 0; i < all.size(); ++i) {
            EXPECT_EQ(kept[i].index, all[i].index) << "k " << k << " seed " << numbers.seed();
        }
        EXPECT_EQ(best.size(), 0U);
    }
}

TEST(TopK, NaNNeverBeatsANumber) {
    EXPECT_TRUE(is_nearer({kInfinity, 9}, {kNaN, 1}));
    EXPECT_FALSE(is_nearer({kNaN, 1}, {kInfinity, 9}));
    EXPECT_TRUE(is_nearer({kNaN, 1}, {kNaN, 2}));
    TopK best(1);
    best.offer(kNaN, 0);
    EXPECT_EQ(best.limit(), kInfinity);
    best.offer(kInfinity, 5);
    best.offer(kNaN, 1);
    EXPECT_EQ(best.take_sorted().front().index, 5U);
}

TEST(TopK, MergesInAnyOrder) {
    Numbers numbers(std::random_device{}());
    TopK whole(10);
    std::vector<TopK> parts(4, TopK(10));
    for (std::uint64_t i = 0; i < 400; ++i) {
        const auto rank = float(numbers.integer(0, 20));
        whole.offer(rank, i);
        parts[i % 4].offer(rank, i);
    }
    const Hits wanted = whole.take_sorted();
    std::vector<std::size_t> order{0, 1, 2, 3};
    do {
        TopK merged(10);
        for (const std::size_t part : order)
            merged.merge(parts[part]);
        EXPECT_EQ(merged.take_sorted(), wanted) << numbers.seed();
    } while (std::ranges::next_permutation(order).found);
}

// ---- the scan

// `count` vectors one behind the other.
struct Matrix {
    Matrix(Scalar stored, std::size_t vectors, std::size_t dims, Numbers& numbers)
        : scalar(stored),
          count(vectors),
          dimensions(dims),
          bytes(vectors * bytes_per_vector(stored, dims)) {
        for (std::size_t i = 0; i < count; ++i) {
            std::vector<float> made(dims);
            // Few values, so that sums are exact and ranks often equal.
            for (float& value : made)
                value = float(numbers.integer(-2, 2)) / 2;
            put(i, made);
        }
    }
    void put(std::size_t i, const std::vector<float>& numbers) {
        quantise(scalar, numbers, bytes.data() + i * bytes_per_vector(scalar, dimensions), 2);
    }
    const void* vector(std::size_t i) const {
        return bytes.data() + i * bytes_per_vector(scalar, dimensions);
    }
    VectorBlock block() const {
        VectorBlock made;
        made.data = bytes.data();
        made.count = count;
        return made;
    }
    Scalar scalar;
    std::size_t count;
    std::size_t dimensions;
    std::vector<std::uint8_t> bytes;
};

std::vector<Hits> run_scan(const ScanSpec& spec, const VectorBlock& queries,
                           const VectorBlock& block, std::size_t k) {
    std::vector<TopK> best(queries.count, TopK(k));
    EXPECT_TRUE(scan(spec, queries, block, best));
    std::vector<Hits> hits;
    for (TopK& each : best)
        hits.push_back(each.take_sorted());
    return hits;
}

// Sorts by the f64 truth. Only for numbers whose sums are exact.
Hits sorted_truth(const ScanSpec& spec, const Matrix& queries, std::size_t q, const Matrix& rows) {
    std::vector<float> query(spec.dimensions);
    std::vector<float> row(spec.dimensions);
    dequantise(spec.scalar, queries.vector(q), query, 1);
    Hits all;
    for (std::size_t i = 0; i < rows.count; ++i) {
        dequantise(spec.scalar, rows.vector(i), row, 1);
        all.push_back({static_cast<float>(reference(spec.metric, query, row).rank), i});
    }
    std::ranges::sort(all, is_nearer);
    return all;
}

class Scans : public PerTarget {};
INSTANTIATE_TEST_SUITE_P(Targets, Scans, ::testing::ValuesIn(targets_to_test()), name_of_target);

template <class Check>
void for_all_kinds(Check check) {
    for (const Scalar scalar : kScalars) {
        for (const Metric metric :
             {Metric::L2, Metric::Cosine, Metric::InnerProduct, Metric::Hamming}) {
            if (is_supported(metric, scalar)) check(metric, scalar);
        }
    }
}

TEST_P(Scans, FindWhatAFullSortFinds) {
    Numbers numbers(std::random_device{}());
    for_all_kinds([&](Metric metric, Scalar scalar) {
        for (const std::size_t n : {1, 3, 16, 31, 70, 200}) {
            const ScanSpec spec{metric, scalar, n};
            const Matrix rows(scalar, 333, n, numbers);
            const Matrix queries(scalar, 7, n, numbers);
            const auto hits = run_scan(spec, queries.block(), rows.block(), 25);
            for (std::size_t q = 0; q < queries.count; ++q) {
                Hits truth = sorted_truth(spec, queries, q, rows);
                truth.resize(25);
                if (metric != Metric::Cosine) {
                    ASSERT_EQ(hits[q], truth) << to_text(metric) << " " << to_text(scalar) << " "
                                              << n << " seed " << numbers.seed();
                    continue;
                }
                for (std::size_t i = 0; i < truth.size(); ++i)
                    ASSERT_NEAR(hits[q][i].rank, truth[i].rank, 1e-6) << numbers.seed();
            }
        }
    });
}

TEST_P(Scans, ManyQueriesEqualOne) {
    Numbers numbers(std::random_device{}());
    for_all_kinds([&](Metric metric, Scalar scalar) {
        for (const std::size_t n : {5, 64, 129}) {
            const ScanSpec spec{metric, scalar, n};
            Matrix rows(scalar, 150, n, numbers);
            Matrix queries(scalar, 11, n, numbers);
            for (std::size_t i = 0; i < rows.count; ++i)
                rows.put(i, numbers.vector(n, 0.5F));
            for (std::size_t i = 0; i < queries.count; ++i)
                queries.put(i, numbers.vector(n, 0.5F));
            const auto together = run_scan(spec, queries.block(), rows.block(), 150);
            const RankFn pair = rank_function(metric, scalar);
            for (std::size_t q = 0; q < queries.count; ++q) {
                const VectorBlock one = part_of(queries.block(), spec, q, q + 1);
                const auto alone = run_scan(spec, one, rows.block(), 150);
                ASSERT_EQ(together[q], alone[0]) << to_text(metric) << " " << to_text(scalar);
                for (const Neighbour& hit : together[q]) {
                    const float rank = pair(queries.vector(q), rows.vector(hit.index), n);
                    const float close = 1e-4F * (1 + std::abs(rank));
                    ASSERT_NEAR(hit.rank, rank, close) << numbers.seed();
                }
            }
        }
    });
}

TEST_P(Scans, PiecesFiltersNormsAndThreads) {
    Numbers numbers(std::random_device{}());
    for_all_kinds([&](Metric metric, Scalar scalar) {
        const ScanSpec spec{metric, scalar, 40};
        const Matrix rows(scalar, 5000, 40, numbers);
        const Matrix queries(scalar, 3, 40, numbers);
        std::vector<std::uint64_t> filter((rows.count + 63) / 64);
        for (std::uint64_t& word : filter)
            word = (std::uint64_t(numbers.integer(0, 1 << 30)) << 34)
                   ^ std::uint64_t(numbers.integer(0, 1 << 30));
        filter[3] = 0;
        filter[4] = ~std::uint64_t{0};
        VectorBlock block = rows.block();
        block.filter = filter;
        block.first_index = 1000;
        const auto whole = run_scan(spec, queries.block(), block, 40);
        for (const Hits& hits : whole) {
            for (const Neighbour& hit : hits) {
                const std::uint64_t place = hit.index - 1000;
                ASSERT_TRUE((filter[place / 64] >> (place % 64)) & 1);
            }
        }
        // Every vector on its own, in the same order: the truth about the filter.
        std::vector<TopK> slow(queries.count, TopK(40));
        for (std::size_t i = 0; i < rows.count; ++i) {
            if (((filter[i / 64] >> (i % 64)) & 1) == 0) continue;
            VectorBlock one = part_of(rows.block(), spec, i, i + 1);
            one.first_index += 1000;
            ASSERT_TRUE(scan(spec, queries.block(), one, slow));
        }
        std::vector<TopK> parts[2] = {{queries.count, TopK(40)}, {queries.count, TopK(40)}};
        {
            const auto run = [&](std::size_t part, std::size_t begin, std::size_t end) {
                (void)scan(spec, queries.block(), part_of(block, spec, begin, end), parts[part]);
            };
            std::thread first(run, 0, 0, 1984);
            std::thread second(run, 1, 1984, 5000);
            first.join();
            second.join();
        }
        for (std::size_t q = 0; q < queries.count; ++q) {
            parts[1][q].merge(parts[0][q]);
            ASSERT_EQ(parts[1][q].take_sorted(), whole[q]);
            ASSERT_EQ(slow[q].take_sorted(), whole[q]) << numbers.seed();
        }
        std::vector<float> norms;
        for (std::size_t i = 0; i < rows.count; ++i)
            norms.push_back(norm(scalar, rows.vector(i), 40));
        block.norms = norms;
        const auto with_norms = run_scan(spec, queries.block(), block, 40);
        for (std::size_t q = 0; q < queries.count; ++q) {
            for (std::size_t i = 0; i < 40; ++i)
                ASSERT_NEAR(with_norms[q][i].rank, whole[q][i].rank, 1e-6);
        }
    });
}

TEST_P(Scans, StridesAndOddAddresses) {
    Numbers numbers(std::random_device{}());
    for_all_kinds([&](Metric metric, Scalar scalar) {
        const std::size_t n = 37;
        const ScanSpec spec{metric, scalar, n};
        const Matrix rows(scalar, 90, n, numbers);
        const std::size_t bytes = bytes_per_vector(scalar, n);
        std::vector<std::uint8_t> spread(1 + 90 * (bytes + 3), 0xFF);
        for (std::size_t i = 0; i < rows.count; ++i)
            std::memcpy(spread.data() + 1 + i * (bytes + 3), rows.vector(i), bytes);
        VectorBlock block = rows.block();
        block.data = spread.data() + 1;
        block.stride_bytes = bytes + 3;
        EXPECT_EQ(run_scan(spec, block, block, 90), run_scan(spec, rows.block(), rows.block(), 90));
    });
}

TEST_P(Scans, CosineOfOddMagnitudes) {
    const std::size_t n = 20;
    std::vector<float> rows;
    for (const float magnitude : {0.0F, 1e-38F, 1e-22F, 1.0F, 1e22F, 1e38F}) {
        for (std::size_t i = 0; i < n; ++i)
            rows.push_back(magnitude * float(i % 3));
    }
    VectorBlock block;
    block.data = rows.data();
    block.count = 6;
    const auto hits = run_scan({Metric::Cosine, Scalar::F32, n}, block, block, 6);
    for (std::size_t q = 0; q < 6; ++q) {
        ASSERT_EQ(hits[q].size(), 6U);
        for (const Neighbour& hit : hits[q]) {
            const bool zero = q == 0 || hit.index == 0;
            EXPECT_NEAR(hit.rank, zero ? 1 : 0, 1e-6) << q << " " << hit.index;
        }
        // What is equally near comes by index; the zero vector is last, or first when all tie.
        if (q > 0) {
            EXPECT_EQ(hits[q].back().index, 0U);
        }
    }
}

TEST(Scan, ItsSelfDistanceIsZero) {
    Numbers numbers(std::random_device{}());
    for (const Scalar scalar : {Scalar::F32, Scalar::F16, Scalar::BF16, Scalar::I8}) {
        Matrix rows(scalar, 20, 100, numbers);
        for (std::size_t i = 0; i < rows.count; ++i)
            rows.put(i, numbers.vector(100));
        const auto hits = run_scan({Metric::Cosine, scalar, 100}, rows.block(), rows.block(), 1);
        for (std::size_t q = 0; q < rows.count; ++q) {
            EXPECT_EQ(hits[q][0], (Neighbour{0, q})) << to_text(scalar) << " " << numbers.seed();
        }
    }
}

TEST(Scan, StopsWhenAsked) {
    Numbers numbers(1);
    const Matrix rows(Scalar::F32, 100, 8, numbers);
    std::stop_source stop;
    stop.request_stop();
    std::vector<TopK> best(1, TopK(3));
    const ScanSpec spec{Metric::L2, Scalar::F32, 8};
    const VectorBlock query = part_of(rows.block(), spec, 0, 1);
    EXPECT_FALSE(scan(spec, query, rows.block(), best, stop.get_token()));
    EXPECT_EQ(best[0].size(), 0U);
}

TEST(Scan, OfNothingIsEmpty) {
    Numbers numbers(1);
    const ScanSpec spec{Metric::L2, Scalar::F32, 8};
    const Matrix rows(Scalar::F32, 5, 8, numbers);
    EXPECT_TRUE(run_scan(spec, VectorBlock(), rows.block(), 3).empty());
    const auto hits = run_scan(spec, rows.block(), VectorBlock(), 3);
    ASSERT_EQ(hits.size(), 5U);
    EXPECT_TRUE(hits[0].empty());
}

}  // namespace
}  // namespace zs::vector
