#include "adapters/process/process_mark.hpp"
#include "adapters/process/worker_test_rig.hpp"

#include <boost/json/serialize.hpp>

#include <fstream>
#include <sstream>
#include <thread>

// What a program finds around it, and how its end is told.
namespace zs::process {
namespace {

using jobs::Failure;
using jobs::LogStream;
using Kind = jobs::Outcome::Kind;

TEST_F(ProcessWorkerTest, OutputBecomesLinesAndTheEndAnOutcome) {
    auto leased = shell("echo one; echo two >&2; printf 'three\\r\\nfour'");
    const auto outcome = run(std::move(leased));
    EXPECT_EQ(outcome.kind, Kind::Succeeded);
    EXPECT_EQ(outcome.exit_code, 0);
    EXPECT_EQ(outcome.sandbox, jobs::SandboxTier::L0);
    EXPECT_FALSE(outcome.output);
    EXPECT_EQ(sink.text(), "one\nthree\nfour\n");
    EXPECT_EQ(sink.text(LogStream::Stderr), "two\n");
    EXPECT_EQ(sink.notes(), "");
}

TEST_F(ProcessWorkerTest, InputIsAFileAndStdinAndOutputIsAFile) {
    auto leased = shell("cat; cat \"$ZJOB_INPUT\"; printf '{\"sum\":3}' > \"$ZJOB_OUTPUT\"");
    leased.job.spec.input = "{\"a\":1}";
    const auto outcome = run(std::move(leased));
    ASSERT_EQ(outcome.kind, Kind::Succeeded);
    EXPECT_EQ(sink.text(), "{\"a\":1}{\"a\":1}\n");
    ASSERT_TRUE(outcome.output);
    EXPECT_EQ(boost::json::serialize(*outcome.output), "{\"sum\":3}");
}

TEST_F(ProcessWorkerTest, TheEnvironmentIsMadeNotInherited) {
    ::setenv("ZS_TEST_LEAK", "x", 1);
    auto leased = shell("env | cut -d= -f1 | sort | tr '\\n' ' '; pwd; umask; echo \"$ZJOB_ID\"");
    leased.job.spec.env = {{"PYTHONPATH", "/app"}, {"LANG", "C"}};
    const auto id = leased.job.id.to_string();
    run(std::move(leased));
    const auto text = sink.text();
    EXPECT_NE(text.find("HOME LANG PATH PWD PYTHONPATH TMPDIR ZJOB_ARTIFACTS ZJOB_ATTEMPT ZJOB_DIR "
                        "ZJOB_ENV ZJOB_ID ZJOB_INPUT ZJOB_LEASE_TOKEN ZJOB_ORG ZJOB_OUTPUT "
                        "ZJOB_TIMEOUT_SECS "),
              std::string::npos)
        << text;
    EXPECT_NE(text.find("/" + id + "-1/work\n"), std::string::npos) << text;
    EXPECT_NE(text.find("0077\n" + id + "\n"), std::string::npos) << text;
}

TEST_F(ProcessWorkerTest, TheProcessIsCutOffFromTheServer) {
    ::signal(SIGUSR1, SIG_IGN);
    auto leased = shell(
        "ls /proc/self/fd | wc -l; grep -E 'NoNewPrivs|SigIgn|SigBlk' "
        "/proc/self/status; cut -d' ' -f1,5,6 /proc/$$/stat; ulimit -c; ulimit -n");
    run(std::move(leased));
    ::signal(SIGUSR1, SIG_DFL);
    const auto text = sink.text();
    // Its own three, and the one that ls reads with.
    EXPECT_TRUE(text.starts_with("4\n")) << text;
    EXPECT_NE(text.find("SigBlk:\t0000000000000000\n"), std::string::npos) << text;
    // 32 and 33 belong to the C library, which lets nobody reset them.
    const auto ignored = text.find("SigIgn:\t");
    ASSERT_NE(ignored, std::string::npos) << text;
    EXPECT_EQ(std::stoull(text.substr(ignored + 8, 16), nullptr, 16) & ~0x180000000ULL, 0U) << text;
    EXPECT_NE(text.find("NoNewPrivs:\t1\n"), std::string::npos) << text;
    EXPECT_NE(text.find("\n0\n1024\n"), std::string::npos) << text;
    // It leads a group and a session: pid, pgrp and session are one number.
    long pid = 0;
    long group = 0;
    long session = 0;
    const auto at = text.find("NoNewPrivs");
    std::istringstream numbers(text.substr(text.find('\n', at)));
    numbers >> pid >> group >> session;
    EXPECT_GT(pid, 0);
    EXPECT_EQ(pid, group);
    EXPECT_EQ(pid, session);
}

TEST_F(ProcessWorkerTest, EachEndHasItsName) {
    auto outcome = run(shell("exit 3"));
    EXPECT_EQ(outcome.kind, Kind::Failed);
    EXPECT_EQ(failure_of(outcome), Failure::ExitNonzero);
    EXPECT_EQ(outcome.error->exit_code, 3);
    EXPECT_EQ(outcome.exit_code, 3);
    EXPECT_TRUE(outcome.retryable);
    outcome = run(shell("kill -SEGV $$"));
    EXPECT_EQ(failure_of(outcome), Failure::Signaled);
    EXPECT_EQ(outcome.error->signal, SIGSEGV);
    EXPECT_FALSE(outcome.exit_code);
    outcome = run(shell("echo '{' > \"$ZJOB_OUTPUT\""));
    EXPECT_EQ(failure_of(outcome), Failure::InvalidOutput);
    outcome = run(shell("head -c 1100000 /dev/zero | tr '\\0' 1 > \"$ZJOB_OUTPUT\""));
    EXPECT_EQ(failure_of(outcome), Failure::InvalidOutput);
    outcome = run(shell("mkfifo \"$ZJOB_OUTPUT\""));
    EXPECT_EQ(failure_of(outcome), Failure::InvalidOutput);
    // With another exit code nobody looks.
    outcome = run(shell("echo '{' > \"$ZJOB_OUTPUT\"; exit 1"));
    EXPECT_EQ(failure_of(outcome), Failure::ExitNonzero);
}

TEST_F(ProcessWorkerTest, WhatCannotBeStartedIsNotTriedAgain) {
    for (const auto& program :
         {"no-such-program", "/no/such/program", "/etc/passwd", "/tmp", "./x"}) {
        const auto outcome = run(job({program}));
        EXPECT_EQ(failure_of(outcome), Failure::SpawnFailed) << program;
        EXPECT_FALSE(outcome.retryable) << program;
    }
    // It has the right to be executed, and is nothing that can be.
    auto leased = job({"./tool"});
    leased.job.spec.files["tool"] = testing::put_blob(blobs,
                                                      "\x7f"
                                                      "ELF broken")
                                        ->sha256.to_string();
    const auto outcome = run(std::move(leased));
    EXPECT_EQ(failure_of(outcome), Failure::SpawnFailed);
    EXPECT_FALSE(outcome.retryable);
}

TEST_F(ProcessWorkerTest, TheProgramIsFoundInThePathOfTheJob) {
    auto leased = job({"tool", "a b", "$HOME"});
    leased.job.spec.files["bin/tool"] =
        testing::put_blob(blobs, "#!/bin/sh\nfor a; do echo \"<$a>\"; done\n")->sha256.to_string();
    leased.job.spec.env["PATH"] = "bin:/usr/bin:/bin";
    const auto outcome = run(std::move(leased));
    EXPECT_EQ(outcome.kind, Kind::Succeeded);
    EXPECT_EQ(sink.text(), "<a b>\n<$HOME>\n");  // no shell looked at them
}

TEST_F(ProcessWorkerTest, AMissingFileIsNotTriedAgain) {
    auto leased = shell("exit 0");
    leased.job.spec.files["data"] = testing::digest_of("never stored").to_string();
    const auto outcome = run(std::move(leased));
    EXPECT_EQ(failure_of(outcome), Failure::InputMissing);
    EXPECT_FALSE(outcome.retryable);
}

TEST_F(ProcessWorkerTest, OnlyAllowedProgramsRun) {
    options.allow = {"/usr/bin/true", "/opt/*/bin/*"};
    EXPECT_EQ(run(job({"true"})).kind, Kind::Succeeded);
    const auto outcome = run(job({"/bin/sh", "-c", "exit 0"}));
    EXPECT_EQ(failure_of(outcome), Failure::SpawnFailed);
    EXPECT_FALSE(outcome.retryable);
    EXPECT_EQ(failure_of(run(job({"/opt/a/bin/../../../bin/sh"}))), Failure::SpawnFailed);
}

TEST_F(ProcessWorkerTest, LimitsHoldAndAreLoweredAloud) {
    options.open_files_max = 64;
    options.file_mb_max = 2;
    auto leased = shell(
        "ulimit -n; ulimit -f; ulimit -t; ulimit -v; "
        "head -c 4000000 /dev/zero > big; echo $?; stat -c %s big");
    leased.job.spec.resources.open_files = 100;
    leased.job.spec.resources.file_size_mb = 1;
    leased.job.spec.resources.cpu_secs = 7;
    leased.job.spec.resources.memory_mb = 512;
    run(std::move(leased));
    const auto text = sink.text();
    EXPECT_TRUE(text.starts_with("64\n2048\n7\n524288\n")) << text;
    EXPECT_TRUE(text.ends_with("\n1048576\n")) << text;
    EXPECT_NE(sink.notes().find("open_files lowered from 100 to 64"), std::string::npos);
    // What is said of the limits comes before anything of the program.
    EXPECT_EQ(sink.lines.front().stream, LogStream::System);
}

TEST_F(ProcessWorkerTest, TheTimeoutKillsWhatIgnoresIt) {
    auto leased = shell("trap '' TERM; echo $$; while :; do sleep 0.05; done");
    leased.job.spec.timeout = Seconds(1);
    const auto start = std::chrono::steady_clock::now();
    const auto outcome = run(std::move(leased));
    const auto took = std::chrono::steady_clock::now() - start;
    EXPECT_EQ(failure_of(outcome), Failure::Timeout);
    EXPECT_TRUE(outcome.retryable);
    EXPECT_GE(took, Millis(1200));
    EXPECT_LT(took, Millis(8000));
    EXPECT_FALSE(is_there(static_cast<pid_t>(std::stoi(sink.text()))));
}

TEST_F(ProcessWorkerTest, CancelGivesGraceAndThenCounts) {
    const auto stop_now = [this](const auto&) { stop.stop(jobs::StopReason::Cancel); };
    sink.on_log = stop_now;
    auto outcome =
        run(shell("trap 'echo ending; exit 7' TERM; echo up; while :; do sleep 0.05; done"));
    EXPECT_EQ(outcome.kind, Kind::Canceled);
    EXPECT_EQ(outcome.exit_code, 7);
    EXPECT_NE(sink.text().find("ending\n"), std::string::npos);
}

TEST_F(ProcessWorkerTest, AProgramThatEndsWellWhenCanceledHasSucceeded) {
    sink.on_log = [this](const auto&) { stop.stop(jobs::StopReason::Cancel); };
    const auto outcome = run(shell("trap 'exit 0' TERM; echo up; while :; do sleep 0.05; done"));
    EXPECT_EQ(outcome.kind, Kind::Succeeded);
}

TEST_F(ProcessWorkerTest, DrainingReleases) {
    sink.on_log = [this](const auto&) { stop.stop(jobs::StopReason::Drain); };
    EXPECT_EQ(run(shell("trap 'exit 0' TERM; echo up; while :; do sleep 0.05; done")).kind,
              Kind::Released);
}

TEST_F(ProcessWorkerTest, AStopBeforeTheStartRunsNothing) {
    stop.stop(jobs::StopReason::Drain);
    EXPECT_EQ(run(shell("touch '" + dir.file("ran") + "'")).kind, Kind::Released);
    EXPECT_FALSE(std::filesystem::exists(dir.path() / "ran"));
}

TEST_F(ProcessWorkerTest, ALostLeaseKills) {
    sink.lost = true;
    pid_t program = 0;
    sink.on_log = [&](const auto& lines) {
        if (program == 0) program = static_cast<pid_t>(std::stoi(lines.front().bytes));
    };
    EXPECT_EQ(run(shell("echo $$; while :; do echo more; sleep 0.01; done")).kind, Kind::Lost);
    ASSERT_GT(program, 0);
    EXPECT_FALSE(is_there(program));
}

TEST_F(ProcessWorkerTest, SecretsAreMaskedAndProgressIsNoLine) {
    auto leased = shell(
        "printf 'a hunter2-'; sleep 0.05; echo 'hunter2 b'; echo \"$NOT_HIDDEN\"; "
        "echo '##zjob {\"progress\":0.5,\"message\":\"half\"}'; "
        "echo '##zjob nonsense'");
    leased.job.spec.env = {{"DB_PASSWORD", "hunter2-hunter2"}, {"NOT_HIDDEN", "visible-text"}};
    run(std::move(leased));
    EXPECT_EQ(sink.text(), "a *** b\nvisible-text\n##zjob nonsense\n");
    ASSERT_EQ(sink.progresses.size(), 1U);
    EXPECT_EQ(sink.progresses[0].fraction, 0.5);
    EXPECT_EQ(sink.progresses[0].message, "half");
}

TEST_F(ProcessWorkerTest, ShimsAreUsedAgainAndLeaveNoZombies) {
    for (int i = 0; i < 10; ++i)
        EXPECT_EQ(run(job({"true"})).kind, Kind::Succeeded);
    EXPECT_EQ(descendants_of(::getpid()).size(), 1U);
    worker.reset();
    EXPECT_TRUE(descendants_of(::getpid()).empty());
}

TEST_F(ProcessWorkerTest, ADeadShimIsALostAttempt) {
    pid_t program = 0;
    sink.on_log = [&](const auto& lines) {
        program = static_cast<pid_t>(std::stoi(lines.front().bytes));
        for (const pid_t pid : descendants_of(::getpid())) {
            if (pid != program) ::kill(pid, SIGKILL);
        }
    };
    const auto outcome = run(shell("echo $$; exec sleep 1000"));
    EXPECT_EQ(outcome.kind, Kind::Lost);
    ASSERT_GT(program, 0);
    for (int i = 0; i < 1000 && start_time(program) != 0; ++i)
        std::this_thread::sleep_for(Millis(5));
    EXPECT_EQ(start_time(program), 0U);
}

TEST_F(ProcessWorkerTest, TheDirectoryIsChecked) {
    std::filesystem::create_directory(dir.path() / "real");
    std::filesystem::create_symlink(dir.path() / "real", dir.path() / "link");
    options.temp_dir = dir.path() / "link";
    EXPECT_FALSE(ProcessWorker::open_blocking(options, parts()));
    options.temp_dir = dir.path() / "file";
    std::ofstream(options.temp_dir) << "x";
    EXPECT_FALSE(ProcessWorker::open_blocking(options, parts()));
    options.temp_dir = dir.path() / "work";
    open();
    const auto second = ProcessWorker::open_blocking(options, parts());
    ASSERT_FALSE(second);
    EXPECT_NE(second.error().message.find("another worker"), std::string::npos);
    options.run_as = "no-such-user";
    EXPECT_FALSE(ProcessWorker::open_blocking(options, parts()));
}

TEST_F(ProcessWorkerTest, WhatDeadAttemptsLeftIsRemovedAtStart) {
    const auto old = options.temp_dir / (jobs::JobId::next(clock).to_string() + "-3");
    std::filesystem::create_directories(old / "work/deep");
    std::filesystem::create_directories(options.temp_dir / ".states" / old.filename());
    std::ofstream(old / "work/deep/file") << "x";
    std::filesystem::create_directories(options.temp_dir
                                        / (jobs::JobId::next(clock).to_string() + "-1"));
    open();
    EXPECT_EQ(entries(), 0U);
    EXPECT_TRUE(testing::run_task(worker->surviving())->empty());
}

}  // namespace
}  // namespace zs::process
