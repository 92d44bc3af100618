#pragma once

#include "async/task_group.hpp"
#include "core/data/collection_store.hpp"
#include "core/data/document_limits.hpp"
#include "core/data/document_store.hpp"
#include "core/data/ingest.hpp"

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>

namespace zs::data {

// Where the bytes of a stream come from. Lifetime: outlives the run that reads it.
class ByteSource {
public:
    virtual ~ByteSource() = default;
    // The next bytes, at least one; nullopt at the end.
    virtual async::Task<Result<std::optional<std::string>>> read() = 0;
};

// One stream of documents on its way into a collection. At most two batches are in memory: one is
// read while the other is committed, and when the engine is behind the source is not read.
// Threading: one call at a time.
class IngestRun {
public:
    virtual ~IngestRun() = default;
    // Goes on until one more commit is done. False: everything is stored.
    // Errors: what ended the stream early, with details ingested, errors, batches, offset: what is
    // committed stays. InvalidArgument "invalid_json"; Unprocessable "ingest_failed" (on_error,
    // max_errors, atomic); TooLarge; those of the source and of DocumentStore.
    virtual async::Task<Result<bool>> step() = 0;
    virtual const IngestReport& report() const = 0;
};

// Bulk loading: http-api.md section 7. When a projection changes meanwhile, what was read is taken
// apart anew and the stream goes on; a collection that was dropped and made again is another one.
// Threading: any. Lifetime: the event loops still run when it is destroyed: it waits for commits.
class IngestService {
public:
    IngestService(CollectionStore& collections, DocumentStore& documents, IngestLimits limits,
                  async::Executor executor);
    ~IngestService();
    IngestService(const IngestService&) = delete;
    IngestService& operator=(const IngestService&) = delete;

    // Errors: NotFound; InvalidArgument naming the field; Exhausted "too_many_streams"; for a
    // stream with a key Conflict "idempotency_in_progress", "idempotency_key_reused",
    // "resume_mismatch" (details offset).
    async::Task<Result<std::unique_ptr<IngestRun>>> begin(identity::PrincipalPtr principal,
                                                          IngestRequest request,
                                                          ByteSource& source);
    // Hears of every commit that stored documents, from any thread. Set before the first stream.
    using CommitListener = std::function<void(const DocumentScope&, const DocumentWritten&)>;
    void on_commit(CommitListener listener) { listener_ = std::move(listener); }

    // How far a stream came. Errors: NotFound "no_such_stream".
    async::Task<Result<StreamState>> stream(identity::PrincipalPtr principal, std::string key);

    const IngestLimits& limits() const { return limits_; }
    std::size_t active() const { return active_.load(); }

private:
    class Run;
    class Place;
    Result<std::shared_ptr<Place>> take_place(const std::string& stream_key);
    async::Task<Result<DocumentScope>> find_scope(identity::PrincipalPtr principal,
                                                  std::string name);
    static async::Task<Result<DocumentWritten>> write(IngestService& service, DocumentWrite write);
    async::Task<Result<StreamState>> find_state(identity::Tenant tenant,
                                                const IngestRequest& request);

    CollectionStore& collections_;
    DocumentStore& documents_;
    IngestLimits limits_;
    CommitListener listener_;
    async::TaskGroup commits_;
    std::atomic<std::size_t> active_{0};
    std::mutex mutex_;
    std::set<std::string> running_keys_;
};

}  // namespace zs::data
