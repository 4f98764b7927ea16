#include "queue/lease_table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <vector>

namespace hermod::queue {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using Deadline = Lease::Deadline;

std::vector<std::uint64_t> numbers(const LeasesOfConsumer& leases) {
  std::vector<std::uint64_t> all;
  for (const Lease* it = leases.first(); it != nullptr; it = LeasesOfConsumer::behind(*it))
    all.push_back(it->id.v);
  return all;
}

TEST(LeaseTable, NumbersAreNeverGivenTwiceAndALeaseStaysWhereItIs) {
  LeaseTable table;
  LeasesOfConsumer anna;
  Lease* const first = &table.add(anna);
  for (int i = 2; i <= 1000; ++i) table.erase(table.add(anna), anna);
  EXPECT_EQ(table.add(anna).id, LeaseId{1001});
  EXPECT_EQ(table.find(LeaseId{1}), first);
  EXPECT_EQ(&table.at(LeaseId{1}), first);
  EXPECT_EQ(table.find(LeaseId{500}), nullptr);
  EXPECT_FALSE(table.contains(LeaseId{0}));
  EXPECT_EQ(table.size(), 2U);
  EXPECT_THAT(numbers(anna), ElementsAre(1, 1001));
}

TEST(LeaseTable, EachConsumerHasItsOwnInTheirOrder) {
  LeaseTable table;
  LeasesOfConsumer anna;
  LeasesOfConsumer bert;
  for (int i = 0; i < 3; ++i) {
    table.add(anna);
    table.add(bert);
  }
  table.erase(table.at(LeaseId{3}), anna);
  EXPECT_THAT(numbers(anna), ElementsAre(1, 5));
  EXPECT_THAT(numbers(bert), ElementsAre(2, 4, 6));
  table.erase(table.at(LeaseId{1}), anna);
  table.erase(table.at(LeaseId{5}), anna);
  EXPECT_TRUE(anna.empty());
  EXPECT_THAT(numbers(anna), IsEmpty());
  EXPECT_EQ(bert.size(), 3U);
  table.erase(table.at(LeaseId{6}), bert);
  EXPECT_THAT(numbers(bert), ElementsAre(2, 4));
}

TEST(LeaseTable, WhoWaitsLongestIsFirstAndEachWaitsForOneThing) {
  LeaseTable table;
  LeasesOfConsumer anna;
  const MonotonicTime now{1h};
  for (int i = 0; i < 3; ++i) table.set_deadline(table.add(anna), Deadline::Sending, now);
  EXPECT_EQ(table.first(Deadline::Sending)->id, LeaseId{1});
  EXPECT_EQ(table.first(Deadline::Answer), nullptr);
  table.set_deadline(table.at(LeaseId{2}), Deadline::Answer, now + 1s);
  table.set_deadline(table.at(LeaseId{1}), Deadline::Answer, now + 2s);
  EXPECT_EQ(table.first(Deadline::Sending)->id, LeaseId{3});
  EXPECT_EQ(table.first(Deadline::Answer)->id, LeaseId{2});
  EXPECT_EQ(table.first(Deadline::Answer)->waits_since, now + 1s);
  table.erase(table.at(LeaseId{2}), anna);
  EXPECT_EQ(table.first(Deadline::Answer)->id, LeaseId{1});
  table.cancel_deadline(table.at(LeaseId{1}));
  table.cancel_deadline(table.at(LeaseId{1}));
  EXPECT_EQ(table.first(Deadline::Answer), nullptr);
  table.set_deadline(table.at(LeaseId{3}), Deadline::None, now);
  EXPECT_EQ(table.first(Deadline::Sending), nullptr);
}

}  // namespace
}  // namespace hermod::queue
