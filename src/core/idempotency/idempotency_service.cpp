#include "core/idempotency/idempotency_service.hpp"

#include "base/encoding.hpp"
#include "base/hash.hpp"
#include "base/log.hpp"

namespace zs::idempotency {
namespace {

// Parts are told apart by their lengths, so that no two lists of parts give the same text.
void append_part(std::string& out, std::string_view part) {
    out += std::to_string(part.size());
    out += ':';
    out += part;
}

Error in_progress() {
    return conflict("a request with this Idempotency-Key is still running; repeat it later",
                    "idempotency_in_progress");
}

Error reply_lost() {
    return conflict(
        "the request with this Idempotency-Key was accepted, but its reply is not kept; "
        "read the state to learn what it did",
        "idempotency_reply_lost");
}

void log_failure(const Result<void>& done) {
    if (!done) log::warn("idempotency key not updated", {{"error", done.error().message}});
}

}  // namespace

KeyId make_key_id(const identity::Principal& principal, std::string_view method,
                  std::string_view path, std::string_view client_key) {
    const bool is_key = principal.token_kind == identity::TokenKind::ApiKey;
    std::string owner;
    append_part(owner, principal.tenant.org_id);
    append_part(owner, principal.tenant.env_slug);
    append_part(owner, is_key ? "key" : "user");
    append_part(owner, is_key ? principal.token_id.to_string() : principal.user_id.to_string());
    std::string key = owner;
    append_part(key, method);
    append_part(key, path);
    append_part(key, client_key);
    return {to_hex(sha256(owner)), to_hex(sha256(key))};
}

std::string request_hash(std::string_view query, std::string_view body) {
    Sha256 hash;
    std::string head;
    append_part(head, query);
    hash.update(head);
    hash.update(body);
    return to_hex(hash.finish());
}

bool is_final_status(unsigned status) noexcept {
    return (status >= 200 && status < 300) || status == 404 || status == 409 || status == 410
           || status == 422;
}

bool outcome_is_unknown(unsigned status) noexcept {
    return status == 500 || status == 504;
}

IdempotencyService::IdempotencyService(IdempotencyStore& store, const Clock& clock, Limits limits)
    : store_(store), clock_(clock), limits_(limits) {}

Result<void> IdempotencyService::check_key(std::string_view client_key) const {
    const auto printable = [](char c) { return c >= 0x20 && c <= 0x7E; };
    if (!client_key.empty() && client_key.size() <= limits_.key_bytes_max
        && std::all_of(client_key.begin(), client_key.end(), printable)) {
        return {};
    }
    return invalid_field("Idempotency-Key",
                         fmt::format("Idempotency-Key must be 1 to {} printable ASCII characters",
                                     limits_.key_bytes_max));
}

async::Task<Result<std::optional<KeptReply>>> IdempotencyService::begin(KeyId id,
                                                                        std::string request_hash) {
    const Timestamp now = clock_.now();
    Claim claim;
    claim.id = std::move(id);
    claim.request_hash = request_hash;
    claim.now = now;
    claim.expired_before = now - limits_.kept_for;
    claim.owner_keys_max = limits_.keys_per_owner_max;
    auto found = co_await store_.claim(std::move(claim));
    if (!found) co_return std::move(found).error();
    if (!*found) co_return std::optional<KeptReply>{};
    KeyEntry& entry = **found;
    if (entry.request_hash != request_hash) {
        co_return conflict("this Idempotency-Key was used for another request; use a new key",
                           "idempotency_key_reused");
    }
    switch (entry.state) {
        case KeyState::Done: co_return std::move(entry.reply);
        case KeyState::Lost: co_return reply_lost();
        case KeyState::Running: break;
    }
    if (entry.started_at + limits_.running_max < now) co_return reply_lost();
    co_return in_progress();
}

async::Task<void> IdempotencyService::finish(KeyId id, KeptReply reply) {
    if (outcome_is_unknown(reply.status)) {
        co_await lose(std::move(id));
        co_return;
    }
    if (!is_final_status(reply.status)) {
        auto released = co_await store_.release(std::move(id));
        log_failure(released);
        co_return;
    }
    const bool text = is_utf8(reply.body) && reply.body.find('\0') == std::string::npos;
    if (reply.body.size() > limits_.reply_bytes_max || !text) {
        co_await lose(std::move(id));
        co_return;
    }
    auto kept = co_await store_.keep(std::move(id), std::move(reply));
    log_failure(kept);
}

async::Task<void> IdempotencyService::lose(KeyId id) {
    auto lost = co_await store_.lose(std::move(id));
    log_failure(lost);
}

async::Task<Result<std::uint64_t>> IdempotencyService::recover(StoreUsers users) {
    // One millisecond more: what started in this very millisecond belongs to the process before.
    const Timestamp now = clock_.now();
    const bool alone = users == StoreUsers::ThisProcessAlone;
    return store_.lose_running(alone ? now + Millis(1) : now - limits_.running_max);
}

async::Task<Result<std::uint64_t>> IdempotencyService::sweep() {
    return store_.forget(clock_.now() - limits_.kept_for);
}

}  // namespace zs::idempotency
