#include "adapters/process/secret_mask.hpp"

namespace zs::process {

SecretFinder::SecretFinder(const std::vector<std::string>& secrets) {
    for (const auto& secret : secrets)
        if (!secret.empty()) add(secret);
    link();
}

std::uint32_t SecretFinder::child(std::uint32_t state, unsigned char byte) const {
    if (state == 0) return roots_[byte];
    for (auto at = nodes_[state].first_child; at != 0; at = nodes_[at].sibling)
        if (nodes_[at].byte == byte) return at;
    return 0;
}

void SecretFinder::add(std::string_view secret) {
    std::uint32_t state = 0;
    for (const char c : secret) {
        const auto byte = static_cast<unsigned char>(c);
        auto to = child(state, byte);
        if (to == 0) {
            to = static_cast<std::uint32_t>(nodes_.size());
            Node node;
            node.byte = byte;
            node.depth = nodes_[state].depth + 1;
            node.sibling = nodes_[state].first_child;
            nodes_.push_back(node);
            nodes_[state].first_child = to;
            if (state == 0) roots_[byte] = to;
        }
        state = to;
    }
    nodes_[state].found = nodes_[state].depth;
}

// Breadth first: the fallback of a node is shorter than the node.
void SecretFinder::link() {
    std::vector<std::uint32_t> queue{0};
    for (std::size_t i = 0; i < queue.size(); ++i) {
        const auto parent = queue[i];
        for (auto at = nodes_[parent].first_child; at != 0; at = nodes_[at].sibling) {
            auto& node = nodes_[at];
            node.fallback = parent == 0 ? 0 : next(nodes_[parent].fallback, node.byte);
            if (node.found == 0) node.found = nodes_[node.fallback].found;
            queue.push_back(at);
        }
    }
}

std::uint32_t SecretFinder::next(std::uint32_t state, unsigned char byte) const {
    while (true) {
        const auto to = child(state, byte);
        if (to != 0 || state == 0) return to;
        state = nodes_[state].fallback;
    }
}

void SecretMask::take(unsigned char byte, std::string& out) {
    state_ = finder_->next(state_, byte);
    held_.push_back({static_cast<char>(byte), false});
    const auto found = finder_->found(state_);
    // Everything since the secret's first byte is still held: no more than depth() went out.
    for (std::size_t i = held_.size() - found; i < held_.size(); ++i)
        held_[i].secret = true;
    release(finder_->depth(state_), out);
}

void SecretMask::release(std::size_t keep, std::string& out) {
    while (held_.size() > keep) {
        const Held next = held_.front();
        held_.pop_front();
        if (!next.secret) out.push_back(next.byte);
        if (next.secret && !in_secret_) out += "***";
        in_secret_ = next.secret;
    }
}

void SecretMask::write(std::string_view bytes, std::string& out) {
    if (finder_->is_empty()) {
        out.append(bytes);
        return;
    }
    for (std::size_t at = 0; at < bytes.size();) {
        // Most bytes begin no secret.
        std::size_t plain = at;
        if (state_ == 0) {
            while (plain < bytes.size()
                   && finder_->next(0, static_cast<unsigned char>(bytes[plain])) == 0)
                ++plain;
        }
        if (plain > at) {
            out.append(bytes.substr(at, plain - at));
            in_secret_ = false;
            at = plain;
            continue;
        }
        take(static_cast<unsigned char>(bytes[at++]), out);
    }
}

void SecretMask::finish(std::string& out) {
    release(0, out);
    state_ = 0;
}

std::string SecretMask::save() const {
    std::string saved(1, in_secret_ ? '*' : '-');
    for (const Held& held : held_) {
        saved.push_back(held.secret ? '*' : '-');
        saved.push_back(held.byte);
    }
    return saved;
}

void SecretMask::restore(std::string_view saved) {
    held_.clear();
    state_ = 0;
    if (saved.empty()) return;
    in_secret_ = saved[0] == '*';
    for (std::size_t i = 1; i + 1 < saved.size(); i += 2) {
        held_.push_back({saved[i + 1], saved[i] == '*'});
        state_ = finder_->next(state_, static_cast<unsigned char>(saved[i + 1]));
    }
}

}  // namespace zs::process
