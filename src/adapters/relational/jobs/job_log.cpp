#include "adapters/relational/jobs/job_log.hpp"

#include "adapters/relational/jobs/job_log_chunk.hpp"
#include "adapters/relational/jobs/job_row.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <memory>

namespace zs::relational {

using jobs::JobId;
using jobs::JobState;
using jobs::LeaseRef;
using jobs::LogAppended;
using jobs::LogEntry;
using jobs::LogLine;
using jobs::LogQuery;
using log_chunk::Line;

namespace {

// Loose chunks are put together when there are this many of them, or a full one of bytes in them.
constexpr std::int64_t kLooseChunksMax = 32;
// A tail is trimmed by whole chunks: so many make up a half at least.
constexpr std::int64_t kChunksPerHalf = 8;

// What is stored of one attempt; a row of job_log_attempts.
struct Attempt {
    JobId job;
    std::int64_t number = 0;
    std::int64_t head_lines = 0;
    std::int64_t head_bytes = 0;
    std::int64_t tail_lines = 0;
    std::int64_t tail_bytes = 0;
    std::int64_t loose_chunks = 0;
    std::int64_t loose_bytes = 0;
    std::int64_t missing_lines = 0;
    std::int64_t missing_bytes = 0;
    std::int64_t missing_from = 0;
    std::int64_t missing_to = 0;
    std::int64_t missing_at = 0;
    bool has_tail() const { return tail_lines > 0 || missing_lines > 0; }
};
constexpr std::string_view kAttemptColumns =
    "attempt, head_lines, head_bytes, tail_lines, tail_bytes, loose_chunks, loose_bytes,"
    " missing_lines, missing_bytes, missing_from, missing_to, missing_at";

Attempt attempt_of(const Row& row, JobId job) {
    Attempt out;
    out.job = job;
    std::size_t at = 0;
    for (auto* field : {&out.number, &out.head_lines, &out.head_bytes, &out.tail_lines,
                        &out.tail_bytes, &out.loose_chunks, &out.loose_bytes, &out.missing_lines,
                        &out.missing_bytes, &out.missing_from, &out.missing_to, &out.missing_at}) {
        *field = row.integer(at++);
    }
    return out;
}

Result<Attempt> load_attempt(Session& session, JobId job, std::int64_t number) {
    auto rows = session.query_with("select " + std::string(kAttemptColumns)
                                       + " from job_log_attempts where job = ? and attempt = ?",
                                   job_sql::raw_id(job), number);
    if (!rows) return std::move(rows).error();
    if (!rows->empty()) return attempt_of(rows->front(), job);
    Attempt fresh;
    fresh.job = job;
    fresh.number = number;
    return fresh;
}

Result<void> store_attempt(Session& session, const Attempt& a) {
    const Value params[] = {
        job_sql::raw_id(a.job), a.number,       a.head_lines,  a.head_bytes,    a.tail_lines,
        a.tail_bytes,           a.loose_chunks, a.loose_bytes, a.missing_lines, a.missing_bytes,
        a.missing_from,         a.missing_to,   a.missing_at};
    return session.execute_later(
        "insert into job_log_attempts (job, attempt, head_lines, head_bytes, tail_lines,"
        " tail_bytes, loose_chunks, loose_bytes, missing_lines, missing_bytes, missing_from,"
        " missing_to, missing_at) values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
        " on conflict (job, attempt) do update set head_lines = excluded.head_lines,"
        " head_bytes = excluded.head_bytes, tail_lines = excluded.tail_lines,"
        " tail_bytes = excluded.tail_bytes, loose_chunks = excluded.loose_chunks,"
        " loose_bytes = excluded.loose_bytes, missing_lines = excluded.missing_lines,"
        " missing_bytes = excluded.missing_bytes, missing_from = excluded.missing_from,"
        " missing_to = excluded.missing_to, missing_at = excluded.missing_at",
        params);
}

// Adds lines to one attempt and keeps it within its limits.
class Appending {
public:
    Appending(Session& session, const JobLogLimits& limits, Attempt& attempt)
        : session_(session),
          attempt_(attempt),
          half_lines_(static_cast<std::int64_t>(limits.lines_max / 2)),
          half_bytes_(static_cast<std::int64_t>(limits.bytes_max / 2)),
          chunk_lines_(
              std::clamp<std::int64_t>(half_lines_ / kChunksPerHalf, 1, log_chunk::kChunkLines)),
          chunk_bytes_(
              std::clamp<std::int64_t>(half_bytes_ / kChunksPerHalf, 1, log_chunk::kChunkBytes)) {}

