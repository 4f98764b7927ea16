#include "config/queue_sections.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "config/queue_keys.h"
#include "queue/queue_option.h"
#include "tests/unit/config/built.h"

namespace hermod::config {
namespace {

const std::vector<queue::QueueDefinition>& queues_of(const Built& built) {
  return built.configuration.settings().broker.queues.configured;
}

TEST(QueueKeys, AreTheBindingAndEveryOption) {
  std::vector<std::string_view> expected{kBindKey};
  for (const std::string_view option : queue::option_names()) expected.push_back(option);
  std::vector<std::string_view> names;
  for (const QueueKey& key : queue_keys()) names.push_back(key.name);
  std::ranges::sort(expected);
  std::ranges::sort(names);
  EXPECT_EQ(names, expected);
}

TEST(QueueSections, BecomeDefinitionsInTheOrderOfTheirNames) {
  const Built built(
      "[queues.work]\nbind = \"jobs/#\"\norder = \"none\"\nlanes = 4\nack_timeout = \"2m\"\n"
      "[queues.orders]\nbind = [\"shop/+/order\", \"shop/+/cancel\"]\nmax_length = 100\nmax_bytes = "
      "\"1GB\"\n");
  EXPECT_EQ(built.told(), "");
  ASSERT_EQ(queues_of(built).size(), 2U);
  const queue::QueueDefinition& orders = queues_of(built)[0];
  EXPECT_EQ(orders.name, "orders");
  EXPECT_EQ(orders.bind, (std::vector<std::string>{"shop/+/order", "shop/+/cancel"}));
  EXPECT_EQ(orders.max_length, 100U);
  EXPECT_EQ(orders.max_bytes, 1'000'000'000U);
  const queue::QueueDefinition& work = queues_of(built)[1];
  EXPECT_EQ(work.name, "work");
  EXPECT_EQ(work.order, queue::QueueDefinition::Order::None);
  EXPECT_EQ(work.lanes, 4U);
  EXPECT_EQ(work.ack_timeout, std::chrono::minutes(2));
}

TEST(QueueSections, ANameMayHaveDots) {
  for (const char* section : {"[queues.\"orders.dlq\"]\n", "[queues.orders.dlq]\n"}) {
    const Built built(std::string(section) + "max_length = 5\n");
    EXPECT_EQ(built.told(), "");
    ASSERT_EQ(queues_of(built).size(), 1U);
    EXPECT_EQ(queues_of(built)[0].name, "orders.dlq");
  }
}

TEST(QueueSections, ALaterSourceWinsAndIsNamedAsTheOrigin) {
  const Built built("[queues.orders]\nbind = \"a/#\"\nlanes = 4\n",
                    {{"queues.orders.lanes", "8"}, {"queues.orders.bind", "b/#, c/#"}});
  EXPECT_EQ(built.told(), "");
  EXPECT_EQ(queues_of(built)[0].bind, (std::vector<std::string>{"b/#", "c/#"}));
  EXPECT_EQ(built.value_of("queues.orders.lanes"), "8");
  EXPECT_EQ(built.origin_of("queues.orders.lanes"), "flag --set");
  EXPECT_EQ(built.value_of("queues.orders.bind"), "b/#, c/#");
  EXPECT_EQ(built.origin_of("queues.orders.max_length"), "default");
  EXPECT_EQ(built.value_of("queues.orders.dead_letter"), "orders.dlq");
}

struct Mistake {
  const char* file;
  const char* told;
};

TEST(QueueSections, EveryMistakeNamesItsKeyAndWhatIsExpected) {
  const Mistake mistakes[] = {
      {"[queues.orders]\nbind = \"a/#\"\nlanes = 0\n", "h.toml:3: queues.orders.lanes: from 1 to 4096\n"},
      {"[queues.orders]\nbind = \"a/#\"\norder = 5\n",
       "h.toml:3: queues.orders.order: one of none, key, strict is expected\n"},
      {"[queues.orders]\nbind = \"a/#/b\"\n",
       "h.toml:2: queues.orders.bind: # is not the whole last level of the filter\n"},
      {"[queues.orders]\nbind = [\"a\", \"a+\"]\n",
       "h.toml:2: queues.orders.bind: a+: + is not a whole level of the filter\n"},
      {"[queues.orders]\nbind = \"$queue/a\"\n",
       "h.toml:2: queues.orders.bind: $queue/... is no topic that a queue can be bound to\n"},
      {"[queues.orders]\nlanes = 2\n",
       "h.toml:2: queues.orders.bind: at least one topic filter, such as bind = \"shop/+/order\"\n"},
      {"[queues.orders]\n", "h.toml:1: queues.orders: a queue needs bind = \"TOPIC FILTER\"\n"},
      {"[queues.orders]\nbind = \"a\"\nack_timeout = 30\n",
       "h.toml:3: queues.orders.ack_timeout: a duration such as 500ms, 30s, 5m, 12h or 7d is expected\n"},
      {"[queues.orders]\nbind = \"a\"\nretry = [\"1s\", \"2s\"]\n",
       "h.toml:3: queues.orders.retry: one value and no list is expected\n"},
      {"[queues.orders]\nbind = \"a\"\nmax_lenght = 3\n",
       "h.toml:3: unknown key queues.orders.max_lenght; did you mean max_length?\n"},
      {"[queues.\"a/b\"]\nbind = \"a\"\n",
       "h.toml:2: queues.a/b.bind: the name of a queue is a letter or digit, then letters, digits, - . or _, "
       "128 bytes at most\n"},
      {"[queues]\nauto_create = true\n",
       "h.toml:2: unknown key queues.auto_create; did you mean queue.auto_create?\n"},
      {"[queues]\norders = true\n",
       "h.toml:2: unknown key queues.orders; a queue is written as [queues.NAME] with bind = \"TOPIC "
       "FILTER\"\n"},
      {"[queues.orders]\nbind = \"a\"\ndead_letter = \"morgue\"\n[queues.morgue]\nbind = \"b\"\n",
       "h.toml:3: queues.orders.dead_letter: the dead-letter queue morgue has dead letters of its own; set "
       "its dead_letter to none\n"},
  };
  for (const Mistake& mistake : mistakes) EXPECT_EQ(Built(mistake.file).told(), mistake.told) << mistake.file;
}

TEST(QueueSections, AKeyThatResemblesNoneIsToldAllOfThem) {
  const std::string told = Built("[queues.orders]\nbind = \"a\"\nwhatever_this_is = 3\n").told();
  for (const QueueKey& key : queue_keys()) EXPECT_NE(told.find(key.name), std::string::npos) << key.name;
}

TEST(QueueSections, AQueueThatComesOrGoesIsOneDifference) {
  const Built none("");
  const Built orders("[queues.orders]\nbind = \"a/#\"\n");
  const Built changed("[queues.orders]\nbind = \"a/#\"\nlanes = 2\n");
  const auto added = differences(none.configuration, orders.configuration);
  ASSERT_EQ(added.size(), 1U);
  EXPECT_EQ(added[0].key, "queues.orders.kind");
  EXPECT_EQ(added[0].before, "");
  EXPECT_FALSE(added[0].live);
  const auto removed = differences(orders.configuration, none.configuration);
  ASSERT_EQ(removed.size(), 1U);
  EXPECT_EQ(removed[0].after, "");
  const auto edited = differences(orders.configuration, changed.configuration);
  ASSERT_EQ(edited.size(), 1U);
  EXPECT_EQ(edited[0].key, "queues.orders.lanes");
  EXPECT_EQ(edited[0].after, "2");
}

}  // namespace
}  // namespace hermod::config
