#include "base/counters.h"

#include <gtest/gtest.h>

#include <set>
#include <string_view>
#include <thread>

namespace hermod {
namespace {

TEST(Counters, EveryCounterHasANameOfItsOwn) {
  std::set<std::string_view> names;
  for (std::size_t i = 0; i < kCounterCount; ++i) {
    const std::string_view name = counter_name(static_cast<Counter>(i));
    EXPECT_FALSE(name.empty()) << i;
    EXPECT_EQ(name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_"), std::string_view::npos)
        << name;
    names.insert(name);
  }
  EXPECT_EQ(names.size(), kCounterCount);
}

TEST(Counters, NamesStandInTheOrderOfTheCounters) {
  EXPECT_EQ(counter_name(Counter::ConnectionsAccepted), "connections_accepted");
  EXPECT_EQ(counter_name(Counter::PublishSentQoS2), "publish_sent_qos2");
  EXPECT_EQ(counter_name(Counter::StoreFailures), "store_failures");
  EXPECT_EQ(counter_name(Counter::KeepAliveTimeouts), "keep_alive_timeouts");
  EXPECT_EQ(counter_name(Counter::CommitBytes), "commit_bytes");
}

TEST(Counters, TotalIsTheSumOverTheWriters) {
  Counters counters(3);
  counters.block(0).add(Counter::PacketsSent);
  counters.block(1).add(Counter::PacketsSent, 10);
  counters.block(2).add(Counter::PacketsReceived, 5);
  EXPECT_EQ(counters.total(Counter::PacketsSent), 11U);
  EXPECT_EQ(counters.total(Counter::PacketsReceived), 5U);
  EXPECT_EQ(counters.total(Counter::BytesSent), 0U);
  EXPECT_EQ(counters.block(1).get(Counter::PacketsSent), 10U);
  EXPECT_THROW(counters.block(3), std::out_of_range);
}

TEST(Counters, WritersDoNotDisturbEachOtherAndReadersSeeNoStepBack) {
  constexpr std::uint64_t kEach = 100'000;
  Counters counters(2);
  std::thread first([&] {
    for (std::uint64_t i = 0; i < kEach; ++i) counters.block(0).add(Counter::BytesSent);
  });
  std::thread second([&] {
    for (std::uint64_t i = 0; i < kEach; ++i) counters.block(1).add(Counter::BytesSent);
  });
  std::uint64_t before = 0;
  bool stepped_back = false;
  while (before < 2 * kEach) {
    const std::uint64_t now = counters.total(Counter::BytesSent);
    stepped_back = stepped_back || now < before;
    before = now;
  }
  first.join();
  second.join();
  EXPECT_FALSE(stepped_back);
  EXPECT_EQ(before, 2 * kEach);
}

}  // namespace
}  // namespace hermod
