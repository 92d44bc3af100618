#pragma once

#include "base/clock.hpp"
#include "core/identity/client.hpp"
#include "core/identity/principal.hpp"

#include <boost/describe/class.hpp>
#include <boost/json/object.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace zs::identity {

// What happened, before it has its place in the chain. Never holds secrets.
struct AuditEntry {
    std::string org_id;
    std::string actor_kind;  // user, api_key, dev, operator, anonymous
    std::string actor_id;
    std::string token_id;  // session or key
    std::string ip;
    std::string action;  // "login", "permission.update", …
    std::string object;  // "user/<id>", …
    std::string result = "ok";
    boost::json::object details;
};

// An entry in its place. Each row carries the hash of the one before, so that a row cannot be
// changed or removed later without breaking every hash after it.
struct AuditRecord {
    std::int64_t seq = 0;
    Timestamp at;
    std::string org_id;
    std::string actor_kind;
    std::string actor_id;
    std::string token_id;
    std::string ip;
    std::string action;
    std::string object;
    std::string result;
    boost::json::object details;
    std::string prev_hash;
    std::string hash;
};
BOOST_DESCRIBE_STRUCT(AuditRecord, (),
                      (seq, at, org_id, actor_kind, actor_id, token_id, ip, action, object, result,
                       details, prev_hash, hash))

struct AuditFilter {
    std::optional<std::string> action;
    std::optional<std::string> actor_id;
    std::optional<std::string> object;
    std::optional<std::string> result;
    std::optional<Timestamp> since;  // inclusive
    std::optional<Timestamp> until;  // exclusive
};
BOOST_DESCRIBE_STRUCT(AuditFilter, (), (action, actor_id, object, result, since, until))

// The actor and place of an action by `principal`.
AuditEntry audit_by(const Principal& principal, const Client& client, std::string_view action,
                    std::string object);
// The same for somebody without a credential.
AuditEntry audit_anonymous(const Client& client, std::string org_id, std::string_view action,
                           std::string object);

// Puts `entry` behind the row with `prev_hash`.
AuditRecord chain(AuditEntry entry, std::int64_t seq, Timestamp at, std::string prev_hash);
// Whether `record` holds the hash its fields and `prev_hash` give.
bool is_intact(const AuditRecord& record);

}  // namespace zs::identity
