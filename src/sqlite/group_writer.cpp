#include "sqlite/group_writer.hpp"

#include "base/log.hpp"
#include "sqlite/errors.hpp"

#include <sqlite3.h>

#include <atomic>
#include <chrono>
#include <deque>
#include <mutex>
#include <pthread.h>
#include <thread>
#include <vector>

namespace zs::sqlite {
namespace {

using Jobs = std::vector<std::unique_ptr<GroupWriter::Job>>;
using Pointers = std::vector<GroupWriter::Job*>;

// How often the writer looks for waiters whose time is over while somebody else holds the lock.
constexpr std::chrono::milliseconds kLockSlice{20};

Result<void> run_fixed(Connection& connection, std::string_view sql) {
    auto statement = connection.prepare_cached(sql);
    if (!statement) return std::move(statement).error();
    return statement->run();
}

// Deferred foreign keys are checked here, where the culprit is known, and not at the common commit.
Result<void> check_foreign_keys(Connection& connection) {
    int open = 0;
    int unused = 0;
    sqlite3_db_status(connection.handle(), SQLITE_DBSTATUS_DEFERRED_FKS, &open, &unused, 0);
    if (open == 0) return {};
    return describe_error(SQLITE_CONSTRAINT_FOREIGNKEY, "FOREIGN KEY constraint failed", -1, {});
}

}  // namespace

struct GroupWriter::State {
    State(Connection c, std::shared_ptr<WriteLock> l, Limits m, std::shared_ptr<WriteObserver> o)
        : connection(std::move(c)), write_lock(std::move(l)), limits(m), observer(std::move(o)) {
        if (!observer) observer = std::make_shared<WriteObserver>();
    }

    Connection connection;
    std::shared_ptr<WriteLock> write_lock;
    Limits limits;
    std::shared_ptr<WriteObserver> observer;
    std::atomic<std::uint64_t> commits{0};

    mutable std::mutex mutex;
    std::condition_variable wake;
    std::deque<std::unique_ptr<Job>> queue;
    bool idle = false;
    bool stopping = false;
    std::thread thread;

