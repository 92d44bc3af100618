#include "core/data/ingest_service.hpp"

#include "async/io_runtime.hpp"
#include "support/fake_request.hpp"
#include "support/memory_collections.hpp"
#include "support/run_task.hpp"

#include <boost/json/parse.hpp>
#include <gtest/gtest.h>

#include <deque>

namespace zs::data {
namespace {

using testing::run_task;

class Pieces final : public ByteSource {
public:
    explicit Pieces(std::deque<std::string> pieces) : pieces_(std::move(pieces)) {}
    async::Task<Result<std::optional<std::string>>> read() override {
        if (pieces_.empty()) co_return std::optional<std::string>();
        std::optional<std::string> piece = std::move(pieces_.front());
        pieces_.pop_front();
        co_return piece;
    }
    bool is_empty() const { return pieces_.empty(); }

private:
    std::deque<std::string> pieces_;
};

class IngestServiceTest : public ::testing::Test {
protected:
    IngestServiceTest() {
        io_.start();
        limits_.streams_max = 2;
        start();
        create("c");
    }

    void start() {
        ingest_.emplace(stores_, stores_, limits_, io_.executor());
        ingest_->on_commit([this](const DocumentScope& scope, const DocumentWritten& written) {
            told_.push_back(scope.collection->name + ":" + std::to_string(written.counts.ingested)
                            + ":" + (written.ids.empty() ? "" : written.ids.front()));
        });
    }
    void create(const std::string& name) {
        Collection wanted;
        wanted.name = name;
        wanted.created_at = clock_.now();
        ASSERT_TRUE(run_task(stores_.create(tenant_, std::move(wanted))));
    }
    void project(const std::string& type) {
        const std::string text = R"({"columns":{"x":{"path":"x","type":")" + type + R"("}}})";
        auto wanted = read_projection(boost::json::parse(text), "c");
        ASSERT_TRUE(run_task(stores_.project(tenant_, "c", *wanted)));
    }
    std::uint64_t count(const std::string& name) {
        return run_task(stores_.find(tenant_, name, Counting::On))->document_count;
    }
    static IngestRequest request() {
        IngestRequest made;
        made.collection = "c";
        return made;
    }
    // The report, or why the stream ended.
    Result<IngestReport> send(IngestRequest wanted, std::deque<std::string> pieces) {
        Pieces source(std::move(pieces));
        auto run = run_task(ingest_->begin(principal_, std::move(wanted), source));
        if (!run) return std::move(run).error();
        while (true) {
            auto more = run_task((*run)->step());
            if (!more) return std::move(more).error();
            if (!*more) return (*run)->report();
        }
    }

