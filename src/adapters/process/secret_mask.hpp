#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

namespace zs::process {

// Finds secrets in a stream of bytes, all at once and wherever the stream is cut.
// Source: Aho & Corasick, "Efficient string matching" (1975).
class SecretFinder {
public:
    explicit SecretFinder(const std::vector<std::string>& secrets);

    bool is_empty() const { return nodes_.size() == 1; }
    // The state after `byte`; states grow from 0, the start.
    std::uint32_t next(std::uint32_t state, unsigned char byte) const;
    // The longest secret's beginning that the stream could still be in the middle of.
    std::uint32_t depth(std::uint32_t state) const { return nodes_[state].depth; }
    // Of the longest secret that ends here; 0: none does.
    std::uint32_t found(std::uint32_t state) const { return nodes_[state].found; }

private:
    struct Node {
        std::uint32_t first_child = 0;
        std::uint32_t sibling = 0;
        std::uint32_t fallback = 0;
        std::uint32_t depth = 0;
        std::uint32_t found = 0;
        unsigned char byte = 0;
    };
    std::uint32_t child(std::uint32_t state, unsigned char byte) const;
    void add(std::string_view secret);
    void link();

    std::vector<Node> nodes_{1};
    std::array<std::uint32_t, 256> roots_{};
};

// Replaces secrets by "***". Overlapping ones become one. Holds back bytes that may turn out to
// begin a secret, at most as many as the longest has.
// Lifetime: the finder outlives it. Threading: one at a time.
class SecretMask {
public:
    explicit SecretMask(const SecretFinder& finder) : finder_(&finder) {}

    // Appends to `out` what is certain by now.
    void write(std::string_view bytes, std::string& out);
    // No more bytes follow.
    void finish(std::string& out);

    // What it holds back, so that another process can go on.
    std::string save() const;
    void restore(std::string_view saved);

private:
    struct Held {
        char byte = 0;
        bool secret = false;
    };
    void take(unsigned char byte, std::string& out);
    void release(std::size_t keep, std::string& out);

    const SecretFinder* finder_;
    std::uint32_t state_ = 0;
    std::deque<Held> held_;
    bool in_secret_ = false;  // the last byte that went out was one
};

}  // namespace zs::process
