#include "adapters/relational/jobs/job_row.hpp"

#include "base/json.hpp"

#include <algorithm>
#include <bit>
#include <cstring>

namespace zs::relational::job_sql {

using jobs::Job;
using jobs::JobBrief;
using jobs::JobError;
using jobs::JobId;
using jobs::JobSpec;
using jobs::JobState;

namespace {

// Longer ones would be copied with every change of the row.
constexpr std::size_t kSpecInlineMax = 640;
constexpr std::size_t kRowsPerStatementMax = 256;

std::uint64_t hash_of(std::string_view kind, std::string_view text) {
    std::uint64_t hash = 0xcbf29ce484222325;  // FNV-1a: stored, so it must never change
    const auto add = [&hash](std::string_view bytes) {
        for (const char c : bytes) {
            hash ^= static_cast<unsigned char>(c);
            hash *= 0x100000001b3;
        }
    };
    add(kind);
    add(std::string_view("\0", 1));
    add(text);
    return hash;
}

Error unreadable() {
    return data_loss("a row of the jobs cannot be read");
}

}  // namespace

std::int64_t mark_of(std::string_view kind, std::string_view text) {
    const auto hash = hash_of(kind, text);
    // Two of 63 bits: the sign stays clear.
    return static_cast<std::int64_t>((std::uint64_t{1} << (hash % 63))
                                     | (std::uint64_t{1} << ((hash >> 32) % 63)));
}

std::int64_t mark_of_metadata(std::string_view key, std::string_view value) {
    std::string text(key);
    text += '\0';
    text += value;
    return mark_of("metadata", text);
}

StoredSpec to_stored(const JobSpec& spec) {
    StoredSpec stored;
    stored.text = to_stored_text(spec);
    const bool brief = spec.concurrency || spec.rate || !spec.requires_labels.empty()
                       || spec.sandbox != jobs::SandboxTier::L0 || spec.kind != "process";
    const auto& retry = spec.retry;
    const bool rules =
        retry.initial || retry.multiplier || retry.max || !retry.no_retry_exit_codes.empty();
    if (brief) stored.traits |= kBriefInSpec;
    if (rules) stored.traits |= kRetryInSpec;
    if (!spec.depends_on.empty()) stored.traits |= kHasDependencies;
    if (stored.text.size() > kSpecInlineMax) stored.traits |= kSpecApart;
    if (!spec.name.empty()) stored.marks |= mark_of("name", spec.name);
    for (const auto& tag : spec.tags)
        stored.marks |= mark_of("tag", tag);
    for (const auto& [key, value] : spec.metadata) {
        const auto* text = value.if_string();
        if (text == nullptr) continue;  // filters find text only
        stored.marks |= mark_of_metadata({key.data(), key.size()}, {text->data(), text->size()});
    }
    return stored;
}

Bytes raw_id(const Uuid& id) {
    const auto& bytes = id.bytes();
    return {std::string(bytes.begin(), bytes.end())};
}

Uuid uuid_of(const std::string& bytes) {
    // Uuid is made from text only; its layout is these sixteen bytes.
    static_assert(sizeof(Uuid) == 16 && std::is_trivially_copyable_v<Uuid>);
    ZS_ASSERT(bytes.size() == 16);
    std::array<std::uint8_t, 16> raw{};
    std::memcpy(raw.data(), bytes.data(), raw.size());
    return std::bit_cast<Uuid>(raw);
}

JobRow row_of(const Row& row) {
    JobRow out;
    out.id = JobId(uuid_of(row.bytes(0)));
    out.tenant = row.integer(1);
    out.created_at = row.time(2);
    out.eligible_at = row.time(3);
    out.completed_at = row.maybe_time(4);
    out.started_at = row.maybe_time(5);
    out.cancel_requested_at = row.maybe_time(6);
    out.token = jobs::LeaseToken(static_cast<std::uint64_t>(row.integer(7)));
    out.last_seq = static_cast<std::uint64_t>(row.integer(8));
    out.open_dependencies = static_cast<std::uint32_t>(row.integer(9));
    out.counters.attempt = static_cast<std::uint32_t>(row.integer(10));
    out.counters.retry_count = static_cast<std::uint32_t>(row.integer(11));
    out.counters.lost_leases = static_cast<std::uint32_t>(row.integer(12));
    out.max_retries = static_cast<std::uint32_t>(row.integer(13));
    out.priority = static_cast<std::int16_t>(row.integer(14));
    out.state = static_cast<JobState>(row.integer(15));
    out.traits = row.integer(16);
    if (!row.is_null(17)) out.worker = row.text(17);
    return out;
}

Result<WholeRow> whole_of(Session& session, const TenantNumbers& tenants, const Row& row) {
    WholeRow out;
    out.head = row_of(row);
    auto tenant = tenants.tenant_of(session, out.head.tenant);
    if (!tenant) return std::move(tenant).error();
    out.tenant = std::move(*tenant);
    std::size_t at = kRowWidth;
    out.updated_at = row.time(at++);
    out.lease_until = row.maybe_time(at++);
    out.log_count = static_cast<std::uint64_t>(row.integer(at++));
    out.logs_truncated = row.boolean(at++);
    out.artifact_count = static_cast<std::uint32_t>(row.integer(at++));
    if (const auto tier = row.maybe_integer(at++)) out.sandbox = jobs::SandboxTier(*tier);
    if (const auto code = row.maybe_integer(at++)) out.exit_code = static_cast<int>(*code);
    if (!row.is_null(at)) out.submitted_by = JobId(uuid_of(row.bytes(at)));
    ++at;
    if (!row.is_null(at)) out.schedule_id = jobs::ScheduleId(uuid_of(row.bytes(at)));
    ++at;
    if (row.is_null(at)) return unreadable();
    out.spec = row.text(at++);
    out.error = row.maybe_text(at++);
    out.output = row.maybe_text(at++);
    return out;
}

Result<Job> to_job(WholeRow row) {
    auto spec = jobs::parse_stored_spec(row.spec);
    if (!spec) return std::move(spec).error();
    const auto& head = row.head;
    Job job;
    job.id = head.id;
    job.tenant = std::move(row.tenant);
    job.spec = std::move(*spec);
    job.state = head.state;
    job.counters = head.counters;
    job.created_at = head.created_at;
    job.updated_at = row.updated_at;
    job.eligible_at = head.eligible_at;
    job.started_at = head.started_at;
    job.completed_at = head.completed_at;
    job.cancel_requested_at = head.cancel_requested_at;
    job.lease_expires_at = row.lease_until;
    job.open_dependencies = head.open_dependencies;
    job.worker = head.worker;
    job.token = head.token;
    job.sandbox = row.sandbox;
    if (row.submitted_by) job.submitted_by = identity::UserId(row.submitted_by->uuid());
    job.schedule_id = row.schedule_id;
    if (row.output) {
        auto output = parse_json(*row.output);
        if (!output) return unreadable();
        job.output = std::move(*output);
    }
    job.exit_code = row.exit_code;
    if (row.error) job.error = parse_error(*row.error);
    job.last_seq = head.last_seq;
    job.log_count = row.log_count;
    job.logs_truncated = row.logs_truncated;
    job.artifact_count = row.artifact_count;
    return job;
}

std::string to_text(const JobError& error) {
    std::string out = "{\"code\":\"" + std::string(jobs::to_text(error.code)) + "\",\"message\":";
    append_json_string(out, error.message);  // need not be UTF-8
    if (error.exit_code) out += ",\"exit_code\":" + std::to_string(*error.exit_code);
    if (error.signal) out += ",\"signal\":" + std::to_string(*error.signal);
    return out + "}";
}

std::optional<JobError> parse_error(const std::string& text) {
    const auto value = parse_json(text);
    if (!value || !value->is_object()) return std::nullopt;
    const auto& object = value->get_object();
    JobError error;
    if (const auto* code = object.if_contains("code"); code != nullptr && code->is_string()) {
        const auto& name = code->get_string();
        error.code = jobs::failure({name.data(), name.size()}).value_or(jobs::Failure::WorkerError);
    }
    if (const auto* message = object.if_contains("message");
        message != nullptr && message->is_string()) {
        error.message.assign(message->get_string().data(), message->get_string().size());
    }
    const auto number = [&object](std::string_view key) -> std::optional<int> {
        const auto* found = object.if_contains(key);
        if (found == nullptr || !found->is_int64()) return std::nullopt;
        return static_cast<int>(found->get_int64());
    };
    error.exit_code = number("exit_code");
    error.signal = number("signal");
    return error;
}

Result<void> begin_locking(Session& session) {
    if (session.dialect() != Dialect::Postgres) return {};
    return session.execute_later("set transaction isolation level read committed", {});
}

std::string_view for_update(const Session& session) {
    return session.dialect() == Dialect::Postgres ? " for update" : "";
}

Result<std::optional<JobRow>> lock_row(Session& session, JobId id) {
    std::string sql = "select " + std::string(kRowColumns) + " from jobs where id = ?";
    sql += for_update(session);
    auto rows = session.query_with(sql, raw_id(id));
    if (!rows) return std::move(rows).error();
    if (rows->empty()) return std::optional<JobRow>();
    return std::optional(row_of(rows->front()));
}

namespace {

// One statement for each power of two, so that few are prepared; what is too much repeats the last.
std::string select_some(std::string_view columns, std::size_t width, std::string_view tail) {
    std::string sql = "select " + std::string(columns) + " from jobs where id in (?";
    for (std::size_t i = 1; i < width; ++i)
        sql += ", ?";
    sql += ") order by id";
    sql += tail;
    return sql;
}

}  // namespace

Result<Rows> select_by_ids(Session& session, std::string_view columns, std::vector<JobId> ids,
                           std::string_view tail) {
    std::sort(ids.begin(), ids.end());
    ids.erase(std::unique(ids.begin(), ids.end()), ids.end());
    // On SQLite a statement costs nothing but itself.
    const bool one_by_one = session.dialect() == Dialect::Sqlite;
    const std::size_t step = one_by_one ? 1 : kRowsPerStatementMax;
    Rows out;
    out.reserve(ids.size());
    std::string sql;
    std::vector<Value> params;
    for (std::span<const JobId> rest(ids); !rest.empty();) {
        const auto some = rest.first(std::min(rest.size(), step));
        rest = rest.subspan(some.size());
        const auto width = std::bit_ceil(some.size());
        if (width != params.size()) sql = select_some(columns, width, tail);
        params.resize(width);
        for (std::size_t i = 0; i < width; ++i)
            params[i] = raw_id(some[std::min(i, some.size() - 1)]);
        auto rows = session.query(sql, params);
        if (!rows) return std::move(rows).error();
        std::move(rows->begin(), rows->end(), std::back_inserter(out));
    }
    return out;
}

Result<std::vector<JobRow>> lock_rows(Session& session, std::vector<JobId> ids) {
    auto rows = select_by_ids(session, kRowColumns, std::move(ids), for_update(session));
    if (!rows) return std::move(rows).error();
    std::vector<JobRow> out;
    out.reserve(rows->size());
    for (const auto& row : *rows)
        out.push_back(row_of(row));
    return out;
}

Result<JobSpec> load_spec(Session& session, JobId id) {
    auto rows = session.query_with(
        "select coalesce(spec, (select s.spec from job_specs s where s.job = jobs.id))"
        " from jobs where id = ?",
        raw_id(id));
    if (!rows) return std::move(rows).error();
    if (rows->empty() || rows->front().is_null(0)) return unreadable();
    return jobs::parse_stored_spec(rows->front().text(0));
}

JobBrief brief_of(const JobRow& row, identity::Tenant tenant, const JobSpec* spec) {
    JobBrief brief;
    brief.id = row.id;
    brief.tenant = std::move(tenant);
    brief.state = row.state;
    brief.counters = row.counters;
    brief.created_at = row.created_at;
    brief.eligible_at = row.eligible_at;
    brief.priority = row.priority;
    brief.open_dependencies = row.open_dependencies;
    brief.cancel_requested = row.cancel_requested_at.has_value();
    brief.token = row.token;
    brief.worker = row.worker;
    if (spec != nullptr) {
        brief.concurrency = spec->concurrency;
        brief.rate = spec->rate;
        brief.requires_labels = spec->requires_labels;
        brief.sandbox = spec->sandbox;
        brief.kind = spec->kind;
    }
    return brief;
}

Result<JobBrief> brief_of(Session& session, const TenantNumbers& tenants, const JobRow& row) {
    auto tenant = tenants.tenant_of(session, row.tenant);
    if (!tenant) return std::move(tenant).error();
    if (!row.has(kBriefInSpec)) return brief_of(row, std::move(*tenant), nullptr);
    auto spec = load_spec(session, row.id);
    if (!spec) return std::move(spec).error();
    return brief_of(row, std::move(*tenant), &*spec);
}

}  // namespace zs::relational::job_sql
