#pragma once

#include "adapters/relational/jobs/artifact_index.hpp"
#include "adapters/relational/jobs/job_log.hpp"
#include "adapters/relational/jobs/job_store.hpp"
#include "adapters/relational/jobs/queue_store.hpp"
#include "adapters/relational/jobs/schedule_store.hpp"
#include "adapters/relational/jobs/template_store.hpp"
#include "support/run_task.hpp"
#include "support/run_together.hpp"
#include "support/test_databases.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

namespace zs::testing {

inline const identity::Tenant kAcme{"acme", "live"};
inline const identity::Tenant kOther{"other", "live"};

template <class T>
T taken(Result<T> result) {
    if (!result) throw std::runtime_error(result.error().message);
    return std::move(*result);
}

// A database with two organizations and the stores of jobs on it.
struct JobHome {
    explicit JobHome(relational::Dialect dialect)
        : home(TestDatabase::make(dialect)),
          store(home->database()),
          artifacts(home->database()),
          queues(home->database()) {
        for (const char* org : {"acme", "other", "org", "small"}) {
            auto work = [org](relational::Session& session) {
                return session.execute_with(
                    "insert into organizations (id, name, slug, plan, settings, is_active,"
                    " created_at, updated_at) values (?, ?, ?, 'free', '{}', 1, 0, 0)",
                    org, org, org);
            };
            taken(run_task(home->database().write(std::move(work))));
        }
    }

    jobs::NewJob job(const identity::Tenant& tenant = kAcme) const {
        jobs::NewJob job;
        job.id = jobs::JobId::next(clock);
        job.tenant = tenant;
        job.spec.command = {"true"};
        job.created_at = clock.now();
        return job;
    }
    std::vector<Result<jobs::Submitted>> add(std::vector<jobs::NewJob> jobs,
                                             jobs::AddMode mode = jobs::AddMode::EachAlone) {
        return taken(run_task(store.add(std::move(jobs), mode)));
    }
    jobs::JobId add(jobs::NewJob job) {
        std::vector<jobs::NewJob> one;
        one.push_back(std::move(job));
        return taken(std::move(add(std::move(one)).front())).id;
    }
    jobs::ClaimQuery query(std::size_t count = 1) const {
        jobs::ClaimQuery query;
        query.worker = "w/1";
        query.count = count;
        query.now = clock.now();
        return query;
    }
    std::vector<jobs::LeasedJob> claim(std::size_t count = 1) {
        return taken(run_task(store.claim(query(count))));
    }
    Result<jobs::Changes> finish(jobs::LeaseRef lease, jobs::Outcome outcome) {
        jobs::FinishedAttempt attempt;
        attempt.lease = lease;
        attempt.outcome = std::move(outcome);
        attempt.now = clock.now();
        attempt.backoff = Millis(5000);
        std::vector<jobs::FinishedAttempt> attempts;
        attempts.push_back(std::move(attempt));
        auto answers = taken(run_task(store.finish(std::move(attempts))));
        return std::move(answers.front());
    }
    Result<jobs::Changes> steer(jobs::JobId job, jobs::Steer steer) {
        return run_task(store.steer(kAcme, job, steer, clock.now()));
    }
    jobs::Job find(jobs::JobId id) {
        auto found = taken(run_task(store.find(kAcme, id)));
        if (!found) throw std::runtime_error("no such job");
        return std::move(*found);
    }

    ManualClock clock;
    std::unique_ptr<TestDatabase> home;
    relational::SqlJobStore store;
    relational::SqlArtifactIndex artifacts;
    relational::SqlQueueStore queues;
};

inline jobs::Outcome succeeded() {
    return {};
}
inline jobs::Outcome failed() {
    jobs::Outcome outcome;
    outcome.kind = jobs::Outcome::Kind::Failed;
    jobs::JobError error;
    error.code = jobs::Failure::ExitNonzero;
    error.message = "exit 3 \xff";
    error.exit_code = 3;
    outcome.error = error;
    outcome.exit_code = 3;
    return outcome;
}

}  // namespace zs::testing
