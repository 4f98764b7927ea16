#include "topic/topic_filter.h"

#include <gtest/gtest.h>

#include <string>

namespace hermod::topic {
namespace {

TEST(TopicFilter, WildcardsThatFillALevelAreAccepted) {
  for (const char* text :
       {"#", "+", "a/#", "+/#", "/+", "+/+/+", "a/+/b", "/#", "+/", "$SYS/#", "$queue/x/#"}) {
    const auto filter = TopicFilter::parse(text);
    ASSERT_TRUE(filter) << text;
    EXPECT_EQ(filter->text(), text);
    EXPECT_TRUE(filter->has_wildcard()) << text;
  }
  for (const char* text : {"a", "/", "a/b", "$SYS/uptime", "$dead"}) {
    ASSERT_TRUE(TopicFilter::parse(text)) << text;
    EXPECT_FALSE(TopicFilter::parse(text)->has_wildcard()) << text;
  }
}

TEST(TopicFilter, MultiLevelWildcardMustBeTheWholeLastLevel) {  // [MQTT-4.7.1-1]
  for (const char* text : {"a#", "#a", "a/#/b", "#/", "##", "a/b#", "+#", "#/#"}) {
    EXPECT_FALSE(TopicFilter::parse(text)) << text;
  }
}

TEST(TopicFilter, SingleLevelWildcardMustFillItsLevel) {  // [MQTT-4.7.1-2]
  for (const char* text : {"a+", "+a", "++", "a/b+/c", "a/+b", "sport+"})
    EXPECT_FALSE(TopicFilter::parse(text)) << text;
}

TEST(TopicFilter, EmptyTooLongTooDeepAndControlCharactersAreRefused) {
  EXPECT_FALSE(TopicFilter::parse(""));
  EXPECT_TRUE(TopicFilter::parse(std::string(65535, 'x')));
  EXPECT_FALSE(TopicFilter::parse(std::string(65536, 'x')));
  EXPECT_TRUE(TopicFilter::parse(std::string(199, '/')));
  EXPECT_FALSE(TopicFilter::parse(std::string(200, '/')));
  EXPECT_FALSE(TopicFilter::parse(std::string(65535, '/')));
  EXPECT_FALSE(TopicFilter::parse(std::string("a\0b", 3)));
  EXPECT_FALSE(TopicFilter::parse("a\nb"));
}

TEST(ParseSubscription, PlainFiltersHaveNoShareName) {
  for (const char* text :
       {"a/+", "$shared/a/b", "$queue/orders", "$stream/x", "$SHARE/a/b", "x/$share/g/t", "$shar"}) {
    const auto target = parse_subscription(text);
    ASSERT_TRUE(target) << text;
    EXPECT_FALSE(target->is_shared()) << text;
    EXPECT_EQ(target->filter.text(), text);
  }
}

TEST(ParseSubscription, SharedSubscriptionIsTakenApart) {  // [MQTT-4.8.2-1]
  const auto target = parse_subscription("$share/workers/jobs/+/new");
  ASSERT_TRUE(target);
  EXPECT_EQ(target->share_name, "workers");
  EXPECT_EQ(target->filter.text(), "jobs/+/new");
  EXPECT_TRUE(target->filter.has_wildcard());
  EXPECT_EQ(parse_subscription("$share/g/#")->filter.text(), "#");
  EXPECT_EQ(parse_subscription("$share/g//x")->filter.text(), "/x");
  EXPECT_EQ(parse_subscription("$share/g/$share/h/x")->filter.text(), "$share/h/x");
  EXPECT_EQ(parse_subscription("$share/$g/x")->share_name, "$g");
}

TEST(ParseSubscription, BrokenSharedSubscriptionsAreRefused) {  // [MQTT-4.8.2-1], [MQTT-4.8.2-2]
  for (const char* text :
       {"$share", "$share/", "$share//t", "$share/g", "$share/g/", "$share/g+/t", "$share/+/t", "$share/#/t",
        "$share/#", "$share/g#/t", "$share/g/a#", "$share/g/a/#/b", "$share/g\n/t"}) {
    EXPECT_FALSE(parse_subscription(text)) << text;
  }
}

TEST(ParseSubscription, DepthIsThatOfTheFilterBehindTheShareName) {
  EXPECT_TRUE(parse_subscription("$share/g/a/b", Limits{.levels = 2}));
  EXPECT_FALSE(parse_subscription("$share/g/a/b/c", Limits{.levels = 2}));
}

}  // namespace
}  // namespace hermod::topic
