#include "queue/key_source.h"

#include <gtest/gtest.h>

#include <string>

#include "wire/properties.h"

namespace hermod::queue {
namespace {

std::string key_property(std::string_view name, std::string_view value) {
  std::string block;
  ByteWriter out(block);
  out.u8(static_cast<std::uint8_t>(wire::PropertyId::UserProperty));
  out.sized16(name);
  out.sized16(value);
  return block;
}

std::string key(std::string_view source, std::string_view topic, const std::string& properties,
                std::string_view client_id = "client") {
  const auto parsed = KeySource::parse(source);
  EXPECT_TRUE(parsed.has_value()) << source;
  return std::string(parsed->key_for({topic, as_bytes(properties), client_id}));
}

TEST(KeySource, AutoIsTheUserPropertyKeyElseThePublisher) {
  EXPECT_EQ(key("auto", "t", key_property("key", "k")), "k");
  EXPECT_EQ(key("auto", "t", key_property("key", "")), "");
  EXPECT_EQ(key("auto", "t", key_property("Key", "k")), "client");
  EXPECT_EQ(key("auto", "t", ""), "client");
  EXPECT_EQ(KeySource(), *KeySource::parse("auto"));
}

TEST(KeySource, TheFirstOfARepeatedPropertyCounts) {
  EXPECT_EQ(key("auto", "t", key_property("key", "a") + key_property("key", "b")), "a");
}

TEST(KeySource, ANamedPropertyFallsBackToThePublisher) {
  EXPECT_EQ(key("property:order", "t", key_property("order", "17")), "17");
  EXPECT_EQ(key("property:order", "t", key_property("key", "17")), "client");
}

TEST(KeySource, TopicAndItsLevelsNeedNoProperties) {
  EXPECT_EQ(key("topic", "a/b/c", ""), "a/b/c");
  EXPECT_EQ(key("topic-level:1", "a/b/c", ""), "a");
  EXPECT_EQ(key("topic-level:3", "a/b/c", ""), "c");
  EXPECT_EQ(key("topic-level:2", "a//c", ""), "");
  EXPECT_EQ(key("topic-level:4", "a/b/c", ""), "a/b/c") << "fewer levels: the whole topic";
  EXPECT_EQ(key("client-id", "a/b/c", key_property("key", "k")), "client");
}

TEST(KeySource, TextIsWhatItWasParsedFrom) {
  for (const char* text : {"auto", "topic", "topic-level:1", "topic-level:200", "client-id", "property:a b"})
    EXPECT_EQ(KeySource::parse(text)->text(), text);
}

TEST(KeySource, AnythingElseIsRefused) {
  for (const char* text : {"", "Auto", "topic-level", "topic-level:", "topic-level:0", "topic-level:201",
                           "topic-level:-1", "topic-level:x", "property:", "payload"})
    EXPECT_FALSE(KeySource::parse(text).has_value()) << text;
}

}  // namespace
}  // namespace hermod::queue
