#include "core/jobs/backfill_step.hpp"

namespace zs::jobs {
namespace {

constexpr int kSaveTries = 10;

// What passes by itself: of workers, those elsewhere announce themselves after a restart.
bool is_passing(const Error& error) {
    return error.code == ErrorCode::Unavailable || error.code == ErrorCode::DeadlineExceeded
           || error.code == ErrorCode::Exhausted || error.code == ErrorCode::Conflict
           || error.reason == "no_worker";
}

// What every due time's job has in common, and what tells it from the others.
NewJob make_job(const Backfill& backfill, const Firing& firing, const Submitter& who,
                const JobSpec& spec, Timestamp now) {
    NewJob job;
    job.id = firing.job;
    job.tenant = backfill.tenant;
    job.spec = spec;
    mark_firing(job.spec, firing.nominal);
    job.spec.metadata["backfill_id"] = backfill.id.to_string();
    job.created_at = now;
    job.submitted_by = who.user_id;
    job.schedule_id = backfill.schedule;
    job.nominal_time = firing.nominal;
    return job;
}

}  // namespace

void BackfillStep::carry_out(Backfill& backfill, const Findings& findings) {
    for (const auto& [job, fate] : findings.fates)
        resolve(backfill, job, fate);
    if (findings.last_error) backfill.last_error = *findings.last_error;
    if (findings.must_pause && backfill.state == BackfillState::Running)
        backfill.state = BackfillState::Paused;
}

// Which jobs have ended, and which came into the queue although nobody could say so any more: of
// those the ids are known.
async::Task<Result<BackfillStep::Findings>> BackfillStep::look_at_open(const Backfill& backfill) {
    Findings findings;
    const bool is_canceled = backfill.state == BackfillState::Canceled;
    for (const Firing& firing : backfill.open) {
        const auto job = co_await ports_.queue.find(backfill.tenant, firing.job);
        if (job) {
            const auto fate = is_final(job->state) ? FiringFate::Ended : FiringFate::Submitted;
            if (fate == FiringFate::Ended || !firing.is_submitted)
                findings.fates.emplace_back(firing.job, fate);
            continue;
        }
        if (job.error().code != ErrorCode::NotFound) co_return job.error();
        if (firing.is_submitted) {
            findings.fates.emplace_back(firing.job, FiringFate::Ended);
        } else if (is_canceled) {
            findings.fates.emplace_back(firing.job, FiringFate::Dropped);
        }
    }
    co_return findings;
}

// Nothing, or who may not submit any more; `means` then says in whose name jobs are, and what
// they may read.
async::Task<Result<std::optional<std::string>>> BackfillStep::missing_right(
    const Backfill& backfill, Means& means) {
    const auto& owner = means.schedule.created_by;
    means.who.tenant = backfill.tenant;
    means.who.user_id = owner;
    CreatorRights allowed;
    if (rights_ && owner) {
        const auto asked = co_await rights_(backfill.tenant, *owner);
        if (!asked) co_return asked.error();
        allowed = *asked;
    }
    if (!allowed.may_submit) {
        co_return std::optional<std::string>("the schedule's creator may not submit jobs any more");
    }
    means.who.may_read_files = allowed.may_read_files;
    if (!rights_ || !backfill.created_by || backfill.created_by == owner) {
        co_return std::optional<std::string>();
    }
    const auto asked = co_await rights_(backfill.tenant, *backfill.created_by);
    if (!asked) co_return asked.error();
    if (asked->may_submit) co_return std::optional<std::string>();
    co_return std::optional<std::string>("its creator may not submit jobs any more");
}

// Nothing when the schedule is gone, or when the back-fill has to wait or to pause: it then says
// why.
async::Task<Result<std::optional<BackfillStep::Means>>> BackfillStep::prepare(Backfill& backfill) {
    auto schedule = co_await ports_.schedules.find(backfill.tenant, backfill.schedule);
    if (!schedule) co_return schedule.error();
    if (!*schedule) co_return std::optional<Means>();
    Means means;
    means.schedule = std::move(**schedule);
    Findings stop;
    stop.must_pause = true;
    const auto missing = co_await missing_right(backfill, means);
    if (!missing) co_return missing.error();
    if (*missing) {
        stop.last_error = **missing;
    } else {
        auto spec = co_await ports_.intake.read(means.who, means.schedule.spec);
        if (spec) {
            means.spec = std::move(*spec);
            co_return std::optional<Means>(std::move(means));
        }
        stop.last_error = spec.error().message;
        stop.must_pause = !is_passing(spec.error());
    }
    carry_out(backfill, stop);
    co_return std::optional<Means>();
}

// As many due times as may run now. They are those of the schedule as it is by now.
Result<void> BackfillStep::take_up(Backfill& backfill, const JobSchedule& schedule) {
    const auto cron = Cron::parse(schedule.cron_expression);
    if (!cron) return cron.error();
    const auto due_from = [&](Timestamp from) {
        return first_due(*cron, ports_.zones, schedule, from, backfill.to);
    };
    while (backfill.wants_more()) {
        const auto due = due_from(*backfill.position);
        if (!due) return due.error();
        backfill.position.reset();
        if (!*due) return {};
        Firing firing;
        firing.nominal = **due;
        firing.job = JobId::next(ports_.clock);
        backfill.open.push_back(firing);
        const auto next = due_from(**due + Millis(1));
        if (!next) return next.error();
        backfill.position = *next;
    }
    return {};
}

// The queue's answer for one due time.
async::Task<Result<void>> BackfillStep::judge(const Firing& firing, const Result<Submitted>& answer,
                                              identity::Tenant tenant, Findings& findings) {
    if (answer) {
        // Its unique key is another job's: that one stands for it.
        const bool is_own = answer->id == firing.job;
        findings.fates.emplace_back(firing.job,
                                    is_own ? FiringFate::Submitted : FiringFate::Skipped);
        co_return Result<void>();
    }
    const Error error = answer.error();
    if (error.reason == "schedule_fired") {
        // By us, before a crash or in another process; or by somebody else.
        const auto job = co_await ports_.queue.find(std::move(tenant), firing.job);
        if (!job && job.error().code != ErrorCode::NotFound) co_return job.error();
        findings.fates.emplace_back(firing.job, job ? FiringFate::Submitted : FiringFate::Skipped);
        co_return Result<void>();
    }
    findings.last_error = error.message;
    if (!is_passing(error)) findings.must_pause = true;
    co_return Result<void>();
}

async::Task<Result<BackfillStep::Findings>> BackfillStep::submit(const Backfill& backfill,
                                                                 Means means) {
    Findings findings;
    std::vector<Firing> firings;
    for (const Firing& firing : backfill.open)
        if (!firing.is_submitted) firings.push_back(firing);
    const Timestamp now = ports_.clock.now();
    while (!firings.empty()) {
        std::vector<NewJob> jobs;
        for (const Firing& firing : firings)
            jobs.push_back(make_job(backfill, firing, means.who, means.spec, now));
        auto answers = co_await ports_.queue.submit_many(std::move(jobs), AddMode::EachAlone);
        if (!answers && answers.error().code == ErrorCode::Exhausted && firings.size() > 1) {
            // There is no room for all of them; perhaps for one.
            firings.resize(1);
            continue;
        }
        if (!answers) {
            findings.last_error = answers.error().message;
            findings.must_pause = !is_passing(answers.error());
            break;
        }
        for (std::size_t i = 0; i < firings.size(); ++i) {
            const auto judged =
                co_await judge(firings[i], (*answers)[i], backfill.tenant, findings);
            if (!judged) findings.last_error = judged.error().message;
        }
        break;
    }
    if (!findings.last_error) findings.last_error = "";
    co_return findings;
}

// On the back-fill as it is by now: somebody may have changed it while jobs were submitted.
async::Task<Result<bool>> BackfillStep::save(Backfill backfill, Findings findings) {
    for (int i = 0; i < kSaveTries; ++i) {
        carry_out(backfill, findings);
        const auto saved = co_await ports_.backfills.save(backfill);
        if (!saved) co_return saved.error();
        if (*saved) co_return true;
        auto fresh =
            co_await ports_.backfills.find(backfill.tenant, backfill.schedule, backfill.id);
        if (!fresh) co_return fresh.error();
        if (!*fresh) co_return true;
        backfill = std::move(**fresh);
    }
    co_return true;
}

async::Task<Result<bool>> BackfillStep::run(Backfill backfill) {
    const auto ended = co_await look_at_open(backfill);
    if (!ended) co_return ended.error();
    const auto before = backfill;
    carry_out(backfill, *ended);
    std::optional<Means> means;
    if (backfill.wants_more()
        || (backfill.state == BackfillState::Running && backfill.has_unsubmitted())) {
        auto prepared = co_await prepare(backfill);
        if (!prepared) co_return prepared.error();
        means = std::move(*prepared);
    }
    if (means) {
        const auto taken = take_up(backfill, means->schedule);
        if (!taken) co_return taken.error();
    }
    settle(backfill, ports_.clock.now());
    const bool changed = !ended->empty() || backfill.open.size() != before.open.size()
                         || backfill.state != before.state || backfill.position != before.position
                         || backfill.last_error != before.last_error;
    if (changed) {
        const auto saved = co_await ports_.backfills.save(backfill);
        if (!saved) co_return saved.error();
        if (!*saved) co_return true;  // another look will see why
        ++backfill.version;
    }
    if (!means || !backfill.has_unsubmitted()) co_return changed;
    auto findings = co_await submit(backfill, std::move(*means));
    if (!findings) co_return findings.error();
    const bool same = findings->fates.empty() && findings->last_error == backfill.last_error
                      && !findings->must_pause;
    if (same) co_return changed;
    co_return co_await save(std::move(backfill), std::move(*findings));
}

}  // namespace zs::jobs
