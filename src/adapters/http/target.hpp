#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace zs::http {

// A request target, cut into its parts; the parts point into the text it was made from.
// Source: RFC 9112 section 3.2.
struct Target {
    enum class Form { Origin, Absolute, Authority, Asterisk };
    Form form = Form::Origin;
    std::string_view authority;  // absolute and authority form
    std::string_view path;       // begins with '/', but for "*"
    std::string_view query;      // without '?'
};

// nullopt for a target that no server can understand: characters outside visible ASCII, a fragment,
// a broken percent escape, an escaped NUL, a scheme other than http and https.
std::optional<Target> parse_target(std::string_view text);

// nullopt for a broken escape. That a plus is a blank is a rule of forms, hence of queries.
enum class Plus { IsPlus, IsBlank };
std::optional<std::string> percent_decode(std::string_view text, Plus plus);

// The first value of `name` in "a=1&b=2"; a name without '=' has the empty value.
std::optional<std::string> query_value(std::string_view query, std::string_view name);

}  // namespace zs::http
