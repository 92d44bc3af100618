#include "core/jobs/job.hpp"

#include "core/jobs/job_schedule.hpp"
#include "core/jobs/job_store.hpp"
#include "core/jobs/worker.hpp"

#include <array>
#include <utility>

namespace zs::jobs {
namespace {

template <class E>
using Words = std::pair<E, std::string_view>;

constexpr std::array kStates{
    Words<JobState>{JobState::Pending, "pending"},
    Words<JobState>{JobState::Running, "running"},
    Words<JobState>{JobState::Succeeded, "succeeded"},
    Words<JobState>{JobState::Failed, "failed"},
    Words<JobState>{JobState::Retrying, "retrying"},
    Words<JobState>{JobState::Canceled, "canceled"},
};
constexpr std::array kWaiting{
    Words<Waiting>{Waiting::Schedule, "schedule"},
    Words<Waiting>{Waiting::Dependencies, "dependencies"},
    Words<Waiting>{Waiting::Concurrency, "concurrency"},
    Words<Waiting>{Waiting::Rate, "rate"},
    Words<Waiting>{Waiting::Quota, "quota"},
    Words<Waiting>{Waiting::Worker, "worker"},
    Words<Waiting>{Waiting::Paused, "paused"},
};
constexpr std::array kFailures{
    Words<Failure>{Failure::ExitNonzero, "exit_nonzero"},
    Words<Failure>{Failure::Signaled, "signaled"},
    Words<Failure>{Failure::Timeout, "timeout"},
    Words<Failure>{Failure::SpawnFailed, "spawn_failed"},
    Words<Failure>{Failure::InvalidOutput, "invalid_output"},
    Words<Failure>{Failure::OutOfMemory, "out_of_memory"},
    Words<Failure>{Failure::InputMissing, "input_missing"},
    Words<Failure>{Failure::ArtifactLimit, "artifact_limit"},
    Words<Failure>{Failure::Poisoned, "poisoned"},
    Words<Failure>{Failure::WorkerError, "worker_error"},
    Words<Failure>{Failure::DependencyFailed, "dependency_failed"},
    Words<Failure>{Failure::Canceled, "canceled"},
};
constexpr std::array kTiers{
    Words<SandboxTier>{SandboxTier::L0, "L0"},
    Words<SandboxTier>{SandboxTier::L1, "L1"},
    Words<SandboxTier>{SandboxTier::L2, "L2"},
    Words<SandboxTier>{SandboxTier::L3, "L3"},
};
constexpr std::array kWhen{
    Words<DependsWhen>{DependsWhen::Succeeded, "succeeded"},
    Words<DependsWhen>{DependsWhen::Failed, "failed"},
    Words<DependsWhen>{DependsWhen::Finished, "finished"},
};
constexpr std::array kOnConflict{
    Words<OnConflict>{OnConflict::Return, "return"},
    Words<OnConflict>{OnConflict::Replace, "replace"},
    Words<OnConflict>{OnConflict::Error, "error"},
};
constexpr std::array kStreams{
    Words<LogStream>{LogStream::Stdout, "stdout"},
    Words<LogStream>{LogStream::Stderr, "stderr"},
    Words<LogStream>{LogStream::System, "system"},
};
constexpr std::array kOverlaps{
    Words<Overlap>{Overlap::Skip, "skip"},
    Words<Overlap>{Overlap::Queue, "queue"},
    Words<Overlap>{Overlap::Replace, "replace"},
    Words<Overlap>{Overlap::Allow, "allow"},
    Words<Overlap>{Overlap::Replace, "cancel_previous"},
};
constexpr std::array kCatchUps{
    Words<CatchUp>{CatchUp::None, "none"},
    Words<CatchUp>{CatchUp::Latest, "latest"},
    Words<CatchUp>{CatchUp::All, "all"},
};

template <class List, class E>
std::string_view text_in(const List& words, E value) noexcept {
    for (const auto& [known, text] : words) {
        if (known == value) return text;
    }
    return "";
}

template <class E, class List>
std::optional<E> value_in(const List& words, std::string_view text) noexcept {
    for (const auto& [value, known] : words) {
        if (known == text) return value;
    }
    return std::nullopt;
}

}  // namespace

std::string_view to_text(JobState state) noexcept {
    return text_in(kStates, state);
}
std::optional<JobState> job_state(std::string_view text) noexcept {
    return value_in<JobState>(kStates, text);
}
std::string_view to_text(Waiting waiting) noexcept {
    return text_in(kWaiting, waiting);
}
std::string_view to_text(Failure failure) noexcept {
    return text_in(kFailures, failure);
}
std::optional<Failure> failure(std::string_view text) noexcept {
    return value_in<Failure>(kFailures, text);
}
std::string_view to_text(SandboxTier tier) noexcept {
    return text_in(kTiers, tier);
}
std::optional<SandboxTier> sandbox_tier(std::string_view text) noexcept {
    return value_in<SandboxTier>(kTiers, text);
}
std::string_view to_text(DependsWhen when) noexcept {
    return text_in(kWhen, when);
}
std::optional<DependsWhen> depends_when(std::string_view text) noexcept {
    return value_in<DependsWhen>(kWhen, text);
}
std::string_view to_text(OnConflict on_conflict) noexcept {
    return text_in(kOnConflict, on_conflict);
}
std::optional<OnConflict> on_conflict(std::string_view text) noexcept {
    return value_in<OnConflict>(kOnConflict, text);
}
std::string_view to_text(LogStream stream) noexcept {
    return text_in(kStreams, stream);
}
std::optional<LogStream> log_stream(std::string_view text) noexcept {
    return value_in<LogStream>(kStreams, text);
}
std::string_view to_text(Overlap overlap) noexcept {
    return text_in(kOverlaps, overlap);
}
std::optional<Overlap> overlap(std::string_view text) noexcept {
    return value_in<Overlap>(kOverlaps, text);
}
std::string_view to_text(CatchUp catch_up) noexcept {
    return text_in(kCatchUps, catch_up);
}
std::optional<CatchUp> catch_up(std::string_view text) noexcept {
    return value_in<CatchUp>(kCatchUps, text);
}

JobBrief brief_of(const Job& job) {
    JobBrief brief;
    brief.id = job.id;
    brief.tenant = job.tenant;
    brief.state = job.state;
    brief.counters = job.counters;
    brief.created_at = job.created_at;
    brief.eligible_at = job.eligible_at;
    brief.priority = job.spec.priority;
    brief.open_dependencies = job.open_dependencies;
    brief.concurrency = job.spec.concurrency;
    brief.rate = job.spec.rate;
    brief.requires_labels = job.spec.requires_labels;
    brief.sandbox = job.spec.sandbox;
    brief.kind = job.spec.kind;
    brief.cancel_requested = job.cancel_requested_at.has_value() && job.state == JobState::Running;
    brief.token = job.token;
    brief.worker = job.worker;
    return brief;
}

Error no_such_job() {
    return not_found("there is no such job");
}

Error lease_lost() {
    return conflict("the lease of this attempt is over: stop it", "lease_lost");
}

}  // namespace zs::jobs
