// Events to many WebSockets: deliveries per second of processor time, latency at a steady rate,
// memory of idle connections; beside a server on the npm `ws` package that does the same.
// The server under test holds bus, fan-out and WebSocket server of zserver with a publisher inside:
// no HTTP, no database. Both servers have one event loop.
#include "support/event_clients.hpp"
#include "support/event_server.hpp"
#include "support/failure.hpp"
#include "support/options.hpp"
#include "support/process.hpp"
#include "support/report.hpp"

#include <fmt/format.h>

#include <arpa/inet.h>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <optional>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

namespace zs::bench {
namespace {

constexpr const char* kOurs = "zserver";
constexpr const char* kPeer = "npm ws";
constexpr std::size_t kSubscribers = 1000;
constexpr std::size_t kIdle = 10'000;
constexpr int kRate = 50'000;

// What a thousand connections and more need.
void raise_descriptor_limit() {
    rlimit limit{};
    ::getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &limit);
}

class Server {
public:
    explicit Server(bool ours) : process_(command_of(ours)) {
        const auto ports = process_.wait_for_line("listening ", std::chrono::seconds(20));
        int port = 0;
        int control = 0;
        std::sscanf(ports.c_str(), "%d %d", &port, &control);
        port_ = static_cast<std::uint16_t>(port);
        control_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        address.sin_port = htons(static_cast<std::uint16_t>(control));
        if (::connect(control_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
            throw Failure("the control port does not answer");
    }
    ~Server() { ::close(control_); }
    Server(const Server&) = delete;
    Server& operator=(const Server&) = delete;

    std::uint16_t port() const { return port_; }
    void tell(const std::string& command) {
        const auto line = command + "\n";
        ::send(control_, line.data(), line.size(), MSG_NOSIGNAL);
    }
    double cpu_seconds() const { return cpu_seconds_of_tree(process_.pid()); }
    double resident_kib() const { return memory_of(process_.pid()).resident_mib * 1024; }

private:
    static Command command_of(bool ours) {
        Command command;
        if (ours) {
            command.arguments = {std::filesystem::read_symlink("/proc/self/exe").string(),
                                 "--serve"};
        } else {
            command.arguments = {"node", ZS_SOURCE_DIR "/bench/support/ws_peer.mjs", ZS_SOURCE_DIR};
        }
        return command;
    }
    Process process_;
    std::uint16_t port_ = 0;
    int control_ = -1;
};

// Bursts of so many events to every subscriber, the next when all have come.
Sample fan_out(bool ours, int burst, double seconds) {
    Server server(ours);
    EventClients clients;
    clients.connect(server.port(), kSubscribers);
    clients.receive_for(0.3);
    const auto run = [&](double span) {
        const auto began = std::chrono::steady_clock::now();
        std::chrono::duration<double> took{0};
        const auto before = clients.events();
        while (took.count() < span) {
            const auto wanted = clients.events() + kSubscribers * static_cast<std::uint64_t>(burst);
            server.tell("fan " + std::to_string(burst));
            clients.receive([&] { return clients.events() >= wanted; });
            took = std::chrono::steady_clock::now() - began;
        }
        return static_cast<double>(clients.events() - before) / took.count();
    };
    run(0.3);
    const auto before = clients.events();
    const double cpu = server.cpu_seconds();
    const double per_second = run(seconds);
    const auto deliveries = static_cast<double>(clients.events() - before);
    return {{"deliveries_per_cpu_second", deliveries / (server.cpu_seconds() - cpu)},
            {"deliveries_per_second", per_second}};
}

// So many events per second, each to one of the subscribers.
Sample latency(bool ours, double seconds) {
    Server server(ours);
    EventClients clients;
    clients.connect(server.port(), kSubscribers);
    clients.receive_for(0.3);
    clients.measures = true;
    const double cpu = server.cpu_seconds();
    server.tell(fmt::format("each {} {}", kRate, seconds));
    const auto wanted = static_cast<std::uint64_t>(kRate * seconds);
    clients.receive([&] { return clients.events() >= wanted; });
    const auto micros = [&](double percent) {
        return static_cast<double>(clients.latencies().percentile(percent).count()) / 1e3;
    };
    return {{"p50_us", micros(50)},
            {"p99_us", micros(99)},
            {"cpu_percent", (server.cpu_seconds() - cpu) / seconds * 100}};
}

Sample idle_memory(bool ours) {
    Server server(ours);
    EventClients clients;
    clients.connect(server.port(), 100);  // what the first ones cost once
    clients.receive_for(0.5);
    const double before = server.resident_kib();
    clients.connect(server.port(), kIdle - 100);
    clients.receive_for(1.5);
    const double each = (server.resident_kib() - before) * 1024 / static_cast<double>(kIdle - 100);
    server.tell("fan 1");
    const auto had = clients.events();
    clients.receive([&] { return clients.events() >= had + kIdle; });
    return {{"bytes_per_connection", each}};
}

std::vector<Subject> both(const std::function<Sample(bool)>& run) {
    return {{kOurs, [run] { return run(true); }}, {kPeer, [run] { return run(false); }}};
}

void measure(const BenchOptions& options) {
    raise_descriptor_limit();
    Report report("events", options);
    report.note("subscribers", std::to_string(kSubscribers));
    report.note("event", "a change of one row, about 230 bytes of JSON");
    for (const int burst : {1, 16, 128}) {
        const auto subjects =
            both([&, burst](bool ours) { return fan_out(ours, burst, options.seconds); });
        const auto samples = run_interleaved(subjects, options.rounds);
        report.table(fmt::format("fan-out, {} events at a time", burst), subjects, samples,
                     {{"deliveries_per_cpu_second", "deliveries per CPU second", 0},
                      {"deliveries_per_second", "deliveries/s", 0}},
                     kPeer);
        if (burst == 1) continue;
        report.goal(fmt::format("deliveries per CPU second, {} at a time", burst),
                    median_of(samples.at(kOurs), "deliveries_per_cpu_second"),
                    Report::Bound::AtLeast, 500'000);
    }
    const auto steady = both([&](bool ours) { return latency(ours, options.seconds); });
    const auto latencies = run_interleaved(steady, options.rounds);
    report.table(fmt::format("{} events per second, one subscriber each", kRate), steady, latencies,
                 {{"p99_us", "p99 µs", 0}, {"p50_us", "p50 µs", 0}, {"cpu_percent", "CPU %", 0}},
                 "");
    report.goal("p99 in ms at 50,000 events per second",
                median_of(latencies.at(kOurs), "p99_us") / 1e3, Report::Bound::AtMost, 10);
    const auto idle = both([](bool ours) { return idle_memory(ours); });
    const auto memory = run_interleaved(idle, 1);
    report.table(fmt::format("{} idle connections, each with two subscriptions", kIdle), idle,
                 memory, {{"bytes_per_connection", "bytes of RSS each", 0}}, kPeer);
    report.goal("bytes of RSS per idle connection",
                median_of(memory.at(kOurs), "bytes_per_connection"), Report::Bound::AtMost, 4096);
}

}  // namespace
}  // namespace zs::bench

int main(int argc, char** argv) {
    if (argc == 2 && std::string_view(argv[1]) == "--serve") {
        zs::bench::raise_descriptor_limit();
        return zs::bench::run_event_server();
    }
    zs::bench::BenchOptions defaults;
    defaults.rounds = 3;
    return zs::bench::run_bench(argc, argv,
                                "bench events: WebSocket subscribers against the npm ws package",
                                defaults, zs::bench::measure);
}
