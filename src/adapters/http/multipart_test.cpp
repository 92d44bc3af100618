#include "adapters/http/multipart.hpp"

#include <gtest/gtest.h>

namespace zs::http {
namespace {

constexpr const char* kHead =
    "--XX\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.txt\"\r\n"
    "Content-Type: text/plain\r\n\r\n";

struct Parsed {
    std::string content;
    std::string type;
};

Result<Parsed> parse(const std::string& body, std::size_t step) {
    MultipartFile file("XX");
    Parsed out;
    for (std::size_t at = 0; at < body.size(); at += step) {
        auto fed = file.feed(std::string_view(body).substr(at, step), out.content);
        if (!fed) return fed.error();
    }
    auto finished = file.finish();
    if (!finished) return finished.error();
    out.type = file.content_type();
    return out;
}

TEST(MultipartTest, TheFileComesOutWholeHoweverItIsCut) {
    for (const std::string& content :
         {std::string(), std::string("x"), std::string("\r\n"), std::string("a\r\n--X\r\n--XY"),
          std::string("\r\n--X"), std::string("\r\r\n\r\n--"), std::string(10'000, '-')}) {
        if (content.find("\r\n--XX") != std::string::npos) continue;
        for (const char* end : {"\r\n--XX--", "\r\n--XX--\r\n"}) {
            const std::string body = kHead + content + end;
            for (const std::size_t step :
                 {std::size_t{1}, std::size_t{2}, std::size_t{7}, std::size_t{64}, body.size()}) {
                const auto parsed = parse(body, step);
                ASSERT_TRUE(parsed) << parsed.error().message << " " << content.size();
                EXPECT_EQ(parsed->content, content) << step;
                EXPECT_EQ(parsed->type, "text/plain");
            }
        }
    }
}

TEST(MultipartTest, WhatIsNotExactlyOneFileIsRefused) {
    const std::string file = std::string(kHead) + "abc";
    const std::string disposition = "--XX\r\nContent-Disposition: ";
    for (const std::string& body : {
             std::string(),
             std::string("abc"),
             "preamble\r\n" + file + "\r\n--XX--",
             "\r\n" + file + "\r\n--XX--",
             file,
             file + "\r\n--XX",
             file + "\r\n--XX-",
             file + "\r\n--XX \r\n",
             file + "\r\n--XX--\r\nepilogue",
             file + "\r\n--XX\r\n" + std::string(kHead).substr(6) + "def\r\n--XX--",
             std::string("--XX\r\n\r\nabc\r\n--XX--"),
             std::string("--XX--\r\n"),
             disposition + "form-data; name=\"field\"\r\n\r\nabc\r\n--XX--",
             disposition + "attachment; name=\"f\"; filename=\"a\"\r\n\r\nabc\r\n--XX--",
             disposition + "form-data; filename=\"a\"\r\n\r\nabc\r\n--XX--",
             disposition + "form-data; name=\"f\"; filename=\"a\r\n\r\nabc\r\n--XX--",
             disposition + "form-data; name=f; filename=a\r\n folded: x\r\n\r\nabc\r\n--XX--",
             disposition
                 + "form-data; name=f; filename=a\r\nContent-Transfer-Encoding: base64"
                   "\r\n\r\nabc\r\n--XX--",
             disposition + std::string(MultipartFile::kHeadBytesMax, 'x'),
         }) {
        for (const std::size_t step : {std::size_t{1}, body.size() + 1}) {
            const auto parsed = parse(body, step);
            ASSERT_FALSE(parsed) << body.substr(0, 200);
            EXPECT_EQ(parsed.error().reason, "invalid_multipart");
        }
    }
}

TEST(MultipartTest, PartHeadersAreKept) {
    MultipartFile file("b");
    std::string out;
    ASSERT_TRUE(
        file.feed("--b\r\ncontent-disposition: FORM-DATA; name=f; filename=\"q\\\"q\"\r\n"
                  "Content-Digest: sha-256=:abc=:\r\n\r\n",
                  out));
    EXPECT_TRUE(file.has_head());
    EXPECT_EQ(file.content_digest(), "sha-256=:abc=:");
    EXPECT_EQ(file.content_type(), "");
}

TEST(MultipartTest, BoundariesAreCheckedBeforeUse) {
    EXPECT_EQ(*multipart_boundary("text/plain"), "");
    EXPECT_EQ(*multipart_boundary("multipart/mixed; boundary=x"), "");
    EXPECT_EQ(*multipart_boundary("Multipart/Form-Data; boundary=abc"), "abc");
    EXPECT_EQ(*multipart_boundary("multipart/form-data; charset=utf-8; boundary=\"a b\""), "a b");
    for (const std::string& bad :
         {std::string("multipart/form-data"), std::string("multipart/form-data; boundary="),
          std::string("multipart/form-data; boundary=\"\""),
          std::string("multipart/form-data; boundary=\"a"),
          std::string("multipart/form-data; boundary=a; boundary=b"),
          std::string("multipart/form-data; boundary=\"a \""),
          "multipart/form-data; boundary=" + std::string(71, 'a'),
          std::string("multipart/form-data; boundary=a\x01"),
          std::string("multipart/form-data; boundary=\"a\r\n\"")}) {
        EXPECT_FALSE(multipart_boundary(bad)) << bad;
    }
}

}  // namespace
}  // namespace zs::http
