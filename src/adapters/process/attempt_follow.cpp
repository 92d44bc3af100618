#include "adapters/process/artifact_collector.hpp"
#include "adapters/process/attempt.hpp"
#include "adapters/process/attempt_outcome.hpp"
#include "adapters/process/limits.hpp"
#include "base/log.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <tuple>

// The part of an attempt that runs while the program does, and right after.
namespace zs::process {

namespace {

using jobs::Failure;
using jobs::Outcome;

constexpr Millis kSinkRetry{200};

bool is_lease_lost(const Error& error) {
    return error.reason == "lease_lost";
}

}  // namespace

async::Task<std::optional<Outcome>> Attempt::follow() {
    while (true) {
        auto looked = co_await look();
        if (!looked) co_return co_await give_up(looked.error());
        const bool has_more = looked->bytes.size() == limits::kPieceBytes;
        const bool has_end = looked->head.ended != 0;
        auto taken = co_await take_bytes(std::move(looked->bytes));
        if (!taken) co_return co_await give_up(taken.error());
        if (has_end && read_ == looked->head.written) {
            const bool done = co_await shim_is_done();
            if (!done) co_return co_await give_up(std::nullopt);
            end_ = looked->head.end;
            lines_.finish(from_unix_millis(end_.unix_ms));
            co_await deliver();
            co_await send_progress(true);
            co_return std::nullopt;
        }
        co_await deliver();
        co_await send_progress(false);
        co_await keep_checkpoint();
        if (has_more || has_end) continue;
        // Somebody killed the shim; the program dies with it.
        if (shim_gone_ || !running_.line) co_return co_await give_up(std::nullopt);
        const auto now = SteadyClock::now();
        // Lines that come one by one are worth a moment: they share a commit.
        if (deliveries_ > 3 && now - delivered_at_ < limits::kBatchEvery) {
            co_await async::sleep_for(limits::kBatchEvery - (now - delivered_at_));
        }
        std::optional<SteadyClock::time_point> until;
        if (progress_) until = progress_at_ + limits::kProgressEvery;
        if (checkpoint_failed_) until = now + limits::kDiskRetry;
        co_await wait_for_news(until);
    }
}

async::Task<Outcome> Attempt::give_up(std::optional<Error> error) {
    auto self = shared_from_this();
    // It is there as long as its line is, so this is nobody else.
    const pid_t shim = running_.line && !shim_gone_ ? running_.line->pid() : 0;
    auto end = [self, shim]() -> Result<void> {
        if (shim > 0) end_shim_blocking(shim);
        end_remains_blocking(self->ground_, self->folder_, self->name_);
        return {};
    };
    (void)co_await on_pool(ground_.parts.pool, end, limits::kPoolTries, limits::kPoolRetry);
    shim_gone_ = true;
    if (error) co_return failed(Failure::WorkerError, error->message);
    co_return ended_as(Outcome::Kind::Lost);
}

async::Task<bool> Attempt::shim_is_done() {
    const auto until = SteadyClock::now() + limits::kDonePatience;
    while (running_.line && !shim_gone_ && !running_.line->is_done()) {
        if (SteadyClock::now() >= until) co_return false;
        co_await wait_for_news(until);
    }
    co_return true;
}

async::Task<Result<Attempt::Look>> Attempt::look() {
    auto self = shared_from_this();
    auto read = [self]() -> Result<Look> {
        Look look;
        auto head = self->running_.spool.head_blocking();
        if (!head) return head.error();
        look.head = *head;
        auto bytes =
            self->running_.spool.read_blocking(self->read_, head->written, limits::kPieceBytes);
        if (!bytes) return bytes.error();
        look.bytes = std::move(*bytes);
        return look;
    };
    co_return co_await on_pool(ground_.parts.pool, read, limits::kPoolTries, limits::kPoolRetry);
}

async::Task<Result<void>> Attempt::take_bytes(std::string bytes) {
    std::string_view rest = bytes;
    SpoolRecord record;
    while (true) {
        auto whole = take_record(rest, record);
        if (!whole) co_return std::move(whole).error();
        if (!*whole) break;
        read_ += sizeof(RecordHead) + record.bytes.size();
        lines_.take(record);
        // One record is all that is ever in memory as lines.
        if (record.bytes.size() >= limits::kRecordBytesMax / 4) co_await deliver();
    }
    // A piece holds several of the largest records.
    if (bytes.size() == limits::kPieceBytes && rest.size() == bytes.size()) {
        co_return data_loss("the spool of the attempt is damaged");
    }
    co_return Result<void>();
}

async::Task<> Attempt::deliver() {
    if (auto progress = lines_.take_progress()) progress_ = std::move(progress);
    auto lines = lines_.take_lines();
    for (std::size_t at = 0; at < lines.size(); at += limits::kLinesPerBatch) {
        const auto count = std::min(limits::kLinesPerBatch, lines.size() - at);
        const auto first = lines.begin() + static_cast<std::ptrdiff_t>(at);
        std::vector<jobs::LogLine> batch(
            std::make_move_iterator(first),
            std::make_move_iterator(first + static_cast<std::ptrdiff_t>(count)));
        co_await send_lines(std::move(batch));
    }
}

async::Task<> Attempt::send_lines(std::vector<jobs::LogLine> lines) {
    const auto before = seen_;
    seen_ += lines.size();
    if (before < stored_) {
        const auto known = std::min<std::uint64_t>(stored_ - before, lines.size());
        lines.erase(lines.begin(), lines.begin() + static_cast<std::ptrdiff_t>(known));
    }
    while (!lines.empty() && !lease_lost_) {
        auto copy = lines;
        auto logged = co_await sink_.log(std::move(copy));
        delivered_at_ = SteadyClock::now();
        ++deliveries_;
        if (logged) co_return;
        if (is_lease_lost(logged.error())) {
            lose_lease();
            co_return;
        }
        // The program waits meanwhile, since nobody reads its pipes.
        log::warn("lines of a job cannot be stored; trying again",
                  {{"attempt", name_}, {"error", logged.error().message}});
        co_await async::sleep_for(kSinkRetry);
    }
}

void Attempt::lose_lease() {
    lease_lost_ = true;
    if (running_.line) running_.line->send(FrameKind::Stop, {});
}

async::Task<> Attempt::send_progress(bool at_once) {
    if (!progress_ || lease_lost_) co_return;
    const auto now = SteadyClock::now();
    if (!at_once && now - progress_at_ < limits::kProgressEvery) co_return;
    progress_at_ = now;
    auto latest = std::move(*progress_);
    progress_.reset();
    auto sent = co_await sink_.progress(std::move(latest));
    if (!sent && is_lease_lost(sent.error())) lose_lease();
}

async::Task<> Attempt::keep_checkpoint() {
    const auto now = SteadyClock::now();
    if (read_ == kept_) co_return;
    const bool recent = now - kept_at_ < limits::kCheckpointEvery;
    if (!checkpoint_failed_ && recent && read_ - kept_ < limits::kCheckpointBytes) {
        co_return;
    }
    Checkpoint checkpoint;
    checkpoint.offset = read_;
    checkpoint.lines = seen_;
    checkpoint.between = lines_.save();
    auto write = [folder = folder_.state, checkpoint] {
        return write_checkpoint_blocking(folder, checkpoint);
    };
    auto written =
        co_await on_pool(ground_.parts.pool, write, limits::kPoolTries, limits::kPoolRetry);
    // A full disk: the shim keeps what it has, and in the end stops reading the pipes.
    checkpoint_failed_ = !written;
    if (!written) co_return;
    kept_ = read_;
    kept_at_ = now;
    if (!running_.line) co_return;
    const auto* offset = reinterpret_cast<const char*>(&read_);
    running_.line->send(FrameKind::Acknowledge, {offset, sizeof read_});
}

async::Task<> Attempt::wait_for_news(std::optional<SteadyClock::time_point> until) {
    if (until) {
        timer_->expires_at(*until);
        auto on_time = [weak = weak_from_this()](const boost::system::error_code& error) {
            const auto self = weak.lock();
            if (!error && self && self->wakes_) self->wakes_->cancel();
        };
        timer_->async_wait(std::move(on_time));
    }
    (void)co_await wakes_->async_wait(boost::asio::posix::stream_descriptor::wait_read,
                                      boost::asio::as_tuple(boost::asio::use_awaitable));
    timer_->cancel();
    if (!running_.line->take_wakes()) shim_gone_ = true;
}

async::Task<Outcome> Attempt::conclude() {
    auto reason = stop_.token().stop_requested() ? stop_.reason() : jobs::StopReason::None;
    if (lease_lost_) reason = jobs::StopReason::LeaseLost;
    auto outcome = outcome_of(end_, reason);
    if (outcome.kind == Outcome::Kind::Lost) co_return outcome;
    if (end_.cut != 0) {
        std::vector<std::string> notes{"the last output was cut: its pipes stayed open"};
        co_await say(std::move(notes));
    }
    if (outcome.kind == Outcome::Kind::Succeeded) {
        auto self = shared_from_this();
        auto read = [self, outcome]() -> Result<Outcome> {
            Outcome whole = outcome;
            read_output_blocking(self->folder_.output(), whole);
            return whole;
        };
        auto with_output =
            co_await on_pool(ground_.parts.pool, read, limits::kPoolTries, limits::kPoolRetry);
        if (!with_output) co_return failed(Failure::WorkerError, with_output.error().message);
        outcome = std::move(*with_output);
    }
    if (outcome.kind != Outcome::Kind::Released) co_await collect_artifacts(outcome);
    if (lease_lost_) co_return ended_as(Outcome::Kind::Lost);
    co_return outcome;
}

async::Task<> Attempt::collect_artifacts(Outcome& outcome) {
    ArtifactCollector collector(ground_, folder_.artifacts(), sink_);
    auto collected = co_await collector.collect();
    if (collected) {
        co_await say(std::move(*collected));
        co_return;
    }
    const auto error = std::move(collected).error();
    if (is_lease_lost(error)) {
        lease_lost_ = true;
        co_return;
    }
    if (outcome.kind == Outcome::Kind::Succeeded) {
        const bool too_many = error.reason == "artifact_limit";
        const auto code = outcome.exit_code;
        outcome = failed(too_many ? Failure::ArtifactLimit : Failure::WorkerError, error.message);
        outcome.exit_code = code;
        co_return;
    }
    // What went wrong before is what the job failed of.
    std::vector<std::string> notes{"no artifacts were kept: " + error.message};
    co_await say(std::move(notes));
}

}  // namespace zs::process
