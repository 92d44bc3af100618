#pragma once

#include "core/data/collection_service.hpp"
#include "core/data/collection_store.hpp"
#include "core/data/document_store.hpp"
#include "support/run_task.hpp"

#include <boost/json/parse.hpp>
#include <gtest/gtest.h>

#include <functional>
#include <limits>
#include <set>
#include <string>
#include <vector>

// What every CollectionStore and DocumentStore over the same data promise together. An
// implementation instantiates it with a function that makes an empty pair, which lives until the
// next call.
namespace zs::testing {

struct CollectionStores {
    data::CollectionStore* collections = nullptr;
    data::DocumentStore* documents = nullptr;
};

struct CollectionStoreFactory {
    const char* name;
    std::function<CollectionStores()> make;
};

class CollectionStoreContract : public ::testing::TestWithParam<CollectionStoreFactory> {
protected:
    void SetUp() override { stores_ = GetParam().make(); }

    static identity::Tenant tenant() { return {"default", "live"}; }

    static data::Projection one_column(std::string path, std::string type) {
        const std::string text =
            R"({"columns":{"x":{"path":")" + path + R"(","type":")" + type + R"("}}})";
        auto read = data::read_projection(boost::json::parse(text), "c");
        return **read;
    }

    Result<data::CreatedCollection> create(std::string name,
                                           std::optional<data::Projection> projection = {}) {
        data::Collection wanted;
        wanted.name = std::move(name);
        wanted.projection = std::move(projection);
        wanted.created_at = from_unix_millis(1'760'000'000'000);
        return run_task(stores_.collections->create(tenant(), std::move(wanted)));
    }

    data::DocumentScope scope(const std::string& name) {
        auto found = run_task(stores_.collections->find(tenant(), name, data::Counting::Off));
        if (!found) throw std::runtime_error(found.error().message);
        data::DocumentScope made;
        made.tenant = tenant();
        made.rights = std::make_shared<identity::Rights>(identity::Rights::everything());
        made.collection = std::make_shared<const data::Collection>(std::move(*found));
        return made;
    }

    static data::DocumentWrite write_of(const data::DocumentScope& scope,
                                        const std::string& lines) {
        documents::DocumentReader reader(documents::Form::Lines,
                                         data::extraction_of(*scope.collection), {});
        reader.feed(lines);
        reader.finish();
        data::DocumentWrite write;
        write.scope = scope;
        write.errors_max = std::numeric_limits<std::uint64_t>::max();
        write.batches.push_back(reader.take());
        return write;
    }
    Result<data::DocumentWritten> store(data::DocumentWrite write) {
        return run_task(stores_.documents->write(std::move(write)));
    }
    Result<data::DocumentWritten> store(const std::string& name, const std::string& lines) {
        return store(write_of(scope(name), lines));
    }
    std::uint64_t count(const std::string& name) {
        auto found = run_task(stores_.collections->find(tenant(), name, data::Counting::On));
        return found ? found->document_count : 999'999;
    }
    std::string json_of(const std::string& name, const std::string& id) {
        auto found = run_task(stores_.documents->find(scope(name), id));
        return found ? found->json : "(" + found.error().reason + ")";
    }
    std::vector<std::string> ids_of(const std::string& name, const std::string& filter,
                                    const std::string& sort, std::size_t limit = 100,
                                    std::vector<data::SqlValue> after = {}) {
        data::DocumentQuery query;
        if (!filter.empty()) query.conditions = *data::read_filter(filter);
        query.sort = *data::read_sort(sort);
        query.limit = limit;
        query.after = std::move(after);
        auto found = run_task(stores_.documents->list(scope(name), std::move(query)));
        if (!found) throw std::runtime_error(found.error().message);
        std::vector<std::string> ids;
        for (const auto& document : *found)
            ids.push_back(document.id);
        return ids;
    }

