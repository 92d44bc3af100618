#include "core/identity/audit.hpp"

#include "base/encoding.hpp"
#include "base/hash.hpp"

#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>

namespace zs::identity {
namespace {
// A JSON array keeps the fields apart whatever they hold.
std::string hash_of(const AuditRecord& record) {
    boost::json::array fields;
    fields.emplace_back(record.seq);
    fields.emplace_back(to_unix_millis(record.at));
    for (const auto* text : {&record.org_id, &record.actor_kind, &record.actor_id, &record.token_id,
                             &record.ip, &record.action, &record.object, &record.result}) {
        fields.push_back(json_text(*text));
    }
    fields.emplace_back(record.details);
    fields.push_back(json_text(record.prev_hash));
    return to_hex(sha256(boost::json::serialize(fields)));
}

std::string_view actor_kind_of(TokenKind kind) {
    switch (kind) {
        case TokenKind::Access: return "user";
        case TokenKind::ApiKey: return "api_key";
        case TokenKind::Dev: return "dev";
    }
    return "user";
}
}  // namespace

AuditEntry audit_by(const Principal& principal, const Client& client, std::string_view action,
                    std::string object) {
    AuditEntry entry;
    entry.org_id = principal.tenant.org_id;
    entry.actor_kind = actor_kind_of(principal.token_kind);
    entry.actor_id = principal.user_id.to_string();
    entry.token_id = principal.token_id.to_string();
    entry.ip = client.ip;
    entry.action = action;
    entry.object = std::move(object);
    return entry;
}

AuditEntry audit_anonymous(const Client& client, std::string org_id, std::string_view action,
                           std::string object) {
    AuditEntry entry;
    entry.org_id = std::move(org_id);
    entry.actor_kind = "anonymous";
    entry.ip = client.ip;
    entry.action = action;
    entry.object = std::move(object);
    return entry;
}

AuditRecord chain(AuditEntry entry, std::int64_t seq, Timestamp at, std::string prev_hash) {
    AuditRecord record;
    record.seq = seq;
    record.at = at;
    record.org_id = std::move(entry.org_id);
    record.actor_kind = std::move(entry.actor_kind);
    record.actor_id = std::move(entry.actor_id);
    record.token_id = std::move(entry.token_id);
    record.ip = std::move(entry.ip);
    record.action = std::move(entry.action);
    record.object = std::move(entry.object);
    record.result = std::move(entry.result);
    record.details = std::move(entry.details);
    record.prev_hash = std::move(prev_hash);
    record.hash = hash_of(record);
    return record;
}

bool is_intact(const AuditRecord& record) {
    return record.hash == hash_of(record);
}

}  // namespace zs::identity
