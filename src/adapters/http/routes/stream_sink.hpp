#pragma once

#include "adapters/http/message.hpp"
#include "adapters/http/routes/chunk_queue.hpp"
#include "adapters/http/routes/json_result_sink.hpp"

#include <memory>
#include <stop_token>
#include <string>

namespace zs::http {

enum class StreamFormat { Ndjson, Csv };

// Writes rows as NDJSON or CSV into a queue, without a row limit.
// Lifetime: one statement; when it goes away without finish() the reader is told Unavailable.
class StreamSink final : public data::RowSink {
public:
    StreamSink(StreamFormat format, RowFormat rows, std::shared_ptr<ChunkQueue> queue,
               async::Deadline deadline, std::stop_token cancelled);
    ~StreamSink() override;
    StreamSink(const StreamSink&) = delete;
    StreamSink& operator=(const StreamSink&) = delete;

    Result<void> columns(std::span<const data::ResultColumn> columns) override;
    Result<void> row(std::span<const data::SqlValueView> values) override;
    void bound_by(async::Deadline deadline, std::stop_token cancelled) override;

    // How the statement ended. An error before the first chunk left becomes the reply itself; a
    // later one is the last line in NDJSON, and cuts the connection in CSV.
    void finish(const Result<data::SqlSummary>& outcome, std::int64_t elapsed_ms,
                std::string_view request_id);

private:
    std::string last_line(const Result<data::SqlSummary>& outcome, std::int64_t elapsed_ms,
                          std::string_view request_id) const;

    const StreamFormat format_;
    RowWriter writer_;
    std::vector<data::ResultColumn> columns_;
    std::shared_ptr<ChunkQueue> queue_;
    async::Deadline deadline_;
    std::stop_token cancelled_;
    std::string out_;
    bool sent_ = false;
};

// The other end: hands the chunks to the server. Destroying it ends the statement.
class StreamBody final : public BodySource {
public:
    StreamBody(std::string first, std::shared_ptr<ChunkQueue> queue);
    ~StreamBody() override;
    StreamBody(const StreamBody&) = delete;
    StreamBody& operator=(const StreamBody&) = delete;

    async::Task<Result<bool>> next(std::string& piece) override;

private:
    std::string first_;
    std::shared_ptr<ChunkQueue> queue_;
};

}  // namespace zs::http
