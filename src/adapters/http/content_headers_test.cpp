#include "adapters/http/content_headers.hpp"

#include "base/encoding.hpp"
#include "base/hash.hpp"

#include <gtest/gtest.h>

namespace zs::http {
namespace {

TEST(ContentDigestTest, FindsTheSha256) {
    const std::string digest = sha256("abc");
    const std::string member = "sha-256=:" + to_base64(digest) + ":";
    EXPECT_EQ(*sha256_of_content_digest(member), digest);
    EXPECT_EQ(*sha256_of_content_digest("sha-512=:AA==:, " + member), digest);
    EXPECT_EQ(*sha256_of_content_digest("SHA-256" + member.substr(7)), digest);
    EXPECT_EQ(*sha256_of_content_digest(member + "," + member), digest);
    EXPECT_FALSE(sha256_of_content_digest("md5=:AA==:")->has_value());
    EXPECT_FALSE(sha256_of_content_digest("")->has_value());
    for (const std::string& bad :
         {std::string("sha-256"), std::string("sha-256=abc"), std::string("sha-256=::"),
          std::string("sha-256=:AA==:"), std::string("sha-256=:?:"), "=" + member,
          member + ", sha-256=:" + to_base64(sha256("abd")) + ":", member + ";q=1"}) {
        EXPECT_FALSE(sha256_of_content_digest(bad)) << bad;
    }
}

TEST(DispositionTest, NamesAreEncodedForEveryClient) {
    EXPECT_EQ(*attachment_disposition(std::nullopt), "attachment");
    EXPECT_EQ(*attachment_disposition("report 1.pdf"), "attachment; filename=\"report 1.pdf\"");
    EXPECT_EQ(*attachment_disposition("na\xC3\xAFve \"x\" 100%.txt"),
              "attachment; filename=\"na_ve _x_ 100_.txt\"; "
              "filename*=UTF-8''na%C3%AFve%20%22x%22%20100%25.txt");
    EXPECT_EQ(*attachment_disposition("a;b=c"), "attachment; filename=\"a;b=c\"");
}

TEST(DispositionTest, PathsAndControlsAreRefused) {
    for (const std::string& bad :
         {std::string(), std::string("."), std::string(".."), std::string("../etc/passwd"),
          std::string("a/b"), std::string("a\\b"), std::string("a\r\nX: y"), std::string("a\0b", 3),
          std::string("\xFF"), std::string(256, 'a'), std::string("\x7F")}) {
        const auto answer = attachment_disposition(bad);
        ASSERT_FALSE(answer) << bad;
        EXPECT_EQ(answer.error().code, ErrorCode::InvalidArgument);
    }
}

}  // namespace
}  // namespace zs::http
