#include "adapters/relational/idempotency_store.hpp"

#include "base/json.hpp"
#include "base/json_writer.hpp"

namespace zs::relational {

using idempotency::Claim;
using idempotency::KeptReply;
using idempotency::KeyEntry;
using idempotency::KeyId;
using idempotency::KeyState;

namespace {

std::string headers_to_json(const KeptReply& reply) {
    boost::json::array all;
    for (const auto& [name, value] : reply.headers) {
        all.push_back(boost::json::array{json_text(name), json_text(value)});
    }
    return write_json(all);
}

Result<KeptReply> reply_of(const Row& row, std::size_t first) {
    KeptReply reply;
    reply.status = static_cast<unsigned>(row.integer(first));
    reply.content_type = row.text(first + 1);
    auto headers = parse_json(row.text(first + 2));
    if (!headers || !headers->is_array()) return data_loss("a kept reply cannot be read");
    for (const auto& header : headers->get_array()) {
        const auto& pair = header.as_array();
        reply.headers.emplace_back(pair.at(0).as_string().c_str(), pair.at(1).as_string().c_str());
    }
    reply.body = row.text(first + 3);
    return reply;
}

Result<KeyEntry> entry_of(const Row& row) {
    KeyEntry entry;
    entry.request_hash = row.text(0);
    entry.started_at = row.time(2);
    if (row.text(1) == "running") return entry;
    entry.state = KeyState::Lost;
    if (row.text(1) != "done") return entry;
    auto reply = reply_of(row, 3);
    if (!reply) return std::move(reply).error();
    entry.state = KeyState::Done;
    entry.reply = std::move(*reply);
    return entry;
}

// Keeps an owner within its number of keys. What runs stays: forgetting it could run it twice.
Result<void> drop_oldest(Session& session, const Claim& claim) {
    auto done = session.execute_with(
        "delete from idempotency_keys where key_id in ("
        " select key_id from idempotency_keys where owner = ? and state <> 'running'"
        " order by started_at desc, key_id limit 1000 offset ?)",
        claim.id.owner, static_cast<std::int64_t>(claim.owner_keys_max) - 1);
    if (!done) return std::move(done).error();
    return {};
}

Result<std::optional<KeyEntry>> claim_in(Session& session, const Claim& claim) {
    auto expired =
        session.execute_with("delete from idempotency_keys where key_id = ? and started_at < ?",
                             claim.id.key, claim.expired_before);
    if (!expired) return std::move(expired).error();
    auto taken = session.execute_with(
        "insert into idempotency_keys (key_id, owner, request_hash, state, started_at)"
        " values (?, ?, ?, 'running', ?) on conflict (key_id) do nothing",
        claim.id.key, claim.id.owner, claim.request_hash, claim.now);
    if (!taken) return std::move(taken).error();
    if (*taken == 1) {
        auto dropped = drop_oldest(session, claim);
        if (!dropped) return std::move(dropped).error();
        return std::optional<KeyEntry>{};
    }
    auto rows = session.query_with(
        "select request_hash, state, started_at, status, content_type, headers, body"
        " from idempotency_keys where key_id = ?",
        claim.id.key);
    if (!rows) return std::move(rows).error();
    if (rows->empty()) return unavailable("the key changed hands; try again");
    auto entry = entry_of(rows->front());
    if (!entry) return std::move(entry).error();
    return std::optional(std::move(*entry));
}

Result<void> without_count(const Result<std::int64_t>& done) {
    if (!done) return done.error();
    return {};
}

Result<std::uint64_t> as_count(const Result<std::int64_t>& done) {
    if (!done) return done.error();
    return static_cast<std::uint64_t>(*done);
}

}  // namespace

async::Task<Result<std::optional<KeyEntry>>> SqlIdempotencyStore::claim(Claim claim) {
    auto work = [claim = std::move(claim)](Session& session) { return claim_in(session, claim); };
    co_return co_await database_.write(std::move(work));
}

async::Task<Result<void>> SqlIdempotencyStore::keep(KeyId id, KeptReply reply) {
    auto work = [id = std::move(id), reply = std::move(reply)](Session& session) {
        return without_count(session.execute_with(
            "update idempotency_keys set state = 'done', status = ?, content_type = ?,"
            " headers = ?, body = ? where key_id = ? and state = 'running'",
            reply.status, reply.content_type, headers_to_json(reply), reply.body, id.key));
    };
    co_return co_await database_.write(std::move(work));
}

async::Task<Result<void>> SqlIdempotencyStore::lose(KeyId id) {
    auto work = [id = std::move(id)](Session& session) {
        return without_count(session.execute_with(
            "update idempotency_keys set state = 'lost' where key_id = ? and state = 'running'",
            id.key));
    };
    co_return co_await database_.write(std::move(work));
}

async::Task<Result<void>> SqlIdempotencyStore::release(KeyId id) {
    auto work = [id = std::move(id)](Session& session) {
        return without_count(session.execute_with(
            "delete from idempotency_keys where key_id = ? and state = 'running'", id.key));
    };
    co_return co_await database_.write(std::move(work));
}

async::Task<Result<std::uint64_t>> SqlIdempotencyStore::lose_running(Timestamp started_before) {
    auto work = [started_before](Session& session) {
        return as_count(
            session.execute_with("update idempotency_keys set state = 'lost'"
                                 " where state = 'running' and started_at < ?",
                                 started_before));
    };
    co_return co_await database_.write(std::move(work));
}

async::Task<Result<std::uint64_t>> SqlIdempotencyStore::forget(Timestamp started_before) {
    auto work = [started_before](Session& session) {
        return as_count(session.execute_with(
            "delete from idempotency_keys where state <> 'running' and started_at < ?",
            started_before));
    };
    co_return co_await database_.write(std::move(work));
}

}  // namespace zs::relational