    CollectionStores stores_;
};

using Strings = std::vector<std::string>;

TEST_P(CollectionStoreContract, ACollectionIsMadeOnceAndIsGoneWhenDropped) {
    const auto made = create("c", one_column("a", "TEXT"));
    ASSERT_TRUE(made) << made.error().message;
    EXPECT_FALSE(made->existed);
    const auto again = create("c", one_column("a", "TEXT"));
    ASSERT_TRUE(again) << again.error().message;
    EXPECT_TRUE(again->existed);
    const auto other = create("c", one_column("b", "TEXT"));
    ASSERT_FALSE(other);
    EXPECT_EQ(other.error().reason, "collection_exists");
    ASSERT_TRUE(create("b"));
    const auto all = run_task(stores_.collections->list(tenant()));
    ASSERT_TRUE(all);
    ASSERT_EQ(all->size(), 2U);
    EXPECT_EQ((*all)[0].name, "b");
    ASSERT_TRUE(run_task(stores_.collections->drop(tenant(), "c")));
    const auto gone = run_task(stores_.collections->find(tenant(), "c", data::Counting::Off));
    ASSERT_FALSE(gone);
    EXPECT_EQ(gone.error().reason, "no_such_collection");
    const auto twice = run_task(stores_.collections->drop(tenant(), "c"));
    ASSERT_FALSE(twice);
    EXPECT_EQ(twice.error().reason, "no_such_collection");
}

TEST_P(CollectionStoreContract, DocumentsAreKeptAsTheyCame) {
    ASSERT_TRUE(create("c"));
    const auto written = store("c", "{\"_id\":\"a\", \"n\" : 1}\n{\"n\":2}\n{\"_id\":7}\n");
    ASSERT_TRUE(written) << written.error().message;
    EXPECT_EQ(written->counts.ingested, 3U);
    ASSERT_EQ(written->ids.size(), 3U);
    EXPECT_EQ(written->ids[0], "a");
    EXPECT_EQ(written->ids[2], "7");
    EXPECT_EQ(json_of("c", "a"), "{\"_id\":\"a\", \"n\" : 1}");
    EXPECT_EQ(json_of("c", written->ids[1]), "{\"n\":2}");
    EXPECT_EQ(json_of("c", "b"), "(no_such_document)");
    EXPECT_EQ(count("c"), 3U);
}

TEST_P(CollectionStoreContract, AnIdIsTakenOnce) {
    ASSERT_TRUE(create("c"));
    const auto first = store("c", "{\"_id\":1,\"n\":1}\n{\"_id\":1,\"n\":2}\n{\"_id\":2}\n");
    ASSERT_TRUE(first);
    EXPECT_EQ(first->counts.ingested, 2U);
    EXPECT_EQ(first->counts.errors, 1U);
    ASSERT_EQ(first->errors.size(), 1U);
    EXPECT_EQ(first->errors[0].code, "duplicate_id");
    EXPECT_EQ(first->errors[0].index, 1U);
    auto replace = write_of(scope("c"), "{\"_id\":1,\"n\":3}\n{\"_id\":3}\n");
    replace.on_conflict = data::OnConflict::Replace;
    const auto replaced = store(std::move(replace));
    ASSERT_TRUE(replaced);
    EXPECT_EQ(replaced->counts.ingested, 2U);
    EXPECT_EQ(replaced->counts.replaced, 1U);
    EXPECT_EQ(json_of("c", "1"), "{\"_id\":1,\"n\":3}");
    auto ignore = write_of(scope("c"), "{\"_id\":1,\"n\":4}\n{\"_id\":4}\n");
    ignore.on_conflict = data::OnConflict::Ignore;
    const auto ignored = store(std::move(ignore));
    ASSERT_TRUE(ignored);
    EXPECT_EQ(ignored->counts.ingested, 1U);
    EXPECT_EQ(ignored->counts.ignored, 1U);
    EXPECT_EQ(json_of("c", "1"), "{\"_id\":1,\"n\":3}");
    EXPECT_EQ(count("c"), 4U);
}

TEST_P(CollectionStoreContract, ErrorsStopWhereTheyWereToldTo) {
    ASSERT_TRUE(create("c"));
    const std::string lines = "{\"_id\":1}\n[]\n{\"_id\":2}\n[]\n{\"_id\":3}\n";
    auto some = write_of(scope("c"), lines);
    some.errors_max = 1;
    const auto stopped = store(std::move(some));
    ASSERT_TRUE(stopped);
    EXPECT_TRUE(stopped->stopped);
    EXPECT_EQ(stopped->counts.errors, 2U);
    EXPECT_EQ(count("c"), 2U) << "what came before stays";
    auto all = write_of(scope("c"), "{\"_id\":8}\n[]\n{\"_id\":9}\n");
    all.atomic = true;
    all.errors_max = 0;
    const auto undone = store(std::move(all));
    ASSERT_TRUE(undone);
    EXPECT_TRUE(undone->stopped);
    EXPECT_EQ(count("c"), 2U);
    auto dry = write_of(scope("c"), "{\"_id\":8}\n{\"_id\":1}\n");
    dry.dry_run = true;
    const auto tried = store(std::move(dry));
    ASSERT_TRUE(tried);
    EXPECT_EQ(tried->counts.ingested, 1U);
    EXPECT_EQ(tried->counts.errors, 1U);
    EXPECT_EQ(count("c"), 2U);
}

TEST_P(CollectionStoreContract, AStreamIsKeptWithItsDocuments) {
    ASSERT_TRUE(create("c"));
    const auto unknown = run_task(stores_.documents->stream(tenant(), "key"));
    ASSERT_TRUE(unknown);
    EXPECT_FALSE(*unknown);
    const auto send = [&](const std::string& lines, bool dry_run) {
        auto write = write_of(scope("c"), lines);
        data::StreamState state;
        state.key = "key";
        state.request_hash = "hash";
        state.position = write.batches.back()->end();
        state.counts.ingested = 5;
        write.stream = state;
        write.dry_run = dry_run;
        ASSERT_TRUE(store(std::move(write)));
    };
    send("{\"_id\":1}\n", true);
    EXPECT_FALSE(*run_task(stores_.documents->stream(tenant(), "key"))) << "nothing was stored";
    send("{\"_id\":1}\n[]\n{\"_id\":2}\n", false);
    const auto known = run_task(stores_.documents->stream(tenant(), "key"));
    ASSERT_TRUE(known);
    ASSERT_TRUE(*known);
    const auto& state = **known;
    EXPECT_EQ(state.request_hash, "hash");
    EXPECT_EQ(state.position.offset, 23U);
    EXPECT_EQ(state.position.line, 4U);
    EXPECT_EQ(state.position.index, 3U);
    EXPECT_EQ(state.counts.ingested, 7U);
    EXPECT_EQ(state.counts.errors, 1U);
    EXPECT_EQ(state.counts.batches, 1U);
}

TEST_P(CollectionStoreContract, AStreamThatStoppedIsBeforeTheDocumentThatStoppedIt) {
    ASSERT_TRUE(create("c"));
    ASSERT_TRUE(create("dead"));
    auto write = write_of(scope("c"), "{\"_id\":1}\n[]\n{\"_id\":2}\n []\n{\"_id\":3}\n");
    write.errors_max = 1;
    write.dead_letters = scope("dead");
    data::StreamState state;
    state.key = "key";
    state.position = write.batches.back()->end();
    write.stream = state;
    const auto stopped = store(std::move(write));
    ASSERT_TRUE(stopped) << stopped.error().message;
    EXPECT_TRUE(stopped->stopped);
    EXPECT_EQ(stopped->counts.errors, 2U);
    const documents::Position place{.offset = 24, .line = 4, .index = 3};
    EXPECT_EQ(stopped->stopped_at, place);
    const auto known = run_task(stores_.documents->stream(tenant(), "key"));
    ASSERT_TRUE(known && *known);
    EXPECT_EQ((*known)->position, place);
    EXPECT_EQ((*known)->counts.ingested, 2U);
    EXPECT_EQ((*known)->counts.errors, 1U) << "the other one is tried again";
    EXPECT_EQ((*known)->counts.batches, 1U);
    EXPECT_EQ(count("dead"), 1U) << "so it is no dead letter";
}

TEST_P(CollectionStoreContract, AnotherProjectionIsNotWrittenTo) {
    ASSERT_TRUE(create("c"));
    auto old = write_of(scope("c"), "{\"a\":1}\n");
    ASSERT_TRUE(run_task(stores_.collections->project(tenant(), "c", one_column("a", "INTEGER"))));
    const auto refused = store(std::move(old));
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().reason, "collection_changed");
    EXPECT_EQ(refused.error().code, ErrorCode::Conflict);
    const auto written = store("c", "{\"a\":1}\n{\"a\":\"x\"}\n");
    ASSERT_TRUE(written) << written.error().message;
    EXPECT_EQ(written->counts.ingested, 1U);
    ASSERT_EQ(written->errors.size(), 1U);
    EXPECT_EQ(written->errors[0].code, "projection_mismatch");
}

