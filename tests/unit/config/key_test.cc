#include "config/key.h"

#include <gtest/gtest.h>

#include <set>

namespace hermod::config {
namespace {

using std::string;

Value text(const char* words) {
  return Value{string(words)};
}

TEST(KeyTable, EveryNameIsUniqueAndHasASectionAndADocLine) {
  std::set<std::string_view> names;
  for (const Key& key : keys()) {
    EXPECT_TRUE(names.insert(key.name).second) << key.name;
    EXPECT_NE(key.section(), key.name) << key.name;
    EXPECT_EQ(key.short_name().find('.'), std::string_view::npos) << key.name;
    EXPECT_TRUE(key.doc.ends_with('.')) << key.name;
  }
}

TEST(KeyTable, EveryDefaultIsInItsOwnRange) {
  const Settings defaults;
  for (const Key& key : keys()) {
    EXPECT_TRUE(key.accept(text(key.plain_text(key.read(defaults)).c_str()), false)) << key.name;
  }
}

TEST(KeyTable, EveryKeyWritesWhatItReadsAndNothingElse) {
  for (const Key& key : keys()) {
    Settings settings;
    Value other;
    switch (key.kind) {
      case Kind::Switch:
        other = !std::get<bool>(key.read(settings));
        break;
      case Kind::Choice:
        other = string(key.read(settings) == text(string(key.choices[0]).c_str()) ? key.choices[1]
                                                                                  : key.choices[0]);
        break;
      case Kind::Text:
        other = string(key.forms.empty() ? "something" : key.name == "delayed.levels" ? "2s 1h" : "memory");
        break;
      default:
        other = key.read(settings) == Value{key.least} ? key.most : key.least;
    }
    key.write(settings, other);
    EXPECT_EQ(key.read(settings), other) << key.name;
    const Settings defaults;
    for (const Key& bystander : keys()) {
      if (&bystander == &key) continue;
      EXPECT_EQ(bystander.read(settings), bystander.read(defaults))
          << key.name << " changed " << bystander.name;
    }
  }
}

TEST(KeyTable, BothEndsOfARangeFitIntoTheirMember) {
  for (const Key& key : keys()) {
    if (key.kind != Kind::Integer && key.kind != Kind::Size && key.kind != Kind::Duration) continue;
    EXPECT_LT(key.least, key.most) << key.name;
    for (const std::int64_t end : {key.least, key.most}) {
      Settings settings;
      key.write(settings, Value{end});
      EXPECT_EQ(key.read(settings), Value{end}) << key.name;
    }
  }
}

TEST(KeyAccept, TheFlushPolicyIsOneOfThreeAndItsIntervalAtMostAMinute) {
  const Key* key = find_key("store.flush");
  Settings settings;
  for (const char* good : {"memory", "interval:1", "interval:100", "interval:60000", "sync"}) {
    const auto value = key->accept(text(good), true);
    ASSERT_TRUE(value) << good;
    key->write(settings, *value);
    EXPECT_EQ(key->read(settings), text(good));
  }
  for (const char* bad : {"", "Sync", "interval", "interval:", "interval:0", "interval:60001", "interval:-1",
                          "interval:1s", "interval: 100", "memory:1"})
    EXPECT_FALSE(key->accept(text(bad), true)) << bad;
  EXPECT_NE(key->accept(text("often"), false).error().detail.find("sync, memory"), string::npos);
}

TEST(KeyAccept, NumbersOutsideOfTheRangeAreRefusedWithTheRange) {
  const Key* key = find_key("mqtt.receive_maximum");
  ASSERT_NE(key, nullptr);
  EXPECT_TRUE(key->accept(Value{std::int64_t{1}}, true));
  EXPECT_TRUE(key->accept(Value{std::int64_t{65535}}, true));
  const auto refused = key->accept(Value{std::int64_t{65536}}, true);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().detail, "65536 is outside of 1 to 65535");
  EXPECT_FALSE(key->accept(Value{std::int64_t{0}}, true));
}

TEST(KeyAccept, ATypedSourceMustUseTheTypeOfTheKey) {
  EXPECT_FALSE(find_key("mqtt.receive_maximum")->accept(text("10"), true));
  EXPECT_FALSE(find_key("net.no_delay")->accept(text("true"), true));
  EXPECT_FALSE(find_key("net.no_delay")->accept(Value{std::int64_t{1}}, true));
  EXPECT_FALSE(find_key("log.level")->accept(Value{std::int64_t{1}}, true));
  EXPECT_FALSE(find_key("mqtt.connect_timeout")->accept(Value{std::int64_t{30}}, true));
  EXPECT_TRUE(find_key("mqtt.connect_timeout")->accept(text("30s"), true));
  EXPECT_TRUE(find_key("mqtt.max_packet_size")->accept(Value{std::int64_t{4096}}, true));
  EXPECT_TRUE(find_key("mqtt.max_packet_size")->accept(text("4KiB"), true));
}

TEST(KeyAccept, TextFromTheCommandLineIsReadAsTheKindOfTheKey) {
  EXPECT_EQ(find_key("mqtt.receive_maximum")->accept(text("10"), false), Value{std::int64_t{10}});
  EXPECT_EQ(find_key("net.no_delay")->accept(text("false"), false), Value{false});
  EXPECT_FALSE(find_key("net.no_delay")->accept(text("yes"), false));
  EXPECT_FALSE(find_key("mqtt.receive_maximum")->accept(text("10x"), false));
}

TEST(KeyAccept, OnlyTheWordsOfAChoiceAreTaken) {
  EXPECT_TRUE(find_key("session.overflow")->accept(text("drop-oldest"), true));
  const auto refused = find_key("session.overflow")->accept(text("drop_oldest"), true);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().detail, "\"drop_oldest\" is not one of reject, drop-oldest, drop-newest");
}

TEST(KeyAccept, NeverIsTheLongestSessionExpiryAndNothingElsewhere) {
  EXPECT_EQ(find_key("mqtt.max_session_expiry")->accept(text("never"), true),
            Value{std::int64_t{4294967295'000}});
  EXPECT_FALSE(find_key("mqtt.connect_timeout")->accept(text("never"), true));
}

TEST(KeyAccept, FractionsOfWhatTheMemberCountsAreRefusedInsteadOfRounded) {
  EXPECT_FALSE(find_key("mqtt.connect_timeout")->accept(text("1500ms"), true));
  EXPECT_TRUE(find_key("limits.slow_reader_patience")->accept(text("1500ms"), true));
}

TEST(NearestKey, MisspeltKeyAndWrongSectionAreRecognised) {
  EXPECT_EQ(nearest_key("mqtt.max_paket_size"), "mqtt.max_packet_size");
  EXPECT_EQ(nearest_key("mqqt.connect_timeout"), "mqtt.connect_timeout");
  EXPECT_EQ(nearest_key("limits.max_packet_size"), "mqtt.max_packet_size");
  EXPECT_EQ(nearest_key("threads"), "broker.threads");
  EXPECT_EQ(nearest_key("allow_anonymous"), "auth.allow_anonymous");
}

TEST(NearestKey, NothingIsSuggestedForAStrangeWord) {
  EXPECT_EQ(nearest_key("zzzzzz.qqqqqqqqqqqq"), "");
}

}  // namespace
}  // namespace hermod::config
