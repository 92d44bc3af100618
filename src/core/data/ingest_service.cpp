#include "core/data/ingest_service.hpp"

#include "core/data/collection_service.hpp"
#include "core/data/ingest_run.hpp"

namespace zs::data {
namespace {

Error resume_mismatch(std::uint64_t offset) {
    return conflict("the stream goes on at byte " + std::to_string(offset)
                        + "; send resume_from=" + std::to_string(offset)
                        + " and the bytes from there, or the whole body without resume_from",
                    "resume_mismatch")
        .with("offset", static_cast<std::int64_t>(offset));
}

}  // namespace

IngestService::IngestService(CollectionStore& collections, DocumentStore& documents,
                             IngestLimits limits, async::Executor executor)
    : collections_(collections),
      documents_(documents),
      limits_(limits),
      commits_(std::move(executor), "ingest commits") {}

IngestService::~IngestService() {
    commits_.join_blocking();
}

Result<std::shared_ptr<IngestService::Place>> IngestService::take_place(
    const std::string& stream_key) {
    const std::lock_guard lock(mutex_);
    if (active_.load() >= limits_.streams_max) {
        return exhausted("too many streams are being ingested: retry in a moment",
                         "too_many_streams");
    }
    if (!stream_key.empty() && !running_keys_.insert(stream_key).second) {
        return conflict("a request with this Idempotency-Key is still running",
                        "idempotency_in_progress");
    }
    ++active_;
    return std::make_shared<Place>(*this, stream_key);
}

// What is known of the stream; a new one's state has no key.
async::Task<Result<StreamState>> IngestService::find_state(identity::Tenant tenant,
                                                           const IngestRequest& request) {
    const auto resume = request.resume_from;
    const std::string hash = request.request_hash;
    auto known = co_await documents_.stream(std::move(tenant), request.stream_key);
    if (!known) co_return std::move(known).error();
    StreamState state;
    if (*known) state = std::move(**known);
    if (*known && state.request_hash != hash) {
        co_return conflict("this Idempotency-Key belongs to another request",
                           "idempotency_key_reused");
    }
    if (resume && *resume != state.position.offset) {
        co_return resume_mismatch(state.position.offset);
    }
    co_return state;
}

async::Task<Result<DocumentScope>> IngestService::find_scope(identity::PrincipalPtr principal,
                                                             std::string name) {
    auto found = co_await collections_.find(principal->tenant, std::move(name), Counting::Off);
    if (!found) co_return std::move(found).error();
    co_return scope_of(*principal, std::move(*found));
}

// Not a run's: that may be gone before its commit is done.
async::Task<Result<DocumentWritten>> IngestService::write(IngestService& service,
                                                          DocumentWrite write) {
    const DocumentScope scope = write.scope;
    const bool dry_run = write.dry_run;
    const bool atomic = write.atomic;
    auto written = co_await service.documents_.write(std::move(write));
    if (!written || !service.listener_ || written->counts.ingested == 0) co_return written;
    const bool undone = dry_run || (atomic && written->stopped);
    if (!undone) service.listener_(scope, *written);
    co_return written;
}

async::Task<Result<std::unique_ptr<IngestRun>>> IngestService::begin(
    identity::PrincipalPtr principal, IngestRequest request, ByteSource& source) {
    if (request.stream_key.empty() && request.resume_from) {
        co_return invalid_field("resume_from", "'resume_from' needs the stream's Idempotency-Key");
    }
    if (request.atomic && request.resume_from) {
        co_return invalid_field("resume_from", "an atomic request cannot be taken up midway");
    }
    if (request.atomic && request.dead_letter) {
        co_return invalid_field("dead_letter",
                                "an atomic request stores everything or nothing, so it has no "
                                "'dead_letter'");
    }
    if (request.dead_letter && *request.dead_letter == request.collection) {
        co_return invalid_field("dead_letter", "'dead_letter' must be another collection");
    }
    auto place = take_place(request.stream_key);
    if (!place) co_return std::move(place).error();
    auto scope = co_await find_scope(principal, request.collection);
    if (!scope) co_return std::move(scope).error();
    Run::Setup setup;
    if (request.dead_letter) {
        auto letters = co_await find_scope(principal, *request.dead_letter);
        if (!letters) co_return std::move(letters).error();
        setup.dead_letters = std::move(*letters);
    }
    setup.place = std::move(*place);
    if (!request.stream_key.empty()) {
        auto state = co_await find_state(principal->tenant, request);
        if (!state) co_return std::move(state).error();
        if (!request.resume_from) setup.skip = state->position.offset;
        if (!state->key.empty()) setup.stream = std::move(*state);
    }
    setup.scope = std::move(*scope);
    setup.principal = std::move(principal);
    setup.request = std::move(request);
    std::unique_ptr<IngestRun> run = std::make_unique<Run>(*this, std::move(setup), source);
    co_return run;
}

async::Task<Result<StreamState>> IngestService::stream(identity::PrincipalPtr principal,
                                                       std::string key) {
    auto known = co_await documents_.stream(principal->tenant, std::move(key));
    if (!known) co_return std::move(known).error();
    if (!*known) {
        co_return not_found("nothing is known of a stream with this Idempotency-Key",
                            "no_such_stream");
    }
    co_return std::move(**known);
}

}  // namespace zs::data
