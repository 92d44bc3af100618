#include "adapters/process/process_mark.hpp"
#include "adapters/process/worker_test_rig.hpp"

#include <fcntl.h>
#include <fstream>
#include <sstream>

// Programs that mean no good: each ends as specified, and leaves nothing behind.
namespace zs::process {
namespace {

using jobs::Failure;
using jobs::LogStream;
using Kind = jobs::Outcome::Kind;

class HostileJobTest : public ProcessWorkerTest {
protected:
    // Limits of processes hold for users without privileges only.
    void as_nobody() {
        if (::geteuid() == 0) options.run_as = "nobody";
    }
    // The pids that the program printed.
    std::vector<pid_t> pids() const {
        std::vector<pid_t> all;
        std::istringstream text(sink.text());
        pid_t pid = 0;
        while (text >> pid)
            all.push_back(pid);
        return all;
    }
};

std::uint64_t resident_kib() {
    std::ifstream status("/proc/self/status");
    std::string word;
    while (status >> word) {
        std::uint64_t kib = 0;
        if (word == "VmRSS:" && status >> kib) return kib;
    }
    return 0;
}

TEST_F(HostileJobTest, LeftoversDieWithTheMainProcess) {
    EXPECT_EQ(run(shell("sleep 1000 & echo $!; sleep 1000 & echo $!; exit 0")).kind,
              Kind::Succeeded);
    ASSERT_EQ(pids().size(), 2U);
    for (const pid_t pid : pids())
        EXPECT_FALSE(is_there(pid));
}

TEST_F(HostileJobTest, NobodyEscapesWithSetsid) {
    EXPECT_EQ(run(shell("for i in 1 2 3; do setsid sh -c 'trap \"\" TERM HUP; sleep 1000 & "
                        "echo $$ $!; touch up$0; wait' $i & done; "
                        "while [ ! -e up1 ] || [ ! -e up2 ] || [ ! -e up3 ]; do sleep 0.01; done"))
                  .kind,
              Kind::Succeeded);
    EXPECT_EQ(pids().size(), 6U);
    for (const pid_t pid : pids())
        EXPECT_FALSE(is_there(pid)) << pid;
}

TEST_F(HostileJobTest, DaemonsOfACanceledJobDie) {
    sink.on_log = [this](const auto& lines) {
        if (lines.back().bytes == "up") stop.stop(jobs::StopReason::Cancel);
    };
    const auto outcome =
        run(shell("trap '' TERM; (setsid sh -c 'trap \"\" TERM; echo $$; touch up; "
                  "while :; do sleep 0.05; done' &); "
                  "while [ ! -e up ]; do sleep 0.01; done; echo up; "
                  "while :; do sleep 0.05; done"));
    EXPECT_EQ(outcome.kind, Kind::Canceled);
    const auto escaped = static_cast<pid_t>(std::stoi(sink.text()));
    EXPECT_FALSE(is_there(escaped));
}

TEST_F(HostileJobTest, AForkBombIsBoundedAndEnds) {
    as_nobody();
    // Each makes two more for as long as it may.
    auto leased = shell(
        "b() { b & b & sleep 0.01; wait; }; b 2>/dev/null; echo refused >&2; "
        "while :; do b 2>/dev/null; sleep 0.01; done");
    leased.job.spec.resources.processes = 40;
    leased.job.spec.resources.cpu_secs = 5;
    leased.job.spec.timeout = Seconds(1);
    const auto before = tasks_of_user(::geteuid() == 0 ? 65534U : ::geteuid());
    const auto outcome = run(std::move(leased));
    EXPECT_EQ(outcome.kind, Kind::Failed);
    // Other programs of the user come and go; a bomb would show as thousands.
    EXPECT_LT(tasks_of_user(::geteuid() == 0 ? 65534U : ::geteuid()), before + 30);
}

TEST_F(HostileJobTest, EndlessOutputIsStoppedAndMemoryStaysFlat) {
    std::uint64_t bytes = 0;
    sink.on_log = [&](const auto& lines) {
        for (const auto& line : lines)
            bytes += line.bytes.size() + 1;
        sink.lines.clear();
        if (bytes > (48U << 20)) stop.stop(jobs::StopReason::Cancel);
    };
    const auto before = resident_kib();
    EXPECT_EQ(run(job({"yes", std::string(1000, 'y')})).kind, Kind::Canceled);
    EXPECT_GT(bytes, 48U << 20);
    EXPECT_LT(resident_kib(), before + (64U << 10));
}

TEST_F(HostileJobTest, AVeryLongLineComesInParts) {
    std::uint64_t bytes = 0;
    std::size_t whole = 0;
    std::size_t longest = 0;
    sink.on_log = [&](const auto& lines) {
        for (const auto& line : lines) {
            bytes += line.bytes.size();
            whole += line.part ? 0 : 1;
            longest = std::max(longest, line.bytes.size());
        }
        sink.lines.clear();
    };
    const auto before = resident_kib();
    EXPECT_EQ(run(shell("head -c 33554433 /dev/zero | tr '\\0' x; echo")).kind, Kind::Succeeded);
    EXPECT_EQ(bytes, 33'554'433U);
    EXPECT_EQ(whole, 1U);
    EXPECT_EQ(longest, 65'536U);
    EXPECT_LT(resident_kib(), before + (64U << 10));
}

TEST_F(HostileJobTest, ASlowSinkHoldsTheProgramBack) {
    bool was_done = true;
    bool asked = false;
    sink.wait = Millis(400);
    sink.on_log = [&](const auto&) {
        if (std::exchange(asked, true) && sink.lines.size() < 2000) {
            was_done = std::filesystem::exists(dir.path() / "done");
        }
    };
    // Twice what a spool holds.
    EXPECT_EQ(
        run(shell("yes 0123456789 | head -c 20000000; touch '" + dir.file("done") + "'")).kind,
        Kind::Succeeded);
    EXPECT_FALSE(was_done);
    std::uint64_t bytes = 0;
    for (const auto& line : sink.lines)
        bytes += line.bytes.size() + 1;
    EXPECT_EQ(bytes / 1000, 20'000U);
}

TEST_F(HostileJobTest, ClosingItsOutputsEarlyDisturbsNobody) {
    EXPECT_EQ(run(shell("echo first; exec 0<&- 1>&- 2>&-; sleep 0.3; exit 0")).kind,
              Kind::Succeeded);
    EXPECT_EQ(sink.text(), "first\n");
}

TEST_F(HostileJobTest, AForeignHolderOfThePipeDoesNotHangTheJob) {
    Descriptor held;
    sink.on_log = [&](const auto& lines) {
        const auto path = "/proc/" + lines.front().bytes + "/fd/1";
        if (!held) held = Descriptor(::open(path.c_str(), O_WRONLY | O_CLOEXEC));
    };
    const auto start = std::chrono::steady_clock::now();
    EXPECT_EQ(run(shell("echo $$; sleep 0.5; exit 0")).kind, Kind::Succeeded);
    const auto took = std::chrono::steady_clock::now() - start;
    ASSERT_TRUE(held);
    EXPECT_GE(took, Millis(2000));
    EXPECT_LT(took, Millis(10'000));
    EXPECT_NE(sink.notes().find("output was cut"), std::string::npos);
}

TEST_F(HostileJobTest, AHugeEnvironmentArrives) {
    auto leased = shell("printf %s \"$BIG\" | wc -c");
    leased.job.spec.env["BIG"] = std::string(60'000, 'x');
    EXPECT_EQ(run(std::move(leased)).kind, Kind::Succeeded);
    EXPECT_EQ(sink.text(), "60000\n");
    // More than the kernel takes.
    auto too_much = shell("exit 0");
    too_much.job.spec.env["BIG"] = std::string(300'000, 'x');
    const auto outcome = run(std::move(too_much));
    EXPECT_EQ(failure_of(outcome), Failure::SpawnFailed) << outcome.error->message;
    EXPECT_FALSE(outcome.retryable);
}

TEST_F(HostileJobTest, OnlyHonestArtifactsAreKept) {
    std::ofstream(dir.path() / "outside") << "secret";
    EXPECT_EQ(
        run(shell(
                "cd \"$ZJOB_ARTIFACTS\"; mkdir -p sub/dir; printf one > sub/dir/a.txt; "
                "printf two > b; ln -s '"
                + dir.file("outside")
                + "' link; ln b hard; "
                  "printf three > c; mkfifo pipe; ln -s / root; printf x > \"$(printf 'n\\ne')\"; "
                  "printf x > \"$(printf '\\377')\"; mkdir -p 1/2/3/4/5/6/7/8; "
                  "printf deep > 1/2/3/4/5/6/7/8/9; printf ok > 1/2/3/4/5/6/7/ok; "
                  "mkdir locked; printf l > locked/l; chmod 000 locked; "
                  "printf dots > ..dots; exit 0"))
            .kind,
        Kind::Succeeded);
    std::string names;
    for (const auto& artifact : sink.artifacts)
        names += artifact.name + " ";
    // root may look into a locked directory; others are told.
    if (::geteuid() == 0) {
        EXPECT_EQ(names, "..dots 1/2/3/4/5/6/7/ok c locked/l sub/dir/a.txt ");
    } else {
        EXPECT_EQ(names, "..dots 1/2/3/4/5/6/7/ok c sub/dir/a.txt ");
    }
    EXPECT_EQ(*testing::get_blob(blobs, sink.artifacts.back().sha256), "one");
    for (const auto* why :
         {"symbolic link", "several names", "no regular file", "not allowed", "too deep"}) {
        EXPECT_NE(sink.notes().find(why), std::string::npos) << why;
    }
}

TEST_F(HostileJobTest, ArtifactsAreKeptOfFailedAttemptsToo) {
    EXPECT_EQ(failure_of(run(shell("printf log > \"$ZJOB_ARTIFACTS/log\"; exit 1"))),
              Failure::ExitNonzero);
    ASSERT_EQ(sink.artifacts.size(), 1U);
    EXPECT_EQ(sink.artifacts[0].size, 3U);
}

TEST_F(HostileJobTest, TooManyArtifactsAreNone) {
    options.artifact_files_max = 10;
    options.artifact_bytes_max = 1000;
    auto outcome = run(shell("cd \"$ZJOB_ARTIFACTS\"; for i in $(seq 11); do : > $i; done"));
    EXPECT_EQ(failure_of(outcome), Failure::ArtifactLimit);
    outcome = run(shell("head -c 1001 /dev/zero > \"$ZJOB_ARTIFACTS/a\""));
    EXPECT_EQ(failure_of(outcome), Failure::ArtifactLimit);
    EXPECT_TRUE(sink.artifacts.empty());
}

TEST_F(HostileJobTest, ATreeThatResistsIsRemoved) {
    run(
        shell("mkdir locked; touch locked/a; chmod 000 locked; i=0; "
              "while [ $i -lt 300 ]; do mkdir d; cd d || exit 1; touch f; i=$((i+1)); done; "
              "chmod 000 \"$ZJOB_DIR\"; exit 0"));
    EXPECT_EQ(entries(), 0U);
}

TEST_F(HostileJobTest, AnotherUsersJobsCannotReachTheWorkersOwn) {
    if (::geteuid() != 0) GTEST_SKIP() << "becoming another user needs root";
    options.run_as = "nobody";
    EXPECT_EQ(run(shell("id -u; ls \"$ZJOB_DIR/../.states\" 2>/dev/null; "
                        "ls \"$ZJOB_DIR/..\" 2>/dev/null; cat; printf a > \"$ZJOB_ARTIFACTS/a\"; "
                        "printf 1 > \"$ZJOB_OUTPUT\"; id -G | tr ' ' '\\n' | grep -c '^0$'"))
                  .kind,
              Kind::Failed);  // grep finds no group 0
    EXPECT_EQ(sink.text(), "65534\nnull0\n");
    EXPECT_EQ(sink.artifacts.size(), 1U);
}

}  // namespace
}  // namespace zs::process
