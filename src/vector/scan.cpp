#include "base/assert.hpp"
#include "vector/finish.hpp"
#include "vector/kernels.hpp"
#include "vector/tiles.hpp"
#include "vector/top_k.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <vector>

namespace zs::vector {
namespace {

// A piece of the block stays in the second cache while all queries pass over it.
constexpr std::size_t kPieceBytes = std::size_t{128} << 10;
constexpr std::size_t kPieceVectorsMax = 4096;
constexpr std::size_t kPiecesPerStopCheck = 8;

std::size_t stride_of(const VectorBlock& block, const ScanSpec& spec) {
    return block.stride_bytes != 0 ? block.stride_bytes
                                   : bytes_per_vector(spec.scalar, spec.dimensions);
}

const void* at(const VectorBlock& block, std::size_t stride, std::size_t i) {
    return static_cast<const std::uint8_t*>(block.data) + i * stride;
}

// The vectors of one piece that take part.
struct Piece {
    std::vector<const void*> vectors;
    std::vector<std::size_t> places;  // in the block
    std::vector<float> squares;       // or the norms that were given; of Cosine only

    void fill(const VectorBlock& block, std::size_t stride, std::size_t begin, std::size_t end) {
        vectors.clear();
        places.clear();
        const auto take = [&](std::size_t i) {
            vectors.push_back(at(block, stride, i));
            places.push_back(i);
        };
        if (block.filter.empty()) {
            for (std::size_t i = begin; i < end; ++i)
                take(i);
            return;
        }
        for (std::size_t i = begin; i < end; i = (i / 64 + 1) * 64) {
            std::uint64_t word = block.filter[i / 64] >> (i % 64);
            for (std::size_t j = i; word != 0; word >>= 1, ++j) {
                const auto gap = static_cast<std::size_t>(std::countr_zero(word));
                j += gap;
                word >>= gap;
                if (j >= end) break;
                take(j);
            }
        }
    }
};

// The queries as the tiles want them: f32 where the vectors are halves, padded with zeros.
class Queries {
public:
    Queries(const ScanSpec& spec, const VectorBlock& given) {
        const bool halves = spec.scalar == Scalar::F16 || spec.scalar == Scalar::BF16;
        const Scalar scalar = halves ? Scalar::F32 : spec.scalar;
        const std::size_t bytes = bytes_per_vector(scalar, spec.dimensions);
        const std::size_t padded =
            (bytes / kQueryPaddingBytes + 1) * kQueryPaddingBytes / sizeof(Line);
        lines_.resize(padded * given.count);
        const std::size_t stride = stride_of(given, spec);
        for (std::size_t i = 0; i < given.count; ++i) {
            Line* const to = lines_.data() + i * padded;
            originals_.push_back(at(given, stride, i));
            pointers_.push_back(to);
            if (halves) {
                auto* const numbers = reinterpret_cast<float*>(to);
                dequantise(spec.scalar, originals_.back(), {numbers, spec.dimensions});
            } else {
                std::memcpy(to, originals_.back(), bytes);
            }
        }
    }
    std::size_t count() const { return pointers_.size(); }
    const void* const* pointers() const { return pointers_.data(); }
    const void* original(std::size_t i) const { return originals_[i]; }

private:
    struct alignas(64) Line {
        std::array<std::uint8_t, 64> bytes{};
    };
    std::vector<Line> lines_;
    std::vector<const void*> pointers_;
    std::vector<const void*> originals_;
};

class Scan {
public:
    Scan(const ScanSpec& spec, const VectorBlock& queries, const VectorBlock& block,
         std::span<TopK> best)
        : spec_(spec),
          block_(block),
          best_(best),
          queries_(spec, queries),
          tiles_(tiles_for(spec.metric == Metric::L2 ? Term::SquaredDifference : Term::Product,
                           spec.scalar)) {
        if (spec.metric != Metric::Cosine) return;
        query_squares_.resize(queries_.count());
        // Squares of f32 copies equal those of the halves they came from.
        const bool halves = spec.scalar == Scalar::F16 || spec.scalar == Scalar::BF16;
        const Scalar scalar = halves ? Scalar::F32 : spec.scalar;
        const Tiles own = tiles_for(Term::Product, scalar);
        for (std::size_t q = 0; q < queries_.count(); ++q)
            own.squares_of_one(queries_.pointers() + q, spec.dimensions, &query_squares_[q]);
    }

    void run(Piece& piece) {
        if (spec_.metric == Metric::Cosine) measure(piece);
        std::size_t q = 0;
        for (; q + tiles_.queries <= queries_.count(); q += tiles_.queries)
            run_queries(piece, q, tiles_.queries, tiles_.wide);
        for (; q < queries_.count(); ++q)
            run_queries(piece, q, 1, tiles_.tall);
    }

private:
    // The squares of the vectors' norms, or the norms themselves when they are known.
    void measure(Piece& piece) const {
        const std::size_t count = piece.vectors.size();
        piece.squares.resize(count);
        if (!block_.norms.empty()) {
            for (std::size_t v = 0; v < count; ++v)
                piece.squares[v] = block_.norms[piece.places[v]];
            return;
        }
        std::size_t v = 0;
        for (; v + kTileVectors <= count; v += kTileVectors)
            tiles_.squares(&piece.vectors[v], spec_.dimensions, &piece.squares[v]);
        for (; v < count; ++v)
            tiles_.squares_of_one(&piece.vectors[v], spec_.dimensions, &piece.squares[v]);
    }

