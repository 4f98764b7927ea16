#include "wire/topic_alias.h"

#include <gtest/gtest.h>

#include <map>
#include <random>

#include "wire/property_writer.h"

namespace hermod::wire {
namespace {

/// A PUBLISH with an alias, as the decoder shows it.
class WithAlias {
 public:
  WithAlias(std::string_view topic, std::uint32_t alias) {
    writer_.add(PropertyId::TopicAlias, alias);
    publish_.topic = topic;
    publish_.properties = writer_.properties();
  }
  const Publish& publish() const { return publish_; }

 private:
  PropertyWriter writer_;
  Publish publish_;
};

TEST(InboundTopicAliases, TopicSetOnceStandsForTheAlias) {
  InboundTopicAliases aliases(10);
  EXPECT_EQ(aliases.resolve(WithAlias("a/b", 10).publish()), "a/b");
  EXPECT_EQ(aliases.resolve(WithAlias("", 10).publish()), "a/b");
  EXPECT_EQ(aliases.resolve(WithAlias("c", 10).publish()), "c");
  EXPECT_EQ(aliases.resolve(WithAlias("", 10).publish()), "c");
}

TEST(InboundTopicAliases, PublishWithoutAliasKeepsItsTopic) {
  InboundTopicAliases aliases;
  EXPECT_EQ(aliases.resolve(Publish{.topic = "x"}), "x");
}

TEST(InboundTopicAliases, ZeroAndAboveTheMaximumAreInvalid) {
  InboundTopicAliases aliases(2);
  for (const std::uint32_t alias : {0U, 3U, 65535U}) {
    const auto topic = aliases.resolve(WithAlias("a", alias).publish());
    ASSERT_FALSE(topic.has_value());
    EXPECT_EQ(topic.error().reason, ReasonCode::TopicAliasInvalid);
  }
  EXPECT_TRUE(aliases.resolve(WithAlias("a", 2).publish()).has_value());
}

TEST(InboundTopicAliases, AliasThatWasNeverSetIsAProtocolError) {
  InboundTopicAliases aliases(5);
  ASSERT_TRUE(aliases.resolve(WithAlias("a", 3).publish()).has_value());
  for (const std::uint32_t alias : {1U, 4U}) {
    const auto topic = aliases.resolve(WithAlias("", alias).publish());
    ASSERT_FALSE(topic.has_value());
    EXPECT_EQ(topic.error().reason, ReasonCode::ProtocolError);
  }
}

TEST(OutboundTopicAliases, FirstUseSendsBothThenTheAliasAlone) {
  OutboundTopicAliases aliases(2);
  const AliasChoice first = aliases.use("topic/a");
  EXPECT_EQ(first.alias, 1);
  EXPECT_TRUE(first.send_topic);
  const AliasChoice again = aliases.use("topic/a");
  EXPECT_EQ(again.alias, 1);
  EXPECT_FALSE(again.send_topic);
  EXPECT_EQ(aliases.use("topic/b").alias, 2);
}

TEST(OutboundTopicAliases, TopicUsedLongestAgoGivesItsAliasUp) {
  OutboundTopicAliases aliases(2);
  aliases.use("topic/a");
  aliases.use("topic/b");
  aliases.use("topic/a");
  const AliasChoice choice = aliases.use("topic/c");
  EXPECT_EQ(choice.alias, 2);  // of topic/b
  EXPECT_TRUE(choice.send_topic);
  EXPECT_FALSE(aliases.use("topic/a").send_topic);
  EXPECT_TRUE(aliases.use("topic/b").send_topic);
}

TEST(OutboundTopicAliases, NoneWithoutMaximumAndNoneForTopicsShorterThanTheProperty) {
  OutboundTopicAliases none;
  EXPECT_EQ(none.use("topic/a").alias, 0);
  EXPECT_TRUE(none.use("topic/a").send_topic);
  OutboundTopicAliases some(5);
  EXPECT_EQ(some.use("a/b").alias, 0);
  EXPECT_EQ(some.use("a/b/").alias, 1);
}

TEST(OutboundTopicAliases, PeekTellsWhatUseWillDoAndChangesNothing) {
  OutboundTopicAliases aliases(3);
  std::mt19937 random(7);
  for (int i = 0; i < 10'000; ++i) {
    const std::string topic = "topic/" + std::to_string(random() % 6);
    const AliasChoice peeked = aliases.peek(topic);
    for (int other = 0; other < 6; ++other) aliases.peek("topic/" + std::to_string(other));
    const AliasChoice used = aliases.use(topic);
    ASSERT_EQ(peeked.alias, used.alias);
    ASSERT_EQ(peeked.send_topic, used.send_topic);
  }
}

// Whatever is used in whatever order, a receiver that does as it is told sees the right topics.
TEST(OutboundTopicAliases, BothSidesStayInStep) {
  for (const std::uint16_t maximum : std::initializer_list<std::uint16_t>{1, 2, 7, 50}) {
    OutboundTopicAliases sender(maximum);
    InboundTopicAliases receiver(maximum);
    std::mt19937 random(maximum);
    for (int i = 0; i < 20'000; ++i) {
      const std::string topic = "some/longer/topic/" + std::to_string(random() % 20);
      const AliasChoice choice = sender.use(topic);
      ASSERT_GE(choice.alias, 1);
      ASSERT_LE(choice.alias, maximum);
      ASSERT_EQ(receiver.resolve(WithAlias(choice.send_topic ? topic : "", choice.alias).publish()), topic);
    }
  }
}

}  // namespace
}  // namespace hermod::wire
