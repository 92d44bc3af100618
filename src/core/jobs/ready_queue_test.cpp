#include "core/jobs/ready_queue.hpp"

#include "core/jobs/limits.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

namespace zs::jobs {
namespace {

class ReadyQueueTest : public ::testing::Test {
protected:
    Now now() const { return {wall_.now(), monotonic_.now()}; }
    JobBrief brief(const std::string& org = "a", int priority = 0) {
        JobBrief job;
        job.id = JobId::next(wall_);
        job.tenant = {org, "live"};
        job.eligible_at = job.created_at = wall_.now();
        job.priority = static_cast<std::int16_t>(priority);
        return job;
    }
    JobId put(JobBrief job) {
        queue_.put(job, now());
        return job.id;
    }
    std::vector<JobId> pick(std::size_t count, Capability worker = {}) {
        return queue_.pick(worker, count, now());
    }
    void advance(Millis by) {
        wall_.advance(by);
        monotonic_.advance(by);
        queue_.pass_time(now());
    }
    ManualClock wall_;
    ManualMonotonicClock monotonic_;
    ReadyQueue queue_{0};
};

TEST_F(ReadyQueueTest, TenantsTakeTurns) {
    std::vector<JobId> big;
    for (int i = 0; i < 4; ++i)
        big.push_back(put(brief("big")));
    const JobId small = put(brief("small"));
    const auto picked = pick(3);
    EXPECT_EQ(picked, (std::vector<JobId>{big[0], small, big[1]}));
    EXPECT_EQ(queue_.running({"big", "live"}), 2U);
    EXPECT_EQ(queue_.waiting({"big", "live"}), 2U);
}

TEST_F(ReadyQueueTest, KeysInsideATenantTakeTurns) {
    std::vector<JobId> ids;
    for (int i = 0; i < 6; ++i) {
        JobBrief job = brief();
        job.concurrency = ConcurrencyLimit{i < 4 ? "x" : "y", 10};
        ids.push_back(put(job));
    }
    EXPECT_EQ(pick(4), (std::vector<JobId>{ids[0], ids[4], ids[1], ids[5]}));
}

TEST_F(ReadyQueueTest, PriorityAgesByOnePerMinute) {
    const JobId old = put(brief("a", 0));
    advance(Millis(60'000 * 5));
    const JobId urgent = put(brief("a", 6));
    const JobId less = put(brief("a", 4));
    EXPECT_EQ(pick(3), (std::vector<JobId>{urgent, old, less}));
}

TEST_F(ReadyQueueTest, EqualsGoFirstComeFirstServed) {
    std::vector<JobId> ids;
    for (int i = 0; i < 20; ++i)
        ids.push_back(put(brief()));
    EXPECT_EQ(pick(100), ids);
}

TEST_F(ReadyQueueTest, AConcurrencyLimitHoldsUntilOneEnds) {
    std::vector<JobBrief> jobs;
    for (int i = 0; i < 4; ++i) {
        jobs.push_back(brief());
        jobs.back().concurrency = ConcurrencyLimit{"db", 2};
        put(jobs.back());
    }
    const auto first = pick(10);
    ASSERT_EQ(first.size(), 2U);
    EXPECT_TRUE(pick(10).empty());
    const auto why = queue_.obstacles(jobs[2].id, now());
    ASSERT_EQ(why.size(), 1U);
    EXPECT_EQ(why[0].rule, Waiting::Concurrency);
    EXPECT_EQ(why[0].limit, 2U);
    EXPECT_EQ(why[0].held_by.size(), 2U);
    JobBrief running = jobs[0];
    running.state = JobState::Running;
    queue_.put(running, now());
    EXPECT_TRUE(pick(10).empty()) << "running holds as picked does";
    queue_.erase(jobs[0].id);
    EXPECT_EQ(pick(10), std::vector<JobId>{jobs[2].id});
    queue_.put_back(jobs[2].id);
    EXPECT_EQ(pick(10), std::vector<JobId>{jobs[2].id}) << "what came to nothing is as before";
}

TEST_F(ReadyQueueTest, ARateIsExactOverAnyMinute) {
    for (int i = 0; i < 7; ++i) {
        JobBrief job = brief();
        job.rate = RateLimit{"api", 3};
        put(job);
    }
    const JobId free = put(brief());
    EXPECT_EQ(pick(10).size(), 4U) << "three, and the one without a limit";
    EXPECT_EQ(queue_.place(free), ReadyQueue::Place::Picked);
    advance(Millis(59'999));
    EXPECT_TRUE(pick(10).empty());
    advance(Millis(1));
    EXPECT_EQ(pick(10).size(), 3U);
    EXPECT_TRUE(queue_.next_moment(now()).has_value());
}

TEST_F(ReadyQueueTest, WorkersGetWhatTheyCanDo) {
    JobBrief gpu = brief();
    gpu.requires_labels = {"gpu"};
    JobBrief fenced = brief();
    fenced.sandbox = SandboxTier::L2;
    JobBrief mail = brief();
    mail.kind = "mail";
    const JobId plain = put(brief());
    put(gpu);
    put(fenced);
    put(mail);
    Capability processes;
    processes.kinds = {"process"};
    EXPECT_EQ(pick(10, processes), std::vector<JobId>{plain});
    Capability strong = processes;
    strong.labels = {"big", "gpu"};
    strong.sandbox = SandboxTier::L2;
    EXPECT_EQ(pick(10, strong).size(), 2U);
    Capability mailer;
    mailer.kinds = {"mail"};
    mailer.tenant = identity::Tenant{"b", "live"};
    EXPECT_TRUE(pick(10, mailer).empty()) << "of another tenant";
    mailer.tenant->org_id = "a";
    EXPECT_EQ(pick(10, mailer), std::vector<JobId>{mail.id});
}

TEST_F(ReadyQueueTest, PausesAndQuotasStopATenantOnly) {
    ReadyQueue limited(2);
    for (int i = 0; i < 4; ++i) {
        limited.put(brief("a"), now());
        limited.put(brief("b"), now());
    }
    limited.set_paused({"b", "live"}, true);
    EXPECT_EQ(limited.pick({}, 10, now()).size(), 2U);
    limited.set_paused({"b", "live"}, false);
    EXPECT_EQ(limited.pick({}, 10, now()).size(), 2U);
}

TEST_F(ReadyQueueTest, DelaysEndOnTheRightClock) {
    JobBrief later = brief();
    later.eligible_at = wall_.now() + Seconds(100);
    JobBrief retrying = brief();
    retrying.state = JobState::Retrying;
    retrying.eligible_at = wall_.now() + Seconds(10);
    JobBrief blocked = brief();
    blocked.open_dependencies = 1;
    put(later);
    put(retrying);
    put(blocked);
    EXPECT_TRUE(pick(10).empty());
    wall_.advance(-Millis(3'600'000));
    monotonic_.advance(Millis(10'000));
    queue_.pass_time(now());
    EXPECT_EQ(pick(10), std::vector<JobId>{retrying.id}) << "a back-off is a duration";
    wall_.advance(Millis(3'700'000));
    queue_.pass_time(now());
    EXPECT_EQ(pick(10), std::vector<JobId>{later.id});
    blocked.open_dependencies = 0;
    put(blocked);
    EXPECT_EQ(pick(10), std::vector<JobId>{blocked.id});
}

// Against a plain model: limits are never exceeded, and everything comes in the end.
TEST_F(ReadyQueueTest, RandomLivesKeepTheLimits) {
    const auto seed = std::random_device{}();
    std::mt19937_64 random(seed);
    std::map<JobId, JobBrief> waiting;
    std::map<JobId, JobBrief> running;
    const auto draw = [&](int below) { return static_cast<int>(random() % std::uint64_t(below)); };
    std::size_t done = 0;
    for (int step = 0; step < 20'000; ++step) {
        const int what = draw(10);
        if (what < 4 && step < 15'000) {
            JobBrief job = brief(std::string(1, static_cast<char>('a' + draw(3))), draw(20) - 10);
            if (draw(2) == 0) {
                job.concurrency = ConcurrencyLimit{std::to_string(draw(4)),
                                                   static_cast<std::uint32_t>(1 + draw(3))};
            }
            if (draw(4) == 0) job.requires_labels = {"gpu"};
            waiting[job.id] = job;
            put(job);
        } else if (what < 7) {
            Capability worker;
            if (draw(2) == 0) worker.labels = {"gpu"};
            for (const JobId id : pick(1 + std::size_t(draw(3)), worker)) {
                ASSERT_TRUE(waiting.contains(id)) << "seed " << seed;
                JobBrief job = waiting[id];
                waiting.erase(id);
                if (job.concurrency) {
                    const auto held = std::count_if(running.begin(), running.end(), [&](auto& r) {
                        return r.second.tenant == job.tenant && r.second.concurrency
                               && r.second.concurrency->key == job.concurrency->key;
                    });
                    ASSERT_LT(held, std::int64_t{job.concurrency->max}) << "seed " << seed;
                }
                job.state = JobState::Running;
                queue_.put(job, now());
                running[id] = job;
            }
        } else if (!running.empty()) {
            auto ended = std::next(running.begin(), draw(static_cast<int>(running.size())));
            queue_.erase(ended->first);
            running.erase(ended);
            ++done;
        }
        if (draw(50) == 0) advance(Millis(draw(5'000)));
        ASSERT_EQ(queue_.size(), waiting.size() + running.size()) << "seed " << seed;
    }
    for (const auto& [id, job] : running)
        queue_.erase(id);
    Capability all;
    all.labels = {"gpu"};
    while (!waiting.empty()) {
        const auto some = pick(100, all);
        ASSERT_FALSE(some.empty()) << waiting.size() << " never come, seed " << seed;
        for (const JobId id : some) {
            waiting.erase(id);
            queue_.erase(id);
        }
    }
    EXPECT_EQ(queue_.size(), 0U);
    EXPECT_GT(done, 100U);
}

}  // namespace
}  // namespace zs::jobs
