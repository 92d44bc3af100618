#include "adapters/cli/account_commands.hpp"

#include "adapters/cli/text_width.hpp"
#include "base/json.hpp"
#include "base/json_writer.hpp"

#include <boost/url/parse.hpp>

#include <iostream>

namespace zs::cli {
namespace {

std::string text_of(const boost::json::value& value) {
    if (const auto* text = value.if_string()) return printable({text->data(), text->size()});
    if (value.is_null()) return "-";
    if (const auto* list = value.if_array()) {
        std::string out;
        for (const auto& item : *list)
            out += (out.empty() ? "" : ", ") + text_of(item);
        return out.empty() ? "-" : out;
    }
    return printable(write_json(value));
}

void warn_about_plain_text(const std::string& url, Console& console) {
    const auto parsed = boost::urls::parse_uri(url);
    if (!parsed || parsed->scheme() != "http") return;
    const std::string host(std::string_view(parsed->encoded_host()));
    if (host == "localhost" || host == "[::1]" || host.starts_with("127.")) return;
    console.warning("the password travels to " + host + " unencrypted; use https");
}

Result<std::string> obtain_email(const LoginOptions& options, Console& console) {
    if (options.email) return *options.email;
    if (auto set = console.variable("ZSERVER_EMAIL"); !set.empty()) return set;
    if (!console.in_is_terminal) return usage_error("--email is missing");
    console.err << "E-mail: " << std::flush;
    std::string line;
    if (!std::getline(console.in, line) || line.empty()) return usage_error("--email is missing");
    return line;
}

Result<Profile> sign_in(ApiSession& session, const LoginOptions& options, Console& console) {
    auto email = obtain_email(options, console);
    if (!email) return std::move(email).error();
    auto password = obtain_password(console, "ZSERVER_PASSWORD", "Password: ");
    if (!password) return std::move(password).error();
    ApiCall call{.method = "POST", .path = "/v1/auth/login"};
    call.body = boost::json::object{{"email", json_text(*email)},
                                    {"password", json_text(password->reveal())}};
    if (options.environment) (*call.body)["environment"] = json_text(*options.environment);
    auto bundle = session.call_public(call);
    if (!bundle) return std::move(bundle).error();
    return profile_of_bundle(*bundle, session.url());
}

}  // namespace

int run_login(const LoginOptions& options, Console& console, const Clock& clock) {
    // A new profile needs no old one: only the URL of a known profile is taken over.
    Target target = options.target;
    auto name = target.profile.value_or(console.variable("ZSERVER_PROFILE"));
    if (name.empty()) name = std::string(kDefaultProfile);
    ProfileFile file(ProfileFile::default_path(console.environment));
    auto known = file.find(name);
    if (!known) return console.fail(known.error());
    if (!target.url && console.variable("ZSERVER_URL").empty() && *known)
        target.url = (*known)->url;
    target.profile.reset();
    target.token = std::string();  // signing in needs no credential

    auto session = ApiSession::open(target, console, clock);
    if (!session) return console.fail(session.error());
    warn_about_plain_text(session->url(), console);
    auto profile = sign_in(*session, options, console);
    if (!profile) return console.fail(profile.error());
    if (auto kept = file.put(name, *profile); !kept) return console.fail(kept.error());
    if (console.json) {
        const boost::json::object done{{"profile", json_text(name)},
                                       {"url", json_text(profile->url)},
                                       {"email", json_text(profile->email)},
                                       {"environment", json_text(profile->environment)}};
        console.out << write_json(done) << '\n';
    } else {
        console.note("Signed in at " + profile->url + " as " + printable(profile->email) + " ("
                     + printable(profile->environment) + "), profile '" + name + "'.");
    }
    return kExitSuccess;
}

int run_logout(const Target& target, Console& console, const Clock& clock) {
    auto session = ApiSession::open(target, console, clock);
    if (!session) return console.fail(session.error());
    if (!session->profile()) {
        return console.fail(
            usage_error("not signed in with profile '" + session->profile_name() + "'"));
    }
    ProfileFile file(ProfileFile::default_path(console.environment));
    const ProfileFile::Lock lock(file);
    ApiCall call{.method = "POST", .path = "/v1/auth/logout"};
    const auto token = session->profile()->refresh_token.reveal();
    call.body = boost::json::object{{"refresh_token", json_text(token)}};
    const auto told = session->call_public(call);
    if (auto removed = file.remove(session->profile_name()); !removed) {
        return console.fail(removed.error());
    }
    if (!told && told.error().code != ErrorCode::Unauthenticated) {
        console.warning("forgot the tokens, but the server may not know: " + told.error().message);
    }
    if (console.json) {
        console.out << write_json(boost::json::object{
            {"profile", json_text(session->profile_name())}, {"signed_out", true}})
                    << '\n';
    } else {
        console.note("Signed out of " + session->url() + ".");
    }
    return kExitSuccess;
}

int run_whoami(const Target& target, Console& console, const Clock& clock) {
    auto session = ApiSession::open(target, console, clock);
    if (!session) return console.fail(session.error());
    auto body = session->call(ApiCall{.path = "/v1/whoami"});
    if (!body) return console.fail(body.error());
    const auto who = parse_json(*body);
    if (!who || !who->is_object()) return console.fail(data_loss("the answer is not JSON"));
    if (console.json) {
        console.out << write_json(*who) << '\n';
        return kExitSuccess;
    }
    constexpr std::size_t kLabelWidth = 12;
    console.out << pad_right("server", kLabelWidth) << session->url() << '\n';
    for (const auto& [key, value] : who->get_object()) {
        console.out << pad_right(printable(std::string_view(key)), kLabelWidth) << text_of(value)
                    << '\n';
    }
    return kExitSuccess;
}

}  // namespace zs::cli
