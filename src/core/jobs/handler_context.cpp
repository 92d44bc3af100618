#include "core/jobs/handler_context.hpp"

#include "base/json.hpp"
#include "core/files/blob_claim.hpp"
#include "core/files/limits.hpp"
#include "core/jobs/artifact_name.hpp"
#include "core/jobs/limits.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>
#include <utility>

namespace zs::jobs {

std::vector<LogLine> split_lines(std::string_view text, LogStream stream, Timestamp at) {
    std::vector<LogLine> lines;
    while (!text.empty()) {
        const auto end = text.find('\n');
        auto line = text.substr(0, end);
        text = end == std::string_view::npos ? std::string_view() : text.substr(end + 1);
        if (line.ends_with('\r')) line.remove_suffix(1);
        do {
            LogLine one;
            one.stream = stream;
            one.at = at;
            one.bytes = line.substr(0, limits::kLogLineBytesMax);
            line.remove_prefix(one.bytes.size());
            one.part = !line.empty();
            lines.push_back(std::move(one));
        } while (!line.empty());
    }
    return lines;
}

HandlerContext::HandlerContext(const LeasedJob& job, EventSink& sink, StopSignal& ending,
                               HandlerPorts ports, HandlerLimits limits)
    : job_(job), sink_(sink), ending_(ending), ports_(ports), limits_(limits) {}

Result<boost::json::value> HandlerContext::input() const {
    auto parsed = parse_json(job_.job.spec.input);
    if (!parsed) return data_loss("the input of the job is no JSON");
    return parsed;
}

Error HandlerContext::stopped() const {
    return conflict("the handler was asked to stop", "stopped");
}

async::Task<bool> HandlerContext::wait(Millis span) {
    const auto executor = co_await boost::asio::this_coro::executor;
    auto timer = std::make_shared<boost::asio::steady_timer>(executor, span);
    // Through the loop, so that it comes after the wait has begun, from whatever thread.
    auto end_it = [timer, executor] { boost::asio::post(executor, [timer] { timer->cancel(); }); };
    const std::stop_callback on_stop(ending_.token(), std::move(end_it));
    co_await timer->async_wait(boost::asio::as_tuple(boost::asio::use_awaitable));
    co_return !should_stop();
}

async::Task<Result<void>> HandlerContext::log(std::string text, LogStream stream) {
    auto lines = split_lines(text, stream, ports_.clock.now());
    for (std::size_t at = 0; at < lines.size(); at += limits::kLogLinesPerCallMax) {
        const auto end = std::min(lines.size(), at + limits::kLogLinesPerCallMax);
        const auto from = lines.begin() + static_cast<std::ptrdiff_t>(at);
        const auto to = lines.begin() + static_cast<std::ptrdiff_t>(end);
        std::vector<LogLine> some(std::make_move_iterator(from), std::make_move_iterator(to));
        auto told = co_await sink_.log(std::move(some));
        if (!told) co_return told;
    }
    co_return Result<void>();
}

async::Task<Result<void>> HandlerContext::progress(double fraction, std::string message) {
    Progress told;
    told.fraction = std::clamp(fraction, 0.0, 1.0);
    told.message = std::move(message);
    co_return co_await sink_.progress(std::move(told));
}

async::Task<Result<void>> HandlerContext::artifact(std::string name, std::string bytes) {
    const auto named = check_artifact_name(name);
    if (!named) co_return named.error();
    const bool is_too_much = artifact_files_ >= limits_.artifact_files_max
                             || bytes.size() > limits_.artifact_bytes_max - artifact_bytes_;
    if (is_too_much) {
        co_return too_large("an attempt keeps " + std::to_string(limits_.artifact_files_max)
                                + " artifacts and " + std::to_string(limits_.artifact_bytes_max)
                                + " bytes of them at most",
                            "artifact_limit");
    }
    ++artifact_files_;
    artifact_bytes_ += bytes.size();
    const auto blob = co_await store(std::move(bytes));
    if (!blob) co_return blob.error();
    Artifact kept;
    kept.name = std::move(name);
    kept.sha256 = blob->sha256;
    kept.size = blob->size;
    co_return co_await sink_.artifact(std::move(kept));
}

async::Task<Result<files::BlobInfo>> HandlerContext::store(std::string bytes) {
    auto begun = co_await ports_.blobs.create(bytes.size());
    if (!begun) co_return std::move(begun).error();
    const auto writer = std::move(*begun);
    for (std::size_t at = 0; at < bytes.size(); at += files::kPieceBytes) {
        auto written = co_await writer->write(bytes.substr(at, files::kPieceBytes));
        if (!written) co_return std::move(written).error();
    }
    co_return co_await files::keep_blob(*writer, ports_.ledger, ports_.clock);
}

}  // namespace zs::jobs
