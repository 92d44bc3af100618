#include "server/commands/crash_load.hpp"

#include "base/json.hpp"
#include "base/json_writer.hpp"

#include <chrono>
#include <random>

namespace zs::server {
namespace json = boost::json;

namespace {

using std::chrono::milliseconds;

const SystemClock kClock;
constexpr milliseconds kPause{20};
// Enough to keep every slot busy, and few enough to end soon when no more come.
constexpr std::size_t kOpenMax = 48;

}  // namespace

std::string end_of(const json::value& job) {
    const std::string state(job.at("state").as_string());
    if (state != "succeeded" && state != "failed" && state != "canceled") return {};
    return state + " " + write_json(job.at("attempt")) + " " + write_json(job.at("completed_at"))
           + " " + write_json(job.at("exit_code"));
}

void CrashLoad::set_target(cli::Target target) {
    const std::lock_guard lock(mutex_);
    target_ = std::move(target);
}

cli::Target CrashLoad::target() {
    const std::lock_guard lock(mutex_);
    return target_;
}

void CrashLoad::start(int callers) {
    for (int i = 0; i < callers; ++i) {
        const auto number = static_cast<std::size_t>(i);
        callers_.emplace_back(
            [this, number](const std::stop_token& stop) { submit_until(stop, number); });
    }
}

void CrashLoad::stop_blocking() {
    for (auto& caller : callers_)
        caller.request_stop();
    callers_.clear();
}

void CrashLoad::wait_for_submit_blocking() const {
    constexpr int kLooksMax = 3'000;
    const auto before = sent_.load();
    for (int i = 0; i < kLooksMax && sent_ == before; ++i)
        std::this_thread::sleep_for(milliseconds(1));
}

bool CrashLoad::is_enough() {
    std::size_t ended = 0;
    for (const auto& [key, run] : ledger_.runs())
        ended += run.has_ended ? 1 : 0;
    const std::lock_guard lock(mutex_);
    return ids_.size() > ended + kOpenMax;
}

void CrashLoad::submit_until(const std::stop_token& stop, std::size_t caller) {
    cli::Console quiet{.in = console_.in, .out = console_.out, .err = console_.err};
    quiet.quiet = true;
    std::minstd_rand picks(static_cast<std::uint32_t>(caller + 1));
    while (!stop.stop_requested()) {
        auto session = cli::ApiSession::open(target(), quiet, kClock);
        while (session && !stop.stop_requested()) {
            const bool went_well =
                is_enough() ? look_back(*session, picks()) : submit_one(*session);
            if (!went_well) break;
            std::this_thread::sleep_for(kPause);
        }
        std::this_thread::sleep_for(kPause);
    }
}

bool CrashLoad::submit_one(cli::ApiSession& session) {
    json::object spec{{"command", json::array{"sh", "-c", json_text(ledger_.numbered_lines())}}};
    cli::ApiCall call;
    call.method = "POST";
    call.path = "/v1/jobs";
    call.body = std::move(spec);
    call.timeout = std::chrono::seconds(10);
    ++sent_;
    const auto answer = session.call(call);
    if (!answer) {
        ++unanswered_;
        return false;
    }
    const auto body = parse_json(*answer);
    if (!body) return false;
    const std::lock_guard lock(mutex_);
    ids_.emplace_back(body->at("job_id").as_string());
    return true;
}

bool CrashLoad::look_back(cli::ApiSession& session, std::size_t pick) {
    std::string id;
    {
        const std::lock_guard lock(mutex_);
        id = ids_[pick % ids_.size()];
    }
    const auto answer = session.call(cli::ApiCall{.path = "/v1/jobs/" + id});
    if (!answer) return false;
    const auto job = parse_json(*answer);
    if (job) note_end(id, end_of(*job));
    return true;
}

bool CrashLoad::note_end(const std::string& id, const std::string& how) {
    const std::lock_guard lock(mutex_);
    const auto known = ends_.find(id);
    if (known == ends_.end()) {
        if (!how.empty()) ends_[id] = how;
        return true;
    }
    if (known->second == how) return true;
    known->second = how;
    ++ended_twice_;
    return false;
}

}  // namespace zs::server
