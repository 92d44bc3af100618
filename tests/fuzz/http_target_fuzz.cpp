#include "adapters/http/router.hpp"
#include "adapters/http/target.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

// Targets and query strings are cut up without reading past their ends, and what passes the parser
// decodes: handlers rely on that.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace zs::http;
    static const auto router = [] {
        auto made = std::make_unique<Router>();
        for (const char* pattern :
             {"/", "/v1/tables/{table}/sample", "/v1/{x}/{y}/z", "/c/{rest*}"}) {
            made->add_plain(Method::Get, pattern, {}, [](Request&) { return no_content(); });
        }
        return made;
    }();
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    (void)percent_decode(text, Plus::IsBlank);
    (void)query_value(text, "a");
    const auto target = parse_target(text);
    if (!target) return 0;
    const auto path = percent_decode(target->path, Plus::IsPlus);
    if (!path || path->find('\0') != std::string::npos) std::abort();
    if (!percent_decode(target->query, Plus::IsBlank)) std::abort();
    const auto match = router->match(Method::Get, target->path);
    if (match.route != nullptr && match.params.size() != match.route->param_names.size())
        std::abort();
    return 0;
}