    Result<void> run(std::span<const Line> lines) {
        const auto in_head = fits_head(lines);
        if (auto done = store_all(lines.first(in_head), false); !done) return done;
        if (in_head == lines.size()) return {};
        // What is loose belongs to the head, and no chunk to both.
        if (!attempt_.has_tail()) {
            if (auto done = put_together(); !done) return done;
        }
        if (auto done = store_all(lines.subspan(in_head), true); !done) return done;
        return trim_tail();
    }

private:
    std::size_t fits_head(std::span<const Line> lines) const {
        if (attempt_.has_tail()) return 0;
        auto left_lines = half_lines_ - attempt_.head_lines;
        auto left_bytes = half_bytes_ - attempt_.head_bytes;
        std::size_t count = 0;
        for (const auto& entry : lines) {
            --left_lines;
            left_bytes -= static_cast<std::int64_t>(entry.line.bytes.size());
            if (left_lines < 0 || left_bytes < 0) break;
            ++count;
        }
        return count;
    }

    Result<void> store_all(std::span<const Line> lines, bool is_tail) {
        while (!lines.empty()) {
            const auto count = fits_chunk(lines);
            const bool is_loose = !is_full(lines.first(count));
            auto done = store(lines.first(count), is_tail, is_loose);
            if (!done) return done;
            lines = lines.subspan(count);
            const bool enough =
                attempt_.loose_chunks >= kLooseChunksMax || attempt_.loose_bytes >= chunk_bytes_;
            if (!enough && (is_loose || attempt_.loose_chunks == 0)) continue;
            if (done = put_together(); !done) return done;
        }
        return {};
    }

    std::size_t fits_chunk(std::span<const Line> lines) const {
        std::size_t count = 0;
        std::int64_t bytes = 0;
        while (count < lines.size() && static_cast<std::int64_t>(count) < chunk_lines_) {
            bytes += static_cast<std::int64_t>(lines[count].line.bytes.size());
            if (count > 0 && bytes > chunk_bytes_) break;
            ++count;
        }
        return count;
    }
    bool is_full(std::span<const Line> lines) const {
        return static_cast<std::int64_t>(log_chunk::bytes_of(lines)) >= chunk_bytes_ / 2
               || static_cast<std::int64_t>(lines.size()) >= chunk_lines_;
    }

    Result<void> store(std::span<const Line> lines, bool is_tail, bool is_loose) {
        const auto bytes = static_cast<std::int64_t>(log_chunk::bytes_of(lines));
        const auto count = static_cast<std::int64_t>(lines.size());
        if (auto done = insert(lines, is_tail, is_loose); !done) return done;
        (is_tail ? attempt_.tail_lines : attempt_.head_lines) += count;
        (is_tail ? attempt_.tail_bytes : attempt_.head_bytes) += bytes;
        if (is_loose) {
            ++attempt_.loose_chunks;
            attempt_.loose_bytes += bytes;
        }
        return {};
    }