    const identity::Tenant tenant_{"default", "live"};
    const identity::PrincipalPtr principal_ = testing::some_principal();
    ManualClock clock_;
    async::IoRuntime io_{1};
    testing::MemoryCollections stores_{clock_};
    IngestLimits limits_;
    std::vector<std::string> told_;  // by the listener
    std::optional<IngestService> ingest_;
};

TEST_F(IngestServiceTest, ACommitIsToldWithItsFirstIds) {
    const auto report = send(request(), {"{\"_id\":\"a\"}\n{\"_id\":\"b\"}\n"});
    ASSERT_TRUE(report) << report.error().message;
    EXPECT_EQ(report->counts.ingested, 2U);
    EXPECT_EQ(told_, (std::vector<std::string>{"c:2:a"}));
    auto dry = request();
    dry.dry_run = true;
    ASSERT_TRUE(send(dry, {"{\"_id\":\"x\"}\n"}));
    auto atomic = request();
    atomic.atomic = true;
    EXPECT_FALSE(send(atomic, {"{\"_id\":\"x\"}\n[]\n"}));
    ASSERT_TRUE(send(request(), {"[]\n"}));
    EXPECT_EQ(told_.size(), 1U) << "nothing was stored";
    ASSERT_TRUE(send(atomic, {"{\"_id\":\"x\"}\n"}));
    EXPECT_EQ(told_.back(), "c:1:x");
}

TEST_F(IngestServiceTest, AProjectionThatChangesMidwayIsFollowed) {
    int writes = 0;
    stores_.before_write = [&](const DocumentWrite&) -> Result<void> {
        if (++writes == 1) project("INTEGER");
        if (writes == 3) project("TEXT");
        return {};
    };
    const std::string lines = "{\"x\":1}\n{\"x\":\"one\"}\n{\"other\":{}}\n";
    const auto first = send(request(), {lines});
    ASSERT_TRUE(first) << first.error().message;
    EXPECT_EQ(first->counts.ingested, 2U);
    ASSERT_EQ(first->errors.size(), 1U) << "by the projection that was there at the commit";
    EXPECT_EQ(first->errors[0].code, "projection_mismatch");
    EXPECT_EQ(first->errors[0].index, 1U);
    auto atomic = request();
    atomic.atomic = true;
    const auto second = send(atomic, {lines, lines});
    ASSERT_TRUE(second) << second.error().message;
    EXPECT_EQ(second->counts.ingested, 6U);
    EXPECT_EQ(count("c"), 8U);
    EXPECT_EQ(writes, 4);
}

TEST_F(IngestServiceTest, WhatIsReadAheadFollowsToo) {
    limits_.batch_documents_max = 1000;
    start();
    bool changed = false;
    stores_.before_write = [&](const DocumentWrite&) -> Result<void> {
        if (!std::exchange(changed, true)) project("INTEGER");
        return {};
    };
    std::string lines;
    for (int i = 0; i < 2500; ++i)
        lines += i % 2 == 0 ? "{\"x\":1}\n" : "{\"x\":\"one\"}\n";
    const auto report = send(request(), {lines});
    ASSERT_TRUE(report) << report.error().message;
    EXPECT_EQ(report->counts.ingested, 1250U);
    EXPECT_EQ(report->counts.errors, 1250U);
}

TEST_F(IngestServiceTest, AProjectionThatNeverRestsEndsTheStream) {
    int writes = 0;
    stores_.before_write = [&](const DocumentWrite&) -> Result<void> {
        project(++writes % 2 == 0 ? "TEXT" : "INTEGER");
        return {};
    };
    const auto report = send(request(), {"{\"x\":1}\n"});
    ASSERT_FALSE(report);
    EXPECT_EQ(report.error().reason, "collection_changed");
    EXPECT_EQ(writes, 1 + limits::kProjectionRetriesMax);
    EXPECT_EQ(count("c"), 0U);
}

TEST_F(IngestServiceTest, ACollectionMadeAnewIsAnotherOne) {
    stores_.before_write = [&](const DocumentWrite&) -> Result<void> {
        clock_.advance(Millis(1));
        EXPECT_TRUE(run_task(stores_.drop(tenant_, "c")));
        create("c");
        return {};
    };
    const auto report = send(request(), {"{\"x\":1}\n"});
    ASSERT_FALSE(report);
    EXPECT_EQ(report.error().reason, "collection_changed");
    EXPECT_EQ(count("c"), 0U);
}

TEST_F(IngestServiceTest, DeadLettersGoToAnotherCollection) {
    auto wanted = request();
    wanted.dead_letter = "dead";
    const auto missing = send(wanted, {"{}\n"});
    ASSERT_FALSE(missing);
    EXPECT_EQ(missing.error().reason, "no_such_collection");
    create("dead");
    const auto report = send(wanted, {"{}\n[]\n{\"_id\":[]}\n"});
    ASSERT_TRUE(report) << report.error().message;
    EXPECT_EQ(report->counts.errors, 2U);
    EXPECT_EQ(count("dead"), 2U);
    wanted.atomic = true;
    EXPECT_EQ(send(wanted, {"{}\n"}).error().code, ErrorCode::InvalidArgument);
    wanted.atomic = false;
    wanted.dead_letter = "c";
    EXPECT_EQ(send(wanted, {"{}\n"}).error().code, ErrorCode::InvalidArgument);
}

TEST_F(IngestServiceTest, AStreamSentAgainIsAReplay) {
    auto wanted = request();
    wanted.stream_key = "k";
    wanted.request_hash = "h";
    const std::string lines = "{\"_id\":1}\n{\"_id\":2}\n";
    const auto first = send(wanted, {lines});
    ASSERT_TRUE(first);
    EXPECT_FALSE(first->replayed);
    const auto again = send(wanted, {lines});
    ASSERT_TRUE(again);
    EXPECT_TRUE(again->replayed);
    EXPECT_EQ(again->counts.ingested, 2U);
    EXPECT_EQ(count("c"), 2U);
    const auto longer = send(wanted, {lines + "{\"_id\":3}\n"});
    ASSERT_TRUE(longer);
    EXPECT_FALSE(longer->replayed) << "the stream went on";
    EXPECT_EQ(longer->counts.ingested, 3U);
    const auto without = send(request(), {"\n"});
    ASSERT_TRUE(without);
    EXPECT_FALSE(without->replayed);
    wanted.request_hash = "other";
    EXPECT_EQ(send(wanted, {lines}).error().reason, "idempotency_key_reused");
}

TEST_F(IngestServiceTest, StreamsAreCounted) {
    Pieces nothing({});
    auto one = run_task(ingest_->begin(principal_, request(), nothing));
    auto two = run_task(ingest_->begin(principal_, request(), nothing));
    ASSERT_TRUE(one && two);
    auto three = run_task(ingest_->begin(principal_, request(), nothing));
    ASSERT_FALSE(three);
    EXPECT_EQ(three.error().reason, "too_many_streams");
    two->reset();
    EXPECT_TRUE(run_task(ingest_->begin(principal_, request(), nothing)));
}

TEST_F(IngestServiceTest, AStoreThatFailsEndsTheStreamWithWhatIsKept) {
    limits_.batch_documents_max = 1000;
    start();
    int writes = 0;
    stores_.before_write = [&](const DocumentWrite&) -> Result<void> {
        if (++writes == 3) return exhausted("the disk is full", "storage_full");
        return {};
    };
    std::string lines;
    for (int i = 0; i < 5000; ++i)
        lines += "{\"_id\":" + std::to_string(i) + "}\n";
    const auto report = send(request(), {lines});
    ASSERT_FALSE(report);
    EXPECT_EQ(report.error().reason, "storage_full");
    EXPECT_EQ(report.error().details.at("ingested"), 2000);
    EXPECT_EQ(count("c"), 2000U);
}

TEST_F(IngestServiceTest, AnAbortedStreamGoesOnBeforeWhatEndedIt) {
    int made = 0;
    for (const auto form : {documents::Form::Lines, documents::Form::Values}) {
        for (const bool whole : {true, false}) {
            const bool lines = form == documents::Form::Lines;
            const std::string name = "c" + std::to_string(++made);
            create(name);
            const std::string begin =
                (lines ? "" : "[") + std::string("{\"_id\":\"a\"}") + (lines ? "\n" : ", ");
            const std::string rest =
                std::string(lines ? "\n" : ",") + "{\"_id\":\"b\"}" + (lines ? "\n" : "]");
            auto wanted = request();
            wanted.collection = name;
            wanted.form = form;
            wanted.on_error = OnError::Abort;
            wanted.stream_key = name;
            const auto failed = send(wanted, {begin + "{\"_id\":\"a\"}" + rest});
            ASSERT_FALSE(failed);
            EXPECT_EQ(failed.error().reason, "ingest_failed");
            const auto& details = failed.error().details;
            EXPECT_EQ(details.at("resume_from").to_number<std::size_t>(), begin.size()) << begin;
            EXPECT_EQ(details.at("committed_offset"), details.at("resume_from"));
            EXPECT_EQ(count(name), 1U);
            EXPECT_FALSE(send(wanted, {begin + "{\"_id\":\"a\"}" + rest})) << "as before";
            EXPECT_EQ(count(name), 1U);
            const std::string mended = "{\"_id\":\"mended\"}" + rest;
            if (!whole) wanted.resume_from = begin.size();
            const auto report = send(wanted, {whole ? begin + mended : mended});
            ASSERT_TRUE(report) << report.error().message;
            EXPECT_EQ(report->counts.ingested, 3U);
            EXPECT_EQ(report->counts.errors, 0U);
            EXPECT_EQ(count(name), 3U);
        }
    }
}

TEST_F(IngestServiceTest, WithoutAKeyThereIsNothingToGoOnWith) {
    auto wanted = request();
    wanted.on_error = OnError::Abort;
    const auto failed = send(wanted, {"{\"_id\":1}\n[]\n"});
    ASSERT_FALSE(failed);
    EXPECT_FALSE(failed.error().details.contains("resume_from"));
    EXPECT_EQ(failed.error().details.at("committed_offset").to_number<int>(), 10);
}

}  // namespace
}  // namespace zs::data
