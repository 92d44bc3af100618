#include "core/identity/password_policy.hpp"

#include "base/encoding.hpp"
#include "core/identity/limits.hpp"

#include <algorithm>

namespace zs::identity {
namespace {
Error bad_email(std::string message) {
    return invalid_field("email", std::move(message), "invalid_email");
}
Error weak(std::string message) {
    return invalid_field("password", std::move(message), "weak_password");
}

bool is_forbidden_in_email(char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte <= 0x20 || byte == 0x7F || c == '<' || c == '>' || c == ',' || c == ';' || c == '"'
           || c == '(' || c == ')' || c == '\\';
}

bool is_label_character(char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte >= 0x80 || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
}

// At least two labels, none empty or with a hyphen at an end.
bool is_dotted_domain(std::string_view domain) {
    std::size_t labels = 0;
    while (true) {
        const auto dot = domain.find('.');
        const auto label = domain.substr(0, dot);
        if (label.empty() || label.size() > 63 || label.front() == '-' || label.back() == '-') {
            return false;
        }
        if (!std::all_of(label.begin(), label.end(), is_label_character)) return false;
        ++labels;
        if (dot == std::string_view::npos) return labels >= 2;
        domain.remove_prefix(dot + 1);
    }
}

std::size_t characters_in(std::string_view utf8) {
    return static_cast<std::size_t>(std::count_if(utf8.begin(), utf8.end(), [](char c) {
        return (static_cast<unsigned char>(c) & 0xC0) != 0x80;
    }));
}
}  // namespace

Result<std::string> normalize_email(std::string_view text) {
    const std::string email = to_lower(trim(text));
    if (email.size() > kEmailBytesMax) return bad_email("an e-mail address has at most 254 bytes");
    if (!is_utf8(email)) return bad_email("the e-mail address is not UTF-8");
    const auto at = email.rfind('@');
    const bool shaped = at != std::string::npos && at > 0 && at <= 64 && email.find('@') == at;
    const bool clean = std::none_of(email.begin(), email.end(), is_forbidden_in_email);
    if (!shaped || !clean || !is_dotted_domain(std::string_view(email).substr(at + 1))) {
        return bad_email("'email' must look like name@example.com");
    }
    return email;
}

Result<void> check_password(std::string_view password, std::string_view email) {
    const std::size_t characters = characters_in(password);
    if (characters < kPasswordCharactersMin || characters > kPasswordCharactersMax) {
        return weak("a password has 8 to 128 characters");
    }
    if (equals_ignoring_case(password, email)) return weak("the password is the e-mail address");
    if (is_common_password(password)) {
        return weak("this password is one of the first that anybody would try");
    }
    return {};
}

Result<Secret> checked_password(const TextNormalizer& normalizer, const Secret& password,
                                std::string_view email) {
    if (password.reveal().size() > kPasswordBytesMax) {
        return weak("a password has 8 to 128 characters");
    }
    auto text = normalizer.nfkc(password.reveal());
    if (!text) return weak("the password is not UTF-8");
    Secret secret(std::move(*text));
    if (auto checked = check_password(secret.reveal(), email); !checked) return checked.error();
    return secret;
}

}  // namespace zs::identity
