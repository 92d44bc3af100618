#include "documents/document_reader.hpp"

#include <gtest/gtest.h>

#include <random>

namespace zs::documents {
namespace {

// What a stream came to, as text that can be compared.
struct Read {
    std::vector<std::string> documents;
    std::string failure;
    Position end;
    bool operator==(const Read&) const = default;
};

std::string show(const Value& value) {
    switch (value.kind) {
        case ValueKind::Missing: return "-";
        case ValueKind::Null: return "null";
        case ValueKind::Boolean: return value.boolean ? "true" : "false";
        case ValueKind::Integer: return "i" + std::to_string(value.integer);
        case ValueKind::Real: return "r" + std::to_string(value.real);
        case ValueKind::Text: return "t" + std::string(value.text);
        case ValueKind::Json: return "j" + std::string(value.text);
    }
    return "?";
}

void collect(const DocumentBatch& batch, Read& read) {
    for (const auto& document : batch.documents()) {
        std::string line = std::to_string(document.index) + "@" + std::to_string(document.offset)
                           + ":" + std::to_string(document.line) + " ";
        if (document.is_rejected()) {
            line += batch.rejection(document).code + " " + batch.rejection(document).message;
        } else {
            line += std::string(document.json) + " " + show(document.id);
            for (std::size_t i = 0; i < batch.fields(); ++i)
                line += " " + show(batch.value(document, i));
        }
        read.documents.push_back(std::move(line));
    }
    read.end = batch.end();
}

struct Stream {
    Form form = Form::Lines;
    Extraction wanted;
    ReaderLimits limits;
    Position start;
};

Read read_pieces(const Stream& setup, const std::vector<std::string>& pieces) {
    DocumentReader reader(setup.form, setup.wanted, setup.limits, setup.start);
    Read read;
    const auto drain = [&] {
        while (reader.is_full())
            collect(*reader.take(), read);
    };
    for (const auto& piece : pieces) {
        reader.feed(piece);
        drain();
    }
    reader.finish();
    drain();
    collect(*reader.take(), read);
    if (reader.failure()) read.failure = reader.failure()->message;
    return read;
}

Read read_lines(const std::string& text, Extraction wanted = {}) {
    Stream setup;
    setup.wanted = std::move(wanted);
    return read_pieces(setup, {text});
}

Read read_values(const std::string& text) {
    Stream setup;
    setup.form = Form::Values;
    return read_pieces(setup, {text});
}

using Lines = std::vector<std::string>;

TEST(DocumentReader, ReadsLinesWithTheirPlaces) {
    const auto read = read_lines("{\"a\":1}\n\n  {\"_id\":\"x\"} \r\n{\"_id\":7}");
    EXPECT_EQ(read.documents,
              (Lines{"0@0:1 {\"a\":1} -", "1@11:3 {\"_id\":\"x\"} tx", "2@25:4 {\"_id\":7} i7"}));
    EXPECT_EQ(read.end.offset, 34U);
    EXPECT_EQ(read.end.index, 3U);
}

TEST(DocumentReader, ABadLineIsOneRejectionAndReadingGoesOn) {
    const auto read = read_lines(
        "{\"a\":1}\n{broken\n[1]\n{\"a\":1,\"a\":2}\n{\"a\":NaN}\n{\"a\":\"\xff\"}\n{\"b\":2}\n"
        "{\"a\":1}{\"b\":1}\n{\"a\":01}\n{\"a\":\"\t\"}\n{\"a\":1e999}\n");
    ASSERT_EQ(read.documents.size(), 11U);
    EXPECT_TRUE(read.documents[1].starts_with("1@8:2 invalid_json line 2: ")) << read.documents[1];
    EXPECT_TRUE(read.documents[2].starts_with("2@16:3 not_an_object")) << read.documents[2];
    EXPECT_TRUE(read.documents[3].find("duplicate_key line 4: the key 'a'") != std::string::npos);
    EXPECT_TRUE(read.documents[4].find("invalid_json") != std::string::npos);
    EXPECT_TRUE(read.documents[5].find("UTF-8") != std::string::npos) << read.documents[5];
    EXPECT_EQ(read.documents[6], "6@54:7 {\"b\":2} -");
    for (const std::size_t i : {7U, 8U, 9U, 10U})
        EXPECT_TRUE(read.documents[i].find("invalid_json") != std::string::npos) << i;
}

TEST(DocumentReader, NestingHasALimit) {
    const auto nested = [](int levels) {
        return std::string("{\"a\":") + std::string(static_cast<std::size_t>(levels) - 1, '[') + "0"
               + std::string(static_cast<std::size_t>(levels) - 1, ']') + "}\n";
    };
    const auto read = read_lines(nested(64) + nested(65) + "{}");
    ASSERT_EQ(read.documents.size(), 3U);
    EXPECT_TRUE(read.documents[0].find("nesting") == std::string::npos) << read.documents[0];
    EXPECT_TRUE(read.documents[1].find("nesting_too_deep") != std::string::npos);
    EXPECT_TRUE(read.documents[2].find("{}") != std::string::npos);
}

TEST(DocumentReader, TakesFieldsByPathWithTheirTypes) {
    Extraction wanted;
    wanted.fields = {"n", "a.b", "a.c.d", "x.y", "list", "flag", "none", "real", "big"};
    wanted.id_field = "key";
    const auto read =
        read_lines(R"({"key":"k\u00e9","n":-5,"a":{"b":"t\n","c":{"d":null}},"x.y":1,"x":{"y":2},)"
                   R"("list":[1, {"z":"é"}],"flag":true,"real":2.5,"big":18446744073709551615})",
                   wanted);
    ASSERT_EQ(read.documents.size(), 1U);
    EXPECT_TRUE(
        read.documents[0].ends_with("} tké i-5 tt\n null i1 j[1,{\"z\":\"é\"}] true - "
                                    "r2.500000 r18446744073709551616.000000"))
        << read.documents[0];
}

TEST(DocumentReader, ItsOwnIdWinsOverTheOtherField) {
    Extraction wanted;
    wanted.id_field = "key";
    const auto read =
        read_lines("{\"key\":1,\"_id\":2}\n{\"key\":1}\n{\"_id\":null,\"key\":1}", wanted);
    EXPECT_TRUE(read.documents[0].ends_with(" i2"));
    EXPECT_TRUE(read.documents[1].ends_with(" i1"));
    EXPECT_TRUE(read.documents[2].ends_with(" null"));
}

TEST(DocumentReader, ManyKeysAreLookedAtForTwins) {
    std::string many = "{";
    for (int i = 0; i < 200; ++i)
        many += "\"k" + std::to_string(i) + "\":" + std::to_string(i) + ",";
    EXPECT_TRUE(read_lines(many + "\"k7\":0}").documents[0].find("duplicate_key")
                != std::string::npos);
    EXPECT_TRUE(read_lines(many + "\"z\":0}").documents[0].find("duplicate_key")
                == std::string::npos);
}

TEST(DocumentReader, AnOversizedLineIsRejectedWithoutBeingKept) {
    Stream setup;
    setup.limits.document_bytes_max = 1000;
    const std::string big = "{\"a\":\"" + std::string(2'000'000, 'x') + "\"}";
    std::vector<std::string> pieces = {"{\"n\":1}\n"};
    for (std::size_t at = 0; at < big.size(); at += 4096)
        pieces.push_back(big.substr(at, 4096));
    pieces.emplace_back("\n{\"n\":2}\n");
    const auto read = read_pieces(setup, pieces);
    ASSERT_EQ(read.documents.size(), 3U);
    EXPECT_TRUE(read.documents[1].starts_with("1@8:2 document_too_large line 2:"));
    EXPECT_EQ(read.documents[2], "2@2000017:3 {\"n\":2} -");
}

TEST(DocumentReader, WhatIsSkippedFillsNoBatch) {
    for (const Form form : {Form::Lines, Form::Values}) {
        Stream stream;
        stream.form = form;
        stream.limits.document_bytes_max = 1000;
        stream.limits.batch_bytes_max = 5000;
        std::vector<std::string> pieces = {"{\"n\":1}\n", "{\"a\":\""};
        for (int i = 0; i < 100; ++i)
            pieces.emplace_back(1000, 'x');
        pieces.emplace_back("\"}\n{\"n\":2}\n");
        const auto read = read_pieces(stream, pieces);
        ASSERT_EQ(read.documents.size(), 3U);
        EXPECT_TRUE(read.documents[1].find("document_too_large") != std::string::npos);
        EXPECT_TRUE(read.documents[2].find("{\"n\":2}") != std::string::npos);
    }
}

TEST(DocumentReader, ReadsArraysValuesInARowAndSingleObjects) {
    const Lines two = {"0@1:1 {\"a\":1} -", "1@10:2 {\"a\":[2]} -"};
    EXPECT_EQ(read_values("[{\"a\":1},\n{\"a\":[2]} ]").documents, two);
    EXPECT_EQ(read_values(" {\"a\":1}\n{\"a\":[2]}").documents,
              (Lines{"0@1:1 {\"a\":1} -", "1@9:2 {\"a\":[2]} -"}));
    EXPECT_EQ(read_values("{\n\"a\":1\n}").documents, (Lines{"0@0:1 {\n\"a\":1\n} -"}));
    EXPECT_TRUE(read_values("").documents.empty());
    EXPECT_TRUE(read_values("[]").documents.empty());
    EXPECT_EQ(read_values("[]").failure, "");
    EXPECT_EQ(read_values("[{}][{}]{}").documents.size(), 3U);
}

TEST(DocumentReader, WhatIsNoObjectIsRejectedAndReadingGoesOn) {
    const auto read = read_values("[1,\"two\",{},null, [3]]");
    ASSERT_EQ(read.documents.size(), 5U);
    EXPECT_EQ(read.failure, "");
    EXPECT_TRUE(read.documents[1].find("not_an_object") != std::string::npos);
    EXPECT_TRUE(read.documents[2].find("{}") != std::string::npos);
}

TEST(DocumentReader, BadSyntaxEndsValues) {
    for (const std::string text : {"[{}", "[{},]", "[{} {}]", "{\"a\":1", "[{\"a\":}]", "]", "}",
                                   "[{}}", "{},{}", "nope", "\"open", "[,{}]", "{\"a\":1}]"}) {
        EXPECT_NE(read_values(text).failure, "") << text;
    }
    EXPECT_EQ(read_values("[{},\n {}\n, oops]").failure, "line 3: the value is not valid JSON");
}

TEST(DocumentReader, ABatchIsFullAndTheRestStaysForTheNext) {
    Stream setup;
    setup.limits.batch_documents_max = 2;
    DocumentReader reader(setup.form, setup.wanted, setup.limits);
    reader.feed("{}\n{\"a\":1}\n{}\n{}\n{\"z\":1}");
    EXPECT_TRUE(reader.is_full());
    const auto first = reader.take();
    EXPECT_EQ(first->documents().size(), 2U);
    EXPECT_EQ(first->end().offset, 11U);
    const auto second = reader.take();
    EXPECT_EQ(second->documents().size(), 2U);
    EXPECT_EQ(first->documents()[1].json, "{\"a\":1}");
    EXPECT_FALSE(reader.is_full());
    reader.finish();
    EXPECT_TRUE(reader.at_end());
    EXPECT_EQ(reader.take()->documents()[0].json, "{\"z\":1}");
}

// ---- properties

std::string random_document(std::mt19937& random) {
    static const Lines parts = {"{}",
                                "{\"_id\":\"a\\\"b\",\"n\":1}",
                                "{\"k\":\"x y\",\"a\":{\"b\":[1,2,{\"c\":\"]}\"}]}}",
                                "{\"n\":-1.5e3}",
                                "{\"a\":{\"b\":\"\\\\\"}}",
                                "{\"long\":\"" + std::string(300, 'l') + "\"}",
                                "{\"u\":\"é\\u00e9\"}"};
    return parts[random() % parts.size()];
}

std::string random_text(std::mt19937& random, Form form) {
    static const Lines blanks = {"", " ", "\t", "\r"};
    std::string text;
    const bool array = form == Form::Values && random() % 2 == 0;
    const auto count = random() % 12;
    if (array) text += " [";
    for (std::size_t i = 0; i < count; ++i) {
        if (array && i > 0) text += ",";
        text += blanks[random() % blanks.size()];
        const auto kind = random() % 10;
        if (form == Form::Lines && kind == 0) {
            text += "{broken";
        } else if (form == Form::Lines && kind == 1) {
            text += "";
        } else if (kind == 2) {
            text += "42";
        } else {
            text += random_document(random);
        }
        text += blanks[random() % blanks.size()];
        if (form == Form::Lines || !array || random() % 3 == 0) text += "\n";
    }
    if (array && random() % 10 != 0) text += "]";
    return text;
}

Stream random_setup(std::mt19937& random, Form form) {
    Stream setup;
    setup.form = form;
    setup.wanted.fields = {"n", "a.b"};
    setup.limits.document_bytes_max = random() % 2 == 0 ? 200 : 1 << 20;
    setup.limits.batch_documents_max = 1 + random() % 5;
    return setup;
}

class Splits : public ::testing::TestWithParam<Form> {};

TEST_P(Splits, EverySplitGivesTheSameDocuments) {
    const unsigned seed = std::random_device()();
    std::mt19937 random(seed);
    for (int round = 0; round < 60; ++round) {
        const Stream setup = random_setup(random, GetParam());
        const std::string text = random_text(random, GetParam());
        const auto whole = read_pieces(setup, {text});
        for (std::size_t at = 0; at <= text.size(); at += 1 + random() % 7) {
            const auto split = read_pieces(setup, {text.substr(0, at), text.substr(at)});
            ASSERT_EQ(split, whole) << "seed " << seed << " at " << at << ": " << text;
        }
        std::vector<std::string> bytes;
        for (const char c : text)
            bytes.emplace_back(1, c);
        ASSERT_EQ(read_pieces(setup, bytes), whole) << "seed " << seed << ": " << text;
    }
}

TEST_P(Splits, AStreamGoesOnBehindEveryBatch) {
    const unsigned seed = std::random_device()();
    std::mt19937 random(seed);
    for (int round = 0; round < 60; ++round) {
        Stream setup = random_setup(random, GetParam());
        const std::string text = random_text(random, GetParam());
        const auto whole = read_pieces(setup, {text});
        DocumentReader reader(setup.form, setup.wanted, setup.limits);
        reader.feed(text);
        Read first;
        collect(*reader.take(), first);
        setup.start = first.end;
        auto rest = read_pieces(setup, {text.substr(first.end.offset)});
        first.documents.insert(first.documents.end(), rest.documents.begin(), rest.documents.end());
        ASSERT_EQ(first.documents, whole.documents) << "seed " << seed << ": " << text;
    }
}

INSTANTIATE_TEST_SUITE_P(Forms, Splits, ::testing::Values(Form::Lines, Form::Values));

}  // namespace
}  // namespace zs::documents
