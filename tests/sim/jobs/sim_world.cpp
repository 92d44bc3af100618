#include "sim/jobs/sim_world.hpp"

#include <algorithm>

namespace zs::sim {
namespace {

Error not_done() {
    return unavailable("the store is away");
}

Error unknown() {
    return deadline_exceeded("the store did not answer");
}

}  // namespace

async::Task<> SimWorld::pause(Millis span) {
    auto start = [this, span](async::Completion<Result<bool>> done) mutable {
        pauses_.emplace(monotonic.now() + std::max(span, Millis(0)), std::move(done));
    };
    co_await async::wait_for<Result<bool>>(std::move(start));
}

void SimWorld::run_ready() {
    while (true) {
        loop.restart();
        if (loop.poll() == 0) return;
    }
}

bool SimWorld::step() {
    run_ready();
    if (pauses_.empty()) return false;
    const auto first = pauses_.begin();
    const Millis by = std::max(Millis(0), first->first - monotonic.now());
    monotonic.advance(by);
    clock.advance(by);
    auto done = std::move(first->second);
    pauses_.erase(first);
    done.complete(true);
    run_ready();
    return true;
}

async::Task<SimJobStore::Fate> SimJobStore::before() {
    ++world_.calls;
    if (world_.chance(50)) co_await world_.pause(Millis(world_.draw(40)));
    if (!world_.faults) co_return Fate::Good;
    const int drawn = world_.draw(100);
    if (drawn < 4) co_return Fate::NotDone;
    co_return drawn < 8 || world_.crashing ? Fate::AnswerLost : Fate::Good;
}

async::Task<bool> SimJobStore::after(Fate fate) {
    if (world_.chance(50)) co_await world_.pause(Millis(world_.draw(40)));
    --world_.calls;
    co_return fate == Fate::Good && !world_.crashing;
}

void SimJobStore::check_limits() {
    std::map<std::string, std::pair<std::uint32_t, std::uint32_t>> keys;
    for (const auto& [id, row] : world_.tables.rows) {
        const Job& job = row.job;
        if (job.state != JobState::Running || !job.spec.concurrency) continue;
        auto& [count, max] = keys[job.tenant.org_id + "/" + job.spec.concurrency->key];
        ++count;
        max = job.spec.concurrency->max;
    }
    for (const auto& [key, use] : keys) {
        if (use.first > use.second) world_.broke("limit of " + key + " exceeded");
    }
}

void SimJobStore::check(const Changes& changes) {
    for (const auto& transition : changes.transitions) {
        if (is_final(transition.job.state) && ++ends_[transition.job.id] > 1) {
            world_.broke("job " + transition.job.id.to_string() + " ended twice");
        }
    }
}

async::Task<Result<std::vector<Result<Submitted>>>> SimJobStore::add(std::vector<NewJob> jobs,
                                                                     AddMode mode) {
    const Fate fate = co_await before();
    Result<std::vector<Result<Submitted>>> answer = not_done();
    if (fate != Fate::NotDone) answer = co_await inner_.add(std::move(jobs), mode);
    const bool arrives = co_await after(fate);
    if (fate == Fate::NotDone) co_return not_done();
    if (!arrives) co_return unknown();
    co_return answer;
}

async::Task<Result<std::vector<LeasedJob>>> SimJobStore::claim(ClaimQuery query) {
    const Fate fate = co_await before();
    Result<std::vector<LeasedJob>> answer = not_done();
    if (fate != Fate::NotDone) answer = co_await inner_.claim(std::move(query));
    check_limits();
    const bool arrives = co_await after(fate);
    if (fate == Fate::NotDone) co_return not_done();
    if (!arrives) co_return unknown();
    co_return answer;
}

async::Task<Result<std::vector<LeaseState>>> SimJobStore::extend(WorkerId worker,
                                                                 std::vector<LeaseRef> leases,
                                                                 Millis lease, Timestamp now) {
    co_return co_await inner_.extend(std::move(worker), std::move(leases), lease, now);
}

async::Task<Result<std::vector<Result<Changes>>>> SimJobStore::finish(
    std::vector<FinishedAttempt> attempts) {
    const Fate fate = co_await before();
    Result<std::vector<Result<Changes>>> answer = not_done();
    if (fate != Fate::NotDone) answer = co_await inner_.finish(std::move(attempts));
    if (answer) {
        for (const auto& one : *answer) {
            if (one) check(*one);
        }
    }
    const bool arrives = co_await after(fate);
    if (fate == Fate::NotDone) co_return not_done();
    if (!arrives) co_return unknown();
    co_return answer;
}

async::Task<Result<Changes>> SimJobStore::steer(identity::Tenant tenant, JobId job, Steer steer,
                                                Timestamp now) {
    const Fate fate = co_await before();
    Result<Changes> answer = not_done();
    if (fate != Fate::NotDone) answer = co_await inner_.steer(tenant, job, steer, now);
    if (answer) check(*answer);
    const bool arrives = co_await after(fate);
    if (fate == Fate::NotDone) co_return not_done();
    if (!arrives) co_return unknown();
    co_return answer;
}

async::Task<Result<Swept>> SimJobStore::sweep(SweepQuery query) {
    const Fate fate = co_await before();
    Result<Swept> answer = not_done();
    if (fate != Fate::NotDone) answer = co_await inner_.sweep(std::move(query));
    if (answer) check(answer->changes);
    const bool arrives = co_await after(fate);
    if (fate == Fate::NotDone) co_return not_done();
    if (!arrives) co_return unknown();
    co_return answer;
}

async::Task<Result<std::optional<Job>>> SimJobStore::find(identity::Tenant tenant, JobId job) {
    const Fate fate = co_await before();
    auto answer = co_await inner_.find(tenant, job);
    const bool arrives = co_await after(fate);
    if (!arrives) co_return unknown();
    co_return answer;
}

async::Task<Result<std::vector<Job>>> SimJobStore::list(identity::Tenant tenant, JobFilter filter) {
    co_return co_await inner_.list(std::move(tenant), std::move(filter));
}

}  // namespace zs::sim