    void work();
    void drop_expired();
    Jobs take_batch();
    void run_batch(const Jobs& batch);
    Pointers run_once(const Pointers& jobs);
    bool run_job(Job& job, bool alone);
    void commit(const Pointers& done);
    void roll_back();
};

// Waiters whose deadline passed, or whose client went away, hear so without having begun.
void GroupWriter::State::drop_expired() {
    Jobs dropped;
    {
        const std::lock_guard lock(mutex);
        const auto now = std::chrono::steady_clock::now();
        for (auto& job : queue) {
            if (job->options.deadline.at() > now && !job->options.cancelled.stop_requested())
                continue;
            dropped.push_back(std::move(job));
        }
        if (dropped.empty()) return;
        std::erase(queue, nullptr);
    }
    for (auto& job : dropped) {
        job->outcome =
            deadline_exceeded("the write waited too long for its turn; it was not begun");
        job->finish();
    }
}

Jobs GroupWriter::State::take_batch() {
    drop_expired();
    Jobs batch;
    const std::lock_guard lock(mutex);
    batch.reserve(std::min(queue.size(), limits.batch_max));
    while (!queue.empty() && batch.size() < limits.batch_max) {
        batch.push_back(std::move(queue.front()));
        queue.pop_front();
    }
    return batch;
}

void GroupWriter::State::work() {
    while (true) {
        {
            std::unique_lock lock(mutex);
            idle = true;
            wake.wait(lock, [&] { return stopping || !queue.empty(); });
            idle = false;
            if (queue.empty()) return;
        }
        Jobs batch;
        {
            auto ticket = write_lock->enqueue();
            auto hold = ticket.wait_blocking(async::Deadline::after(kLockSlice));
            while (!hold) {
                drop_expired();
                hold = ticket.wait_blocking(async::Deadline::after(kLockSlice));
            }
            batch = take_batch();
            if (!batch.empty()) run_batch(batch);
        }
        for (auto& job : batch)
            job->finish();
    }
}

void GroupWriter::State::run_batch(const Jobs& batch) {
    Pointers jobs;
    jobs.reserve(batch.size());
    for (const auto& job : batch)
        jobs.push_back(job.get());
    while (!jobs.empty())
        jobs = run_once(jobs);
}

// Answers what has to run again, which is fewer than it was given.
Pointers GroupWriter::State::run_once(const Pointers& jobs) {
    auto begun = run_fixed(connection, "BEGIN IMMEDIATE");
    if (!begun) {
        for (auto* job : jobs)
            job->outcome = begun.error();
        return {};
    }
    observer->transaction_begins(connection);
    const bool alone = jobs.size() == 1;
    Pointers done;
    for (std::size_t i = 0; i < jobs.size(); ++i) {
        if (run_job(*jobs[i], alone)) {
            done.push_back(jobs[i]);
        } else if (!connection.in_transaction()) {
            // SQLite gave the whole transaction up. The others are innocent: again, without this
            // one.
            observer->rolled_back();
            done.insert(done.end(), jobs.begin() + static_cast<std::ptrdiff_t>(i) + 1, jobs.end());
            return done;
        }
    }
    if (done.empty()) {
        roll_back();
    } else {
        commit(done);
    }
    return {};
}

// True: its changes stay. False: job.outcome says why not, and they are undone; when the connection
// is no longer in a transaction, so is everything else.
bool GroupWriter::State::run_job(Job& job, bool alone) {
    if (!alone) {
        job.outcome = run_fixed(connection, "SAVEPOINT zs_work");
        if (!job.outcome) return false;
    }
    observer->work_begins();
    job.outcome = job.work(connection);
    if (!connection.in_transaction()) {
        if (job.outcome) job.outcome = conflict("the statement ended its transaction");
        return false;
    }
    if (job.outcome) job.outcome = check_foreign_keys(connection);
    if (job.outcome && !alone) job.outcome = run_fixed(connection, "RELEASE zs_work");
    if (job.outcome) return true;
    observer->work_undone();
    if (alone) return false;
    auto undone = run_fixed(connection, "ROLLBACK TO zs_work");
    if (undone) undone = run_fixed(connection, "RELEASE zs_work");
    // What cannot be undone alone takes the whole transaction with it; the others run again.
    if (!undone && connection.in_transaction()) (void)run_fixed(connection, "ROLLBACK");
    return false;
}

void GroupWriter::State::commit(const Pointers& done) {
    auto committed = observer->before_commit(connection);
    if (committed) committed = run_fixed(connection, "COMMIT");
    if (!committed) {
        for (auto* job : done)
            job->outcome = committed.error();
        roll_back();
        return;
    }
    ++commits;
    observer->committed();
}

void GroupWriter::State::roll_back() {
    if (connection.in_transaction()) {
        auto undone = run_fixed(connection, "ROLLBACK");
        if (!undone) log::error("a rollback failed", {{"error", undone.error().message}});
    }
    observer->rolled_back();
}

GroupWriter::GroupWriter(Connection connection, std::shared_ptr<WriteLock> lock, Limits limits,
                         std::shared_ptr<WriteObserver> observer)
    : state_(std::make_unique<State>(std::move(connection), std::move(lock), limits,
                                     std::move(observer))) {}

GroupWriter::~GroupWriter() {
    {
        const std::lock_guard lock(state_->mutex);
        state_->stopping = true;
    }
    state_->wake.notify_all();
    if (state_->thread.joinable()) state_->thread.join();
}

void GroupWriter::push(std::unique_ptr<Job> job) {
    bool wake_it = false;
    {
        const std::lock_guard lock(state_->mutex);
        if (!state_->stopping && state_->queue.size() < state_->limits.queue_max) {
            state_->queue.push_back(std::move(job));
            wake_it = state_->idle;
            if (!state_->thread.joinable()) {
                state_->thread = std::thread([state = state_.get()] { state->work(); });
                pthread_setname_np(state_->thread.native_handle(), "sqlite-writer");
            }
        }
    }
    if (job) {
        job->outcome = unavailable("too many writes are waiting: retry in a moment", "overloaded");
        job->finish();
    } else if (wake_it) {
        state_->wake.notify_one();
    }
}

std::uint64_t GroupWriter::commits() const {
    return state_->commits.load();
}

std::size_t GroupWriter::queued() const {
    const std::lock_guard lock(state_->mutex);
    return state_->queue.size();
}

}  // namespace zs::sqlite
