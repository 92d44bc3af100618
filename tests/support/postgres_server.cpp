#include "support/postgres_server.hpp"

#include <libpq-fe.h>

#include <chrono>
#include <cstdlib>
#include <fcntl.h>
#include <fstream>
#include <grp.h>
#include <iterator>
#include <mutex>
#include <pwd.h>
#include <stdexcept>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>
#include <utility>
#include <vector>

namespace zs::testing {
namespace {

namespace fs = std::filesystem;

constexpr std::chrono::seconds kStartMax{60};

// $1 folder of the programs, $2 folder of this server, then options of the server. Reads orders
// from its standard input, whose end is the end of the test.
constexpr const char* kKeeper = R"sh(
programs=$1; home=$2; shift 2
start() {
  "$programs/postgres" -D "$home/data" -k "$home" "$@" </dev/null >>"$home/log" 2>&1 &
  pid=$!
}
stop() { kill -QUIT $pid 2>/dev/null; wait $pid 2>/dev/null; }
if "$programs/initdb" -D "$home/data" -U zs --auth=trust --no-sync --encoding=UTF8 \
    --locale=C.UTF-8 --no-instructions </dev/null >"$home/log" 2>&1
then
  start "$@"; echo started
  while read -r order; do
    case $order in
      stop) stop; echo stopped;;
      start) start "$@"; echo started;;
    esac
  done
  stop
else
  echo failed; read -r order
fi
rm -rf "$home"
)sh";

fs::path programs() {
    if (const char* folder = std::getenv("ZS_POSTGRES_BIN")) return folder;
    fs::path best;
    std::error_code error;
    for (const auto& entry : fs::directory_iterator("/usr/lib/postgresql", error)) {
        auto folder = entry.path() / "bin";
        if (fs::exists(folder / "initdb") && folder > best) best = folder;
    }
    if (best.empty()) {
        throw std::runtime_error(
            "no PostgreSQL below /usr/lib/postgresql: install it (./dev does), "
            "or name its programs' folder in ZS_POSTGRES_BIN");
    }
    return best;
}

// Whom the server runs as; nullptr for ourselves.
const passwd* server_user() {
    if (::geteuid() != 0) return nullptr;
    for (const char* name : {"postgres", "nobody"}) {
        if (const auto* user = ::getpwnam(name)) return user;
    }
    throw std::runtime_error("PostgreSQL refuses root, and there is no user postgres or nobody");
}

struct Pipe {
    int read = -1;
    int write = -1;
    Pipe() {
        int ends[2];
        if (::pipe2(ends, O_CLOEXEC) != 0) throw std::runtime_error("pipe2 failed");
        read = ends[0];
        write = ends[1];
    }
};

struct FreeConnection {
    void operator()(PGconn* connection) const { PQfinish(connection); }
};

}  // namespace

struct PostgresServer::State {
    fs::path home;
    pid_t keeper = -1;
    int orders = -1;
    int reports = -1;
    std::mutex mutex;
    int databases = 0;
    std::vector<std::string> empty_databases;

    void spawn(Fsync fsync);
    std::string log() const {
        std::ifstream in(home / "log");
        return {std::istreambuf_iterator<char>(in), {}};
    }
    void order(const std::string& word) const {
        const auto line = word + "\n";
        if (::write(orders, line.data(), line.size()) != static_cast<ssize_t>(line.size())) {
            throw std::runtime_error("the keeper of the PostgreSQL server is gone");
        }
    }
    void expect(const std::string& word) const {
        std::string line;
        char c = 0;
        while (::read(reports, &c, 1) == 1 && c != '\n')
            line += c;
        if (line != word) throw std::runtime_error("PostgreSQL did not start:\n" + log());
    }
    void wait_until_ready(const std::string& url) const {
        const auto until = std::chrono::steady_clock::now() + kStartMax;
        while (PQping(url.c_str()) != PQPING_OK) {
            if (std::chrono::steady_clock::now() > until) {
                throw std::runtime_error("PostgreSQL does not answer:\n" + log());
            }
            std::this_thread::sleep_for(std::chrono::milliseconds(10));
        }
    }
};

