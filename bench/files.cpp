// Files over HTTP: uploads (hashed, synced) and downloads (checked) against nginx, which does
// neither, and against nginx followed by sha256sum and a sync, which do what ours does.
#include "base/encoding.hpp"
#include "base/hash.hpp"
#include "support/failure.hpp"
#include "support/http_client.hpp"
#include "support/load.hpp"
#include "support/options.hpp"
#include "support/report.hpp"
#include "support/scratch_dir.hpp"
#include "support/servers.hpp"

#include <fmt/format.h>

#include <chrono>
#include <cstring>
#include <random>
#include <sys/socket.h>
#include <unistd.h>

namespace zs::bench {
namespace {

constexpr const char* kOurs = "zserver";
constexpr const char* kPeer = "nginx";
constexpr const char* kPeerSynced = "nginx, sha256sum, sync";
constexpr const char* kPeerCopied = "nginx, sendfile off";
constexpr std::size_t kSendBytes = 1 << 20;

const std::vector<Report::Column> kColumns{{"mb_per_second", "MB/s", 0},
                                           {"server_cpu_ms_per_mb", "server CPU ms/MB", 2}};

// A connection that moves large bodies.
class Mover {
public:
    explicit Mover(Endpoint endpoint) : fd_(connect_blocking(endpoint)) {}
    ~Mover() { ::close(fd_); }
    Mover(const Mover&) = delete;
    Mover& operator=(const Mover&) = delete;

    void send(std::string_view bytes) {
        while (!bytes.empty()) {
            const auto part = bytes.substr(0, kSendBytes);
            const ssize_t sent = ::send(fd_, part.data(), part.size(), MSG_NOSIGNAL);
            if (sent <= 0) throw Failure("the server took no more of an upload");
            bytes.remove_prefix(static_cast<std::size_t>(sent));
        }
    }
    // Reads one answer and drops its body; answers how long that was.
    std::size_t receive() {
        std::string head;
        std::size_t end = std::string::npos;
        while (end == std::string::npos) {
            head.append(buffer_.data(), fill());
            end = head.find("\r\n\r\n");
        }
        if (head.compare(0, 10, "HTTP/1.1 2") != 0) throw Failure("answered " + head);
        const auto at = head.find("Content-Length: ");
        const bool empty = at == std::string::npos || at > end;
        const std::size_t length = empty ? 0 : std::stoul(head.substr(at + 16));
        std::size_t got = head.size() - end - 4;
        while (got < length)
            got += fill();
        return length;
    }

private:
    std::size_t fill() {
        const ssize_t got = ::recv(fd_, buffer_.data(), buffer_.size(), 0);
        if (got <= 0) throw Failure("the server ended its answer early");
        return static_cast<std::size_t>(got);
    }
    int fd_;
    std::string buffer_ = std::string(256 * 1024, '\0');
};

class Peers {
public:
    explicit Peers(const BenchOptions& options)
        : options_(options),
          directory_("files"),
          zserver_(zserver_options()),
          nginx_(nginx_options()),
          account_(sign_up(zserver_.endpoint(), "files@example.com")) {
        std::filesystem::create_directories(store());
    }

    double sync_us() const { return sync_cost_us(directory_.path()); }

    void set_size(std::size_t bytes) {
        std::mt19937_64 random(options_.seed);
        body_.resize(bytes);
        for (std::size_t at = 0; at + 8 <= bytes; at += 8) {
            const auto word = random();
            std::memcpy(body_.data() + at, &word, 8);
        }
        upload_ours();
        last_ = to_hex(sha256(body_));
        upload_nginx("download");
    }

    Subject upload(const char* name, bool ours, bool synced) {
        const auto run = [this, ours, synced] {
            return measure(ours, [this, ours, synced] {
                ours ? upload_ours() : upload_nginx("upload");
                if (synced) check_and_sync("upload");
            });
        };
        return {name, run};
    }
    Subject download(const char* name, bool ours, const std::string& path) {
        const auto run = [this, ours, path] {
            return measure(ours, [this, ours, path] {
                Mover mover(ours ? zserver_.endpoint() : nginx_.endpoint());
                const auto target = ours ? "/v1/files/" + last_ : path;
                mover.send(request_text("GET", target, account_.headers()));
                if (mover.receive() != body_.size()) throw Failure("a download was short");
            });
        };
        return {name, run};
    }

private:
    std::filesystem::path store() const { return directory_.path() / "nginx/store"; }
    Zserver::Options zserver_options() {
        Zserver::Options made;
        made.data = directory_.path() / "data";
        made.access_log = options_.access_log;
        made.environment = {{"ZLIMIT_FILE", "4GiB"}};
        return made;
    }
    Nginx::Options nginx_options() {
        Nginx::Options made;
        made.directory = directory_.path() / "nginx";
        made.body = "ready";
        made.content_type = "text/plain";
        made.access_log = options_.access_log;
        const std::string root = "root " + made.directory.string() + "; client_max_body_size 0; ";
        made.locations = "location /store/ { " + root + "dav_methods PUT; sendfile on; }\n"
                         "location /copied/ { alias " + store().string() + "/; sendfile off; }\n";
        return made;
    }

