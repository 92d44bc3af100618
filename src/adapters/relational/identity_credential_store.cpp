#include "adapters/relational/identity_key_store.hpp"
#include "adapters/relational/identity_session_store.hpp"
#include "adapters/relational/identity_sql.hpp"

namespace zs::relational {

using namespace identity_sql;
using identity::AccessFacts;
using identity::ApiKeyFacts;
using identity::IdentityChanges;
using identity::IdentityEpoch;
using identity::SessionFacts;
using identity::SessionId;

namespace {
// `row` holds a user from column `first` on.
Result<AccessFacts> facts_of(Session& session, const Row& row, std::size_t first) {
    AccessFacts facts;
    facts.user = user_of(row, first);
    if (auto teams = add_teams(session, facts.user); !teams) return teams.error();
    auto environments = environments_of(session, facts.user.org_id);
    if (!environments) return environments.error();
    facts.environments = std::move(*environments);
    auto records = records_of(session, facts.user.org_id, principals_of(facts.user));
    if (!records) return records.error();
    facts.records = std::move(*records);
    return facts;
}
}  // namespace

async::Task<Result<std::optional<SessionFacts>>> SqlCredentialStore::find_session(SessionId id) {
    auto work = [id](Session& session) -> Result<std::optional<SessionFacts>> {
        auto rows = session.query_with("select " + std::string(kSessionColumns) + ", " +
                                           std::string(kUserColumns) +
                                           " from user_sessions s"
                                           " join environments e on e.id = s.environment_id"
                                           " join users u on u.id = s.user_id"
                                           " join organizations o on o.id = u.org_id"
                                           " where s.id = ?",
                                       id);
        if (!rows) return rows.error();
        if (rows->empty()) return std::optional<SessionFacts>();
        auto access = facts_of(session, rows->front(), kSessionWidth);
        if (!access) return access.error();
        SessionFacts facts;
        facts.session = session_of(rows->front());
        facts.access = std::move(*access);
        return std::optional<SessionFacts>(std::move(facts));
    };
    co_return co_await database_.read(std::move(work));
}

async::Task<Result<std::optional<ApiKeyFacts>>> SqlCredentialStore::find_api_key(
    std::string key_hash) {
    auto work = [key_hash =
                     std::move(key_hash)](Session& session) -> Result<std::optional<ApiKeyFacts>> {
        auto rows = session.query_with("select " + std::string(kApiKeyColumns) + ", " +
                                           std::string(kUserColumns) +
                                           " from api_keys k"
                                           " join environments e on e.id = k.environment_id"
                                           " join users u on u.id = k.user_id"
                                           " join organizations o on o.id = u.org_id"
                                           " where k.key_hash = ? or k.previous_key_hash = ?",
                                       key_hash, key_hash);
        if (!rows) return rows.error();
        if (rows->empty()) return std::optional<ApiKeyFacts>();
        auto access = facts_of(session, rows->front(), kApiKeyWidth);
        if (!access) return access.error();
        auto key = api_key_of(rows->front());
        if (!key) return key.error();
        ApiKeyFacts facts;
        facts.key = std::move(*key);
        facts.access = std::move(*access);
        return std::optional<ApiKeyFacts>(std::move(facts));
    };
    co_return co_await database_.read(std::move(work));
}

async::Task<Result<IdentityChanges>> SqlCredentialStore::changes_since(IdentityEpoch known) {
    auto work = [known](Session& session) -> Result<IdentityChanges> {
        auto epoch = session.query_with("select rights, sessions from identity_epoch where id = 1");
        if (!epoch) return epoch.error();
        if (epoch->empty()) return data_loss("the row of identity_epoch is missing");
        IdentityChanges changes;
        changes.epoch.rights = epoch->front().integer(0);
        changes.epoch.sessions = epoch->front().integer(1);
        if (known.sessions < 0 || changes.epoch.sessions == known.sessions) return changes;
        auto rows = session.query_with("select id from user_sessions where ended_epoch > ?",
                                       known.sessions);
        if (!rows) return rows.error();
        for (const auto& row : *rows)
            changes.ended.push_back(row.id<SessionId>(0));
        return changes;
    };
    co_return co_await database_.read(std::move(work));
}

}  // namespace zs::relational
