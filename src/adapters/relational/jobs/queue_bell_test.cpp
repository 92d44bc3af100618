#include "adapters/relational/jobs/queue_bell.hpp"

#include "support/postgres_server.hpp"

#include <gtest/gtest.h>

#include <condition_variable>
#include <mutex>
#include <set>

namespace zs::relational {
namespace {

using jobs::JobId;
using jobs::Ring;

// What a bell was told, from its thread; waits end with what they wait for.
class Heard {
public:
    explicit Heard(jobs::QueueBell& bell) : bell_(bell) {
        bell.on_ring([this](const Ring& ring) {
            const std::lock_guard lock(mutex_);
            if (ring.work) ++works_;
            changed_.insert(ring.changed.begin(), ring.changed.end());
            more_.notify_all();
        });
    }
    ~Heard() { bell_.on_ring({}); }
    void wait_for_works(int count) {
        std::unique_lock lock(mutex_);
        more_.wait(lock, [&] { return works_ >= count; });
    }
    void wait_for(const std::set<JobId>& jobs) {
        std::unique_lock lock(mutex_);
        more_.wait(lock, [&] {
            return std::includes(changed_.begin(), changed_.end(), jobs.begin(), jobs.end());
        });
    }
    std::set<JobId> changed() {
        const std::lock_guard lock(mutex_);
        return changed_;
    }

private:
    jobs::QueueBell& bell_;
    std::mutex mutex_;
    std::condition_variable more_;
    int works_ = 0;
    std::set<JobId> changed_;
};

ChannelQueueBell bell(const std::string& database) {
    DatabaseConfig config;
    config.postgres_url = Secret(testing::PostgresServer::shared().url(database));
    return ChannelQueueBell(open_channel(config, kQueueChannel));
}

TEST(QueueBellMessage, ARingIsReadAsItWasWritten) {
    const SystemClock clock;
    Ring ring;
    ring.work = true;
    for (int i = 0; i < 300; ++i)
        ring.changed.push_back(JobId::next(clock));
    const auto first = to_message(ring, 0);
    EXPECT_LT(first.size(), 8000U) << "more than PostgreSQL takes";
    auto read = parse_ring(first);
    EXPECT_TRUE(read.work);
    const auto second = parse_ring(to_message(ring, read.changed.size()));
    read.changed.insert(read.changed.end(), second.changed.begin(), second.changed.end());
    EXPECT_EQ(read.changed, ring.changed);
    EXPECT_FALSE(parse_ring("- nonsense").work);
    EXPECT_TRUE(parse_ring("- nonsense").changed.empty());
    EXPECT_TRUE(parse_ring("").changed.empty());
}

TEST(ChannelQueueBell, EverybodyElseHearsIt) {
    auto& server = testing::PostgresServer::shared();
    const auto database = server.take_database();
    {
        const SystemClock clock;
        auto ours = bell(database);
        auto theirs = bell(database);
        Heard we(ours);
        Heard they(theirs);
        // Each is told of its new connection; from then on it hears.
        we.wait_for_works(1);
        they.wait_for_works(1);
        std::set<JobId> jobs;
        Ring ring;
        for (int i = 0; i < 500; ++i)
            ring.changed.push_back(*jobs.insert(JobId::next(clock)).first);
        ours.ring(ring);
        they.wait_for(jobs);
        EXPECT_EQ(they.changed(), jobs);
        EXPECT_TRUE(we.changed().empty()) << "nobody hears itself";
    }
    server.give_back_database(database);
}

TEST(ChannelQueueBell, AConnectionThatIsLostComesBack) {
    auto& server = testing::PostgresServer::shared();
    const auto database = server.take_database();
    {
        auto ours = bell(database);
        Heard we(ours);
        we.wait_for_works(1);
        server.run(database,
                   "select pg_terminate_backend(pid) from pg_stat_activity"
                   " where datname = current_database() and pid <> pg_backend_pid()");
        we.wait_for_works(2);
    }
    server.give_back_database(database);
}

}  // namespace
}  // namespace zs::relational
