#include "queue/stream_form.h"

#include <gtest/gtest.h>

#include <string>

namespace hermod::queue {
namespace {

using From = StreamStart::From;

std::string complaint_about_start(std::string_view text) {
  const auto start = StreamStart::parse(text);
  return start ? "" : start.error().detail;
}

std::uint64_t micros_in(std::string_view text) {
  const auto time = parse_time(text);
  return time ? micros_of(*time) : 0;
}

TEST(StreamStart, IsEveryFormOfTheDocuments) {
  EXPECT_EQ(*StreamStart::parse("latest"), StreamStart{});
  EXPECT_EQ(StreamStart::parse("earliest")->from, From::Earliest);
  EXPECT_EQ(*StreamStart::parse("offset:17"), (StreamStart{.from = From::Offset, .offset = Seq{17}}));
  EXPECT_EQ(*StreamStart::parse("1764399600000000"),
            (StreamStart{.from = From::Time, .time = wall_time_of(1'764'399'600'000'000)}));
  EXPECT_EQ(*StreamStart::parse("2025-11-29T07:00:00Z"), *StreamStart::parse("1764399600000000"));
  EXPECT_EQ(*StreamStart::parse("1764399600000ms"), *StreamStart::parse("1764399600000000"));
}

TEST(StreamStart, WhatIsNoStartIsRefusedAndSaysWhatIsExpected) {
  for (const char* text : {"",
                           " ",
                           "Earliest",
                           "earliest ",
                           "first",
                           "offset",
                           "offset:",
                           "offset:-1",
                           "offset: 1",
                           "offset:1x",
                           "offset:99999999999999999999",
                           "-1",
                           "+1",
                           "1.5",
                           "99999999999999999999",
                           "0x10",
                           "yesterday",
                           "2026-11-29",
                           "2026-11-29T07:00:00",
                           "2026-11-29T07:00Z",
                           "2026-13-01T00:00:00Z",
                           "2026-02-29T00:00:00Z",
                           "2026-11-29T24:00:00Z",
                           "2026-11-29T07:60:00Z",
                           "2026-11-29T07:00:00.Z",
                           "2026-11-29T07:00:00+1",
                           "2026-11-29T07:00:00+01",
                           "2026-11-29T07:00:00+0100",
                           "2026-11-29T07:00:00+24:00",
                           "2026-11-29T07:00:00Zx",
                           "1969-12-31T23:59:59Z",
                           "1970-01-01T00:00:00+01:00",
                           "26-11-29T07:00:00Z"})
    EXPECT_NE(complaint_about_start(text), "") << text;
  EXPECT_EQ(complaint_about_start("offset:x"), "a whole number is expected behind offset:");
  EXPECT_NE(complaint_about_start("soon").find("earliest, latest, offset:<n>"), std::string::npos);
}

TEST(StreamStart, ATimeHasItsZoneAndItsFraction) {
  EXPECT_EQ(micros_in("1970-01-01T00:00:01Z"), 1'000'000U);
  EXPECT_EQ(micros_in("2025-11-29T08:00:00+01:00"), micros_in("2025-11-29T07:00:00Z"));
  EXPECT_EQ(micros_in("2025-11-29t05:30:00-01:30"), micros_in("2025-11-29T07:00:00z"));
  EXPECT_EQ(micros_in("1970-01-01T00:00:00.25Z"), 250'000U);
  EXPECT_EQ(micros_in("1970-01-01T00:00:00.0000019Z"), 1U) << "what is finer is left out";
  EXPECT_EQ(micros_in("2024-02-29T00:00:00Z"), 1'709'164'800'000'000U) << "a leap year";
}

TEST(StreamForm, HasANameAndMaybeAStart) {
  const auto bare = StreamForm::parse("$stream/orders");
  ASSERT_TRUE(bare);
  EXPECT_EQ(bare->name, "orders");
  EXPECT_FALSE(bare->start);
  const auto old_client = StreamForm::parse("$stream/orders/@offset:7");
  ASSERT_TRUE(old_client);
  EXPECT_EQ(old_client->name, "orders");
  EXPECT_EQ(old_client->start, (StreamStart{.from = From::Offset, .offset = Seq{7}}));
}

TEST(StreamForm, WhatIsNoneIsRefused) {
  for (const char* text : {"$stream/", "$stream//", "$stream/+", "$stream/#", "$stream/-a", "$stream/a b",
                           "$stream/orders/", "$stream/orders/earliest", "$stream/orders/@",
                           "$stream/orders/@first", "$stream/orders/#", "$stream/orders/@earliest/x"})
    EXPECT_FALSE(StreamForm::parse(text)) << text;
}

TEST(StreamForm, APropertyFilterStandsBehindTheFirstQuestionMark) {
  const auto bare = StreamForm::parse("$stream/orders?tags=a&n>25");
  ASSERT_TRUE(bare);
  EXPECT_EQ(bare->name, "orders");
  EXPECT_EQ(bare->properties.text(), "tags=a&n>25");
  EXPECT_FALSE(bare->start);
  const auto started = StreamForm::parse("$stream/orders/@earliest?a=b/c?d");
  ASSERT_TRUE(started);
  EXPECT_EQ(started->start->from, From::Earliest);
  EXPECT_EQ(started->properties.text(), "a=b/c?d");
  EXPECT_TRUE(StreamForm::parse("$stream/orders")->properties.empty());
  EXPECT_EQ(name_in_form("$stream/orders/@earliest?n=1"), "orders");
  for (const char* text : {"$stream/orders?", "$stream/orders?n>x", "$stream/orders/?n=1", "$stream/?n=1"})
    EXPECT_FALSE(StreamForm::parse(text)) << text;
}

TEST(StreamForm, WhatStandsBehindTheQuestionMarkIsFoundInEveryForm) {
  for (const char* text : {"$queue/q?n=1", "$queue/q/a/#?n=1", "$stream/q/@latest?n=1",
                           "$share/g/$stream/q?n=1", "$share/g/$stream/q/@offset:1?n=1"})
    EXPECT_EQ(filter_in_form(text).text(), "n=1") << text;
  for (const char* text : {"$queue/q", "$stream/q/@latest", "$share/g/$stream/q"})
    EXPECT_TRUE(filter_in_form(text).empty()) << text;
}

TEST(StreamForm, NamesAreFoundInBothForms) {
  EXPECT_EQ(name_in_form("$stream/orders/@earliest"), "orders");
  EXPECT_EQ(name_in_form("$queue/orders/shop/#"), "orders");
  EXPECT_EQ(name_in_form("$stream/orders/x"), "");
  EXPECT_TRUE(is_named_form("$queue/q"));
  EXPECT_TRUE(is_named_form("$stream/q"));
  EXPECT_FALSE(is_named_form("stream/q"));
}

TEST(GroupForm, HasTheNameOfTheGroupAndThatOfTheStream) {
  ASSERT_TRUE(is_group_form("$share/work/$stream/log"));
  const auto plain = GroupForm::parse("$share/work/$stream/log");
  ASSERT_TRUE(plain);
  EXPECT_EQ(plain->group, "work");
  EXPECT_EQ(plain->stream.name, "log");
  EXPECT_EQ(plain->stream.start, std::nullopt);
  EXPECT_EQ(GroupForm::parse("$share/w-1/$stream/log/@offset:3")->stream.start->offset, Seq{3});
  EXPECT_EQ(GroupForm::parse("$share/work/$stream/log?n=1")->stream.properties.text(), "n=1");
  EXPECT_FALSE(GroupForm::parse("$share/work/$stream/log?n>1>2"));
  EXPECT_EQ(name_in_form("$share/work/$stream/log/@earliest"), "log");
  EXPECT_TRUE(is_named_form("$share/work/$stream/log"));
}

TEST(GroupForm, WhatIsNoneIsRefused) {
  for (const char* text : {"$share/work/shop/a", "$share/work", "$share/", "$share/work/", "$stream/log",
                           "$share/work/$queue/orders", "x$share/work/$stream/log"})
    EXPECT_FALSE(is_group_form(text)) << text;
  for (const char* text :
       {"$share//$stream/log", "$share/a b/$stream/log", "$share/+/$stream/log", "$share/work/$stream/",
        "$share/work/$stream/log/x", "$share/work/$stream/log/@never"})
    EXPECT_FALSE(GroupForm::parse(text)) << text;
  EXPECT_FALSE(GroupForm::parse("$share/" + std::string(129, 'g') + "/$stream/log"));
}

}  // namespace
}  // namespace hermod::queue
