#include "adapters/ws/client_message.hpp"
#include "adapters/ws/handshake.hpp"
#include "adapters/ws/server_frames.hpp"
#include "base/encoding.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

// What is accepted keeps the limits, and whatever is refused can be answered in valid UTF-8.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace zs;
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    boost::json::value id;
    const auto message = ws::parse_client_message(text, id);
    if (message) {
        if (message->types.size() > 32) std::abort();
        if (message->from_seq.value_or(0) >= (std::uint64_t{1} << 53)) std::abort();
        if (message->action == ws::Action::Resume && message->topics.empty()) std::abort();
    } else {
        const auto frame = ws::error_frame(message.error(), id, "", "request", Timestamp{});
        const auto header = static_cast<unsigned char>(frame[1]) < 126 ? 2U : 4U;
        if (!is_utf8(std::string_view(frame).substr(header))) std::abort();
    }
    for (const auto entry : ws::list_entries(text)) {
        if (entry.empty()) std::abort();
    }
    ws::bearer_of(text);
    ws::allows_origin(text, "zs.example.org", {});
    return 0;
}