void PostgresServer::State::spawn(Fsync fsync) {
    const auto* user = server_user();
    auto pattern = (fs::temp_directory_path() / "zs-pg-XXXXXX").string();
    if (::mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("mkdtemp failed");
    home = pattern;
    if (user != nullptr && ::chown(home.c_str(), user->pw_uid, user->pw_gid) != 0) {
        throw std::runtime_error("chown failed");
    }
    std::vector<std::string> words{"sh", "-c", kKeeper, "sh", programs().string(), home.string()};
    const auto set = [&](const char* setting) { words.insert(words.end(), {"-c", setting}); };
    for (const char* setting :
         {"listen_addresses=", "max_connections=100", "shared_buffers=32MB", "max_wal_senders=0",
          "wal_level=minimal", "log_min_messages=warning"}) {
        set(setting);
    }
    if (fsync == Fsync::Off) {
        for (const char* setting :
             {"fsync=off", "synchronous_commit=off", "full_page_writes=off"}) {
            set(setting);
        }
    }
    std::vector<char*> arguments;
    for (auto& word : words)
        arguments.push_back(word.data());
    arguments.push_back(nullptr);
    const Pipe to_keeper;
    const Pipe from_keeper;
    keeper = ::fork();
    if (keeper < 0) throw std::runtime_error("fork failed");
    if (keeper == 0) {
        // Only what is safe after fork. A session of its own: Ctrl-C is for the test, not for this.
        ::setsid();
        if (user != nullptr
            && (::setgroups(0, nullptr) != 0 || ::setgid(user->pw_gid) != 0
                || ::setuid(user->pw_uid) != 0)) {
            ::_exit(126);
        }
        if (::chdir("/") != 0) ::_exit(126);
        ::dup2(to_keeper.read, STDIN_FILENO);
        ::dup2(from_keeper.write, STDOUT_FILENO);
        ::execv("/bin/sh", arguments.data());
        ::_exit(127);
    }
    ::close(to_keeper.read);
    ::close(from_keeper.write);
    orders = to_keeper.write;
    reports = from_keeper.read;
    expect("started");
}

PostgresServer::PostgresServer(Fsync fsync) : state_(std::make_unique<State>()) {
    state_->spawn(fsync);
    state_->wait_until_ready(url("postgres"));
}

PostgresServer::~PostgresServer() {
    ::close(state_->orders);
    ::waitpid(state_->keeper, nullptr, 0);
    ::close(state_->reports);
}

PostgresServer& PostgresServer::shared() {
    static PostgresServer server;
    return server;
}

std::string PostgresServer::url(const std::string& database) const {
    return "postgres://zs@/" + database + "?host=" + state_->home.string();
}

std::string PostgresServer::take_database() {
    std::string name;
    {
        const std::lock_guard lock(state_->mutex);
        if (!state_->empty_databases.empty()) {
            name = std::move(state_->empty_databases.back());
            state_->empty_databases.pop_back();
            return name;
        }
        name = "test_" + std::to_string(++state_->databases);
    }
    run("postgres", "create database " + name + " template template0");
    return name;
}

void PostgresServer::give_back_database(const std::string& name) {
    run(name,
        "set client_min_messages = warning; set lock_timeout = '20s';"
        "select pg_terminate_backend(pid) from pg_stat_activity"
        " where datname = current_database() and pid <> pg_backend_pid()");
    run(name,
        "set client_min_messages = warning; set lock_timeout = '20s';"
        "drop schema public cascade; create schema public");
    const std::lock_guard lock(state_->mutex);
    state_->empty_databases.push_back(name);
}

void PostgresServer::run(const std::string& database, const std::string& sql) {
    const std::unique_ptr<PGconn, FreeConnection> connection(PQconnectdb(url(database).c_str()));
    auto* result = PQexec(connection.get(), sql.c_str());
    const auto status = PQresultStatus(result);
    PQclear(result);
    if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK) {
        throw std::runtime_error(sql + ": " + PQerrorMessage(connection.get()));
    }
}

void PostgresServer::stop() {
    state_->order("stop");
    state_->expect("stopped");
}

void PostgresServer::start() {
    state_->order("start");
    state_->expect("started");
    state_->wait_until_ready(url("postgres"));
}

}  // namespace zs::testing
