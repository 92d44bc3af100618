#pragma once

#include "base/error.hpp"

#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace zs::usearch {

// Numbers one behind the other, as this machine has them.
class Packer {
public:
    template <class T>
    void put(T value) {
        static_assert(std::is_trivially_copyable_v<T>);
        bytes_.append(reinterpret_cast<const char*>(&value), sizeof(value));
    }
    void put_bytes(std::string_view bytes) { bytes_ += bytes; }
    void put_text(std::string_view text) {
        put(static_cast<std::uint64_t>(text.size()));
        bytes_ += text;
    }
    template <class T>
    void put_all(std::span<const T> values) {
        static_assert(std::is_trivially_copyable_v<T>);
        put(static_cast<std::uint64_t>(values.size()));
        if (values.empty()) return;
        bytes_.append(reinterpret_cast<const char*>(values.data()), values.size_bytes());
    }
    std::string& bytes() { return bytes_; }

private:
    std::string bytes_;
};

// Takes apart what a Packer made; what is not there any more is zero and shows in failed().
class Unpacker {
public:
    explicit Unpacker(std::string_view bytes) : rest_(bytes) {}
    template <class T>
    T take() {
        static_assert(std::is_trivially_copyable_v<T>);
        T value{};
        const std::string_view bytes = take_bytes(sizeof(value));
        if (!bytes.empty()) std::memcpy(&value, bytes.data(), sizeof(value));
        return value;
    }
    std::string take_text() { return std::string(take_bytes(take<std::uint64_t>())); }
    template <class T>
    std::vector<T> take_all() {
        const auto count = take<std::uint64_t>();
        if (failed_ || count > rest_.size() / sizeof(T)) {
            failed_ = true;
            return {};
        }
        std::vector<T> values(count);
        const std::string_view bytes = take_bytes(count * sizeof(T));
        if (!bytes.empty()) std::memcpy(values.data(), bytes.data(), bytes.size());
        return values;
    }
    std::string_view rest() const { return rest_; }
    bool failed() const { return failed_; }

private:
    std::string_view take_bytes(std::uint64_t count) {
        if (count > rest_.size()) {
            failed_ = true;
            return {};
        }
        const auto taken = rest_.substr(0, count);
        rest_.remove_prefix(count);
        return taken;
    }
    std::string_view rest_;
    bool failed_ = false;
};

// Replaces the file, checksum included: afterwards it is there for good and complete, or the old
// one is. Errors: Unavailable.
Result<void> write_checked_blocking(const std::string& path, std::string bytes);
// What was written. Empty: there is no file. Errors: DataLoss when it is damaged or does not begin
// with `magic`.
Result<std::optional<std::string>> read_checked_blocking(const std::string& path,
                                                         std::string_view magic);

bool write_all(int fd, std::string_view bytes);
// Its entries survive power loss.
void sync_folder_blocking(const std::string& path_in_it);

}  // namespace zs::usearch
