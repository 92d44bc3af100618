#pragma once

#include "adapters/cli/api_session.hpp"
#include "server/commands/crash_ledger.hpp"

#include <atomic>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace zs::server {

// Who submits jobs while the server is being killed, and looks again at those that had ended.
// Lifetime: console and ledger outlive it. Threading: one thread, besides its own.
class CrashLoad {
public:
    CrashLoad(cli::Console& console, CrashLedger& ledger) : console_(console), ledger_(ledger) {}
    ~CrashLoad() { stop_blocking(); }

    void set_target(cli::Target target);
    cli::Target target();
    void start(int callers);
    void stop_blocking();
    // Waits until a submit is being sent.
    void wait_for_submit_blocking() const;

    const std::vector<std::string>& answered() const { return ids_; }
    std::size_t unanswered() const { return unanswered_; }
    // Notes how a job was seen to have ended; false when it was seen otherwise before.
    bool note_end(const std::string& id, const std::string& how);
    // Jobs that had ended and were seen to end once more, or otherwise.
    std::size_t ended_twice() const { return ended_twice_; }

private:
    void submit_until(const std::stop_token& stop, std::size_t caller);
    bool submit_one(cli::ApiSession& session);
    bool look_back(cli::ApiSession& session, std::size_t pick);
    bool is_enough();

    cli::Console& console_;
    CrashLedger& ledger_;
    std::mutex mutex_;
    cli::Target target_;
    std::vector<std::string> ids_;
    std::map<std::string, std::string> ends_;
    std::atomic<std::size_t> unanswered_{0};
    std::atomic<std::size_t> ended_twice_{0};
    std::atomic<std::uint64_t> sent_{0};
    std::vector<std::jthread> callers_;
};

// How a job ended, in one text: which attempt, when, what came of it. Empty: it has not.
std::string end_of(const boost::json::value& job);

}  // namespace zs::server
