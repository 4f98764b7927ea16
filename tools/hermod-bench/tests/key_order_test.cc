#include "key_order.h"

#include <gtest/gtest.h>

namespace hermod::bench {
namespace {

using KeyArrival = KeyOrder::Arrival;

TEST(KeyOrder, KeysDoNotWaitForEachOther) {
  KeyOrder order(2, 3);
  EXPECT_EQ(order.on_message(0, 7), KeyArrival::InOrder);
  EXPECT_EQ(order.on_message(0, 2), KeyArrival::InOrder) << "7 has key 1, 2 has key 2";
  EXPECT_EQ(order.on_message(1, 1), KeyArrival::InOrder) << "another publisher's keys are others";
  EXPECT_EQ(order.on_message(0, 10), KeyArrival::InOrder);
}

TEST(KeyOrder, WhatComesBehindALaterMessageOfItsKeyIsLate) {
  KeyOrder order(1, 3);
  EXPECT_EQ(order.on_message(0, 4), KeyArrival::InOrder);
  EXPECT_EQ(order.on_message(0, 4), KeyArrival::Again);
  EXPECT_EQ(order.on_message(0, 1), KeyArrival::Late);
  EXPECT_EQ(order.on_message(0, 7), KeyArrival::InOrder);
  EXPECT_EQ(order.on_message(0, 4), KeyArrival::Late);
}

TEST(KeyOrder, WithoutKeysNothingIsLate) {
  KeyOrder order(1, 0);
  EXPECT_EQ(order.on_message(0, 4), KeyArrival::InOrder);
  EXPECT_EQ(order.on_message(0, 1), KeyArrival::InOrder);
}

}  // namespace
}  // namespace hermod::bench
