#pragma once

#include <memory>
#include <string>
#include <string_view>

namespace zs {

std::string sha256(std::string_view bytes);                             // 32 raw bytes
std::string hmac_sha256(std::string_view key, std::string_view bytes);  // 32 raw bytes

// SHA-256 of bytes that come in pieces. Threading: one at a time.
class Sha256 {
public:
    Sha256();
    ~Sha256();
    Sha256(const Sha256&) = delete;
    Sha256& operator=(const Sha256&) = delete;

    void update(std::string_view bytes);
    std::string finish();  // 32 raw bytes; the object cannot be used afterwards

private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace zs
