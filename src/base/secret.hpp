#pragma once

#include <string>
#include <string_view>
#include <utility>

namespace zs {

// Text that must not reach a log, an error message or a core file longer than needed: passwords,
// tokens, keys. It has no conversion to text and no formatter; `reveal` is easy to search for. The
// memory is wiped on destruction.
class Secret {
public:
    Secret() = default;
    explicit Secret(std::string value) : value_(std::move(value)) {}
    Secret(const Secret&) = default;
    Secret(Secret&& other) noexcept : value_(std::exchange(other.value_, {})) {}
    Secret& operator=(Secret other) noexcept {
        value_.swap(other.value_);
        return *this;
    }
    ~Secret();

    std::string_view reveal() const { return value_; }
    bool empty() const { return value_.empty(); }

private:
    std::string value_;
};

// Takes the same time wherever the first difference is.
bool equals_in_constant_time(std::string_view a, std::string_view b) noexcept;

}  // namespace zs
