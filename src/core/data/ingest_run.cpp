#include "core/data/ingest_run.hpp"

#include "base/metrics.hpp"
#include "core/data/collection_service.hpp"

#include <limits>

namespace zs::data {
namespace {

constexpr std::uint64_t kNoEnd = std::numeric_limits<std::uint64_t>::max();

struct IngestMetrics {
    metrics::Counter& documents(std::string_view result) {
        return metrics::counter("ingest_documents_total", "Documents of ingest by result.",
                                {{"result", std::string(result)}});
    }
    metrics::Counter& ingested = documents("ingested");
    metrics::Counter& ignored = documents("ignored");
    metrics::Counter& failed = documents("error");
    metrics::Counter& batches = metrics::counter("ingest_batches_total", "Commits of ingest.");
    metrics::Counter& bytes =
        metrics::counter("ingest_bytes_total", "Bytes of ingest bodies, decoded.");
};

metrics::Gauge& streams_gauge() {
    return metrics::gauge("ingest_streams_active", "Ingest calls that are running.");
}

IngestMetrics& ingest_metrics() {
    static IngestMetrics all;
    return all;
}

documents::ReaderLimits reader_limits(const IngestLimits& limits, std::size_t streams) {
    documents::ReaderLimits out;
    out.document_bytes_max = limits.document_bytes_max;
    // Streams that run together share a commit; each gets a part, so that it stays short.
    const std::size_t share = limits.batch_documents_max / std::max<std::size_t>(1, streams);
    out.batch_documents_max =
        std::max(std::min(limits::kIngestBatchMin, limits.batch_documents_max), share);
    out.batch_bytes_max = limits.batch_bytes_max;
    return out;
}

documents::Extraction wanted_of(const IngestRequest& request, const Collection& collection) {
    auto wanted = extraction_of(collection);
    wanted.id_field = request.id_field;
    return wanted;
}

documents::Position start_of(const std::optional<StreamState>& stream) {
    return stream ? stream->position : documents::Position();
}

boost::json::array show_errors(const std::vector<DocumentError>& errors) {
    boost::json::array out;
    for (const auto& error : errors) {
        boost::json::object shown;
        shown.emplace("index", error.index);
        shown.emplace("line", error.line);
        shown.emplace("offset", error.offset);
        shown.emplace("error", error.code);
        shown.emplace("message", error.message);
        out.push_back(std::move(shown));
    }
    return out;
}

}  // namespace

IngestService::Place::Place(IngestService& service, std::string key)
    : service_(service), key_(std::move(key)) {
    streams_gauge().add(1);
}

IngestService::Place::~Place() {
    streams_gauge().add(-1);
    const std::lock_guard lock(service_.mutex_);
    if (!key_.empty()) service_.running_keys_.erase(key_);
    --service_.active_;
}

IngestService::Run::Run(IngestService& service, Setup setup, ByteSource& source)
    : service_(service),
      setup_(std::move(setup)),
      source_(source),
      reader_(setup_.request.form, wanted_of(setup_.request, *setup_.scope.collection),
              reader_limits(service.limits_, service.active()), start_of(setup_.stream)) {
    if (!setup_.stream) return;
    report_.counts = setup_.stream->counts;
    report_.bytes = report_.committed_bytes = setup_.stream->position.offset;
}

async::Task<Result<bool>> IngestService::Run::step() {
    if (done_) co_return false;
    if (setup_.request.atomic) co_return co_await step_atomic();
    while (true) {
        if (writing_ && (ended() || reader_.is_full() || writing_.ready())) {
            co_return co_await finish_write();
        }
        if (may_start()) {
            start_write();
            continue;
        }
        if (ended() && reader_.batch().empty()) {
            done_ = true;
            report_.replayed = is_replay();
            if (broken_) co_return with_counts(*broken_);
            if (reader_.failure()) co_return with_counts(*reader_.failure());
            co_return false;
        }
        auto read = co_await read_more();
        if (!read) broken_ = std::move(read).error();
    }
}

bool IngestService::Run::may_start() const {
    const auto& batch = reader_.batch();
    if (writing_ || batch.empty()) return false;
    return ended() || reader_.is_full() || batch.documents().size() >= limits::kIngestBatchMin;
}

void IngestService::Run::start_write() {
    held_.push_back(reader_.take());
    start_held();
}

void IngestService::Run::start_held() {
    writing_end_ = held_.back()->end().offset;
    writing_ = async::Started<Written>(service_.commits_, write(service_, make_write()));
}

DocumentWrite IngestService::Run::make_write() {
    const auto& request = setup_.request;
    DocumentWrite write;
    write.scope = setup_.scope;
    write.dead_letters = setup_.dead_letters;
    write.on_conflict = request.on_conflict;
    write.dry_run = request.dry_run;
    write.atomic = request.atomic;
    write.errors_max = request.errors_max.value_or(kNoEnd);
    if (request.on_error == OnError::Abort || request.atomic) write.errors_max = 0;
    if (write.errors_max != kNoEnd) {
        write.errors_max -= std::min(write.errors_max, report_.counts.errors);
    }
    if (!request.stream_key.empty() && !request.dry_run) {
        StreamState state;
        state.key = request.stream_key;
        state.request_hash = request.request_hash;
        state.position = held_.back()->end();
        state.counts = report_.counts;
        write.stream = std::move(state);
    }
    write.batches.assign(held_.begin(), held_.end());
    return write;
}

// Until what is held is stored, or cannot be.
async::Task<IngestService::Run::Written> IngestService::Run::join_write() {
    while (true) {
        auto written = co_await writing_.join();
        const bool changed = !written && written.error().reason == "collection_changed";
        if (changed && projection_retries_ < limits::kProjectionRetriesMax) {
            ++projection_retries_;
            const auto followed = co_await follow_change();
            if (!followed) co_return followed.error();
            start_held();
            continue;
        }
        if (written) projection_retries_ = 0;
        held_.clear();
        co_return written;
    }
}

// Looks the collection up again. Errors: as when it had been like that at the beginning.
async::Task<Result<void>> IngestService::Run::follow_scope(DocumentScope& scope) {
    const Timestamp created_at = scope.collection->created_at;
    auto found = co_await service_.find_scope(setup_.principal, scope.collection->name);
    if (!found) co_return std::move(found).error();
    if (found->collection->created_at != created_at) {
        co_return conflict("the collection was dropped and made again meanwhile",
                           "collection_changed");
    }
    scope = std::move(*found);
    co_return Result<void>();
}

// Takes what is held, and what will be read, apart as the projection is now.
async::Task<Result<void>> IngestService::Run::follow_change() {
    auto followed = co_await follow_scope(setup_.scope);
    if (followed && setup_.dead_letters) followed = co_await follow_scope(*setup_.dead_letters);
    if (!followed) co_return followed;
    const auto wanted = wanted_of(setup_.request, *setup_.scope.collection);
    documents::Extractor extractor(wanted);
    for (const auto& batch : held_)
        batch->extract_again(extractor, wanted.fields.size());
    reader_.extract(wanted);
    co_return followed;
}

async::Task<Result<bool>> IngestService::Run::finish_write() {
    auto written = co_await join_write();
    co_return absorb(std::move(written));
}

// The whole body again of a stream that was complete.
bool IngestService::Run::is_replay() const {
    return setup_.stream && !setup_.request.resume_from && setup_.skip == 0
           && report_.counts.batches == setup_.stream->counts.batches;
}

Result<bool> IngestService::Run::absorb(Written written) {
    if (!written) {
        done_ = true;
        return with_counts(std::move(written).error());
    }
    auto& counts = report_.counts;
    counts.ingested += written->counts.ingested;
    counts.replaced += written->counts.replaced;
    counts.ignored += written->counts.ignored;
    counts.errors += written->counts.errors;
    counts.batches += written->counts.batches;
    if (!setup_.request.dry_run) {
        report_.committed_bytes = written->stopped ? written->stopped_at.offset : writing_end_;
        auto& all = ingest_metrics();
        all.ingested.add(static_cast<double>(written->counts.ingested));
        all.ignored.add(static_cast<double>(written->counts.ignored));
        all.failed.add(static_cast<double>(written->counts.errors));
        all.batches.add();
    }
    for (auto& error : written->errors) {
        if (report_.errors.size() >= limits::kDocumentErrorsMax) break;
        report_.errors.push_back(std::move(error));
    }
    if (!written->stopped) return true;
    done_ = true;
    return too_many_errors(setup_.request.on_error == OnError::Abort
                               ? "a document could not be stored, and on_error is abort"
                               : "more documents could not be stored than max_errors allows");
}

async::Task<Result<void>> IngestService::Run::read_more() {
    auto piece = co_await source_.read();
    if (!piece) co_return std::move(piece).error();
    if (!*piece) {
        source_ended_ = true;
        reader_.finish();
        co_return Result<void>();
    }
    const std::string_view bytes = skip_committed(**piece);
    report_.bytes += bytes.size();
    ingest_metrics().bytes.add(static_cast<double>((*piece)->size()));
    const auto max = service_.limits_.body_bytes_max;
    if (max != 0 && report_.bytes > max) {
        co_return too_large("the stream is larger than " + std::to_string(max) + " bytes");
    }
    reader_.feed(bytes);
    // What cannot be read on is not fetched either.
    if (reader_.failure()) source_ended_ = true;
    co_return Result<void>();
}

std::string_view IngestService::Run::skip_committed(std::string_view bytes) {
    const auto skipped = std::min<std::uint64_t>(setup_.skip, bytes.size());
    setup_.skip -= skipped;
    return bytes.substr(static_cast<std::size_t>(skipped));
}

// ---- everything in one commit

Result<void> IngestService::Run::hold_batch() {
    held_documents_ += reader_.batch().documents().size();
    held_bytes_ += reader_.batch().bytes();
    held_.push_back(reader_.take());
    if (held_documents_ <= limits::kAtomicDocumentsMax && held_bytes_ <= limits::kAtomicBytesMax) {
        return {};
    }
    return too_large("atomic=true takes up to " + std::to_string(limits::kAtomicDocumentsMax)
                         + " documents of " + std::to_string(limits::kAtomicBytesMax)
                         + " bytes together; nothing was stored",
                     "atomic_too_large");
}

async::Task<Result<bool>> IngestService::Run::step_atomic() {
    done_ = true;
    while (!source_ended_ || reader_.is_full()) {
        Result<void> went;
        if (reader_.is_full()) {
            went = hold_batch();
        } else {
            went = co_await read_more();
        }
        if (!went) co_return with_counts(std::move(went).error());
    }
    const auto held = hold_batch();
    if (!held) co_return with_counts(held.error());
    if (reader_.failure()) co_return with_counts(*reader_.failure());
    if (held_documents_ == 0) {
        report_.replayed = is_replay();
        co_return false;
    }
    start_held();
    auto written = co_await join_write();
    if (written && written->stopped) {
        report_.errors = std::move(written->errors);
        report_.counts.errors = written->counts.errors;
        co_return too_many_errors("a document could not be stored; nothing was");
    }
    auto absorbed = absorb(std::move(written));
    if (!absorbed) co_return std::move(absorbed).error();
    co_return false;
}

// ---- errors

Error IngestService::Run::with_counts(Error error) const {
    const auto& counts = report_.counts;
    error.details["ingested"] = counts.ingested;
    error.details["errors"] = counts.errors;
    error.details["batches"] = counts.batches;
    error.details["committed_offset"] = report_.committed_bytes;
    return error;
}

Error IngestService::Run::too_many_errors(std::string message) const {
    Error error;
    error.code = ErrorCode::Unprocessable;
    error.reason = "ingest_failed";
    error.message = std::move(message);
    error = with_counts(std::move(error));
    error.details["error_details"] = show_errors(report_.errors);
    const auto& request = setup_.request;
    if (!request.stream_key.empty() && !request.atomic && !request.dry_run) {
        error.details["resume_from"] = report_.committed_bytes;
    }
    return error;
}

}  // namespace zs::data
