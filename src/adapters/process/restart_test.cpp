#include "adapters/process/process_mark.hpp"
#include "adapters/process/restart_helper.hpp"
#include "adapters/process/worker_test_rig.hpp"

#include <cerrno>
#include <fcntl.h>
#include <fstream>
#include <random>
#include <spawn.h>
#include <sstream>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

namespace zs::process {

namespace {

std::string read_all(const std::filesystem::path& path) {
    std::ifstream file(path);
    std::ostringstream text;
    text << file.rdbuf();
    return text.str();
}

// Stores lines as a database would: whole ones, each once.
class FileSink final : public jobs::EventSink {
public:
    explicit FileSink(const std::filesystem::path& path) {
        auto before = read_all(path);
        before.resize(before.rfind('\n') == std::string::npos ? 0 : before.rfind('\n') + 1);
        count_ = static_cast<std::uint64_t>(std::count(before.begin(), before.end(), '\n'));
        (void)!::truncate(path.c_str(), static_cast<off_t>(before.size()));
        file_ = Descriptor(::open(path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600));
    }
    std::uint64_t count() const { return count_; }
    async::Task<Result<void>> log(std::vector<jobs::LogLine> lines) override {
        std::string all;
        for (const auto& line : lines)
            all += line.bytes + "\n";
        (void)!::write(file_.get(), all.data(), all.size());
        co_return Result<void>();
    }
    async::Task<Result<void>> progress(jobs::Progress) override { co_return Result<void>(); }
    async::Task<Result<void>> artifact(jobs::Artifact) override { co_return Result<void>(); }

private:
    Descriptor file_;
    std::uint64_t count_ = 0;
};

}  // namespace

int serve_one_job(const std::filesystem::path& folder, const std::string& temp_dir) {
    // It will not come to clear up behind itself.
    ::setenv("TMPDIR", folder.c_str(), 1);
    WorkerRig rig;
    rig.options.temp_dir = temp_dir;
    rig.open();
    auto job = rig.shell(read_all(folder / "script"));
    job.job.id = *jobs::JobId::parse("0198c0de-0000-7000-8000-000000000001");
    FileSink sink(folder / "log");
    job.job.log_count = sink.count();
    const auto found = testing::run_task(rig.worker->surviving());
    std::ofstream(folder / "attached", std::ios::app) << (found && !found->empty()) << '\n';
    const auto outcome = testing::run_task(rig.worker->run(job, sink, rig.stop));
    std::ofstream(folder / "outcome.new") << static_cast<int>(outcome.kind);
    std::filesystem::rename(folder / "outcome.new", folder / "outcome");
    return 0;
}

namespace {

class RestartTest : public ::testing::Test {
protected:
    pid_t serve() {
        std::string self = "/proc/self/exe";
        std::string command = kRestartHelper;
        std::string folder = dir_.path();
        std::string temp_dir = dir_.path() / "work";
        char* arguments[] = {self.data(), command.data(), folder.data(), temp_dir.data(), nullptr};
        pid_t pid = 0;
        EXPECT_EQ(::posix_spawn(&pid, self.c_str(), nullptr, nullptr, arguments, environ), 0);
        return pid;
    }
    void script(const std::string& text) { std::ofstream(dir_.path() / "script") << text; }
    std::string log() const { return read_all(dir_.path() / "log"); }
    bool has(const char* name) const { return std::filesystem::exists(dir_.path() / name); }
    bool ends_soon() {
        for (int i = 0; i < 3000 && !has("outcome"); ++i)
            std::this_thread::sleep_for(Millis(10));
        return has("outcome");
    }
    bool logs_soon(std::size_t bytes) {
        for (int i = 0; i < 3000 && log().size() < bytes; ++i)
            std::this_thread::sleep_for(Millis(5));
        return log().size() >= bytes;
    }
    static void kill_and_reap(pid_t pid) {
        ::kill(pid, SIGKILL);
        ::waitpid(pid, nullptr, 0);
    }

    testing::TempDir dir_;
};

std::string numbers(int count) {
    std::string all;
    for (int i = 1; i <= count; ++i)
        all += std::to_string(i) + "\n";
    return all;
}

TEST_F(RestartTest, AKilledServerLeavesTheJobRunningAndTheNextOneMissesNoLine) {
    script(
        "i=0; while [ $i -lt 3000 ]; do i=$((i+1)); echo $i; "
        "[ $((i % 100)) = 0 ] && sleep 0.02; done; exit 0");
    const auto seed = std::random_device()();
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937 random(seed);
    pid_t server = serve();
    ASSERT_TRUE(logs_soon(1));
    for (int round = 0; round < 5 && !has("outcome"); ++round) {
        std::this_thread::sleep_for(Millis(20 + random() % 80));
        kill_and_reap(server);
        server = serve();
    }
    EXPECT_TRUE(ends_soon());
    ::waitpid(server, nullptr, 0);
    EXPECT_EQ(log(), numbers(3000));
    EXPECT_EQ(read_all(dir_.path() / "outcome"), "0");
    // It was one attempt all along.
    EXPECT_NE(read_all(dir_.path() / "attached").find("0\n1\n"), std::string::npos);
}

TEST_F(RestartTest, AJobThatEndsWhileNobodyIsThereIsNotLost) {
    script("echo before; while [ ! -e '" + dir_.file("go") + "' ]; do sleep 0.01; done; "
           "echo after; touch '" + dir_.file("gone") + "'");
    kill_and_reap([&] {
        const pid_t server = serve();
        EXPECT_TRUE(logs_soon(7));
        return server;
    }());
    std::ofstream(dir_.path() / "go");
    for (int i = 0; i < 1000 && !has("gone"); ++i)
        std::this_thread::sleep_for(Millis(10));
    const pid_t server = serve();
    EXPECT_TRUE(ends_soon());
    ::waitpid(server, nullptr, 0);
    EXPECT_EQ(log(), "before\nafter\n");
    EXPECT_EQ(read_all(dir_.path() / "attached"), "0\n1\n");
}

TEST_F(RestartTest, WhatNobodyClaimsIsEnded) {
    script("echo $$; exec sleep 1000");
    const pid_t server = serve();
    ASSERT_TRUE(logs_soon(2));
    kill_and_reap(server);
    const auto program = static_cast<pid_t>(std::stoi(log()));
    EXPECT_TRUE(is_there(program));
    WorkerRig rig;
    rig.options.temp_dir = dir_.path() / "work";
    rig.open();
    const auto found = testing::run_task(rig.worker->surviving());
    ASSERT_TRUE(found);
    ASSERT_EQ(found->size(), 1U);
    EXPECT_EQ(found->front().token, jobs::LeaseToken{4711});
    EXPECT_EQ(*testing::run_task(rig.worker->end_unclaimed()), 1U);
    for (int i = 0; i < 1000 && start_time(program) != 0; ++i)
        std::this_thread::sleep_for(Millis(5));
    EXPECT_EQ(start_time(program), 0U);
    EXPECT_EQ(rig.entries(), 0U);
}

}  // namespace
}  // namespace zs::process
