#include "queue/queue_catalog.h"

#include <gtest/gtest.h>

#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "queue/group_records.h"
#include "queue/queue_id.h"

namespace hermod::queue {
namespace {

constexpr std::uint64_t kNamed = 1ULL << 63;

QueueId number(std::uint64_t n) {
  return QueueId{kNamed | n};
}

QueueDefinition queue_named(std::string name) {
  QueueDefinition definition;
  definition.name = std::move(name);
  definition.bind = {"a/#"};
  return definition;
}

TEST(QueueCatalog, FindsAQueueByNameAndById) {
  QueueCatalog catalog({});
  const auto added = catalog.add(number(7), queue_named("orders"));
  ASSERT_TRUE(added);
  EXPECT_EQ(catalog.find("orders"), *added);
  EXPECT_EQ(catalog.find(number(7)), *added);
  EXPECT_EQ((*added)->name(), "orders");
  EXPECT_EQ((*added)->id, number(7));
  EXPECT_EQ(catalog.find("order"), nullptr);
  EXPECT_EQ(catalog.find(number(8)), nullptr);
}

TEST(QueueCatalog, NeitherANameNorAnIdIsGivenTwice) {
  QueueCatalog catalog({});
  ASSERT_TRUE(catalog.add(number(1), queue_named("a")));
  const auto same_name = catalog.add(number(2), queue_named("a"));
  ASSERT_FALSE(same_name);
  EXPECT_EQ(same_name.error().code, Errc::Busy);
  EXPECT_EQ(same_name.error().detail, "there is a queue a already");
  const auto same_id = catalog.add(number(1), queue_named("b"));
  ASSERT_FALSE(same_id);
  EXPECT_EQ(same_id.error().code, Errc::Busy);
  EXPECT_EQ(catalog.find("b"), nullptr) << "what failed left nothing behind";
  EXPECT_EQ(catalog.find(number(2)), nullptr);
  EXPECT_EQ(catalog.count(), 1U);
}

TEST(QueueCatalog, HoldsNoMoreThanItMayUnlessTheStoreHasMore) {
  QueueCatalog catalog({.max_queues = 1});
  ASSERT_TRUE(catalog.add(number(1), queue_named("a")));
  const auto one_too_many = catalog.add(number(2), queue_named("b"));
  ASSERT_FALSE(one_too_many);
  EXPECT_EQ(one_too_many.error().code, Errc::NoSpace);
  EXPECT_EQ(one_too_many.error().detail, "there are as many queues as queue.max_queues allows");
  EXPECT_TRUE(catalog.restore(number(2), queue_named("b")));
  EXPECT_EQ(catalog.count(), 2U);
  catalog.remove(number(1));
  EXPECT_FALSE(catalog.add(number(3), queue_named("c")));
  catalog.remove(number(2));
  EXPECT_TRUE(catalog.add(number(3), queue_named("c")));
}

TEST(QueueCatalog, AChangedQueueKeepsIdAndRoom) {
  QueueCatalog catalog({});
  QueueDefinition definition = queue_named("a");
  definition.max_length = 1;
  const NamedQueuePtr before = *catalog.add(number(1), definition);
  ASSERT_TRUE(before->room->take({1, 10}));
  EXPECT_FALSE(before->room->take({1, 10}));

  definition.max_length = 2;
  const auto after = catalog.replace(definition, true);
  ASSERT_TRUE(after);
  EXPECT_EQ((*after)->id, number(1));
  EXPECT_EQ((*after)->room, before->room);
  EXPECT_TRUE((*after)->is_configured);
  EXPECT_TRUE(before->room->take({1, 10})) << "who found it before the change counts by the new limit";
  EXPECT_FALSE((*after)->room->take({1, 10}));
  EXPECT_EQ(catalog.find("a"), *after);
  EXPECT_EQ(catalog.find(number(1)), *after);
  EXPECT_EQ(before->definition.max_length, 1U) << "what somebody holds does not change";
}

TEST(QueueCatalog, OnlyWhatIsThereChanges) {
  QueueCatalog catalog({});
  const auto nothing = catalog.replace(queue_named("a"));
  ASSERT_FALSE(nothing);
  EXPECT_EQ(nothing.error().code, Errc::NotFound);
  EXPECT_EQ(nothing.error().detail, "there is no queue a");
  EXPECT_EQ(catalog.count(), 0U);
}

TEST(QueueCatalog, WhatIsRemovedIsFoundNoMoreAndItsNameIsFree) {
  QueueCatalog catalog({});
  const NamedQueuePtr first = *catalog.add(number(1), queue_named("a"));
  EXPECT_EQ(catalog.remove(number(1)), first);
  EXPECT_EQ(catalog.remove(number(1)), nullptr);
  EXPECT_EQ(catalog.find("a"), nullptr);
  EXPECT_EQ(catalog.find(number(1)), nullptr);
  EXPECT_EQ(first->name(), "a") << "who still has it keeps it";
  const auto second = catalog.add(number(2), queue_named("a"));
  ASSERT_TRUE(second);
  EXPECT_NE((*second)->room, first->room);
}

TEST(QueueCatalog, ListsByName) {
  QueueCatalog catalog({});
  std::uint64_t id = 0;
  for (const char* name : {"b", "B", "a.b", "a"}) ASSERT_TRUE(catalog.add(number(++id), queue_named(name)));
  std::string names;
  for (const NamedQueuePtr& queue : catalog.all()) names += queue->name() + " ";
  EXPECT_EQ(names, "B a a.b b ");
}

TEST(QueueCatalog, IsReadWhileItChanges) {
  QueueCatalog catalog({});
  ASSERT_TRUE(catalog.add(number(1), queue_named("stays")));
  std::atomic<bool> is_over{false};
  std::atomic<bool> is_right{true};
  std::vector<std::thread> readers;
  for (int i = 0; i < 2; ++i) {
    readers.emplace_back([&] {
      while (!is_over.load()) {
        const NamedQueuePtr stays = catalog.find(number(1));
        const NamedQueuePtr comes_and_goes = catalog.find("comes-and-goes");
        if (!stays || stays->name() != "stays") is_right = false;
        if (comes_and_goes && comes_and_goes->id != number(2)) is_right = false;
      }
    });
  }
  for (int round = 0; round < 500; ++round) {
    ASSERT_TRUE(catalog.add(number(2), queue_named("comes-and-goes")));
    ASSERT_TRUE(catalog.replace(queue_named("stays")));
    ASSERT_NE(catalog.remove(number(2)), nullptr);
  }
  is_over = true;
  for (std::thread& reader : readers) reader.join();
  EXPECT_TRUE(is_right);
}

TEST(QueueCatalog, GivesAPageOfNamesInTheirOrder) {
  QueueCatalog catalog({});
  for (const char* name : {"c", "a", "b"})
    ASSERT_TRUE(catalog.add(number(catalog.count() + 1), queue_named(name)));
  const auto page = catalog.behind("a", 1);
  ASSERT_EQ(page.size(), 1U);
  EXPECT_EQ(page[0]->name(), "b");
  EXPECT_EQ(catalog.behind("", 10).size(), 3U);
  EXPECT_TRUE(catalog.behind("c", 10).empty());
}

TEST(QueueCatalog, KnowsWhoSendsDeadLetters) {
  QueueCatalog catalog({});
  ASSERT_TRUE(catalog.add(number(1), queue_named("a")));
  QueueDefinition to_grave = queue_named("b");
  to_grave.dead_letter = "grave";
  ASSERT_TRUE(catalog.add(number(2), to_grave));
  QueueDefinition to_none = queue_named("c");
  to_none.dead_letter = "none";
  ASSERT_TRUE(catalog.add(number(3), to_none));
  ASSERT_NE(catalog.sender_of_dead_letters("a.dlq"), nullptr);
  EXPECT_EQ(catalog.sender_of_dead_letters("a.dlq")->name(), "a");
  EXPECT_EQ(catalog.sender_of_dead_letters("grave")->name(), "b");
  for (const char* nobody : {"b.dlq", "c.dlq", "none", "a", "a.dlq.dlq", ""})
    EXPECT_EQ(catalog.sender_of_dead_letters(nobody), nullptr) << nobody;
}

TEST(QueueCatalog, NamesAreHeldByOneAtATime) {
  QueueCatalog catalog({});
  auto first = catalog.hold({"a", "b", "", "a"});
  ASSERT_TRUE(first);
  const auto second = catalog.hold({"c", "b"});
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, Errc::Busy);
  EXPECT_TRUE(catalog.hold({"c"})) << "what failed holds nothing";
  QueueCatalog::Hold moved = *std::move(first);
  EXPECT_FALSE(catalog.hold({"a"}));
  moved = {};
  EXPECT_TRUE(catalog.hold({"a", "b"}));
}

TEST(QueueCatalog, NamesAreSharedByThoseWhoMakeTheQueue) {
  QueueCatalog catalog({});
  auto first = catalog.share({"a", "b"});
  auto second = catalog.share({"b", "c"});
  ASSERT_TRUE(first);
  ASSERT_TRUE(second);
  *first = {};
  EXPECT_TRUE(catalog.hold({"a"}));
  EXPECT_FALSE(catalog.hold({"b"})) << "one is left";
  *second = {};
  const auto alone = catalog.hold({"b"});
  EXPECT_TRUE(alone);
  EXPECT_FALSE(catalog.share({"b", "c"}));
  EXPECT_TRUE(catalog.hold({"c"})) << "what failed holds nothing";
}

TEST(QueueCatalog, WhoeverLooksSeesThatAQueueIsEnding) {
  QueueCatalog catalog({});
  const auto added = catalog.add(number(1), queue_named("a"));
  ASSERT_TRUE(added);
  EXPECT_EQ(catalog.set_ending(number(2), true), nullptr);
  ASSERT_NE(catalog.set_ending(number(1), true), nullptr);
  EXPECT_TRUE(catalog.find("a")->is_ending);
  EXPECT_TRUE(catalog.find(number(1))->is_ending);
  EXPECT_EQ(catalog.find("a")->room, (*added)->room);
  EXPECT_FALSE((*added)->is_ending) << "who holds one keeps it as it was";
  catalog.set_ending(number(1), false);
  EXPECT_FALSE(catalog.find("a")->is_ending);
}

TEST(QueueCatalog, GroupsAreFoundBelowTheirStreamAndAmongNoQueues) {
  QueueCatalog catalog({.max_queues = 1, .max_groups = 2});
  QueueDefinition log = queue_named("log");
  log.kind = QueueDefinition::Kind::Stream;
  const QueueId stream = number(5);
  EXPECT_EQ(catalog.make_group(stream, "a", {}, 4).error().code, Errc::NotFound);
  ASSERT_TRUE(catalog.add(stream, log));
  const auto made = catalog.make_group(stream, "b", {.next = Seq{7}}, 4);
  ASSERT_TRUE(made);
  EXPECT_EQ((*made)->name(), "log");
  EXPECT_EQ((*made)->group->name, "b");
  EXPECT_EQ((*made)->group->begin.next(), Seq{7});
  EXPECT_EQ(number_of((*made)->id) % 4, 5U % 4) << "its owner is that of its stream";
  EXPECT_EQ(*catalog.make_group(stream, "b", {.next = Seq{9}}, 4), *made) << "it is there already";
  EXPECT_EQ(catalog.find((*made)->id), *made);
  EXPECT_EQ(catalog.find_group(stream, "b"), *made);
  const auto restored =
      catalog.restore_group(stream, group_number(9), "a", GroupPosition({.next = Seq{3}}), 4);
  ASSERT_TRUE(restored);
  EXPECT_TRUE((*restored)->group->is_recorded);
  EXPECT_EQ(catalog.restore_group(stream, group_number(10), "a", GroupPosition(), 4).error().code,
            Errc::Busy);
  EXPECT_EQ(catalog.make_group(stream, "c", {}, 4).error().code, Errc::NoSpace);
  EXPECT_EQ(catalog.groups_of(stream), (std::vector<NamedQueuePtr>{*restored, *made}));
  EXPECT_EQ(catalog.count(), 1U);
  EXPECT_EQ(catalog.all().size(), 1U);
  catalog.remove((*made)->id);
  EXPECT_EQ(catalog.find_group(stream, "b"), nullptr);
  EXPECT_EQ((*catalog.make_group(stream, "c", {}, 4))->group->number, group_number(10))
      << "no number is given twice";
  log.max_inflight = 3;
  ASSERT_TRUE(catalog.replace(log));
  EXPECT_EQ(catalog.find_group(stream, "a")->definition.max_inflight, 3U);
  EXPECT_EQ(catalog.find((*restored)->id), catalog.find_group(stream, "a"));
  catalog.remove(stream);
  EXPECT_TRUE(catalog.groups_of(stream).empty());
  EXPECT_EQ(catalog.find((*restored)->id), nullptr);
}

TEST(StreamGroup, ItsLagIsWhatIsThereAndNotSettled) {
  QueueDefinition log = queue_named("log");
  log.kind = QueueDefinition::Kind::Stream;
  QueueCatalog catalog({});
  ASSERT_TRUE(catalog.add(number(5), log));
  const NamedQueuePtr made = *catalog.make_group(number(5), "g", {.next = Seq{1}}, 1);
  StreamExtent& extent = *made->group->extent;
  EXPECT_EQ(made->group->lag(), 0U);
  for (std::uint64_t seq = 1; seq <= 10; ++seq) extent.append(Seq{seq}, 1, {});
  EXPECT_EQ(made->group->lag(), 10U);
  GroupPosition position({.next = Seq{3}});
  position.settle(Seq{5}, Seq{7});
  made->group->show(position);
  EXPECT_EQ(made->group->lag(), 6U);
}

}  // namespace
}  // namespace hermod::queue
