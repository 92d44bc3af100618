#include "core/files/content_type.hpp"
#include "core/files/digest.hpp"

#include <gtest/gtest.h>

namespace zs::files {
namespace {

TEST(DigestTest, AcceptsEitherCaseAndShowsLower) {
    const std::string text(64, 'A');
    const auto digest = Digest::parse(text);
    ASSERT_TRUE(digest);
    EXPECT_EQ(digest->to_string(), std::string(64, 'a'));
    EXPECT_EQ(Digest::from_raw(digest->raw()), *digest);
}

TEST(DigestTest, RefusesEverythingElse) {
    for (const std::string& text :
         {std::string(), std::string(63, 'a'), std::string(65, 'a'), std::string(64, 'g'),
          "../" + std::string(61, 'a'), std::string(32, 'a') + std::string(32, '\0'),
          std::string(62, 'a') + "%2"}) {
        const auto digest = Digest::parse(text);
        ASSERT_FALSE(digest) << text;
        EXPECT_EQ(digest.error().reason, "invalid_sha_format");
        EXPECT_EQ(digest.error().code, ErrorCode::InvalidArgument);
    }
}

TEST(ContentTypeTest, KeepsWhatIsOne) {
    EXPECT_EQ(*checked_content_type(""), kUnknownType);
    EXPECT_EQ(*checked_content_type(" text/plain; charset=utf-8 "), "text/plain; charset=utf-8");
    for (const char* bad : {"text", "text/", "/plain", "te xt/plain", "a/b/c", "text/pl\x01in",
                            "text/plain; x=\x7F", "t\xC3\xA9xt/plain"}) {
        EXPECT_FALSE(checked_content_type(bad)) << bad;
    }
    EXPECT_FALSE(checked_content_type("text/" + std::string(300, 'a')));
}

TEST(ContentTypeTest, ServesNothingThatABrowserRuns) {
    for (const char* good : {"text/plain", "text/plain; charset=utf-8", "TEXT/CSV", "image/png",
                             "audio/ogg", "video/mp4", "application/json", "application/pdf"}) {
        EXPECT_EQ(served_content_type(good), good);
    }
    for (const char* bad :
         {"text/html", "image/svg+xml", "application/xhtml+xml", "text/javascript", "text/xml",
          "application/javascript", "multipart/mixed", "application/x-shockwave-flash",
          "text/plain2", "imagepng", "audio"}) {
        EXPECT_EQ(served_content_type(bad), kUnknownType) << bad;
    }
}

}  // namespace
}  // namespace zs::files