TEST_P(CollectionStoreContract, DeadLettersAreKeptInTheSameCommit) {
    ASSERT_TRUE(create("c"));
    ASSERT_TRUE(create("dead"));
    auto write = write_of(scope("c"), "{\"_id\":1}\n{\"_id\":1,\"again\":true}\n{bro\xffken\n");
    write.dead_letters = scope("dead");
    const auto written = store(std::move(write));
    ASSERT_TRUE(written) << written.error().message;
    EXPECT_EQ(written->counts.ingested, 1U);
    EXPECT_EQ(written->counts.errors, 2U);
    EXPECT_EQ(count("dead"), 2U);
    const auto ids = ids_of("dead", R"({"error":"duplicate_id"})", "");
    ASSERT_EQ(ids.size(), 1U);
    const auto letter = boost::json::parse(json_of("dead", ids[0]));
    EXPECT_EQ(letter.at("index"), 1);
    EXPECT_EQ(letter.at("document"), "{\"_id\":1,\"again\":true}");
    const auto broken = ids_of("dead", R"({"error":"invalid_json"})", "");
    ASSERT_EQ(broken.size(), 1U);
    EXPECT_EQ(boost::json::parse(json_of("dead", broken[0])).at("document"), "{bro\xef\xbf\xbdken");
    auto dry = write_of(scope("c"), "[]\n");
    dry.dead_letters = scope("dead");
    dry.dry_run = true;
    ASSERT_TRUE(store(std::move(dry)));
    EXPECT_EQ(count("dead"), 2U);
}

