#include "core/jobs/artifact_name.hpp"

#include "base/encoding.hpp"
#include "core/jobs/limits.hpp"

#include <algorithm>

namespace zs::jobs {

Result<void> check_artifact_name(std::string_view name) {
    const auto refuse = [] {
        return invalid_field("name",
                             "a name has 1 to 8 parts, separated by '/', each of 1 to 255 bytes of "
                             "UTF-8 without control characters, and none is '.' or '..'",
                             "invalid_name");
    };
    std::size_t parts = 0;
    if (name.empty() || !is_utf8(name)) return refuse();
    while (true) {
        const auto end = name.find('/');
        const auto part = name.substr(0, end);
        const bool plain = std::ranges::none_of(
            part, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
        if (part.empty() || part == "." || part == ".." || !plain) return refuse();
        if (part.size() > limits::kArtifactPartBytesMax || ++parts > limits::kArtifactPartsMax)
            return refuse();
        if (end == std::string_view::npos) return {};
        name.remove_prefix(end + 1);
    }
}

}  // namespace zs::jobs
