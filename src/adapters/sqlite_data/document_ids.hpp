#pragma once

#include "base/ids.hpp"

#include <array>
#include <string_view>

namespace zs::sqlite_data {

// Ids for the documents of one commit that bring none: UUIDs of version 7 that grow by one. Only
// the first is drawn, so the others cost no system call.
// Source: RFC 9562 section 6.2, method 2.
class DocumentIds {
public:
    explicit DocumentIds(Timestamp now);
    // Valid until the next call.
    std::string_view next();
    Timestamp time() const { return now_; }

private:
    Timestamp now_;
    std::array<std::uint8_t, 16> bytes_;
    std::array<char, 36> text_{};
};

}  // namespace zs::sqlite_data
