#include "client/message_choice.h"

#include <gtest/gtest.h>

#include "wire/property_writer.h"

namespace hermod::client {
namespace {

wire::Publish arrived_on(std::string_view topic, bool retain = false) {
  wire::Publish message;
  message.topic = topic;
  message.retain = retain;
  return message;
}

/// The options of a command line that says nothing but this.
template <class Change>
SubscribeOptions subscribing(Change change) {
  SubscribeOptions options;
  change(options);
  return options;
}

/// How many of a hundred messages are shown, one for each whole number drawn.
int shown_of_hundred(double percent) {
  const auto options = subscribing([&](SubscribeOptions& o) { o.random_percent = percent; });
  int shown = 0;
  for (int draw = 0; draw < 100; ++draw) shown += choice_for(options, arrived_on("a"), draw).shows ? 1 : 0;
  return shown;
}

TEST(MessageChoice, WithoutOptionsEveryMessageIsShownAndNothingElseIsDone) {
  for (const bool retain : {false, true})
    EXPECT_EQ(choice_for({}, arrived_on("a", retain), 99.9), (MessageChoice{.shows = true}));
}

TEST(MessageChoice, NoRetainedAndRetainedOnlyTakeOppositeSides) {
  const auto without = subscribing([](SubscribeOptions& o) { o.no_retained = true; });
  EXPECT_EQ(choice_for(without, arrived_on("a", true), 0), MessageChoice{});
  EXPECT_EQ(choice_for(without, arrived_on("a", false), 0), (MessageChoice{.shows = true}));
  const auto only = subscribing([](SubscribeOptions& o) { o.retained_only = true; });
  EXPECT_EQ(choice_for(only, arrived_on("a", true), 0), (MessageChoice{.shows = true}));
  EXPECT_EQ(choice_for(only, arrived_on("a", false), 0), (MessageChoice{.leaves = true}));
}

TEST(MessageChoice, TheFirstLiveMessageEndsRetainedOnlyWhateverItsTopic) {
  const auto options = subscribing([](SubscribeOptions& o) {
    o.filter_out = {"#"};
    o.retained_only = true;
  });
  EXPECT_TRUE(choice_for(options, arrived_on("a", false), 0).leaves);
}

TEST(MessageChoice, OnlyRetainedMessagesAreClearedAlsoWhenTheyAreNotShown) {
  const auto clearing = subscribing([](SubscribeOptions& o) { o.remove_retained = true; });
  EXPECT_EQ(choice_for(clearing, arrived_on("a", true), 0), (MessageChoice{.clears = true, .shows = true}));
  EXPECT_EQ(choice_for(clearing, arrived_on("a", false), 0), (MessageChoice{.shows = true}));
  const auto unseen = subscribing([](SubscribeOptions& o) { o.no_retained = o.remove_retained = true; });
  EXPECT_EQ(choice_for(unseen, arrived_on("a", true), 0), (MessageChoice{.clears = true}));
}

TEST(MessageChoice, WhatIsFilteredOutIsLeftAlone) {
  const auto options = subscribing([](SubscribeOptions& o) {
    o.filter_out = {"a/+", "b/#"};
    o.remove_retained = true;
  });
  for (const char* topic : {"a/x", "b", "b/x/y"})
    EXPECT_EQ(choice_for(options, arrived_on(topic, true), 0), MessageChoice{}) << topic;
  for (const char* topic : {"a", "a/x/y", "c"})
    EXPECT_TRUE(choice_for(options, arrived_on(topic, true), 0).shows) << topic;
}

TEST(MessageChoice, AsManyAreShownAsThePercentageSays) {
  EXPECT_EQ(shown_of_hundred(100), 100);
  EXPECT_EQ(shown_of_hundred(50), 50);
  EXPECT_EQ(shown_of_hundred(1), 1);
  const auto few = subscribing([](SubscribeOptions& o) { o.random_percent = 0.1; });
  EXPECT_FALSE(choice_for(few, arrived_on("a"), 0.1).shows);
  EXPECT_TRUE(choice_for(few, arrived_on("a"), 0.0999).shows);
}

TEST(IsResponse, TheTopicDecidesAndARetainedMessageCountsUnlessItMustNot) {
  RequestOptions options;
  options.response_topic = "answers/+";
  EXPECT_TRUE(is_response(options, arrived_on("answers/1", true)));
  EXPECT_FALSE(is_response(options, arrived_on("answers")));
  EXPECT_FALSE(is_response(options, arrived_on("requests/1")));
  options.no_retained = true;
  EXPECT_FALSE(is_response(options, arrived_on("answers/1", true)));
  EXPECT_TRUE(is_response(options, arrived_on("answers/1", false)));
}

TEST(IsResponse, CorrelationDataOfTheRequestMustComeBackByteByByte) {
  RequestOptions options;
  options.response_topic = "answers";
  using namespace std::string_view_literals;
  const auto answered_with = [&](std::string_view data) {
    wire::PropertyWriter properties;
    properties.add(wire::PropertyId::CorrelationData, data);
    wire::Publish message = arrived_on("answers");
    message.properties = properties.properties();
    return is_response(options, message);
  };
  EXPECT_TRUE(answered_with("anything")) << "the request had none, so nothing is asked of the response";
  options.session.properties.publish.add(wire::PropertyId::CorrelationData, "a\0b"sv);
  EXPECT_TRUE(answered_with("a\0b"sv));
  for (const std::string_view other : {""sv, "a"sv, "a\0"sv, "a\0c"sv, "a\0bb"sv})
    EXPECT_FALSE(answered_with(other)) << other.size();
  EXPECT_FALSE(is_response(options, arrived_on("answers"))) << "without any it answers another request";
}

}  // namespace
}  // namespace hermod::client
