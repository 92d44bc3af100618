#include "adapters/relational/postgres/channel.hpp"

#include "adapters/relational/postgres/backoff.hpp"
#include "adapters/relational/postgres/libpq_handles_impl.hpp"
#include "adapters/relational/postgres/url.hpp"
#include "base/log.hpp"

#include <array>
#include <atomic>
#include <deque>
#include <mutex>
#include <poll.h>
#include <random>
#include <sys/eventfd.h>
#include <thread>
#include <unistd.h>

namespace zs::relational::postgres {
namespace {

constexpr std::size_t kWaitingMax = 1000;
constexpr std::size_t kSentAtOnce = 64;
// Between two sends: what comes meanwhile shares the next one.
constexpr int kPauseMs = 5;
constexpr Millis kRetryFirst{100};
constexpr Millis kRetryLongest{5'000};

struct FreeNotification {
    void operator()(PGnotify* notification) const { PQfreemem(notification); }
};

bool is_good(const ResultPtr& result) {
    const auto status = PQresultStatus(result.get());
    return status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK;
}

}  // namespace

struct Channel::State {
    explicit State(ChannelOptions given)
        : options(std::move(given)), bell(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {}
    ~State() { ::close(bell); }

    void run();
    bool connect();
    void listen_until_lost();
    bool send_waiting();
    void hand_out();
    void tell(const std::string* message);
    void wake() const {
        const std::uint64_t one = 1;
        [[maybe_unused]] const auto written = ::write(bell, &one, sizeof one);
    }
    void sleep(int ms) {
        pollfd rings{bell, POLLIN, 0};
        ::poll(&rings, 1, ms);
    }
    void quiet() const {
        std::uint64_t count = 0;
        [[maybe_unused]] const auto got = ::read(bell, &count, sizeof count);
    }

    const ChannelOptions options;
    const int bell;  // rings when there is something to send, or when it ends
    std::atomic<bool> ends{false};
    std::atomic<bool> greets{false};  // a listener has not heard yet that it listens
    ConnectionPtr pq;                 // the thread's own

    std::mutex mutex;  // of what waits to be sent
    std::deque<std::string> waiting;
    std::mutex listener_mutex;  // held during a call
    Listener listener;
    std::thread thread;
};

void Channel::State::tell(const std::string* message) {
    const std::lock_guard lock(listener_mutex);
    if (listener) listener(message);
}

bool Channel::State::connect() {
    const std::string url(options.url.reveal());
    if (!is_unambiguous_url(url)) return false;
    const auto timeout = std::to_string(std::max<std::int64_t>(options.connect_timeout.count(), 2));
    const char* const keys[] = {"connect_timeout",  "keepalives_idle", "tcp_user_timeout",
                                "application_name", "dbname",          nullptr};
    const char* const values[] = {timeout.c_str(), "30", "30000", "zserver", url.c_str(), nullptr};
    pq.reset(PQconnectdbParams(keys, values, 1));
    if (PQstatus(pq.get()) != CONNECTION_OK) return false;
    // Nothing that is sent here is worth a sync of the disk.
    const auto setup =
        "set synchronous_commit = off; set statement_timeout = '10s'; listen " + options.name;
    return is_good(ResultPtr(PQexec(pq.get(), setup.c_str())));
}

bool Channel::State::send_waiting() {
    std::vector<std::string> some;
    {
        const std::lock_guard lock(mutex);
        while (!waiting.empty() && some.size() < kSentAtOnce) {
            some.push_back(std::move(waiting.front()));
            waiting.pop_front();
        }
        if (!waiting.empty()) wake();
    }
    if (some.empty()) return true;
    if (!is_good(ResultPtr(PQexec(pq.get(), "begin")))) return false;
    for (const auto& message : some) {
        const std::array<const char*, 2> params{options.name.c_str(), message.c_str()};
        const ResultPtr sent(PQexecParams(pq.get(), "select pg_notify($1, $2)", 2, nullptr,
                                          params.data(), nullptr, nullptr, 0));
        if (!is_good(sent)) break;
    }
    return is_good(ResultPtr(PQexec(pq.get(), "commit")));
}

void Channel::State::hand_out() {
    using NotificationPtr = std::unique_ptr<PGnotify, FreeNotification>;
    while (NotificationPtr came{PQnotifies(pq.get())}) {
        if (came->be_pid == PQbackendPID(pq.get())) continue;
        const std::string message(came->extra);
        tell(&message);
    }
}

void Channel::State::listen_until_lost() {
    greets = false;
    tell(nullptr);
    while (!ends) {
        std::array<pollfd, 2> both{pollfd{PQsocket(pq.get()), POLLIN, 0}, pollfd{bell, POLLIN, 0}};
        if (::poll(both.data(), both.size(), -1) < 0) continue;
        if (both[0].revents != 0 && PQconsumeInput(pq.get()) == 0) return;
        if (both[1].revents != 0) {
            quiet();
            if (greets.exchange(false)) tell(nullptr);
            if (!send_waiting()) return;
            // Answers of the server may have brought notifications along.
            hand_out();
            if (!ends) ::poll(nullptr, 0, kPauseMs);
        }
        hand_out();
    }
}

void Channel::State::run() {
    std::minstd_rand random{std::random_device{}()};
    int failures = 0;
    while (!ends) {
        if (connect()) {
            failures = 0;
            listen_until_lost();
            continue;
        }
        ++failures;
        if (failures == 1) {
            log::warn("processes cannot tell each other of their changes; they look by themselves",
                      {{"channel", options.name}});
        }
        sleep(static_cast<int>(jittered(kRetryFirst, kRetryLongest, failures, random).count()));
        quiet();
    }
    pq.reset();
}

Channel::Channel(ChannelOptions options) : state_(std::make_unique<State>(std::move(options))) {
    state_->thread = std::thread([state = state_.get()] { state->run(); });
}

Channel::~Channel() {
    state_->ends = true;
    state_->wake();
    state_->thread.join();
}

void Channel::send(std::string message) {
    {
        const std::lock_guard lock(state_->mutex);
        state_->waiting.push_back(std::move(message));
        if (state_->waiting.size() > kWaitingMax) state_->waiting.pop_front();
    }
    state_->wake();
}

void Channel::on_message(Listener listener) {
    {
        const std::lock_guard lock(state_->listener_mutex);
        state_->listener = std::move(listener);
    }
    state_->greets = true;
    state_->wake();
}

}  // namespace zs::relational::postgres