    Result<void> insert(std::span<const Line> lines, bool is_tail, bool is_loose) {
        const Value params[] = {job_sql::raw_id(attempt_.job),
                                static_cast<std::int64_t>(lines.front().seq),
                                static_cast<std::int64_t>(lines.back().seq),
                                attempt_.number,
                                static_cast<std::int64_t>(lines.size()),
                                static_cast<std::int64_t>(log_chunk::bytes_of(lines)),
                                log_chunk::streams_of(lines),
                                to_value(is_tail),
                                to_value(is_loose),
                                Bytes{log_chunk::pack(lines)}};
        return session_.execute_later(
            "insert into job_log_chunks (job, first_seq, last_seq, attempt, lines, bytes, streams,"
            " is_tail, is_loose, payload) values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            params);
    }

    // Makes one chunk, or a few full ones, of all loose ones of the attempt.
    Result<void> put_together() {
        if (attempt_.loose_chunks == 0) return {};
        auto rows = session_.query_with(
            "select payload, is_tail from job_log_chunks where job = ? and attempt = ?"
            " and is_loose = 1 order by first_seq",
            job_sql::raw_id(attempt_.job), attempt_.number);
        if (!rows) return std::move(rows).error();
        const Value loose[] = {job_sql::raw_id(attempt_.job), attempt_.number};
        auto done = session_.execute_later(
            "delete from job_log_chunks where job = ? and attempt = ? and is_loose = 1", loose);
        attempt_.loose_chunks = 0;
        attempt_.loose_bytes = 0;
        std::vector<Line> lines;
        for (std::size_t i = 0; done && i < rows->size(); ++i) {
            auto some = log_chunk::unpack((*rows)[i].bytes(0));
            if (!some) return std::move(some).error();
            std::move(some->begin(), some->end(), std::back_inserter(lines));
            const bool is_tail = (*rows)[i].boolean(1);
            const bool last = i + 1 == rows->size() || (*rows)[i + 1].boolean(1) != is_tail;
            if (!last && !is_full(lines)) continue;
            std::span<const Line> rest(lines);
            while (done && !rest.empty()) {
                const auto count = fits_chunk(rest);
                done = insert(rest.first(count), is_tail, false);
                rest = rest.subspan(count);
            }
            lines.clear();
        }
        return done;
    }

    // Whole chunks go, the oldest of the tail first.
    Result<void> trim_tail() {
        if (attempt_.tail_lines <= half_lines_ && attempt_.tail_bytes <= half_bytes_) return {};
        auto rows = session_.query_with(
            "select first_seq, last_seq, lines, bytes, is_loose from job_log_chunks where job = ?"
            " and attempt = ? and is_tail = 1 order by first_seq",
            job_sql::raw_id(attempt_.job), attempt_.number);
        if (!rows) return std::move(rows).error();
        for (const auto& row : *rows) {
            if (attempt_.tail_lines <= half_lines_ && attempt_.tail_bytes <= half_bytes_) break;
            const Value id[] = {job_sql::raw_id(attempt_.job), row.integer(0)};
            auto done = session_.execute_later(
                "delete from job_log_chunks where job = ? and first_seq = ?", id);
            if (!done) return done;
            attempt_.tail_lines -= row.integer(2);
            attempt_.tail_bytes -= row.integer(3);
            if (row.boolean(4)) {
                --attempt_.loose_chunks;
                attempt_.loose_bytes -= row.integer(3);
            }
            if (attempt_.missing_lines == 0) attempt_.missing_from = row.integer(0);
            attempt_.missing_lines += row.integer(2);
            attempt_.missing_bytes += row.integer(3);
            attempt_.missing_to = row.integer(1);
        }
        return {};
    }

    Session& session_;
    Attempt& attempt_;
    const std::int64_t half_lines_;
    const std::int64_t half_bytes_;
    const std::int64_t chunk_lines_;
    const std::int64_t chunk_bytes_;
};

Result<LogAppended> append_in(Session& session, const JobLogLimits& limits, const LeaseRef& lease,
                              const std::vector<LogLine>& lines) {
    if (auto ready = job_sql::begin_locking(session); !ready) return std::move(ready).error();
    auto found = job_sql::lock_row(session, lease.job);
    if (!found) return std::move(found).error();
    if (!*found || (*found)->state != JobState::Running || (*found)->token != lease.token)
        return jobs::lease_lost();
    const auto& row = **found;
    LogAppended out;
    out.first_seq = row.last_seq + 1;
    out.last_seq = row.last_seq + lines.size();
    if (lines.empty()) return out;
    auto attempt = load_attempt(session, lease.job, std::int64_t{row.counters.attempt});
    if (!attempt) return std::move(attempt).error();
    std::vector<Line> numbered;
    numbered.reserve(lines.size());
    for (const auto& line : lines)
        numbered.push_back({row.last_seq + 1 + numbered.size(), line});
    attempt->missing_at = to_unix_millis(lines.front().at);
    Appending appending(session, limits, *attempt);
    if (auto done = appending.run(numbered); !done) return std::move(done).error();
    if (auto done = store_attempt(session, *attempt); !done) return std::move(done).error();
    const Value params[] = {static_cast<std::int64_t>(out.last_seq),
                            static_cast<std::int64_t>(lines.size()), job_sql::raw_id(lease.job)};
    auto done = session.execute_later(
        "update jobs set last_seq = ?, log_count = log_count + ? where id = ?", params);
    if (!done) return std::move(done).error();
    return out;
}

LogEntry missing_line(const Attempt& attempt) {
    LogEntry entry;
    entry.seq = static_cast<std::uint64_t>(attempt.missing_to);
    entry.attempt = static_cast<std::uint32_t>(attempt.number);
    entry.line.stream = jobs::LogStream::System;
    entry.line.at = from_unix_millis(attempt.missing_at);
    entry.line.bytes = fmt::format("{} lines ({} bytes) are missing here: the log is too long",
                                   attempt.missing_lines, attempt.missing_bytes);
    return entry;
}

Result<std::vector<LogEntry>> missing_in(Session& session, JobId job, const LogQuery& query) {
    std::vector<LogEntry> out;
    if (query.stream && *query.stream != jobs::LogStream::System) return out;
    auto rows = session.query_with(
        "select " + std::string(kAttemptColumns)
            + " from job_log_attempts where job = ? and missing_lines > 0 and missing_to >= ?"
              " order by attempt",
        job_sql::raw_id(job), query.from_seq);
    if (!rows) return std::move(rows).error();
    for (const auto& row : *rows) {
        auto entry = missing_line(attempt_of(row, job));
        if (!query.attempt || *query.attempt == entry.attempt) out.push_back(std::move(entry));
    }
    return out;
}

// Takes what the query asks for of one chunk.
Result<void> take_lines(const Row& row, const LogQuery& query, std::vector<LogEntry>& out) {
    auto lines = log_chunk::unpack(row.bytes(2));
    if (!lines) return std::move(lines).error();
    for (auto& [seq, line] : *lines) {
        if (seq < query.from_seq || (query.stream && line.stream != *query.stream)) continue;
        LogEntry entry;
        entry.seq = seq;
        entry.attempt = static_cast<std::uint32_t>(row.integer(1));
        entry.line = std::move(line);
        out.push_back(std::move(entry));
    }
    return {};
}

Result<std::vector<LogEntry>> read_in(Session& session, const TenantNumbers& tenants,
                                      const identity::Tenant& tenant, JobId job,
                                      const LogQuery& query) {
    auto owner = session.query_with("select tenant from jobs where id = ?", job_sql::raw_id(job));
    if (!owner) return std::move(owner).error();
    if (owner->empty()) return jobs::no_such_job();
    auto name = tenants.tenant_of(session, owner->front().integer(0));
    if (!name) return std::move(name).error();
    if (*name != tenant) return jobs::no_such_job();
    auto out = missing_in(session, job, query);
    if (!out) return out;
    const std::int64_t streams = query.stream ? log_chunk::bit_of(*query.stream) : 7;
    const std::int64_t attempt = query.attempt ? std::int64_t{*query.attempt} : -1;
    auto from = static_cast<std::int64_t>(query.from_seq);
    const auto wanted = out->size() + query.limit;
    while (out->size() < wanted) {
        // A few chunks at a time: their number says nothing about how many lines suit.
        constexpr std::int64_t kChunksAtOnce = 8;
        auto rows = session.query_with(
            "select last_seq, attempt, payload from job_log_chunks where job = ?"
            " and last_seq >= ? and (streams & ?) <> 0 and (? = -1 or attempt = ?)"
            " order by first_seq limit ?",
            job_sql::raw_id(job), from, streams, attempt, attempt, kChunksAtOnce);
        if (!rows) return std::move(rows).error();
        for (const auto& row : *rows) {
            if (auto done = take_lines(row, query, *out); !done) return std::move(done).error();
            from = row.integer(0) + 1;
        }
        if (static_cast<std::int64_t>(rows->size()) < kChunksAtOnce) break;
    }
    std::sort(out->begin(), out->end(),
              [](const LogEntry& a, const LogEntry& b) { return a.seq < b.seq; });
    if (out->size() > query.limit) out->resize(query.limit);
    return out;
}

}  // namespace

async::Task<Result<LogAppended>> SqlJobLog::append(LeaseRef lease, std::vector<LogLine> lines) {
    const auto shared = std::make_shared<const std::vector<LogLine>>(std::move(lines));
    auto work = [this, lease, shared](Session& session) {
        return append_in(session, limits_, lease, *shared);
    };
    co_return co_await database_.write(std::move(work));
}

async::Task<Result<std::vector<LogEntry>>> SqlJobLog::read(identity::Tenant tenant, JobId job,
                                                           LogQuery query) {
    auto work = [this, tenant = std::move(tenant), job, query](Session& session) {
        return read_in(session, tenants_, tenant, job, query);
    };
    co_return co_await database_.read(std::move(work));
}

}  // namespace zs::relational
