// What is decided about an entry is not so before the store has it.

#include <gtest/gtest.h>

#include "tests/unit/queue/group_fixture.h"

namespace hermod::queue {
namespace {

using namespace std::chrono_literals;
using Order = QueueDefinition::Order;
using Overflow = QueueDefinition::Overflow;
using What = Admission::What;
using wire::QoS;

struct SettledInStore : GroupTest {
  SettledInStore() { is_slow = true; }
};

TEST_F(SettledInStore, RoomIsFreeWhenTheEraseIsDurable) {
  definition.max_length = 1;
  join(kAnna);
  put("a");
  EXPECT_EQ(happened(), "a>1");
  settle("a", Outcome::Done);
  EXPECT_EQ(happened(), "-a");
  EXPECT_EQ(admit("b", "k").what, What::Full) << "a kill now would bring it back";
  EXPECT_EQ(group->amount().messages, 1U);
  settle_store();
  EXPECT_EQ(group->amount(), Amount{});
  EXPECT_EQ(admit("b", "k").what, What::Admitted);
}

TEST_F(SettledInStore, WhatPausesGoesOutWhenItsStateIsDurable) {
  definition.retry = RetryPolicy({0ms});
  join(kAnna);
  put("a");
  happened();
  settle("a", Outcome::RetryLater);
  EXPECT_EQ(happened(), "+a");
  settle_store();
  EXPECT_EQ(happened(), "a>1#2");
  settle("a", Outcome::RetryLater, 1s);
  pass(1s);
  EXPECT_EQ(happened(), "+a") << "the pause is over before the store has heard of it";
  settle_store();
  EXPECT_EQ(happened(), "a>1#3");
}

TEST_F(SettledInStore, WhatIsOnItsWayToTheStoreDoesNotLeaveForAnother) {
  definition.max_length = 1;
  definition.overflow = Overflow::DropOldest;
  join(kAnna);
  put("a");
  happened();
  settle("a", Outcome::RetryLater);
  EXPECT_EQ(happened(), "+a");
  EXPECT_EQ(admit("b", "k").what, What::Busy) << "its state would be left behind without it";
  settle_store();
  const Admission admission = admit("b", "k");
  ASSERT_EQ(admission.evictions.size(), 1U);
  EXPECT_TRUE(admission.evictions[0].has_state);
}

TEST_F(SettledInStore, AKeyGoesOnBehindAnAcknowledgementAndWaitsBehindADeath) {
  join(kAnna);
  put("a", "k");
  put("b", "k");
  put("c", "k");
  EXPECT_EQ(happened(), "a>1");
  settle("a", Outcome::Done);
  EXPECT_EQ(happened(), "-a b>1");
  settle("b", Outcome::Rejected);
  EXPECT_EQ(happened(), "~b");
  settle_store();
  EXPECT_EQ(happened(), "");
  settle_store();
  EXPECT_EQ(happened(), "c>1");
}

TEST_F(SettledInStore, AClaimIsNotMadeBeforeWhatWasInFrontOfItHasLeft) {
  definition.lanes = 1;
  join(kAnna, QoS::ExactlyOnce);
  put("a", "k");
  put("b", "k");
  put("c", "l");
  EXPECT_EQ(happened(), "a>1 c>1");
  settle("a", Outcome::Done);
  EXPECT_EQ(happened(), "-a") << "two submitters: a kill could keep the claim and bring a back";
  settle_store();
  EXPECT_EQ(happened(), "b>1");
}

TEST_F(SettledInStore, WhatWasPurgedIsThereUntilItIsDurable) {
  put("a");
  put("b");
  group->purge(now);
  join(kAnna);
  EXPECT_EQ(happened(), "-a -b");
  EXPECT_EQ(group->entries(), 2U);
  group->purge(now);
  EXPECT_EQ(happened(), "") << "not twice";
  settle_store();
  settle_store();
  EXPECT_EQ(group->entries(), 0U);
}

}  // namespace
}  // namespace hermod::queue
