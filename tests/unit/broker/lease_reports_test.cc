#include "broker/lease_reports.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace hermod::broker {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

/// "queue: sent lease, done lease"
std::vector<std::string> told(LeaseReports& reports) {
  std::vector<std::string> all;
  reports.tell_all([&](QueueId queue, const LeasesReported& told) {
    std::string text = std::to_string(queue.v) + ":";
    for (const LeaseReport& one : told.reports)
      text += (one.is_done ? " done " : " sent ") + std::to_string(one.lease.v);
    all.push_back(text);
  });
  return all;
}

constexpr QueueId kOne{1};
constexpr QueueId kTwo{2};

TEST(LeaseReports, EachQueueHearsOfItsOwnInTheirOrderAndOnce) {
  LeaseReports reports;
  EXPECT_THAT(told(reports), IsEmpty());
  reports.add(kTwo, {queue::LeaseId{5}});
  reports.add(kOne, {queue::LeaseId{9}});
  reports.add(kTwo, {queue::LeaseId{5}, true});
  reports.add(kOne, {queue::LeaseId{3}});
  reports.add(kTwo, {queue::LeaseId{4}});
  EXPECT_THAT(told(reports), ElementsAre("1: sent 9 sent 3", "2: sent 5 done 5 sent 4"));
  EXPECT_THAT(told(reports), IsEmpty());
}

}  // namespace
}  // namespace hermod::broker
