#include "server/commands/remote_worker.hpp"

#include "async/sleep.hpp"
#include "base/log.hpp"

#include <boost/asio/post.hpp>

#include <algorithm>
#include <charconv>
#include <thread>

namespace zs::server {
namespace json = boost::json;

namespace {

constexpr Millis kSlotWait{20};
constexpr Millis kRetryFirst{500};
constexpr Millis kRetryMax{5'000};

std::uint64_t number_in(const json::value& value) {
    if (value.is_string()) {
        const std::string text(value.get_string());
        std::uint64_t number = 0;
        std::from_chars(text.data(), text.data() + text.size(), number);
        return number;
    }
    return value.is_number() ? value.to_number<std::uint64_t>() : 0;
}

}  // namespace

RemoteWorker::RemoteWorker(ServerCalls& calls, SpoolBlobs& blobs, jobs::Worker& worker,
                           Options options, async::Executor executor)
    : calls_(calls),
      blobs_(blobs),
      worker_(worker),
      options_(std::move(options)),
      executor_(executor),
      tasks_(executor, "remote worker") {}

json::object RemoteWorker::lease_request(std::size_t count, Millis wait) const {
    json::object body;
    body.emplace("worker_id", json_text(options_.id));
    body.emplace("max", std::min<std::size_t>(count, 100));
    body.emplace("wait_ms", wait.count());
    body.emplace("slots", options_.slots);
    json::array labels;
    for (const auto& label : options_.labels)
        labels.push_back(json_text(label));
    body.emplace("labels", std::move(labels));
    body.emplace("sandbox", json_text(to_text(worker_.sandbox())));
    return body;
}

void RemoteWorker::start() {
    tasks_.spawn(lease_for_ever());
    tasks_.spawn(beat_for_ever());
}

async::Task<Result<void>> RemoteWorker::attach() {
    const auto found = co_await worker_.surviving();
    if (!found) co_return found.error();
    json::array leases;
    for (const auto& lease : *found) {
        const auto token = std::to_string(static_cast<std::uint64_t>(lease.token));
        leases.push_back(json::object{{"job_id", json_text(lease.job.to_string())},
                                      {"token", json_text(token)}});
    }
    // Also without any: what an earlier process was given and does not run is lost.
    json::object body;
    body.emplace("worker_id", json_text(options_.id));
    body.emplace("leases", std::move(leases));
    body.emplace("all", true);
    auto answer = co_await calls_.post("/v1/workers/heartbeat", std::move(body));
    if (!answer) co_return std::move(answer).error();
    const auto& kept = answer->at("leases").as_array();
    for (std::size_t i = 0; i < kept.size() && i < found->size(); ++i) {
        if (!kept[i].at("ok").as_bool()) continue;
        const auto& lease = (*found)[i];
        const auto shown = co_await calls_.get("/v1/jobs/" + lease.job.to_string());
        if (!shown) continue;
        const auto attempt = static_cast<std::uint32_t>(number_in(shown->at("attempt")));
        auto job = parse_leased_job(*shown, static_cast<std::uint64_t>(lease.token), attempt);
        if (!job) continue;
        job->job.tenant.env_slug = options_.environment;
        const Millis lasts(static_cast<std::int64_t>(number_in(kept[i].at("lease_ms"))));
        auto again = std::make_shared<RemoteAttempt>(calls_, blobs_, std::move(*job), lasts);
        log::info("attached to an attempt", {{"job", lease.job.to_string()}});
        busy_.fetch_add(1);
        attempts_[lease.job] = again;
        tasks_.spawn(run(again));
    }
    co_return Result<void>();
}

async::Task<Result<std::size_t>> RemoteWorker::lease_once() {
    auto body = lease_request(options_.slots - attempts_.size(), options_.lease_wait);
    auto answer = co_await calls_.post("/v1/workers/lease", std::move(body));
    if (!answer) co_return std::move(answer).error();
    const auto& leased = answer->at("jobs").as_array();
    for (const auto& one : leased) {
        const auto attempt = static_cast<std::uint32_t>(number_in(one.at("attempt")));
        auto job = parse_leased_job(one.at("job"), number_in(one.at("token")), attempt);
        if (!job) {
            log::error("a leased job cannot be read", {{"reason", job.error().message}});
            continue;
        }
        const Millis lasts(static_cast<std::int64_t>(number_in(one.at("lease_ms"))));
        const auto id = job->job.id;
        job->job.tenant.env_slug = options_.environment;
        auto made = std::make_shared<RemoteAttempt>(calls_, blobs_, std::move(*job), lasts);
        busy_.fetch_add(1);
        attempts_[id] = made;
        if (draining_) made->request_stop(jobs::StopReason::Drain);
        tasks_.spawn(run(made));
    }
    co_return leased.size();
}

async::Task<> RemoteWorker::lease_for_ever() {
    Millis pause = kRetryFirst;
    while (!draining_) {
        if (attempts_.size() >= options_.slots) {
            co_await async::sleep_for(kSlotWait);
            continue;
        }
        leases_ = true;
        const auto leased = co_await lease_once();
        leases_ = false;
        if (leased) {
            pause = kRetryFirst;
            continue;
        }
        log::warn("no work from the server", {{"reason", leased.error().message}});
        co_await async::sleep_for(pause);
        pause = std::min(pause * 2, kRetryMax);
    }
}

async::Task<> RemoteWorker::run(AttemptPtr attempt) {
    jobs::LeasedJob job = attempt->job();
    auto outcome = co_await worker_.run(std::move(job), *attempt, *attempt);
    co_await attempt->report(std::move(outcome));
    attempts_.erase(attempt->job().job.id);
    busy_.fetch_sub(1);
}

async::Task<Result<json::array>> RemoteWorker::beat() {
    json::array leases;
    for (const auto& [id, attempt] : attempts_) {
        json::object lease;
        lease.emplace("job_id", json_text(id.to_string()));
        lease.emplace("token", json_text(attempt->token_text()));
        if (const auto progress = attempt->take_progress()) {
            lease.emplace("progress", progress->fraction);
            lease.emplace("message", json_text(progress->message));
        }
        leases.push_back(std::move(lease));
    }
    json::object body;
    body.emplace("worker_id", json_text(options_.id));
    body.emplace("leases", std::move(leases));
    body.emplace("draining", draining_.load());
    auto answer = co_await calls_.post("/v1/workers/heartbeat", std::move(body));
    if (!answer) co_return std::move(answer).error();
    co_return answer->at("leases").as_array();
}

async::Task<> RemoteWorker::beat_for_ever() {
    while (true) {
        co_await async::sleep_for(options_.beat_every);
        for (const auto& [id, attempt] : attempts_) {
            if (attempt->is_over()) attempt->request_stop(jobs::StopReason::LeaseLost);
        }
        if (attempts_.empty()) continue;
        const auto answers = co_await beat();
        if (!answers) {
            log::warn("no heartbeat", {{"reason", answers.error().message}});
            continue;
        }
        for (const auto& answer : *answers) {
            const auto id = jobs::JobId::parse(std::string(answer.at("job_id").as_string()));
            const auto found = id ? attempts_.find(*id) : attempts_.end();
            if (found == attempts_.end()) continue;
            const bool kept = answer.at("ok").as_bool();
            if (kept) {
                found->second->extend(
                    Millis(static_cast<std::int64_t>(number_in(answer.at("lease_ms")))));
            } else {
                found->second->request_stop(jobs::StopReason::LeaseLost);
            }
            if (kept && answer.at("cancel").as_bool())
                found->second->request_stop(jobs::StopReason::Cancel);
        }
    }
}

void RemoteWorker::stop_all(jobs::StopReason reason) {
    for (const auto& [id, attempt] : attempts_)
        attempt->request_stop(reason);
}

async::Task<> RemoteWorker::stop_after_grace() {
    co_await async::sleep_for(options_.drain_grace);
    stop_all(jobs::StopReason::Drain);
}

void RemoteWorker::drain() {
    if (draining_.exchange(true)) return;
    tasks_.spawn(stop_after_grace());
}

void RemoteWorker::hurry() {
    boost::asio::post(executor_, [this] { stop_all(jobs::StopReason::Drain); });
}

void RemoteWorker::join_blocking() {
    constexpr Millis kLook{20};
    while (busy_ > 0 || leases_)
        std::this_thread::sleep_for(kLook);
    tasks_.cancel();
    tasks_.join_blocking();
}

}  // namespace zs::server
