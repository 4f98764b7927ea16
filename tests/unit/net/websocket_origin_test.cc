#include "net/websocket_origin.h"

#include <gtest/gtest.h>

namespace hermod::net {

OriginList origins(const std::vector<std::string>& elements) {
  auto made = OriginList::from(elements);
  EXPECT_TRUE(made) << (made ? "" : made.error().detail);
  return *made;
}

TEST(OriginList, WithoutAnyEverybodyMay) {
  const OriginList all = origins({});
  EXPECT_TRUE(all.allows(std::nullopt));
  EXPECT_TRUE(all.allows("null"));
  EXPECT_TRUE(all.allows("https://example.org"));
  EXPECT_TRUE(all.allows("nonsense"));
}

TEST(OriginList, SchemeHostAndPortMustFit) {
  const OriginList list = origins({"https://Example.org", "http://localhost:8080", "http://[::1]:81"});
  EXPECT_TRUE(list.allows("https://example.org"));
  EXPECT_TRUE(list.allows("HTTPS://EXAMPLE.ORG"));
  EXPECT_TRUE(list.allows("https://example.org:443"));
  EXPECT_TRUE(list.allows("http://localhost:8080"));
  EXPECT_TRUE(list.allows("http://[::1]:81"));
  for (const char* other : {"http://example.org", "https://example.org:444", "https://www.example.org",
                            "https://example.org.evil.net", "https://evilexample.org", "http://localhost",
                            "http://[::1]", "https://example.org/", "https://user@example.org", "https://",
                            "://example.org", "", "example.org", "https://example.org:x"})
    EXPECT_FALSE(list.allows(other)) << other;
}

TEST(OriginList, AStarIsForEveryHostBelowAndNothingElse) {
  const OriginList list = origins({"https://*.example.org"});
  EXPECT_TRUE(list.allows("https://app.example.org"));
  EXPECT_TRUE(list.allows("https://a.b.example.org"));
  for (const char* other : {"https://example.org", "https://.example.org", "https://evilexample.org",
                            "https://*.example.org", "http://app.example.org"})
    EXPECT_FALSE(list.allows(other)) << other;
}

TEST(OriginList, NoOriginAndTheOriginNullAreListedByName) {
  EXPECT_FALSE(origins({"https://a.b"}).allows(std::nullopt));
  EXPECT_FALSE(origins({"https://a.b", "absent"}).allows("null"));
  EXPECT_TRUE(origins({"https://a.b", "absent"}).allows(std::nullopt));
  EXPECT_TRUE(origins({"null"}).allows("null"));
}

TEST(OriginList, WhatIsNoOriginIsRefused) {
  for (const char* element : {"", "*", "example.org", "https://", "https://*", "https://*.", "https://a.*.b",
                              "https://a.b/path", "https://a.b:123456"}) {
    const auto made = OriginList::from({element});
    ASSERT_FALSE(made) << element;
    EXPECT_NE(made.error().detail.find("is no origin"), std::string::npos) << element;
  }
}

}  // namespace hermod::net
