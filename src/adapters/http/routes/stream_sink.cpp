#include "adapters/http/routes/stream_sink.hpp"

#include "base/json.hpp"

namespace zs::http {

StreamSink::StreamSink(StreamFormat format, RowFormat rows, std::shared_ptr<ChunkQueue> queue,
                       async::Deadline deadline, std::stop_token cancelled)
    : format_(format),
      writer_(rows),
      queue_(std::move(queue)),
      deadline_(deadline),
      cancelled_(std::move(cancelled)) {}

StreamSink::~StreamSink() {
    queue_->finish({}, unavailable("the statement was given up"));
}

Result<void> StreamSink::columns(std::span<const data::ResultColumn> columns) {
    if (format_ == StreamFormat::Ndjson) {
        writer_.set_columns(columns);
        out_ += R"({"columns":)";
        append_columns(out_, columns);
        out_ += "}\n";
        return {};
    }
    columns_.assign(columns.begin(), columns.end());
    for (const auto& column : columns_) {
        if (&column != columns_.data()) out_ += ',';
        append_csv_text(out_, column.name);
    }
    out_ += "\r\n";
    return {};
}

Result<void> StreamSink::row(std::span<const data::SqlValueView> values) {
    if (format_ == StreamFormat::Ndjson) {
        writer_.append(out_, values);
        out_ += '\n';
    } else {
        for (std::size_t i = 0; i < values.size(); ++i) {
            if (i > 0) out_ += ',';
            append_csv_cell(out_, columns_[i], values[i]);
        }
        out_ += "\r\n";
    }
    if (out_.size() < ChunkQueue::kChunkBytes) return {};
    sent_ = true;
    std::string chunk = std::exchange(out_, {});
    out_.reserve(ChunkQueue::kChunkBytes + ChunkQueue::kChunkBytes / 8);
    return queue_->push_blocking(std::move(chunk), deadline_, cancelled_);
}

void StreamSink::bound_by(async::Deadline deadline, std::stop_token cancelled) {
    deadline_ = deadline_.sooner(deadline);
    cancelled_ = std::move(cancelled);
}

std::string StreamSink::last_line(const Result<data::SqlSummary>& outcome, std::int64_t elapsed_ms,
                                  std::string_view request_id) const {
    if (outcome) {
        // A write that is durable answers no error any more: its rows may have been cut off.
        return fmt::format("{{\"row_count\":{},\"elapsed_ms\":{}{}}}\n", outcome->row_count,
                           elapsed_ms, outcome->truncated ? ",\"truncated\":true" : "");
    }
    return error_response(outcome.error(), request_id).body + "\n";
}

void StreamSink::finish(const Result<data::SqlSummary>& outcome, std::int64_t elapsed_ms,
                        std::string_view request_id) {
    if (!outcome && (!sent_ || format_ == StreamFormat::Csv)) {
        queue_->finish({}, outcome.error());
        return;
    }
    if (format_ == StreamFormat::Ndjson) {
        if (!sent_ && out_.empty()) out_ = "{\"columns\":[]}\n";
        out_ += last_line(outcome, elapsed_ms, request_id);
    }
    queue_->finish(std::move(out_), {});
}

StreamBody::StreamBody(std::string first, std::shared_ptr<ChunkQueue> queue)
    : first_(std::move(first)), queue_(std::move(queue)) {}

StreamBody::~StreamBody() {
    queue_->abandon();
}

async::Task<Result<bool>> StreamBody::next(std::string& piece) {
    if (!first_.empty()) {
        piece = std::exchange(first_, {});
        co_return true;
    }
    auto chunk = co_await queue_->next();
    if (!chunk) co_return std::move(chunk).error();
    if (!*chunk) co_return false;
    piece = std::move(**chunk);
    co_return true;
}

}  // namespace zs::http