    // Different content each time: equal content would be kept once.
    std::string_view next_body() {
        ++uploads_;
        std::memcpy(body_.data(), &uploads_, sizeof uploads_);
        return body_;
    }
    void upload_ours() {
        Mover mover(zserver_.endpoint());
        const auto body = next_body();
        mover.send(head("POST", "/v1/files", body.size()));
        mover.send(body);
        mover.receive();
    }
    void upload_nginx(const std::string& name) {
        Mover mover(nginx_.endpoint());
        mover.send(head("PUT", "/store/" + name, body_.size()));
        mover.send(body_);
        mover.receive();
    }
    std::string head(const char* method, const std::string& path, std::size_t size) const {
        return std::string(method) + " " + path + " HTTP/1.1\r\nHost: localhost\r\nAuthorization: "
               + "Bearer " + account_.token + "\r\nContent-Type: application/octet-stream\r\n"
               + "Content-Length: " + std::to_string(size) + "\r\n\r\n";
    }
    void check_and_sync(const std::string& name) {
        Command sum;
        sum.arguments = {"/usr/bin/sha256sum", (store() / name).string()};
        run_to_end(sum);
        Command sync;
        sync.arguments = {"/usr/bin/sync", (store() / name).string(), store().string()};
        run_to_end(sync);
    }

    template <class Work>
    Sample measure(bool ours, Work work) {
        const auto cpu = [&] { return ours ? zserver_.cpu_seconds() : nginx_.cpu_seconds(); };
        const double cpu_before = cpu();
        const auto began = std::chrono::steady_clock::now();
        std::size_t count = 0;
        Seconds took{0};
        while (took.count() < options_.seconds) {
            work();
            ++count;
            took = std::chrono::steady_clock::now() - began;
        }
        const double megabytes = static_cast<double>(count * body_.size()) / 1e6;
        return {{"mb_per_second", megabytes / took.count()},
                {"server_cpu_ms_per_mb", (cpu() - cpu_before) * 1e3 / megabytes}};
    }

    const BenchOptions& options_;
    ScratchDir directory_;
    Zserver zserver_;
    Nginx nginx_;
    Account account_;
    std::string body_;
    std::string last_;  // the digest of what downloads fetch
    std::uint64_t uploads_ = 0;
};

void measure(const BenchOptions& options) {
    Peers peers(options);
    Report report("files", options);
    report.note("sync of 4 KiB", fmt::format("{:.0f} µs", peers.sync_us()));
    report.note("client", "one connection, bodies sent and received in the benchmark's process");
    for (const std::size_t size : {std::size_t{1} << 20, std::size_t{64} << 20}) {
        peers.set_size(size);
        const std::string title = std::to_string(size >> 20) + " MiB";
        const std::vector<Subject> uploads{peers.upload(kOurs, true, false),
                                           peers.upload(kPeer, false, false),
                                           peers.upload(kPeerSynced, false, true)};
        const auto up = run_interleaved(uploads, options.rounds);
        report.table("upload, " + title, uploads, up, kColumns, kPeerSynced);
        const std::vector<Subject> downloads{
            peers.download(kOurs, true, ""), peers.download(kPeer, false, "/store/download"),
            peers.download(kPeerCopied, false, "/copied/download")};
        const auto down = run_interleaved(downloads, options.rounds);
        report.table("download, " + title, downloads, down, kColumns, kPeer);
        if (size < (std::size_t{64} << 20)) continue;
        report.goal("upload ÷ (nginx, sha256sum, sync)",
                    ratio_of(up, kOurs, kPeerSynced, "mb_per_second"), Report::Bound::AtLeast, 1.0);
        report.goal("download ÷ nginx without sendfile",
                    ratio_of(down, kOurs, kPeerCopied, "mb_per_second"), Report::Bound::AtLeast,
                    0.8);
    }
}

}  // namespace
}  // namespace zs::bench

int main(int argc, char** argv) {
    return zs::bench::run_bench(argc, argv,
                                "bench files: uploads and downloads against nginx and sha256sum",
                                {}, zs::bench::measure);
}
