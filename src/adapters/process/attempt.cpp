#include "adapters/process/attempt.hpp"

#include "adapters/process/attempt_outcome.hpp"
#include "adapters/process/environment.hpp"
#include "adapters/process/limits.hpp"
#include "base/log.hpp"

#include <boost/asio/this_coro.hpp>

#include <cerrno>
#include <cstring>
#include <unistd.h>

namespace zs::process {

namespace {

using jobs::Failure;
using jobs::Outcome;

Outcome not_begun(const Error& error) {
    if (error.reason == "spawn_failed") {
        return failed(Failure::SpawnFailed, error.message, false);
    }
    return failed(Failure::WorkerError, "the attempt could not begin: " + error.message);
}

}  // namespace

Attempt::Attempt(WorkerGround& ground, jobs::LeasedJob job, jobs::EventSink& sink,
                 jobs::StopSignal& stop)
    : ground_(ground),
      job_(std::move(job)),
      sink_(sink),
      stop_(stop),
      name_(AttemptFolder::name_of(job_.job.id, job_.job.counters.attempt)),
      folder_(ground.folder.attempt(name_)),
      lines_(secret_values(job_.job.spec)) {
    ground_.set_active(name_);
}

Attempt::~Attempt() {
    on_stop_.reset();
    // The line belongs to running_.
    if (wakes_) (void)wakes_->release();
    ground_.set_done(name_);
}

async::Task<Outcome> Attempt::run() {
    auto early = co_await begin();
    if (!early) early = co_await follow();
    std::optional<Outcome> outcome = std::move(early);
    if (!outcome) outcome = co_await conclude();
    outcome->sandbox = ground_.tier();
    co_await clean_up();
    co_return std::move(*outcome);
}

async::Task<std::optional<Outcome>> Attempt::begin() {
    auto look = [folder = folder_] { return look_at_remains_blocking(folder); };
    auto remains =
        co_await on_pool(ground_.parts.pool, look, limits::kPoolTries, limits::kPoolRetry);
    std::optional<Outcome> early;
    if (remains && remains->outlived) {
        early = co_await attach();
    } else {
        early = co_await make();
    }
    if (early) co_return early;
    const auto executor = co_await boost::asio::this_coro::executor;
    timer_.emplace(executor);
    if (running_.line) wakes_.emplace(executor, running_.line->fd());
    if (running_.line) {
        on_stop_.emplace(stop_.token(),
                         [line = running_.line.get()] { line->send(FrameKind::Stop, {}); });
    }
    co_return std::nullopt;
}

async::Task<std::optional<Outcome>> Attempt::make() {
    auto self = shared_from_this();
    auto folders = [self]() -> Result<void> {
        // What an earlier attempt left, should its lease have been lost while nobody was here.
        const auto attempt = self->job_.job.counters.attempt;
        const std::uint32_t first = attempt > 8 ? attempt - 8 : 1;
        for (std::uint32_t before = first; before <= attempt; ++before) {
            const auto name = AttemptFolder::name_of(self->job_.job.id, before);
            const auto folder = self->ground_.folder.attempt(name);
            if (::access(folder.state.c_str(), F_OK) != 0) continue;
            if (before == attempt || !self->ground_.is_active(name)) {
                end_remains_blocking(self->ground_, folder, name);
            }
        }
        return self->folder_.make_blocking(self->job_.job.spec.input, self->ground_.user);
    };
    auto made =
        co_await on_pool(ground_.parts.pool, folders, limits::kPoolTries, limits::kPoolRetry);
    if (!made) co_return not_begun(made.error());
    auto copied = co_await copy_inputs();
    if (!copied && copied.error().code == ErrorCode::NotFound) {
        co_return failed(Failure::InputMissing, copied.error().message, false);
    }
    if (!copied) co_return not_begun(copied.error());
    if (stop_.token().stop_requested()) {
        AttemptEnd never;
        never.stopped = 1;
        never.wait_status = SIGTERM;
        co_return outcome_of(never, stop_.reason());
    }
    auto launch = [self]() -> Result<void> {
        auto running = launch_blocking(self->ground_, self->folder_, self->job_);
        if (!running) return running.error();
        self->running_ = std::move(*running);
        return {};
    };
    auto launched =
        co_await on_pool(ground_.parts.pool, launch, limits::kPoolTries, limits::kPoolRetry);
    if (!launched) co_return not_begun(launched.error());
    co_return std::nullopt;
}

async::Task<Result<void>> Attempt::copy_inputs() {
    for (const auto& [path, digest] : job_.job.spec.files) {
        auto copied = co_await copy_input(path, digest);
        if (!copied) co_return copied;
    }
    co_return Result<void>();
}

async::Task<Result<void>> Attempt::copy_input(std::string path, std::string digest) {
    auto blob = files::Digest::parse(digest);
    if (!blob) co_return std::move(blob).error();
    auto reader = co_await ground_.parts.inputs.open(job_.job.tenant, *blob);
    if (!reader) {
        auto error = std::move(reader).error();
        error.message = "the file " + path + " of the job (" + digest + "): " + error.message;
        co_return error;
    }
    auto self = shared_from_this();
    auto create = [self, path]() -> Result<std::shared_ptr<Descriptor>> {
        auto file = make_work_file_blocking(self->folder_, path, self->ground_.user);
        if (!file) return file.error();
        return std::make_shared<Descriptor>(std::move(*file));
    };
    auto file =
        co_await on_pool(ground_.parts.pool, create, limits::kPoolTries, limits::kPoolRetry);
    if (!file) co_return std::move(file).error();
    std::string piece;
    while (true) {
        auto more = co_await (*reader)->read(piece);
        if (!more) co_return std::move(more).error();
        if (!*more) co_return Result<void>();
        auto write = [to = *file, piece]() -> Result<void> {
            std::string_view rest = piece;
            while (!rest.empty()) {
                const ssize_t wrote = ::write(to->get(), rest.data(), rest.size());
                if (wrote <= 0) {
                    return unavailable(std::string("cannot write a file of the attempt: ")
                                       + std::strerror(errno));
                }
                rest.remove_prefix(static_cast<std::size_t>(wrote));
            }
            return {};
        };
        auto written =
            co_await on_pool(ground_.parts.pool, write, limits::kPoolTries, limits::kPoolRetry);
        if (!written) co_return std::move(written).error();
    }
}

async::Task<std::optional<Outcome>> Attempt::attach() {
    auto self = shared_from_this();
    auto checkpoint = std::make_shared<std::optional<Checkpoint>>();
    auto call = [self, checkpoint]() -> Result<void> {
        auto running = attach_blocking(self->folder_, self->job_.job.token);
        if (!running) return running.error();
        self->running_ = std::move(*running);
        *checkpoint = read_checkpoint_blocking(self->folder_.state);
        return {};
    };
    const auto deadline = async::Deadline::after(limits::kAttachPatience);
    while (true) {
        auto called =
            co_await on_pool(ground_.parts.pool, call, limits::kPoolTries, limits::kPoolRetry);
        if (called) break;
        if (called.error().code != ErrorCode::Unavailable || deadline.expired()) {
            log::warn("a running attempt cannot be attached to",
                      {{"attempt", name_}, {"error", called.error().message}});
            auto end = [self]() -> Result<void> {
                end_remains_blocking(self->ground_, self->folder_, self->name_);
                return {};
            };
            (void)co_await on_pool(ground_.parts.pool, end, limits::kPoolTries, limits::kPoolRetry);
            co_return ended_as(Outcome::Kind::Lost);
        }
        co_await async::sleep_for(limits::kAttachRetry);
    }
    if (*checkpoint) go_on_from(**checkpoint);
    // What was delivered after the checkpoint is counted by the log itself.
    const auto stored = job_.job.log_count - running_.lines_before;
    if (job_.job.log_count >= running_.lines_before) stored_ = std::max(stored_, stored);
    co_return std::nullopt;
}

void Attempt::go_on_from(const Checkpoint& checkpoint) {
    if (!lines_.restore(checkpoint.between)) {
        log::warn("a checkpoint is damaged", {{"attempt", name_}});
        return;
    }
    read_ = kept_ = checkpoint.offset;
    seen_ = stored_ = checkpoint.lines;
}

async::Task<> Attempt::say(std::vector<std::string> notes) {
    std::vector<jobs::LogLine> lines;
    for (auto& note : notes) {
        jobs::LogLine line;
        line.stream = jobs::LogStream::System;
        line.at = ground_.parts.clock.now();
        line.bytes = std::move(note);
        lines.push_back(std::move(line));
    }
    co_await send_lines(std::move(lines));
}

async::Task<> Attempt::clean_up() {
    on_stop_.reset();
    if (wakes_) (void)wakes_->release();
    wakes_.reset();
    if (running_.line) {
        if (shim_gone_) {
            ground_.shims.drop(std::move(running_.line));
        } else {
            ground_.shims.give_back(std::move(running_.line));
        }
    }
    auto self = shared_from_this();
    auto remove = [self]() -> Result<void> {
        // The shim has removed it, unless it never came to that.
        if (self->ground_.cgroups) {
            remove_cgroup(self->ground_.cgroups->folder() + "/job-" + self->name_);
        }
        self->folder_.remove_blocking();
        return {};
    };
    (void)co_await on_pool(ground_.parts.pool, remove, limits::kPoolTries, limits::kPoolRetry);
}

}  // namespace zs::process
