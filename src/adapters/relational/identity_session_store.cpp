#include "adapters/relational/identity_session_store.hpp"

#include "adapters/relational/identity_sql.hpp"
#include "core/identity/limits.hpp"

#include <algorithm>

namespace zs::relational {

using namespace identity_sql;
using identity::AuditEntry;
using identity::NewSession;
using identity::RefreshToken;
using identity::RefreshVerdict;
using identity::Rotation;
using identity::RotationResult;
using identity::SessionEnd;
using identity::SessionId;
using identity::SessionTouch;
using identity::UserId;

namespace {
Result<void> insert_token(Session& session, const RefreshToken& token) {
    auto added = session.execute_with(
        "insert into refresh_tokens (token_hash, session_id, issued_at, expires_at, successor_hash)"
        " values (?, ?, ?, ?, '')",
        token.hash, token.session_id, token.issued_at, token.expires_at);
    if (!added) return added.error();
    return {};
}

Result<void> insert_session(Session& session, const identity::Session& row) {
    auto added = session.execute_with(
        "insert into user_sessions (id, org_id, user_id, environment_id, ip, user_agent,"
        " created_at, updated_at, last_used_at, expires_at, expires_at_max)"
        " values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        row.id, row.org_id, row.user_id, row.environment_id, row.ip, row.user_agent, row.created_at,
        row.created_at, row.last_used_at, row.expires_at, row.expires_at_max);
    if (!added) return added.error();
    return {};
}

// Whether the user is still the one whose password was checked.
Result<void> check_user(Session& session, const NewSession& opening) {
    auto rows = session.query_with(
        "select u.password_hash from users u join organizations o on o.id = u.org_id"
        " where u.id = ? and u.status = 'active' and o.is_active = 1",
        opening.session.user_id);
    if (!rows) return rows.error();
    if (rows->empty() || rows->front().text(0) != opening.expected_password_hash) {
        return unauthenticated("the account changed during the login: try again",
                               "invalid_credentials");
    }
    return {};
}

Result<void> note_login(Session& session, const NewSession& opening) {
    auto done = opening.new_password_hash ? session.execute_with(
                    "update users set last_login_at = ?, password_hash = ? where id = ?",
                    opening.session.created_at, *opening.new_password_hash, opening.session.user_id)
                                          : session.execute_with(
                                              "update users set last_login_at = ? where id = ?",
                                              opening.session.created_at, opening.session.user_id);
    if (!done) return done.error();
    return {};
}

// Room for one more: ends the oldest beyond the limit.
Result<std::vector<SessionId>> end_surplus(Session& session, UserId user_id, Timestamp now) {
    auto live = live_sessions(session, user_id, now);
    if (!live) return live;
    const std::size_t keep = identity::kSessionsPerUserMax - 1;
    if (live->size() <= keep) {
        live->clear();
    } else {
        live->resize(live->size() - keep);
    }
    auto ended = end_sessions(session, *live, now);
    if (!ended) return ended.error();
    return live;
}

RefreshToken token_of(const Row& row) {
    RefreshToken token;
    token.hash = row.text(0);
    token.session_id = row.id<SessionId>(1);
    token.issued_at = row.time(2);
    token.expires_at = row.time(3);
    token.spent_at = row.maybe_time(4);
    token.successor_hash = row.text(5);
    return token;
}

Result<std::optional<RefreshToken>> find_token(Session& session, const std::string& hash) {
    auto rows = session.query_with(
        "select token_hash, session_id, issued_at, expires_at, spent_at, successor_hash"
        " from refresh_tokens where token_hash = ?",
        hash);
    if (!rows) return rows.error();
    if (rows->empty()) return std::optional<RefreshToken>();
    return std::optional<RefreshToken>(token_of(rows->front()));
}

Result<identity::Session> find_session_row(Session& session, SessionId id) {
    auto rows = session.query_with("select " + std::string(kSessionColumns) +
                                       " from user_sessions s"
                                       " join environments e on e.id = s.environment_id"
                                       " where s.id = ?",
                                   id);
    if (!rows) return rows.error();
    if (rows->empty()) return internal_error("a refresh token has no session");
    return session_of(rows->front());
}

Result<void> store_rotation(Session& session, const identity::Session& row) {
    auto stored = session.execute_with(
        "update user_sessions set environment_id = ?, last_used_at = ?, updated_at = ?,"
        " expires_at = ? where id = ?",
        row.environment_id, row.last_used_at, row.last_used_at, row.expires_at, row.id);
    if (!stored) return stored.error();
    return {};
}

Result<void> spend(Session& session, const RefreshToken& token, const Rotation& rotation) {
    auto added = insert_token(session, rotation.successor);
    if (!added) return added;
    auto spent = session.execute_with(
        "update refresh_tokens set spent_at = ?, successor_hash = ? where token_hash = ?",
        rotation.now, rotation.successor.hash, token.hash);
    if (!spent) return spent.error();
    return {};
}

// What the verdict asks for, done.
Result<void> act(Session& session, const RefreshToken& token, const Rotation& rotation,
                 const AuditEntry& audit_reuse, RotationResult& result) {
    switch (result.verdict) {
        case RefreshVerdict::Refuse: return {};
        case RefreshVerdict::RevokeFamily: {
            const std::vector<SessionId> family(1, token.session_id);
            auto ended = end_sessions(session, family, rotation.now);
            if (!ended) return ended;
            return append_audit(session, audit_reuse, rotation.now);
        }
        case RefreshVerdict::RepeatSuccessor: {
            auto successor = find_token(session, token.successor_hash);
            if (!successor) return successor.error();
            if (!successor->has_value()) return internal_error("a spent token has no successor");
            result.successor = std::move(**successor);
            break;
        }
        case RefreshVerdict::Rotate: {
            if (auto spent = spend(session, token, rotation); !spent) return spent;
            result.successor = rotation.successor;
            result.session.expires_at =
                std::min(rotation.successor.expires_at, result.session.expires_at_max);
            break;
        }
    }
    if (rotation.environment) {
        result.session.environment_id = rotation.environment->id;
        result.session.env_slug = rotation.environment->slug;
    }
    result.session.last_used_at = rotation.now;
    return store_rotation(session, result.session);
}
}  // namespace

async::Task<Result<std::vector<SessionId>>> SqlSessionStore::create(NewSession opening,
                                                                    AuditEntry audit) {
    auto work = [opening = std::move(opening), audit = std::move(audit),
                 clock = &clock_](Session& session) -> Result<std::vector<SessionId>> {
        if (auto begun = begin_change(session); !begun) return begun.error();
        if (auto checked = check_user(session, opening); !checked) return checked.error();
        auto ended = end_surplus(session, opening.session.user_id, clock->now());
        if (!ended) return ended;
        if (auto added = insert_session(session, opening.session); !added) return added.error();
        if (auto added = insert_token(session, opening.token); !added) return added.error();
        if (auto noted = note_login(session, opening); !noted) return noted.error();
        auto logged = append_audit(session, audit, clock->now());
        if (!logged) return logged.error();
        return ended;
    };
    co_return co_await database_.write(std::move(work));
}

async::Task<Result<RotationResult>> SqlSessionStore::rotate(Rotation rotation,
                                                            AuditEntry audit_reuse) {
    auto work = [rotation = std::move(rotation),
                 audit_reuse = std::move(audit_reuse)](Session& session) -> Result<RotationResult> {
        if (auto begun = begin_change(session); !begun) return begun.error();
        RotationResult result;
        const auto token = find_token(session, rotation.presented_hash);
        if (!token) return token.error();
        if (!token->has_value()) return result;
        auto row = find_session_row(session, (*token)->session_id);
        if (!row) return row.error();
        result.session = std::move(*row);
        auto user = find_user(session, result.session.org_id, result.session.user_id);
        if (!user) return user.error();
        result.user = std::move(*user);
        result.verdict = judge_refresh(**token, result.session, rotation.now, rotation.grace);
        if (!may_sign_in(result.user)) result.verdict = RefreshVerdict::Refuse;
        auto done = act(session, **token, rotation, audit_reuse, result);
        if (!done) return done.error();
        return result;
    };
    co_return co_await database_.write(std::move(work));
}

async::Task<Result<std::vector<identity::Session>>> SqlSessionStore::list(UserId user_id,
                                                                          Timestamp now) {
    auto work = [user_id, now](Session& session) -> Result<std::vector<identity::Session>> {
        auto rows = session.query_with("select " + std::string(kSessionColumns) +
                                           " from user_sessions s"
                                           " join environments e on e.id = s.environment_id"
                                           " where s.user_id = ? and s.ended_at is null"
                                           " and s.expires_at > ?"
                                           " order by s.created_at desc, s.id desc",
                                       user_id, now);
        if (!rows) return rows.error();
        std::vector<identity::Session> all;
        for (const auto& row : *rows)
            all.push_back(session_of(row));
        return all;
    };
    co_return co_await database_.read(std::move(work));
}

async::Task<Result<std::vector<SessionId>>> SqlSessionStore::end(SessionEnd which,
                                                                 AuditEntry audit) {
    auto work = [which, audit = std::move(audit),
                 clock = &clock_](Session& session) -> Result<std::vector<SessionId>> {
        if (auto begun = begin_change(session); !begun) return begun.error();
        auto live = live_sessions(session, which.user_id, clock->now());
        if (!live) return live;
        if (which.session_id) {
            std::erase_if(*live, [&](const auto& id) { return id != *which.session_id; });
        }
        if (live->empty()) return live;
        auto ended = end_sessions(session, *live, clock->now());
        if (!ended) return ended.error();
        auto logged = append_audit(session, audit, clock->now());
        if (!logged) return logged.error();
        return live;
    };
    co_return co_await database_.write(std::move(work));
}

async::Task<Result<void>> SqlSessionStore::touch(std::vector<SessionTouch> touches) {
    auto work = [touches = std::move(touches)](Session& session) -> Result<void> {
        for (const auto& touch : touches) {
            auto done = session.execute_with(
                "update user_sessions set last_used_at = ? where id = ? and last_used_at < ?",
                touch.at, touch.id, touch.at);
            if (!done) return done.error();
        }
        return {};
    };
    co_return co_await database_.write(std::move(work));
}

async::Task<Result<std::int64_t>> SqlSessionStore::purge(Timestamp before) {
    auto work = [before](Session& session) -> Result<std::int64_t> {
        auto tokens =
            session.execute_with("delete from refresh_tokens where expires_at < ?", before);
        if (!tokens) return tokens;
        return session.execute_with(
            "delete from user_sessions where expires_at < ?"
            " or (ended_at is not null and ended_at < ?)",
            before, before);
    };
    co_return co_await database_.write(std::move(work));
}

}  // namespace zs::relational
