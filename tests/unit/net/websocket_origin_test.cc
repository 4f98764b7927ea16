#include "net/websocket_origin.h"

#include <gtest/gtest.h>

#include "net/options.h"

namespace hermod::net {

OriginList origins(const std::vector<std::string>& elements) {
  auto made = OriginList::from(elements);
  EXPECT_TRUE(made) << (made ? "" : made.error().detail);
  return *made;
}

TEST(OriginList, WithAStarEverybodyMay) {
  const OriginList all = origins({"*"});
  EXPECT_TRUE(all.allows(std::nullopt));
  EXPECT_TRUE(all.allows("null"));
  EXPECT_TRUE(all.allows("https://example.org"));
  EXPECT_TRUE(all.allows("nonsense"));
}

TEST(OriginList, ItIsForProgramsAndPagesOfThisMachineUnlessTheListSaysMore) {
  const OriginList list = origins(WebSocketOptions{}.origins);
  EXPECT_TRUE(list.allows(std::nullopt));
  for (const char* ours : {"http://localhost", "https://LOCALHOST:8443", "http://127.0.0.1:8000",
                           "http://127.9.9.9", "http://[::1]:5173"})
    EXPECT_TRUE(list.allows(ours)) << ours;
  for (const char* foreign :
       {"https://evil.example", "http://localhost.evil.example", "http://127.0.0.1.evil.example",
        "http://evil.localhost", "http://192.168.0.1", "http://0.0.0.0", "http://[::]", "http://[::2]",
        "http://2130706433", "http://127.1", "http://*.localhost", "http://user@localhost", "null", "",
        "file://", "file://localhost", "chrome-extension://localhost"})
    EXPECT_FALSE(list.allows(foreign)) << foreign;
}

TEST(OriginList, AListSaysAllOfIt) {
  const OriginList list = origins({"https://app.example.org"});
  EXPECT_FALSE(list.allows("http://localhost"));
  EXPECT_TRUE(origins({"https://app.example.org", "loopback"}).allows("http://localhost"));
  EXPECT_FALSE(OriginList::from({})) << "nobody could connect";
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
  for (const char* element : {"", "**", "example.org", "https://", "https://*", "https://*.", "https://a.*.b",
                              "https://a.b/path", "https://a.b:123456"}) {
    const auto made = OriginList::from({element});
    ASSERT_FALSE(made) << element;
    EXPECT_NE(made.error().detail.find("is no origin"), std::string::npos) << element;
  }
}

}  // namespace hermod::net
