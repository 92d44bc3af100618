#include "core/identity/audit_log.hpp"

#include "base/json_codec.hpp"
#include "base/json_writer.hpp"
#include "base/log.hpp"

#include <charconv>

namespace zs::identity {

async::Task<> AuditLog::append(AuditEntry entry) {
    const std::string action = entry.action;
    auto done = co_await store_.append(std::move(entry));
    if (!done) {
        log::error("an audit entry could not be written",
                   {{"action", action}, {"error", done.error().message}});
    }
}

async::Task<Result<Page<AuditRecord>>> AuditLog::list(PrincipalPtr caller, AuditFilter filter,
                                                      PageRequest page) {
    if (auto admin = require_admin(*caller); !admin) co_return admin.error();
    if (auto limit = check_limit(page); !limit) co_return limit.error();
    const std::string filters = "audit" + write_json(encode_json(filter));
    std::optional<std::int64_t> before;
    if (page.cursor) {
        auto key = read_cursor(filters, *page.cursor);
        if (!key) co_return key.error();
        before.emplace(0);
        std::from_chars(key->data(), key->data() + key->size(), *before);
    }
    auto records = co_await store_.list(caller->tenant.org_id, filter, before, page.limit + 1);
    if (!records) co_return records.error();
    co_return make_page(std::move(*records), page, filters,
                        [](const AuditRecord& record) { return std::to_string(record.seq); });
}

async::Task<Result<std::int64_t>> AuditLog::verify() {
    constexpr int kBatch = 500;
    std::int64_t seq = 0;
    std::string prev_hash;
    while (true) {
        auto records = co_await store_.read_chain(seq, kBatch);
        if (!records) co_return records.error();
        for (const auto& record : *records) {
            const bool follows = record.seq == seq + 1 && record.prev_hash == prev_hash;
            if (!follows || !is_intact(record)) {
                co_return data_loss("the audit log is broken at row " + std::to_string(record.seq)
                                    + ": a row was changed or removed there");
            }
            seq = record.seq;
            prev_hash = record.hash;
        }
        if (records->size() < kBatch) co_return seq;
    }
}

}  // namespace zs::identity
