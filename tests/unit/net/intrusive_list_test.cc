#include "net/intrusive_list.h"

#include <gtest/gtest.h>

#include <memory>
#include <vector>

namespace hermod::net {
namespace {

struct Item : ListNode {
  explicit Item(int n) : number(n) {}
  int number;
};

std::vector<int> drain(IntrusiveList<Item>& list) {
  std::vector<int> numbers;
  while (Item* item = list.pop_front()) numbers.push_back(item->number);
  return numbers;
}

TEST(IntrusiveList, GivesItemsInOrder) {
  IntrusiveList<Item> list;
  Item one(1);
  Item two(2);
  list.push_back(one);
  list.push_back(two);
  EXPECT_EQ(drain(list), (std::vector<int>{1, 2}));
  EXPECT_TRUE(list.empty());
  EXPECT_FALSE(one.linked());
}

TEST(IntrusiveList, DestroyedItemLeavesItsList) {
  IntrusiveList<Item> list;
  Item one(1);
  Item three(3);
  list.push_back(one);
  {
    Item two(2);
    list.push_back(two);
    list.push_back(three);
  }
  EXPECT_EQ(drain(list), (std::vector<int>{1, 3}));
}

TEST(IntrusiveList, TakeAllAppendsInOrderAndEmptiesTheOther) {
  IntrusiveList<Item> list;
  IntrusiveList<Item> other;
  Item one(1);
  Item two(2);
  Item three(3);
  list.push_back(one);
  other.push_back(two);
  other.push_back(three);
  list.take_all(other);
  list.take_all(other);
  EXPECT_TRUE(other.empty());
  EXPECT_EQ(drain(list), (std::vector<int>{1, 2, 3}));
}

TEST(IntrusiveList, DestroyedListLetsItsItemsGo) {
  Item one(1);
  {
    IntrusiveList<Item> list;
    list.push_back(one);
  }
  EXPECT_FALSE(one.linked());
}

}  // namespace
}  // namespace hermod::net