TEST_P(CollectionStoreContract, ADocumentIsMergedAndRemoved) {
    ASSERT_TRUE(create("c"));
    ASSERT_TRUE(store("c", "{\"_id\":\"a\",\"x\":1,\"y\":{\"z\":2}}\n"));
    boost::json::object patch = boost::json::parse(R"({"x":null,"y":{"w":3}})").as_object();
    const auto merged = run_task(stores_.documents->merge(scope("c"), "a", patch));
    ASSERT_TRUE(merged) << merged.error().message;
    EXPECT_EQ(boost::json::parse(merged->json),
              boost::json::parse(R"({"_id":"a","y":{"z":2,"w":3}})"));
    EXPECT_EQ(json_of("c", "a"), merged->json);
    const auto missing = run_task(stores_.documents->merge(scope("c"), "b", patch));
    ASSERT_FALSE(missing);
    EXPECT_EQ(missing.error().reason, "no_such_document");
    ASSERT_TRUE(run_task(stores_.documents->remove(scope("c"), "a")));
    const auto gone = run_task(stores_.documents->remove(scope("c"), "a"));
    ASSERT_FALSE(gone);
    EXPECT_EQ(gone.error().reason, "no_such_document");
    EXPECT_EQ(count("c"), 0U);
}

TEST_P(CollectionStoreContract, ListsAreFilteredSortedAndCut) {
    ASSERT_TRUE(create("c"));
    ASSERT_TRUE(store("c",
                      "{\"_id\":\"a\",\"n\":3,\"t\":\"pear\"}\n"
                      "{\"_id\":\"b\",\"n\":1.5,\"t\":\"peach\"}\n"
                      "{\"_id\":\"c\",\"t\":\"plum\"}\n"
                      "{\"_id\":\"d\",\"n\":3,\"in\":{\"k\":true}}\n"
                      "{\"_id\":\"e\",\"n\":null}\n"));
    EXPECT_EQ(ids_of("c", "", ""), (Strings{"a", "b", "c", "d", "e"}));
    EXPECT_EQ(ids_of("c", R"({"n":3})", ""), (Strings{"a", "d"}));
    EXPECT_EQ(ids_of("c", R"({"n":{"gt":1,"lt":3}})", ""), (Strings{"b"}));
    EXPECT_EQ(ids_of("c", R"({"n":{"gte":1.5}})", "-n"), (Strings{"a", "d", "b"}));
    EXPECT_EQ(ids_of("c", R"({"t":{"prefix":"pea"}})", ""), (Strings{"a", "b"}));
    EXPECT_EQ(ids_of("c", R"({"t":{"in":["plum","pear"]}})", ""), (Strings{"a", "c"}));
    EXPECT_EQ(ids_of("c", R"({"n":{"exists":false}})", ""), (Strings{"c"}));
    EXPECT_EQ(ids_of("c", R"({"in.k":{"exists":true}})", ""), (Strings{"d"}));
    EXPECT_EQ(ids_of("c", R"({"n":{"ne":3}})", ""), (Strings{"b", "c", "e"}));
    EXPECT_EQ(ids_of("c", R"({"n":null})", ""), (Strings{"c", "e"}));
    EXPECT_EQ(ids_of("c", "", "n", 2), (Strings{"c", "e", "b"})) << "one more than asked for";
    EXPECT_EQ(ids_of("c", "", "n", 9, {data::SqlValue(1.5), std::string("b")}),
              (Strings{"a", "d"}));
    EXPECT_EQ(ids_of("c", "", "-n", 9, {data::SqlValue(std::int64_t{3}), std::string("a")}),
              (Strings{"d", "b", "c", "e"}));
}