    void run_queries(const Piece& piece, std::size_t first, std::size_t count, TileFn tile) {
        std::array<float, kTileVectors * kTileQueriesMax> sums{};
        const void* const* const queries = queries_.pointers() + first;
        const std::size_t vectors = piece.vectors.size();
        std::size_t v = 0;
        for (; v + kTileVectors <= vectors; v += kTileVectors) {
            tile(&piece.vectors[v], queries, spec_.dimensions, sums.data());
            for (std::size_t q = 0; q < count; ++q) {
                for (std::size_t i = 0; i < kTileVectors; ++i)
                    offer(piece, first + q, v + i, sums[q * kTileVectors + i]);
            }
        }
        for (; v < vectors; ++v) {
            for (std::size_t q = 0; q < count; ++q) {
                tiles_.single(&piece.vectors[v], queries + q, spec_.dimensions, sums.data());
                offer(piece, first + q, v, sums[0]);
            }
        }
    }

    void offer(const Piece& piece, std::size_t query, std::size_t v, float sum) {
        float rank = sum;
        if (spec_.metric == Metric::InnerProduct) rank = -sum;
        if (spec_.metric == Metric::Cosine) rank = cosine(piece, query, v, sum);
        best_[query].offer(rank, block_.first_index + piece.places[v]);
    }

    float cosine(const Piece& piece, std::size_t query, std::size_t v, float product) const {
        const float given = piece.squares[v];
        const float squares = block_.norms.empty() ? given : given * given;
        if (!is_sound_square_sum(squares) || !is_sound_square_sum(query_squares_[query])) {
            return cosine_rank_f64(spec_.scalar, queries_.original(query), piece.vectors[v],
                                   spec_.dimensions);
        }
        return cosine_rank_of_squares(product, query_squares_[query], squares);
    }

    ScanSpec spec_;
    const VectorBlock& block_;
    std::span<TopK> best_;
    Queries queries_;
    Tiles tiles_;
    std::vector<float> query_squares_;
};

// Bits need no tiles: one query after the other is as fast as memory.
class BitScan {
public:
    BitScan(const ScanSpec& spec, const VectorBlock& queries, const VectorBlock& block,
            std::span<TopK> best)
        : spec_(spec),
          queries_(queries),
          block_(block),
          best_(best),
          rank_(rank_function(spec.metric, spec.scalar)) {}

    void run(const Piece& piece) {
        const std::size_t stride = stride_of(queries_, spec_);
        for (std::size_t q = 0; q < queries_.count; ++q) {
            const void* const query = at(queries_, stride, q);
            for (std::size_t v = 0; v < piece.vectors.size(); ++v) {
                const float rank = rank_(query, piece.vectors[v], spec_.dimensions);
                best_[q].offer(rank, block_.first_index + piece.places[v]);
            }
        }
    }

private:
    ScanSpec spec_;
    const VectorBlock& queries_;
    const VectorBlock& block_;
    std::span<TopK> best_;
    RankFn rank_;
};

template <class Work>
bool run_pieces(const ScanSpec& spec, const VectorBlock& block, const std::stop_token& stop,
                Work&& work) {
    const std::size_t stride = stride_of(block, spec);
    const std::size_t fitting = kPieceBytes / std::max<std::size_t>(stride, 1);
    // Whole words of the filter, so that each is looked at once.
    const std::size_t length = std::clamp<std::size_t>(fitting / 64 * 64, 64, kPieceVectorsMax);
    Piece piece;
    std::size_t pieces = 0;
    for (std::size_t begin = 0; begin < block.count; begin += length, ++pieces) {
        if (pieces % kPiecesPerStopCheck == 0 && stop.stop_requested()) return false;
        piece.fill(block, stride, begin, std::min(begin + length, block.count));
        if (!piece.vectors.empty()) work.run(piece);
    }
    return true;
}

}  // namespace

bool scan(const ScanSpec& spec, const VectorBlock& queries, const VectorBlock& block,
          std::span<TopK> best, const std::stop_token& stop) {
    ZS_ASSERT(is_supported(spec.metric, spec.scalar));
    ZS_ASSERT(spec.dimensions <= kDimensionsMax);
    ZS_ASSERT(best.size() == queries.count);
    ZS_ASSERT(block.norms.empty() || block.norms.size() >= block.count);
    ZS_ASSERT(block.filter.empty() || block.filter.size() >= (block.count + 63) / 64);
    if (queries.count == 0) return !stop.stop_requested();
    if (spec.scalar == Scalar::Bit) {
        return run_pieces(spec, block, stop, BitScan(spec, queries, block, best));
    }
    return run_pieces(spec, block, stop, Scan(spec, queries, block, best));
}

VectorBlock part_of(const VectorBlock& block, const ScanSpec& spec, std::size_t begin,
                    std::size_t end) {
    ZS_ASSERT(begin <= end && end <= block.count);
    ZS_ASSERT(block.filter.empty() || begin % 64 == 0);
    VectorBlock part = block;
    part.stride_bytes = stride_of(block, spec);
    part.data = at(block, part.stride_bytes, begin);
    part.count = end - begin;
    part.first_index = block.first_index + begin;
    if (!block.norms.empty()) part.norms = block.norms.subspan(begin, part.count);
    if (!block.filter.empty()) part.filter = block.filter.subspan(begin / 64);
    return part;
}

}  // namespace zs::vector
