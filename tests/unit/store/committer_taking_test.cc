// Sequences that are taken without entries.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <utility>
#include <vector>

#include "tests/unit/store/commit_fixture.h"

namespace hermod::store::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::SizeIs;

class CommitterTaking : public CommitterTest {
 protected:
  void take(const char* name, std::uint32_t count, bool needs_sync = true) {
    std::vector<Submission> one(1);
    one[0].ticket = named(name);
    one[0].needs_sync = needs_sync;
    one[0].taking = {{7}, count};
    committer_.submit_all(one);
  }
};

TEST_F(CommitterTaking, TheyAreToldWhereTheyBeginAndNoEntryGetsOne) {
  take("a", 10);
  committer_.submit(appending(7), named("b"));
  committer_.run_once();
  EXPECT_THAT(observer_.events, ElementsAre(HasSubstr("sequenced:a"), HasSubstr("sequenced:b"),
                                            ::testing::EndsWith("@7=1"), ::testing::EndsWith("0@7=11")));
}

TEST_F(CommitterTaking, TheirBoundIsSyncedBeforeTheyAreTold) {
  options_.flush = {.when = Flush::When::Interval, .interval = std::chrono::hours(1)};
  Committer lazy(options_, journal_, observer_, clock_);
  std::vector<Submission> one(1);
  one[0].ticket = named("a");
  one[0].needs_sync = false;
  one[0].taking = {{7}, 10};
  lazy.submit_all(one);
  lazy.run_once();
  EXPECT_EQ(journal_.syncs, 1);
  lazy.stop();
}

TEST_F(CommitterTaking, WhatIsReservedAlreadyWritesNothing) {
  take("a", 10);
  committer_.run_once();
  ASSERT_THAT(journal_.records, SizeIs(1));
  take("b", 10);
  committer_.run_once();
  EXPECT_THAT(journal_.records, SizeIs(1));
  EXPECT_THAT(observer_.events.back(), ::testing::EndsWith("@7=11"));
}

TEST_F(CommitterTaking, AReadOnlyStoreGivesNone) {
  journal_.failing = {1};
  take("a", 10);
  committer_.run_once();
  take("b", 10);
  committer_.run_once();
  EXPECT_THAT(observer_.events, ElementsAre(HasSubstr("sequenced:a"), HasSubstr("failed:a"), "failed:b"));
}

}  // namespace
}  // namespace hermod::store::testing
