#include "server/commands/user_commands.hpp"

#include "adapters/cli/table.hpp"
#include "adapters/relational/identity_stores.hpp"
#include "base/json_codec.hpp"
#include "base/json_writer.hpp"
#include "core/identity/identity.hpp"
#include "server/commands/operator_session.hpp"

#include <ostream>

namespace zs::server {
namespace {

constexpr int kPage = 1000;
const std::string kPasswordVariable = "ZSERVER_PASSWORD";

std::string joined(const std::vector<std::string>& words) {
    std::string out;
    for (const auto& word : words)
        out += (out.empty() ? "" : ", ") + word;
    return out;
}

// Asked for twice on a terminal, because nobody sees what is typed.
Result<Secret> obtain_new_password(cli::Console& console) {
    auto first = cli::obtain_password(console, kPasswordVariable, "New password: ");
    const bool asked = console.variable(kPasswordVariable).empty() && console.in_is_terminal;
    if (!first || !asked) return first;
    const auto second = cli::ask_password("Once more: ");
    if (!second) return second.error();
    if (first->reveal() != second->reveal()) {
        return cli::usage_error("the two passwords differ");
    }
    return first;
}

// Opens the database and runs `work` on it; `work` answers Result<void>.
template <class Work>
int with_session(const UserOptions& options, cli::Console& console, Work work) {
    auto config = load_or_explain(config_input(options.source, console), console);
    if (!config) return console.fail(config.error());
    auto session = OperatorSession::open_blocking(*config);
    if (!session) return console.fail(session.error());
    const Result<void> done = work(*config, **session);
    return done ? cli::kExitSuccess : console.fail(done.error());
}

Result<std::vector<identity::UserView>> all_users(OperatorSession& session,
                                                  const std::string& org) {
    std::vector<identity::UserView> out;
    std::optional<identity::UserId> after;
    for (;;) {
        auto& users = session.stores().users;
        auto page = session.plane().run_blocking(users.list(org, {}, after, kPage));
        if (!page) return std::move(page).error();
        const bool more = page->size() > static_cast<std::size_t>(kPage);
        if (more) page->pop_back();
        for (const auto& user : *page)
            out.push_back(identity::view_of(user));
        if (!more) return out;
        after = page->back().id;
    }
}

void print_users(const std::vector<identity::UserView>& users, cli::Console& console) {
    if (console.json) {
        console.out << write_json(encode_json(users)) << '\n';
        return;
    }
    std::vector<cli::TableRow> rows;
    for (const auto& user : users) {
        std::optional<std::string> login;
        if (user.last_login_at) login = to_rfc3339(*user.last_login_at);
        rows.push_back({user.email, user.name, std::string(to_text(user.status)),
                        joined(user.roles), to_rfc3339(user.created_at), login,
                        user.id.to_string()});
    }
    const std::vector<cli::TableColumn> columns{{"email"},   {"name"},       {"status"}, {"roles"},
                                                {"created"}, {"last login"}, {"id"}};
    cli::TableStyle style{.color = console.color()};
    if (console.out_is_terminal) style.width_max = console.width;
    console.out << cli::render_table(columns, rows, style);
}

}  // namespace

int create_user_command(const UserOptions& options, cli::Console& console) {
    auto password = obtain_new_password(console);
    if (!password) return console.fail(password.error());
    return with_session(
        options, console, [&](const Config&, OperatorSession& session) -> Result<void> {
            identity::OperatorUser user{.org_id = options.org,
                                        .email = options.email,
                                        .password = std::move(*password),
                                        .name = options.name,
                                        .roles = options.roles};
            auto& users = session.identity().users;
            const auto made =
                session.plane().run_blocking(users.create_by_operator(std::move(user)));
            if (!made) return made.error();
            if (console.json) {
                console.out << write_json(encode_json(*made)) << '\n';
            } else {
                console.note("Created " + made->email + " with role " + joined(made->roles) + ".");
            }
            return {};
        });
}

int change_password_command(const UserOptions& options, cli::Console& console) {
    auto password = obtain_new_password(console);
    if (!password) return console.fail(password.error());
    return with_session(
        options, console, [&](const Config&, OperatorSession& session) -> Result<void> {
            auto& users = session.identity().users;
            auto done = session.plane().run_blocking(
                users.set_password_by_operator(options.email, std::move(*password)));
            if (!done) return done;
            if (console.json) {
                console.out << write_json(
                    boost::json::object{{"email", json_text(options.email)}, {"changed", true}})
                            << '\n';
            } else {
                console.note("Changed the password of " + options.email
                             + " and ended its sessions.");
            }
            return {};
        });
}

int list_users_command(const UserOptions& options, cli::Console& console) {
    return with_session(
        options, console, [&](const Config& config, OperatorSession& session) -> Result<void> {
            const auto users = all_users(session, options.org.value_or(config.auth.default_org));
            if (!users) return users.error();
            print_users(*users, console);
            return {};
        });
}

int token_command(const UserOptions& options, cli::Console& console) {
    return with_session(options, console,
                        [&](const Config&, OperatorSession& session) -> Result<void> {
                            auto& accounts = session.identity().accounts;
                            const auto bundle = session.plane().run_blocking(
                                accounts.issue_tokens(options.email, options.environment));
                            if (!bundle) return bundle.error();
                            if (console.json) {
                                console.out << write_json(encode_json(*bundle)) << '\n';
                            } else {
                                console.out << bundle->access_token << '\n';
                                console.note("Access token of " + bundle->user.email + " ("
                                             + bundle->environment.slug + "), valid until "
                                             + to_rfc3339(bundle->access_expires_at) + ".");
                            }
                            return {};
                        });
}

}  // namespace zs::server
