#pragma once

#include "async/started.hpp"
#include "core/data/ingest_service.hpp"

namespace zs::data {

// A running stream's place among the others. Given up on destruction.
class IngestService::Place {
public:
    Place(IngestService& service, std::string key);
    ~Place();
    Place(const Place&) = delete;
    Place& operator=(const Place&) = delete;

private:
    IngestService& service_;
    std::string key_;
};

class IngestService::Run final : public IngestRun {
public:
    struct Setup {
        IngestRequest request;
        identity::PrincipalPtr principal;
        DocumentScope scope;
        std::optional<DocumentScope> dead_letters;
        std::optional<StreamState> stream;
        std::uint64_t skip = 0;  // bytes of the body that are committed already
        std::shared_ptr<Place> place;
    };
    Run(IngestService& service, Setup setup, ByteSource& source);

    async::Task<Result<bool>> step() override;
    const IngestReport& report() const override { return report_; }

private:
    using Written = Result<DocumentWritten>;

    async::Task<Result<bool>> step_atomic();
    async::Task<Result<bool>> finish_write();
    async::Task<Result<void>> read_more();
    bool ended() const { return source_ended_ || broken_.has_value(); }
    bool may_start() const;
    void start_write();
    void start_held();
    DocumentWrite make_write();
    async::Task<Written> join_write();
    async::Task<Result<void>> follow_change();
    async::Task<Result<void>> follow_scope(DocumentScope& scope);
    bool is_replay() const;
    Result<bool> absorb(Written written);
    Result<void> hold_batch();
    std::string_view skip_committed(std::string_view bytes);
    Error with_counts(Error error) const;
    Error too_many_errors(std::string message) const;

    IngestService& service_;
    Setup setup_;
    ByteSource& source_;
    documents::DocumentReader reader_;
    async::Started<Written> writing_;
    std::uint64_t writing_end_ = 0;  // of the stream, behind the batch that is being written
    // Read and not known to be committed: what is being written; atomic: everything so far.
    std::vector<std::shared_ptr<documents::DocumentBatch>> held_;
    int projection_retries_ = 0;
    std::uint64_t held_documents_ = 0;
    std::uint64_t held_bytes_ = 0;
    bool source_ended_ = false;
    bool done_ = false;
    std::optional<Error> broken_;  // the source failed; what came before it is stored
    IngestReport report_;
};

}  // namespace zs::data
