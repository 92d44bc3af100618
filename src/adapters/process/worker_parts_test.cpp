#include "adapters/process/artifact_scan.hpp"
#include "adapters/process/cgroup.hpp"
#include "adapters/process/checkpoint.hpp"
#include "adapters/process/limits.hpp"
#include "adapters/process/process_mark.hpp"
#include "adapters/process/program.hpp"
#include "adapters/process/resource_plan.hpp"
#include "adapters/process/spool.hpp"
#include "support/temp_dir.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <random>
#include <spawn.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

namespace zs::process {
namespace {

namespace fs = std::filesystem;

SpoolHead some_head() {
    SpoolHead head;
    head.magic = kSpoolMagic;
    head.token = 9;
    return head;
}

TEST(SpoolTest, WhatGoesInComesOutAroundTheRing) {
    const testing::TempDir dir;
    ASSERT_TRUE(create_spool_blocking(dir.path(), some_head()));
    auto writer = SpoolWriter::open(dir.path());
    auto reader = SpoolReader::open_blocking(dir.path());
    ASSERT_TRUE(writer && reader);
    std::mt19937 random(7);
    std::uint64_t read = 0;
    for (int round = 0; round < 1000; ++round) {
        const std::string bytes(random() % limits::kRecordBytesMax,
                                static_cast<char>('a' + round % 26));
        ASSERT_TRUE(writer->has_room(bytes.size()));
        ASSERT_TRUE(writer->append(RecordKind::Stderr, bytes, round));
        const auto head = reader->head_blocking();
        auto got = reader->read_blocking(read, head->written, limits::kPieceBytes);
        ASSERT_TRUE(got);
        std::string_view rest = *got;
        SpoolRecord record;
        ASSERT_TRUE(*take_record(rest, record));
        EXPECT_EQ(record.bytes, bytes);
        EXPECT_EQ(record.unix_ms, round);
        EXPECT_FALSE(*take_record(rest, record));
        read = head->written;
        writer->acknowledge(read);
    }
    EXPECT_GT(read, 2 * limits::kSpoolBytes);
}

TEST(SpoolTest, TheWriterStopsAtWhatIsNotAcknowledged) {
    const testing::TempDir dir;
    ASSERT_TRUE(create_spool_blocking(dir.path(), some_head()));
    auto writer = SpoolWriter::open(dir.path());
    ASSERT_TRUE(writer);
    const std::string bytes(limits::kRecordBytesMax, 'x');
    std::uint64_t records = 0;
    while (writer->has_room(bytes.size())) {
        ASSERT_TRUE(writer->append(RecordKind::Stdout, bytes, 0));
        ++records;
    }
    EXPECT_LE(records * (bytes.size() + sizeof(RecordHead)), limits::kSpoolBytes);
    writer->acknowledge(UINT64_MAX);  // never beyond what was written
    EXPECT_FALSE(writer->has_room(bytes.size()));
    writer->acknowledge(bytes.size() + sizeof(RecordHead));
    EXPECT_TRUE(writer->has_room(bytes.size()));
}

TEST(SpoolTest, NothingInItIsTrusted) {
    const testing::TempDir dir;
    EXPECT_FALSE(SpoolReader::open_blocking(dir.path()));
    std::ofstream(dir.path() / "spool") << "short";
    EXPECT_FALSE(SpoolReader::open_blocking(dir.path()));
    fs::remove(dir.path() / "spool");
    ASSERT_TRUE(create_spool_blocking(dir.path(), some_head()));
    const auto reader = SpoolReader::open_blocking(dir.path());
    ASSERT_TRUE(reader);
    EXPECT_FALSE(reader->read_blocking(0, UINT64_MAX, 10));
    EXPECT_FALSE(reader->read_blocking(5, 4, 10));
    EXPECT_FALSE(reader->read_blocking(0, 100, 100));  // the file is shorter
    RecordHead record;
    record.bytes = limits::kRecordBytesMax + 1;
    std::string bytes(reinterpret_cast<const char*>(&record), sizeof record);
    std::string_view rest = bytes;
    SpoolRecord taken;
    EXPECT_FALSE(take_record(rest, taken));
}

TEST(CheckpointTest, TheLastOneCounts) {
    const testing::TempDir dir;
    EXPECT_FALSE(read_checkpoint_blocking(dir.path()));
    Checkpoint checkpoint;
    for (std::uint64_t i = 1; i < 4; ++i) {
        checkpoint.offset = i;
        checkpoint.lines = 10 * i;
        checkpoint.between = std::string(i * 1000, 'x');
        ASSERT_TRUE(write_checkpoint_blocking(dir.path(), checkpoint));
    }
    const auto read = read_checkpoint_blocking(dir.path());
    ASSERT_TRUE(read);
    EXPECT_EQ(read->offset, 3U);
    EXPECT_EQ(read->lines, 30U);
    EXPECT_EQ(read->between.size(), 3000U);
}

TEST(ResourcePlanTest, WishesAreLoweredToTheWorkersMaxima) {
    WorkerOptions options;
    options.memory_mb_max = 100;
    ResourceFacts facts;
    facts.open_files_hard = 50;
    facts.user_tasks = 7;
    jobs::ResourceLimits asked;
    asked.memory_mb = 200;
    asked.processes = 5;
    asked.cpu_secs = 3;
    auto plan = plan_resources(asked, options, facts);
    const auto has = [&](int resource, std::uint64_t soft, std::uint64_t hard) {
        const ResourceLimit wanted{resource, soft, hard};
        return std::find(plan.limits.begin(), plan.limits.end(), wanted) != plan.limits.end();
    };
    EXPECT_TRUE(has(RLIMIT_CORE, 0, 0));
    EXPECT_TRUE(has(RLIMIT_NOFILE, 50, 50));
    EXPECT_TRUE(has(RLIMIT_FSIZE, 1ULL << 30, 1ULL << 30));
    EXPECT_TRUE(has(RLIMIT_CPU, 3, 4));
    EXPECT_TRUE(has(RLIMIT_AS, 100ULL << 20, 100ULL << 20));
    EXPECT_TRUE(has(RLIMIT_NPROC, 12, 12));
    EXPECT_EQ(plan.notes.size(), 2U);  // memory_mb, open_files
    // A cgroup takes over what it does better.
    facts.has_cgroup = true;
    plan = plan_resources(asked, options, facts);
    EXPECT_EQ(plan.cgroup.memory_bytes, 100ULL << 20);
    EXPECT_EQ(plan.cgroup.processes, 5U);
    EXPECT_FALSE(has(RLIMIT_AS, 100ULL << 20, 100ULL << 20));
    EXPECT_FALSE(has(RLIMIT_NPROC, 12, 12));
    // Without a wish the maximum still holds.
    plan = plan_resources(jobs::ResourceLimits(), options, facts);
    EXPECT_EQ(plan.cgroup.memory_bytes, 100ULL << 20);
}

TEST(ProgramTest, LinksDoNotLeadAroundTheGlobs) {
    const testing::TempDir dir;
    fs::create_directories(dir.path() / "allowed");
    fs::create_directories(dir.path() / "other");
    std::ofstream(dir.path() / "other/tool") << "#!/bin/sh\n";
    fs::permissions(dir.path() / "other/tool", fs::perms::owner_all);
    fs::create_symlink(dir.path() / "other", dir.path() / "allowed/sub");
    const std::string root = fs::canonical(dir.path());
    const std::vector<std::string> globs{root + "/allowed/*"};
    EXPECT_FALSE(is_allowed_blocking(root + "/other/tool", globs));
    EXPECT_FALSE(is_allowed_blocking(root + "/allowed/sub/tool", globs));  // '*' stops at '/'
    EXPECT_FALSE(is_allowed_blocking(root + "/allowed/../other/tool", globs));
    EXPECT_TRUE(is_allowed_blocking(root + "/allowed/tool", globs));
    EXPECT_TRUE(is_allowed_blocking(root + "/other/tool", {}));
    const auto found = find_program_blocking("tool", "/nowhere:other", root);
    ASSERT_TRUE(found);
    EXPECT_EQ(*found, root + "/other/tool");
    EXPECT_FALSE(find_program_blocking("tool", "", root));
}

TEST(ArtifactScanTest, ComponentsFollowTheRules) {
    for (const auto* good : {"a", ".hidden", "..a", "ä ö", "a:b*?"})
        EXPECT_TRUE(is_artifact_component(good)) << good;
    for (const auto* bad : {"", ".", "..", "a/b", "a\nb", "\x7f", "\xff", "\xc2\x85"})
        EXPECT_FALSE(is_artifact_component(bad)) << bad;
    EXPECT_TRUE(is_artifact_component(std::string(255, 'a')));
    EXPECT_FALSE(is_artifact_component(std::string(256, 'a')));
}

TEST(ProcessMarkTest, ANumberThatIsUsedAgainDoesNotDeceive) {
    ProcessMark self{::getpid(), start_time(::getpid())};
    EXPECT_GT(self.start, 0U);
    EXPECT_TRUE(is_alive(self));
    ++self.start;
    EXPECT_FALSE(is_alive(self));
    EXPECT_FALSE(boot_id().empty());
    EXPECT_GE(tasks_of_user(::geteuid()), 1U);
}

// The files of a cgroup, without a kernel behind them.
TEST(CgroupTest, LimitsAreWrittenAndEventsRead) {
    const testing::TempDir dir;
    const auto tree = CgroupTree::at(dir.path());
    const auto folder = dir.path() / "job-1";
    fs::create_directory(folder);
    for (const auto* file : {"memory.max", "memory.swap.max", "memory.oom.group", "pids.max"})
        std::ofstream(folder / file) << "";
    CgroupLimits limits;
    limits.memory_bytes = 1 << 20;
    limits.processes = 12;
    const auto made = tree.make_blocking("job-1", limits);
    ASSERT_TRUE(made);
    const auto holds = [&](const char* file) {
        std::string text;
        std::ifstream(folder / file) >> text;
        return text;
    };
    EXPECT_EQ(holds("memory.max"), "1048576");
    EXPECT_EQ(holds("memory.swap.max"), "0");
    EXPECT_EQ(holds("memory.oom.group"), "1");
    EXPECT_EQ(holds("pids.max"), "12");
    std::ofstream(folder / "memory.events") << "low 0\nmax 9\noom 1\noom_kill 1\n";
    std::ofstream(folder / "cgroup.events") << "populated 1\nfrozen 0\n";
    EXPECT_TRUE(had_oom_kill(*made));
    EXPECT_TRUE(is_populated(*made));
    EXPECT_FALSE(is_populated(dir.file("gone")));
    // A limit that cannot be set is not silently left out.
    EXPECT_FALSE(tree.make_blocking("job-2", limits));
}

// A cgroup v2 that we may write to, with or without controllers.
std::string writable_cgroup() {
    for (const std::string mount : {"/sys/fs/cgroup/unified", "/sys/fs/cgroup"}) {
        const auto folder = mount + "/zs-test-" + std::to_string(::getpid());
        if (!fs::exists(mount + "/cgroup.procs") || ::mkdir(folder.c_str(), 0755) != 0) continue;
        if (fs::exists(folder + "/cgroup.kill")) return folder;
        ::rmdir(folder.c_str());
    }
    return {};
}

TEST(CgroupTest, KillEndsEverythingInIt) {
    const auto root = writable_cgroup();
    if (root.empty()) GTEST_SKIP() << "no cgroup v2 here that we may write to";
    const auto made = CgroupTree::at(root).make_blocking("job", CgroupLimits());
    ASSERT_TRUE(made);
    EXPECT_FALSE(is_populated(*made));
    std::string shell = "/bin/sh";
    std::string flag = "-c";
    std::string script = "echo 0 > " + *made + "/cgroup.procs; setsid sleep 1000 & sleep 1000";
    char* arguments[] = {shell.data(), flag.data(), script.data(), nullptr};
    pid_t pid = 0;
    ASSERT_EQ(::posix_spawn(&pid, shell.c_str(), nullptr, nullptr, arguments, environ), 0);
    for (int i = 0; i < 1000 && !is_populated(*made); ++i)
        std::this_thread::sleep_for(std::chrono::milliseconds(5));
    EXPECT_TRUE(is_populated(*made));
    EXPECT_TRUE(kill_cgroup(*made));
    ::waitpid(pid, nullptr, 0);
    for (int i = 0; i < 1000 && is_populated(*made); ++i)
        std::this_thread::sleep_for(std::chrono::milliseconds(5));
    EXPECT_FALSE(is_populated(*made));
    remove_cgroup(*made);
    remove_cgroup(root);
    EXPECT_FALSE(fs::exists(root));
}

}  // namespace
}  // namespace zs::process
