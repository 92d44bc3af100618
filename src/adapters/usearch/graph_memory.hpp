#pragma once

#include <cstddef>
#include <cstdlib>
#include <memory>
#include <sys/mman.h>
#include <vector>

namespace zs::usearch {

// Where a graph's nodes lie: one behind the other in large pieces, given back all at once. In the
// form USearch wants: copies share the pieces, and no memory is a null pointer.
class NodeAllocator {
public:
    using value_type = char;
    using size_type = std::size_t;
    using pointer = char*;
    using const_pointer = const char*;

    pointer allocate(size_type bytes) {
        const size_type wanted = (bytes + 7) / 8 * 8;
        Pieces& pieces = *pieces_;
        if (wanted > pieces.left && !pieces.grow(wanted)) return nullptr;
        char* const at = pieces.next;
        pieces.next += wanted;
        pieces.left -= wanted;
        return at;
    }
    void deallocate(pointer, size_type) {}
    void reset() { pieces_ = std::make_shared<Pieces>(); }
    std::size_t bytes() const { return pieces_->total; }

private:
    struct Pieces {
        static constexpr size_type kSmall = size_type{64} << 10;
        static constexpr size_type kLarge = size_type{2} << 20;

        Pieces() = default;
        ~Pieces() {
            for (void* piece : all)
                std::free(piece);
        }
        Pieces(const Pieces&) = delete;
        Pieces& operator=(const Pieces&) = delete;

        bool grow(size_type wanted) {
            const bool large = total >= kLarge;
            const size_type size = large ? kLarge : kSmall;
            if (wanted > size) return false;
            void* const piece = std::aligned_alloc(size, size);
            if (piece == nullptr) return false;
            if (large) ::madvise(piece, size, MADV_HUGEPAGE);  // only a wish
            all.push_back(piece);
            total += size;
            next = static_cast<char*>(piece);
            left = size;
            return true;
        }

        std::vector<void*> all;
        char* next = nullptr;
        size_type left = 0;
        size_type total = 0;
    };
    std::shared_ptr<Pieces> pieces_ = std::make_shared<Pieces>();
};

}  // namespace zs::usearch
