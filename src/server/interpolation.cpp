#include "server/interpolation.hpp"

namespace zs::server {

Result<std::string> interpolate(std::string_view text,
                                const std::map<std::string, std::string>& variables) {
    std::string out;
    while (!text.empty()) {
        const auto at = text.find("${");
        if (at == std::string_view::npos) break;
        if (at > 0 && text[at - 1] == '$') {
            out.append(text.substr(0, at - 1)).append("${");
            text = text.substr(at + 2);
            continue;
        }
        const auto end = text.find('}', at);
        if (end == std::string_view::npos) {
            return invalid_argument(
                "'${' is not closed; write '$${' for the characters themselves");
        }
        const std::string name(text.substr(at + 2, end - at - 2));
        const auto found = variables.find(name);
        if (found == variables.end()) {
            return invalid_argument("the variable ${" + name + "} is not set");
        }
        out.append(text.substr(0, at)).append(found->second);
        text = text.substr(end + 1);
    }
    return out.append(text);
}

}  // namespace zs::server
