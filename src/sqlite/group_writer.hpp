#pragma once

#include "async/completion.hpp"
#include "async/deadline.hpp"
#include "async/task.hpp"
#include "sqlite/connection.hpp"
#include "sqlite/write_lock.hpp"

#include <condition_variable>
#include <exception>
#include <future>
#include <memory>
#include <optional>
#include <stop_token>
#include <type_traits>
#include <utility>

namespace zs::sqlite {

struct WriteOptions {
    async::Deadline deadline = async::Deadline::never();  // for waiting; the work watches its own
    std::stop_token cancelled;                            // dropped when it has not begun yet
};

// Hears what becomes of the writer's transactions, on its thread and under the write lock. Change
// capture is one.
class WriteObserver {
public:
    virtual ~WriteObserver() = default;
    virtual void transaction_begins(Connection&) {}
    virtual void work_begins() {}
    virtual void work_undone() {}  // what the last work_begins started
    virtual Result<void> before_commit(Connection&) { return {}; }
    virtual void committed() {}    // durable now; waiters hear later
    virtual void rolled_back() {}  // everything since transaction_begins
};

// The one writer of a database in this process: takes everything that waits into one transaction
// (a savepoint each when it is more than one), commits once, then completes every waiter.
//
// Work is `Result<T>(Connection&)`. One that fails is rolled back alone. It MAY RUN MORE THAN ONCE:
// when SQLite gives up the whole transaction because of one work (interrupted, out of memory,
// INSERT OR ROLLBACK), the others are run again without it; so work changes nothing but the
// database and its own answer. Work neither begins nor ends transactions. Before its answer is
// heard, the work and what it captured are gone.
// Threading:  call from any thread. The thread starts with the first work.
// Durability: success means the change survives power loss.
// Errors:     what the work answers; Unavailable "overloaded" when the queue is full;
//             DeadlineExceeded when the deadline passed before the work began.
// Lifetime:   the destructor finishes what is queued.
class GroupWriter {
public:
    struct Limits {
        std::size_t queue_max = 4096;
        std::size_t batch_max = 1024;
    };

    GroupWriter(Connection connection, std::shared_ptr<WriteLock> lock, Limits limits,
                std::shared_ptr<WriteObserver> observer = nullptr);
    ~GroupWriter();
    GroupWriter(const GroupWriter&) = delete;
    GroupWriter& operator=(const GroupWriter&) = delete;

    // Name the lambda first, then await.
    template <class Work>
    async::Task<std::invoke_result_t<Work&, Connection&>> run(Work work,
                                                              WriteOptions options = {}) {
        using Answer = std::invoke_result_t<Work&, Connection&>;
        auto start = [this, work = std::move(work),
                      options = std::move(options)](async::Completion<Answer> done) mutable {
            auto finish = [done = std::move(done)](Answer answer) mutable {
                done.complete(std::move(answer));
            };
            push(make_job<Answer>(std::move(work), std::move(options), std::move(finish)));
        };
        return async::wait_for<Answer>(std::move(start));
    }

    // For start-up and tests; never from an io thread.
    template <class Work>
    std::invoke_result_t<Work&, Connection&> run_blocking(Work work, WriteOptions options = {}) {
        using Answer = std::invoke_result_t<Work&, Connection&>;
        std::promise<Answer> promise;
        auto future = promise.get_future();
        auto finish = [&promise](Answer answer) { promise.set_value(std::move(answer)); };
        push(make_job<Answer>(std::move(work), std::move(options), std::move(finish)));
        return future.get();
    }

    std::uint64_t commits() const;  // transactions committed since the start
    std::size_t queued() const;

    // One waiting piece of work. Public for the writer's own loop.
    class Job {
    public:
        virtual ~Job() = default;
        virtual Result<void> work(Connection& connection) = 0;
        virtual void finish() = 0;  // with `outcome`
        WriteOptions options;
        Result<void> outcome;
    };

private:
    template <class Answer, class Work, class Finish>
    class JobOf final : public Job {
    public:
        JobOf(Work work, Finish finish) : work_(std::move(work)), finish_(std::move(finish)) {}
        Result<void> work(Connection& connection) override {
            try {
                answer_.emplace((*work_)(connection));
            } catch (const std::exception& error) {
                answer_.emplace(internal_error(error.what()));
            }
            if (!*answer_) return answer_->error();
            return {};
        }
        void finish() override {
            if (!outcome) answer_.emplace(std::move(outcome).error());
            // What it captured could otherwise die after all that it stands on.
            work_.reset();
            finish_(std::move(*answer_));
        }

    private:
        std::optional<Work> work_;
        Finish finish_;
        std::optional<Answer> answer_;
    };

    template <class Answer, class Work, class Finish>
    static std::unique_ptr<Job> make_job(Work work, WriteOptions options, Finish finish) {
        auto job =
            std::make_unique<JobOf<Answer, Work, Finish>>(std::move(work), std::move(finish));
        job->options = std::move(options);
        return job;
    }

    void push(std::unique_ptr<Job> job);

    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace zs::sqlite