TEST_P(CollectionStoreContract, PiecesGiveEveryDocumentOnce) {
    ASSERT_TRUE(create("c"));
    std::string lines;
    constexpr std::size_t kCount = 700;
    for (std::size_t i = 0; i < kCount; ++i)
        lines += "{\"_id\":" + std::to_string(i) + ",\"pad\":\"" + std::string(1000, 'x') + "\"}\n";
    ASSERT_TRUE(store("c", lines));
    data::DocumentCursor after;
    std::set<std::string> seen;
    std::size_t pieces = 0;
    std::size_t given = 0;
    while (true) {
        auto piece = run_task(stores_.documents->read_piece(scope("c"), after));
        ASSERT_TRUE(piece) << piece.error().message;
        ++pieces;
        given += piece->count;
        std::string_view text = piece->text;
        for (auto end = text.find('\n'); end != std::string_view::npos; end = text.find('\n')) {
            seen.insert(std::string(text.substr(0, end)));
            text.remove_prefix(end + 1);
        }
        EXPECT_TRUE(text.empty()) << "whole lines";
        if (!piece->next) break;
        after.row = *piece->next;
    }
    EXPECT_EQ(given, kCount);
    EXPECT_EQ(seen.size(), kCount);
    EXPECT_GT(pieces, 1U);
    data::DocumentCursor behind;
    behind.id = "698";
    const auto last = run_task(stores_.documents->read_piece(scope("c"), behind));
    ASSERT_TRUE(last);
    EXPECT_EQ(last->count, 1U);
}

}  // namespace zs::testing
