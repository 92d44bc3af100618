#include "adapters/sqlite_data/document_ids.hpp"

namespace zs::sqlite_data {
namespace {

constexpr std::string_view kDigits = "0123456789abcdef";

}  // namespace

DocumentIds::DocumentIds(Timestamp now) : now_(now) {
    const ManualClock clock(now);
    bytes_ = Uuid::next(clock).bytes();
    bytes_[9] = static_cast<std::uint8_t>(bytes_[9] & 0x7F);  // room to count
}

std::string_view DocumentIds::next() {
    std::size_t at = 0;
    for (std::size_t i = 0; i < bytes_.size(); ++i) {
        if (i == 4 || i == 6 || i == 8 || i == 10) text_[at++] = '-';
        text_[at++] = kDigits[bytes_[i] >> 4U];
        text_[at++] = kDigits[bytes_[i] & 15U];
    }
    for (std::size_t i = bytes_.size() - 1; i > 8; --i) {
        if (++bytes_[i] != 0) break;
    }
    return {text_.data(), text_.size()};
}

}  // namespace zs::sqlite_data
