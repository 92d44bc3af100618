#include "adapters/ws/client_message.hpp"

#include "adapters/ws/server_frames.hpp"

#include <boost/json/parse.hpp>
#include <gtest/gtest.h>

namespace zs::ws {
namespace {

std::string reason_of(std::string_view text) {
    boost::json::value id;
    const auto message = parse_client_message(text, id);
    return message ? std::string("none") : std::string(message.error().reason_text());
}

TEST(ClientMessage, EveryActionIsRead) {
    boost::json::value id;
    auto message = parse_client_message(
        R"({"action":"subscribe","topic":"jobs/*","types":["log"],"from_seq":7,"id":"a"})", id);
    ASSERT_TRUE(message);
    EXPECT_EQ(message->action, Action::Subscribe);
    EXPECT_EQ(message->topic, "jobs/*");
    EXPECT_EQ(message->types, std::vector<std::string>{"log"});
    EXPECT_EQ(message->from_seq, 7U);
    EXPECT_EQ(message->id, "a");
    message = parse_client_message(R"({"action":"resume","seq":0,"topics":["system"],"id":1})", id);
    ASSERT_TRUE(message);
    EXPECT_EQ(message->topics, std::vector<std::string>{"system"});
    EXPECT_EQ(message->from_seq, 0U);
    EXPECT_EQ(message->id, 1);
    message = parse_client_message(R"({"action":"auth","token":"secret"})", id);
    ASSERT_TRUE(message);
    EXPECT_EQ(message->token.reveal(), "secret");
    for (const char* text : {R"({"action":"ping"})", R"({"action":"list","more":[]})",
                             R"({"action":"unsubscribe","topic":"x","id":null})"}) {
        EXPECT_EQ(reason_of(text), "none") << text;
    }
}

TEST(ClientMessage, WhatMakesNoSenseIsInvalidMessage) {
    for (const char* text :
         {"", "[]", "7", "{", "{\"action\":7}", "{}", R"({"action":"join","room":"x"})",
          R"({"action":"rtc","op":"x"})", R"({"action":"Ping"})", R"({"action":"ping"}x)",
          R"({"action":"ping","action":"ping"})"}) {
        EXPECT_EQ(reason_of(text), "invalid_message") << text;
    }
}

TEST(ClientMessage, WrongFieldsAreNamed) {
    for (const char* text :
         {R"({"action":"subscribe"})", R"({"action":"subscribe","topic":7})",
          R"({"action":"subscribe","topic":"a","types":"log"})",
          R"({"action":"subscribe","topic":"a","from_seq":"7"})",
          R"({"action":"subscribe","topic":"a","from_seq":1.5})", R"({"action":"auth"})",
          R"({"action":"resume","seq":1})", R"({"action":"resume","topics":["a"]})",
          R"({"action":"ping","id":{}})"}) {
        EXPECT_EQ(reason_of(text), "unprocessable") << text;
    }
    for (const char* text : {R"({"action":"subscribe","topic":"a","from_seq":-1})",
                             R"({"action":"subscribe","topic":"a","from_seq":9007199254740992})"}) {
        EXPECT_EQ(reason_of(text), "invalid_argument") << text;
    }
}

TEST(ClientMessage, TheIdIsKnownAlsoOfARefusedMessage) {
    boost::json::value id;
    EXPECT_FALSE(parse_client_message(R"({"action":"fly","id":42})", id));
    EXPECT_EQ(id, 42);
}

TEST(ServerFrames, HaveTheContractsShape) {
    const auto error = forbidden("no", "permission_denied");
    const auto frame = error_frame(error, 7, "permissions", "request", Timestamp{});
    const auto json = boost::json::parse(frame.substr(4)).as_object();
    EXPECT_EQ(json.at("topic"), "meta/ws");
    EXPECT_EQ(json.at("type"), "error");
    EXPECT_EQ(json.at("action"), "error");
    EXPECT_EQ(json.at("id"), 7);
    EXPECT_EQ(json.at("seq"), 0);
    EXPECT_EQ(json.at("ts"), "1970-01-01T00:00:00.000Z");
    EXPECT_EQ(json.at("error"), "permission_denied");
    EXPECT_EQ(json.at("code"), "permission_denied");
    EXPECT_EQ(json.at("message"), "no");
    EXPECT_EQ(json.at("request_id"), "request");
    EXPECT_EQ(json.at("data").at("topic"), "permissions");
    EXPECT_EQ(json.at("data").at("level"), "error");
}

}  // namespace
}  // namespace zs::ws
