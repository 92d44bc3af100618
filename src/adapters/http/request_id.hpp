#pragma once

#include <chrono>
#include <cstdint>
#include <string_view>

namespace zs::http {

// Makes request ids in the shape of UUIDv7. They name a request in logs and need not be secret, so
// a small generator seeded by the kernel is enough: no system call per request.
// Threading: one per event loop.
class RequestIds {
public:
    static constexpr std::size_t kLength = 36;

    RequestIds();
    // Writes kLength characters.
    void mint(std::int64_t unix_millis, char* out);

private:
    std::uint64_t state_;
    std::uint64_t last_millis_ = 0;
    std::uint32_t counter_ = 0;
};

// 1 to 64 of [A-Za-z0-9._-]: what is taken over from a client.
bool is_request_id(std::string_view text);

}  // namespace zs::http
