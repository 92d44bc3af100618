#pragma once

#include "adapters/process/attempt_launch.hpp"
#include "adapters/process/checkpoint.hpp"
#include "adapters/process/output_lines.hpp"
#include "adapters/process/worker_ground.hpp"

#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>

#include <memory>
#include <optional>
#include <stop_token>

namespace zs::process {

// One attempt, as the server sees it: makes its folder or finds it, follows its output into the
// sink, collects what it leaves.
// Lifetime: shared with the work it has on the pool. Dropped early, it leaves the program running,
// as a crash would. Threading: the executor of run().
class Attempt : public std::enable_shared_from_this<Attempt> {
public:
    Attempt(WorkerGround& ground, jobs::LeasedJob job, jobs::EventSink& sink,
            jobs::StopSignal& stop);
    ~Attempt();
    Attempt(const Attempt&) = delete;
    Attempt& operator=(const Attempt&) = delete;

    async::Task<jobs::Outcome> run();

private:
    using SteadyClock = std::chrono::steady_clock;
    struct Look {
        SpoolHead head;
        std::string bytes;
    };

    // Each answers an outcome when the attempt is over already.
    async::Task<std::optional<jobs::Outcome>> begin();
    async::Task<std::optional<jobs::Outcome>> make();
    async::Task<Result<void>> copy_inputs();
    async::Task<Result<void>> copy_input(std::string path, std::string digest);
    async::Task<std::optional<jobs::Outcome>> attach();
    void go_on_from(const Checkpoint& checkpoint);

    async::Task<std::optional<jobs::Outcome>> follow();
    async::Task<Result<Look>> look();
    async::Task<Result<void>> take_bytes(std::string bytes);
    async::Task<> deliver();
    async::Task<> send_lines(std::vector<jobs::LogLine> lines);
    async::Task<> send_progress(bool at_once);
    async::Task<> keep_checkpoint();
    async::Task<> wait_for_news(std::optional<SteadyClock::time_point> until);
    async::Task<bool> shim_is_done();
    // Ends all of it by force.
    async::Task<jobs::Outcome> give_up(std::optional<Error> error);
    void lose_lease();

    async::Task<jobs::Outcome> conclude();
    async::Task<> collect_artifacts(jobs::Outcome& outcome);
    async::Task<> say(std::vector<std::string> notes);
    async::Task<> clean_up();

    WorkerGround& ground_;
    jobs::LeasedJob job_;
    jobs::EventSink& sink_;
    jobs::StopSignal& stop_;
    const std::string name_;
    const AttemptFolder folder_;
    RunningAttempt running_;
    OutputLines lines_;
    std::uint64_t read_ = 0;    // bytes of the spool that lines_ took
    std::uint64_t seen_ = 0;    // lines of the attempt so far
    std::uint64_t stored_ = 0;  // of them, those that an earlier server delivered
    std::uint64_t kept_ = 0;    // read_ of the last checkpoint
    SteadyClock::time_point kept_at_ = SteadyClock::now();
    SteadyClock::time_point delivered_at_{};
    SteadyClock::time_point progress_at_{};
    std::size_t deliveries_ = 0;
    std::optional<jobs::Progress> progress_;
    AttemptEnd end_;
    bool shim_gone_ = false;
    bool lease_lost_ = false;
    bool checkpoint_failed_ = false;
    std::optional<boost::asio::posix::stream_descriptor> wakes_;
    std::optional<boost::asio::steady_timer> timer_;
    std::optional<std::stop_callback<UniqueFunction<void()>>> on_stop_;
};

}  // namespace zs::process
