#include "queue/delayed_form.h"

#include <gtest/gtest.h>

#include <string>

#include "wire/property_writer.h"

namespace hermod::queue {
namespace {

using namespace std::chrono_literals;

constexpr WallTime kSomeDay{1'800'000'000s};

TEST(DelayedForm, OnlyTextBehindTheNameOfTheFormIsOne) {
  EXPECT_TRUE(is_delayed_form("$delayed/"));
  EXPECT_TRUE(is_delayed_form("$delayed/5/a"));
  for (const char* text : {"", "$delayed", "delayed/5/a", "$Delayed/5/a"})
    EXPECT_FALSE(is_delayed_form(text)) << text;
}

TEST(DelayedForm, UpToALimitItIsADelay) {
  for (const char* text : {"$delayed/5/shop/order", "$delayed/0005/shop/order"}) {
    const auto form = DelayedForm::parse(text);
    ASSERT_TRUE(form.has_value()) << text;
    EXPECT_EQ(form->topic, "shop/order");
    EXPECT_EQ(form->time_from(kSomeDay), DelayedTime::after(5s, kSomeDay));
  }
  const DelayedTime longest = DelayedForm::parse("$delayed/42949670/a")->time_from(kSomeDay);
  EXPECT_EQ(longest.kind, DelayedTime::Kind::Delay);
  EXPECT_EQ(longest.due, kSomeDay + 42'949'670s);
  EXPECT_EQ(DelayedForm::parse("$delayed/0/a")->time_from(kSomeDay).due, kSomeDay);
}

TEST(DelayedForm, AboveTheLimitItIsAUnixTime) {
  const DelayedTime first = DelayedForm::parse("$delayed/42949671/a")->time_from(kSomeDay);
  EXPECT_EQ(first.kind, DelayedTime::Kind::TimeOfDay);
  EXPECT_EQ(first.due, WallTime{42'949'671s}) << "long ago";
  EXPECT_EQ(first.sent, kSomeDay);
  EXPECT_EQ(DelayedForm::parse("$delayed/253402300799/a")->time_from(kSomeDay).due,
            WallTime{253'402'300'799s});
}

TEST(DelayedForm, ATopicMayBeginWithASeparator) {
  EXPECT_EQ(DelayedForm::parse("$delayed/1//a")->topic, "/a");
  EXPECT_EQ(DelayedForm::parse("$delayed/1/a/$SYS")->topic, "a/$SYS");
}

TEST(DelayedForm, EverythingElseIsRefused) {
  for (const char* text : {"$delayed/",
                           "$delayed//a",
                           "$delayed/-1/a",
                           "$delayed/+1/a",
                           "$delayed/1e9/a",
                           "$delayed/1.5/a",
                           "$delayed/five/a",
                           "$delayed/ 5/a",
                           "$delayed/5 /a",
                           "$delayed/0x5/a",
                           "$delayed/12345678901234567890/a",
                           "$delayed/99999999999999999999/a",
                           "$delayed/253402300800/a",
                           "$delayed/5",
                           "$delayed/5/",
                           "$delayed/5/$delayed/5/a",
                           "$delayed/5/$SYS/a",
                           "$delayed/5/$share/g/a",
                           "$delayed/5/$queue/orders",
                           "$delayed/5/$queue/orders/$nack/1",
                           "$delayed/5/$CONTROL/queue/v1",
                           "$delayed/5/$",
                           "$delayed/5/a/+",
                           "$delayed/5/#",
                           "$delayed/5/a#b"}) {
    const auto form = DelayedForm::parse(text);
    ASSERT_FALSE(form.has_value()) << text;
    EXPECT_EQ(form.error().code, Errc::Invalid);
    EXPECT_FALSE(form.error().detail.empty());
  }
}

class DelayLevel : public ::testing::Test {
 protected:
  Result<std::optional<std::chrono::seconds>> wanted(std::string_view value) {
    wire::PropertyWriter said;
    said.add_user("color", "red");
    said.add_user("delay-level", value);
    return wanted_delay(said.properties().user_properties(), levels_);
  }
  const DelayLevels levels_ = DelayedOptions{}.levels;
};

TEST_F(DelayLevel, NamesOneOfTheLevels) {
  EXPECT_EQ(levels_.size(), 18U);
  EXPECT_EQ(*wanted("1"), 1s);
  EXPECT_EQ(*wanted("18"), 2h);
  EXPECT_EQ(*wanted_delay(wire::Properties{}.user_properties(), levels_), std::nullopt);
}

TEST_F(DelayLevel, EverythingElseIsRefused) {
  for (const char* value : {"0", "19", "-1", "", "two", "1 ", "99999999999999999999"}) {
    const auto delay = wanted(value);
    ASSERT_FALSE(delay.has_value()) << value;
    EXPECT_NE(delay.error().detail.find("1 to 18"), std::string::npos);
  }
}

TEST(DelayLevels, AreReadAsTheyAreWritten) {
  EXPECT_EQ(delay_levels_text(*parse_delay_levels(kDefaultDelayLevels)), kDefaultDelayLevels);
  EXPECT_EQ(*parse_delay_levels("2s  1m"), (DelayLevels{2s, 60s}));
  for (const char* text : {"", " ", "1", "500ms", "-1s", "1s,2s", "42949671s"})
    EXPECT_FALSE(parse_delay_levels(text).has_value()) << text;
}

}  // namespace
}  // namespace hermod::queue
