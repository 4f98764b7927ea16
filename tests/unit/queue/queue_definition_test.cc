#include "queue/queue_definition.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "queue/queue_option.h"

namespace hermod::queue {
namespace {

using namespace std::chrono_literals;

QueueDefinition orders() {
  QueueDefinition definition;
  definition.name = "orders";
  definition.bind = {"shop/+/order"};
  return definition;
}

std::string complaint(const QueueDefinition& definition) {
  const Status status = check(definition);
  return status ? "" : status.error().detail;
}

std::string set(std::string_view option, std::string_view value) {
  QueueDefinition definition = orders();
  const QueueDefinition before = definition;
  const Status status = set_option(definition, option, value);
  if (status) return "";
  EXPECT_EQ(definition, before) << "a failure changes nothing";
  return status.error().detail;
}

TEST(QueueDefinition, NamesBeginWithALetterOrDigit) {
  for (const char* name : {"a", "7", "orders", "Orders-2.eu_west", "a.dlq"})
    EXPECT_TRUE(is_queue_name(name)) << name;
  for (const char* name : {"", ".a", "-a", "_a", "a/b", "a b", "a+", "#", "$a", "\xC3\xA4"})
    EXPECT_FALSE(is_queue_name(name)) << name;
  EXPECT_TRUE(is_queue_name(std::string(128, 'a')));
  EXPECT_FALSE(is_queue_name(std::string(129, 'a')));
}

TEST(QueueDefinition, TheDefaultsAreThoseOfTheDocuments) {
  const QueueDefinition definition = orders();
  EXPECT_EQ(complaint(definition), "");
  const std::pair<std::string_view, std::string_view> expected[] = {
      {"match", "none"},
      {"kind", "queue"},
      {"order", "key"},
      {"key", "auto"},
      {"lanes", "16"},
      {"dispatch", "least-inflight"},
      {"max_inflight", "32"},
      {"ack_timeout", "30s"},
      {"max_deliveries", "17"},
      {"dead_letter", "orders.dlq"},
      {"ttl", "none"},
      {"max_length", "none"},
      {"max_bytes", "none"},
      {"overflow", "reject"},
      {"dedup_window", "0s"},
      {"last_value", "false"},
      {"rate_in", "none"},
      {"rate_out", "none"},
      {"retention_time", "7d"},
      {"retention_bytes", "none"},
      {"seq", "off"},
      {"flush", "broker"},
      {"retention_count", "none"},
      {"retry", "10s 30s 1m 2m 3m 4m 5m 6m 7m 8m 9m 10m 20m 30m 1h 2h"},
  };
  EXPECT_EQ(std::size(expected), option_names().size());
  for (const auto& [option, text] : expected) EXPECT_EQ(option_text(definition, option), text) << option;
}

TEST(QueueDefinition, DeadLettersGoToTheQueuesOwnDlqUnlessItSaysOtherwise) {
  QueueDefinition definition = orders();
  EXPECT_EQ(definition.dead_letter_target(), "orders.dlq");
  definition.dead_letter = "morgue";
  EXPECT_EQ(definition.dead_letter_target(), "morgue");
  definition.dead_letter = "none";
  EXPECT_EQ(definition.dead_letter_target(), "");
}

TEST(QueueDefinition, ADeadLetterQueueNeverDeadLettersAndNeedsNoBinding) {
  QueueDefinition dead = orders();
  dead.name = "orders.dlq";
  dead.bind.clear();
  EXPECT_EQ(complaint(dead), "");
  EXPECT_EQ(dead.dead_letter_target(), "");
  dead.dead_letter = "morgue";
  EXPECT_EQ(complaint(dead), "dead_letter: a dead-letter queue never dead-letters");

  QueueDefinition morgue = orders();
  morgue.name = "morgue";
  QueueDefinition from = orders();
  EXPECT_TRUE(check_dead_letters(from, morgue).has_value()) << "it is not where they go";
  from.dead_letter = "morgue";
  EXPECT_FALSE(check_dead_letters(from, morgue).has_value());
  morgue.dead_letter = "none";
  EXPECT_TRUE(check_dead_letters(from, morgue).has_value());
}

TEST(QueueDefinition, WhatMakesNoSenseIsRefusedByTheNameOfItsOption) {
  const auto complaint_about = [](auto change) {
    QueueDefinition definition = orders();
    change(definition);
    const std::string text = complaint(definition);
    return text.substr(0, text.find(':'));
  };
  using D = QueueDefinition;
  EXPECT_EQ(complaint_about([](D& d) { d.name = "a/b"; }), "name");
  EXPECT_EQ(complaint_about([](D& d) { d.name = std::string(125, 'a'); }), "name") << "no room for .dlq";
  EXPECT_EQ(complaint_about([](D& d) { d.name = std::string(124, 'a'); }), "");
  EXPECT_EQ(complaint_about([](D& d) { d.bind.clear(); }), "bind");
  EXPECT_EQ(complaint_about([](D& d) { d.lanes = 0; }), "lanes");
  EXPECT_EQ(complaint_about([](D& d) { d.lanes = 4097; }), "lanes");
  EXPECT_EQ(complaint_about([](D& d) { d.max_inflight = 0; }), "max_inflight");
  EXPECT_EQ(complaint_about([](D& d) { d.ack_timeout = 9ms; }), "ack_timeout");
  EXPECT_EQ(complaint_about([](D& d) { d.max_deliveries = 0; }), "max_deliveries");
  EXPECT_EQ(complaint_about([](D& d) { d.max_deliveries = 1001; }), "max_deliveries");
  EXPECT_EQ(complaint_about([](D& d) { d.dead_letter = "a/b"; }), "dead_letter");
  EXPECT_EQ(complaint_about([](D& d) { d.dead_letter = "orders"; }), "dead_letter");
  EXPECT_EQ(complaint_about([](D& d) { d.ttl = 0ms; }), "ttl");
  EXPECT_EQ(complaint_about([](D& d) { d.max_length = 0; }), "max_length");
  EXPECT_EQ(complaint_about([](D& d) { d.max_bytes = 0; }), "max_bytes");
  EXPECT_EQ(complaint_about([](D& d) { d.dedup_window = 8 * 24h; }), "dedup_window");
  EXPECT_EQ(complaint_about([](D& d) {
              d.overflow = D::Overflow::DeadLetter;
              d.dead_letter = "none";
            }),
            "overflow");
  EXPECT_EQ(complaint_about([](D& d) {
              d.order = D::Order::Strict;
              d.last_value = true;
            }),
            "last_value");
}

TEST(QueueDefinition, IsBoundToTopicsAndToNothingThatOnlyLooksLikeOne) {
  const auto complaint_about = [](std::vector<std::string> bind) {
    QueueDefinition definition = orders();
    definition.bind = std::move(bind);
    return complaint(definition);
  };
  EXPECT_EQ(complaint_about({"a/#", "b/+", "#"}), "");
  EXPECT_EQ(complaint_about({"a", "b", "a"}), "bind: a topic filter stands there twice");
  for (const char* filter :
       {"$share/g/a", "$queue/orders", "$queue/orders/#", "$stream/s", "$delayed/5/a", "$tx/1/commit",
        "$CONTROL/queue/v1", "$SYS/#", "$events/queue/#", "$expired/#", "$dropped/a", "$dead/+"})
    EXPECT_TRUE(complaint_about({"a", filter}).ends_with("... is no topic that a queue can be bound to"))
        << filter;
  std::vector<std::string> many;
  for (int i = 0; i < 65; ++i) many.push_back("a/" + std::to_string(i));
  EXPECT_EQ(complaint_about(many), "bind: 64 topic filters at most");
  many.pop_back();
  EXPECT_EQ(complaint_about(many), "");
}

TEST(QueueDefinition, WhatDecidesOrderStaysWhileThereAreMessages) {
  const auto change = [](auto apply, bool is_empty) {
    QueueDefinition to = orders();
    apply(to);
    const Status status = check_change(orders(), to, is_empty);
    return status ? std::string("") : status.error().detail.substr(0, status.error().detail.find(':'));
  };
  using D = QueueDefinition;
  for (const bool is_empty : {false, true}) {
    EXPECT_EQ(change([](D& d) { d.max_length = 5; }, is_empty), "");
    EXPECT_EQ(change([](D& d) { d.name = "other"; }, is_empty), "name");
    EXPECT_EQ(change([](D& d) { d.lanes = 0; }, is_empty), "lanes");
    EXPECT_EQ(change([](D& d) { d.order = D::Order::None; }, is_empty), is_empty ? "" : "order");
    EXPECT_EQ(change([](D& d) { d.key = *KeySource::parse("topic"); }, is_empty), is_empty ? "" : "key");
    EXPECT_EQ(change([](D& d) { d.lanes = 4; }, is_empty), is_empty ? "" : "lanes");
    EXPECT_EQ(change([](D& d) { d.last_value = true; }, is_empty), is_empty ? "" : "last_value");
  }
}

TEST(QueueDefinition, AGroupIsAQueueWithTheOptionsOfItsStream) {
  QueueDefinition stream = orders();
  stream.kind = QueueDefinition::Kind::Stream;
  stream.retention_count = 5;
  ASSERT_TRUE(set_option(stream, "ack_timeout", "1s"));
  ASSERT_TRUE(set_option(stream, "order", "strict"));
  ASSERT_EQ(complaint(stream), "");
  QueueDefinition group = definition_of_groups(stream);
  EXPECT_EQ(complaint(group), "");
  EXPECT_EQ(group.name, stream.name);
  EXPECT_EQ(group.order, QueueDefinition::Order::Strict);
  EXPECT_EQ(group.ack_timeout, std::chrono::seconds(1));
  EXPECT_EQ(group.dead_letter_target(), "orders.dlq");
  stream.name = std::string(128, 'n');
  group = definition_of_groups(stream);
  EXPECT_EQ(complaint(group), "");
  EXPECT_EQ(group.dead_letter_target(), "") << "its name would be too long";
}

TEST(QueueDefinition, AStreamHasTheOptionsOfStreamsAlone) {
  QueueDefinition stream = orders();
  stream.kind = QueueDefinition::Kind::Stream;
  EXPECT_EQ(complaint(stream), "");
  EXPECT_EQ(stream.dead_letter_target(), "");
  EXPECT_TRUE(stream.sends_dead_letters_to("orders.dlq")) << "its groups do";
  for (const auto& [option, value] : {std::pair{"ttl", "1h"},
                                      {"max_length", "10"},
                                      {"max_bytes", "1MB"},
                                      {"overflow", "drop-oldest"},
                                      {"dedup_window", "1m"},
                                      {"rate_in", "5/s"},
                                      {"rate_out", "5/s"}}) {
    QueueDefinition wrong = stream;
    ASSERT_TRUE(set_option(wrong, option, value)) << option;
    EXPECT_EQ(complaint(wrong),
              std::string(option) + ": a stream does not have it; leave it out, or set kind to queue");
    EXPECT_FALSE(has_option(QueueDefinition::Kind::Stream, option)) << option;
    EXPECT_TRUE(has_option(QueueDefinition::Kind::Queue, option)) << option;
  }
  EXPECT_EQ(option_names(QueueDefinition::Kind::Stream).size(), 17U);
  stream.name = "orders.dlq";
  EXPECT_NE(complaint(stream).find("kind: a queue for dead letters"), std::string::npos);
}

TEST(QueueDefinition, AStreamThatKeepsTheLastValuesAsksNobodyAndItsGroupsDealOutAll) {
  QueueDefinition stream = orders();
  stream.kind = QueueDefinition::Kind::Stream;
  ASSERT_TRUE(set_option(stream, "last_value", "true"));
  ASSERT_TRUE(set_option(stream, "order", "strict"));
  EXPECT_EQ(complaint(stream), "") << "its entries have keys whatever the order of its groups is";
  EXPECT_FALSE(stream.asks_before_publish());
  const QueueDefinition group = definition_of_groups(stream);
  EXPECT_EQ(complaint(group), "");
  EXPECT_FALSE(group.last_value);
}

TEST(QueueDefinition, WhatMayBeLostInAPowerCutIsSaidOfAStreamAsWellAndChangesAtAnyTime) {
  QueueDefinition stream = orders();
  stream.kind = QueueDefinition::Kind::Stream;
  ASSERT_TRUE(set_option(stream, "flush", "memory"));
  EXPECT_EQ(complaint(stream), "");
  EXPECT_EQ(definition_of_groups(stream).flush, stream.flush) << "its groups settle as it stores";
  QueueDefinition strict = stream;
  strict.flush = store::Flush{};
  EXPECT_TRUE(check_change(stream, strict, /*is_empty=*/false));
  EXPECT_TRUE(check_change(strict, stream, /*is_empty=*/false));
}

TEST(QueueDefinition, TheRetentionIsOfStreamsAndHasBounds) {
  for (const auto& [option, value] :
       {std::pair{"retention_time", "1h"}, {"retention_bytes", "1GB"}, {"retention_count", "10"}}) {
    QueueDefinition definition = orders();
    ASSERT_TRUE(set_option(definition, option, value));
    EXPECT_EQ(complaint(definition),
              std::string(option) + ": only a stream has it; leave it out, or set kind to stream");
    definition.kind = QueueDefinition::Kind::Stream;
    EXPECT_EQ(complaint(definition), "");
  }
  for (const auto& [option, value] :
       {std::pair{"retention_time", "10ms"}, {"retention_bytes", "0"}, {"retention_count", "0"}}) {
    QueueDefinition definition = orders();
    definition.kind = QueueDefinition::Kind::Stream;
    ASSERT_TRUE(set_option(definition, option, value));
    EXPECT_EQ(complaint(definition).substr(0, std::string(option).size()), option);
  }
}

TEST(QueueDefinition, AQueueStaysAQueueAndDeadLettersDoNotGoIntoAStream) {
  QueueDefinition stream = orders();
  stream.kind = QueueDefinition::Kind::Stream;
  EXPECT_EQ(check_change(orders(), stream, /*is_empty=*/true).error().detail,
            "kind: it stays what it is; make another one");
  QueueDefinition dying = orders();
  dying.name = "other";
  dying.dead_letter = "orders";
  EXPECT_EQ(check_dead_letters(dying, stream).error().detail,
            "dead_letter: orders is a stream, which holds no dead letters");
}

TEST(QueueOption, TextIsWhatSetsItAgain) {
  const std::pair<std::string_view, std::vector<std::string_view>> values[] = {
      {"match", {"all:kind=order&eu", "any:tags=a,b&n>25", "none"}},
      {"kind", {"stream", "queue"}},
      {"order", {"none", "strict", "key"}},
      {"key", {"topic", "topic-level:2", "client-id", "property:order", "auto"}},
      {"lanes", {"1", "4096"}},
      {"dispatch", {"round-robin", "random", "sticky", "key-hash", "least-inflight"}},
      {"max_inflight", {"1", "65535"}},
      {"ack_timeout", {"10ms", "5m"}},
      {"retry", {"none", "1s 2s"}},
      {"max_deliveries", {"1", "1000"}},
      {"dead_letter", {"none", "morgue", "orders.dlq"}},
      {"ttl", {"1h", "none"}},
      {"max_length", {"1", "1000000", "none"}},
      {"max_bytes", {"64KiB", "1GB", "none"}},
      {"overflow", {"drop-oldest", "drop-newest", "dead-letter", "reject"}},
      {"dedup_window", {"10m", "0s"}},
      {"last_value", {"true", "false"}},
      {"rate_in", {"100/s burst 200", "5/s", "none"}},
      {"rate_out", {"100/s burst 200", "5/s", "none"}},
      {"seq", {"detect", "off"}},
      {"flush", {"sync", "interval:1", "interval:60000", "memory", "broker"}},
      {"retention_time", {"1h", "none"}},
      {"retention_bytes", {"64MiB", "none"}},
      {"retention_count", {"1", "1000000", "none"}},
  };
  EXPECT_EQ(std::size(values), option_names().size());
  QueueDefinition definition = orders();
  for (const auto& [option, texts] : values) {
    EXPECT_EQ(std::count(option_names().begin(), option_names().end(), option), 1) << option;
    for (const std::string_view text : texts) {
      EXPECT_TRUE(set_option(definition, option, text).has_value()) << option << " = " << text;
      EXPECT_EQ(option_text(definition, option), text) << option;
    }
  }
  EXPECT_EQ(definition.dead_letter, "") << "the default is not spelled out";
}

TEST(QueueOption, AMistakeNamesTheOption) {
  EXPECT_EQ(set("order", "fifo"), "order: one of none, key, strict is expected");
  EXPECT_EQ(set("overflow", ""),
            "overflow: one of reject, drop-oldest, drop-newest, dead-letter is expected");
  EXPECT_EQ(set("kind", "topic"), "kind: one of queue, stream is expected");
  EXPECT_EQ(set("max_inflight", "65536"), "max_inflight: a whole number from 0 to 65535 is expected");
  EXPECT_EQ(set("max_inflight", "-1"), "max_inflight: a whole number from 0 to 65535 is expected");
  const std::string lengths = "max_length: a whole number from 0 to 9223372036854775807 is expected";
  EXPECT_EQ(set("max_length", "9223372036854775807"), "");
  EXPECT_EQ(set("max_length", "9223372036854775808"), lengths);
  EXPECT_EQ(set("max_length", "-1"), lengths);
  EXPECT_EQ(set("last_value", "yes"), "last_value: one of true, false is expected");
  EXPECT_EQ(set("dead_letter", "a/b"), "dead_letter: the name of a queue, or none, is expected");
  EXPECT_EQ(set("match", "kind=order"),
            "match: none, all:<property filter> or any:<property filter> is expected");
  EXPECT_EQ(set("match", "all:"), "match: property filter, byte 1: the name of a user property is expected");
  const std::string policies =
      "flush: broker, sync, memory, or interval: with 1 to 60000 ms behind it is expected";
  for (const char* wrong : {"", "Broker", "none", "interval", "interval:0", "interval:60001"})
    EXPECT_EQ(set("flush", wrong), policies) << wrong;
  for (const char* option : {"key", "lanes", "dispatch", "ack_timeout", "retry", "max_deliveries", "ttl",
                             "max_length", "max_bytes", "dedup_window", "rate_in", "rate_out", "seq"})
    EXPECT_TRUE(set(option, "?").starts_with(std::string(option) + ": ")) << option;
}

TEST(QueueOption, AnUnknownOneIsNotFound) {
  QueueDefinition definition = orders();
  EXPECT_EQ(set_option(definition, "colour", "red").error().code, Errc::NotFound);
  EXPECT_EQ(set_option(definition, "name", "other").error().code, Errc::NotFound);
}

TEST(QueueDefinition, OnlyWhatTheOwnerAloneKnowsMakesPublishersAsk) {
  QueueDefinition definition = orders();
  definition.max_length = 10;
  definition.ttl = 1h;
  definition.rate_out = Rate{1, 1};
  for (const auto overflow : {QueueDefinition::Overflow::Reject, QueueDefinition::Overflow::DropNewest}) {
    definition.overflow = overflow;
    EXPECT_FALSE(definition.asks_before_publish());
  }
  for (const auto overflow : {QueueDefinition::Overflow::DropOldest, QueueDefinition::Overflow::DeadLetter}) {
    definition.overflow = overflow;
    EXPECT_TRUE(definition.asks_before_publish());
    QueueDefinition unlimited = orders();
    unlimited.overflow = overflow;
    EXPECT_FALSE(unlimited.asks_before_publish());
  }
  for (const auto& [option, value] :
       {std::pair("dedup_window", "1m"), {"last_value", "true"}, {"rate_in", "1/s"}}) {
    QueueDefinition asking = orders();
    ASSERT_TRUE(set_option(asking, option, value).has_value());
    EXPECT_TRUE(asking.asks_before_publish()) << option;
  }
}

}  // namespace
}  // namespace hermod::queue
