#include "store/chunked_queue.h"

#include <gtest/gtest.h>

#include <deque>
#include <memory>

namespace hermod::store::testing {
namespace {

struct Item {
  std::size_t number = 0;
  std::shared_ptr<int> resource;
};

TEST(ChunkedQueueTest, ItIsAsADequeWhatever) {
  ChunkedQueue<Item> queue;
  std::deque<std::size_t> expected;
  std::size_t next = 0;
  // Sizes around those of a chunk, and drops that end before, at and behind its end.
  for (const std::size_t adds : {1U, 127U, 128U, 300U, 5U, 129U}) {
    for (std::size_t i = 0; i < adds; ++i) {
      Item& item = queue.add();
      EXPECT_EQ(item.number, 0U) << "one that is new";
      item.number = ++next;
      expected.push_back(next);
    }
    for (const std::size_t drops : {adds / 3, adds / 2}) {
      queue.drop_front(drops);
      expected.erase(expected.begin(), expected.begin() + static_cast<std::ptrdiff_t>(drops));
      ASSERT_EQ(queue.size(), expected.size());
      for (std::size_t i = 0; i < expected.size(); ++i) ASSERT_EQ(queue[i].number, expected[i]) << i;
    }
  }
}

TEST(ChunkedQueueTest, ItemsStayWhereTheyAre) {
  ChunkedQueue<Item> queue;
  queue.add();
  Item& second = queue.add();
  second.number = 2;
  for (int i = 0; i < 1000; ++i) queue.add();
  queue.drop_front(1);
  EXPECT_EQ(&queue[0], &second);
  ChunkedQueue<Item> other = std::move(queue);
  EXPECT_EQ(&other[0], &second);
  EXPECT_EQ(queue.size(), 0U);  // NOLINT(bugprone-use-after-move): it is as new
  queue.add();
  EXPECT_EQ(queue.size(), 1U);
  other = std::move(queue);
  EXPECT_EQ(other.size(), 1U);
}

TEST(ChunkedQueueTest, WhatIsDroppedGivesBackWhatItHas) {
  const auto resource = std::make_shared<int>();
  ChunkedQueue<Item> queue;
  for (int i = 0; i < 200; ++i) queue.add().resource = resource;
  queue.drop_front(150);
  EXPECT_EQ(resource.use_count(), 51);
  queue.clear();
  EXPECT_EQ(resource.use_count(), 1);
  EXPECT_EQ(queue.size(), 0U);
}

}  // namespace
}  // namespace hermod::store::testing
