// What consumer groups take: all of their subscriptions say the same.

#include "queue/group_filters.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <utility>

#include "wire/utf8.h"

namespace hermod::queue {
namespace {

using ::testing::HasSubstr;
using Hold = GroupFilters::Hold;

const GroupFilters::Group kWork{QueueId{1}, "work"};

class GroupFiltersTest : public ::testing::Test {
 protected:
  Result<Hold> hold(std::uint64_t session, std::string_view client, std::string_view filter,
                    std::string_view topic_filter = "t", const GroupFilters::Group& group = kWork) {
    return filters_.hold(group, {SessionId{session}, client, topic_filter}, filter);
  }
  /// One that is made.
  Hold made(std::uint64_t session, std::string_view client, std::string_view filter,
            std::string_view topic_filter = "t") {
    auto held = hold(session, client, filter, topic_filter);
    EXPECT_TRUE(held.has_value());
    held->confirm();
    return *std::move(held);
  }
  std::optional<std::string> filter() const { return filters_.filter_of(kWork); }

  GroupFilters filters_;
};

TEST_F(GroupFiltersTest, WhoComesSecondSaysTheSameOrIsRefusedWithBothNames) {
  const Hold anna = made(1, "anna", "n=1");
  EXPECT_TRUE(hold(2, "bert", "n=1").has_value());
  for (const char* other : {"n=2", ""}) {
    const auto refused = hold(2, "bert", other);
    ASSERT_FALSE(refused.has_value());
    EXPECT_EQ(refused.error().code, Errc::Busy);
    EXPECT_THAT(refused.error().detail, HasSubstr("client bert asks for another one than client anna"));
  }
  EXPECT_EQ(filter(), "n=1");
}

TEST_F(GroupFiltersTest, NoneAgainstOneIsRefusedAsWell) {
  const Hold anna = made(1, "anna", "");
  EXPECT_FALSE(hold(2, "bert", "n=1").has_value());
  EXPECT_EQ(filter(), "");
}

TEST_F(GroupFiltersTest, BeforeAnybodyIsGrantedTheFirstDecides) {
  const auto anna = hold(1, "anna", "n=1");
  ASSERT_TRUE(anna.has_value());
  EXPECT_EQ(filter(), std::nullopt) << "it is not made";
  EXPECT_FALSE(hold(2, "bert", "n=2").has_value());
}

TEST_F(GroupFiltersTest, TheLastWhoGoesTakesTheFilterAlong) {
  {
    const Hold anna = made(1, "anna", "n=1");
    const Hold bert = made(2, "bert", "n=1");
  }
  EXPECT_EQ(filter(), std::nullopt);
  const Hold carl = made(3, "carl", "n=2");
  EXPECT_EQ(filter(), "n=2");
}

TEST_F(GroupFiltersTest, TheOnlySubscriptionMayBeReplacedByAnother) {
  Hold old = made(1, "anna", "n=1");
  auto fresh = hold(1, "anna", "n=2");
  ASSERT_TRUE(fresh.has_value());
  EXPECT_EQ(filter(), "n=1") << "it is on its way";
  for (const char* either : {"n=1", "n=2"})
    EXPECT_FALSE(hold(2, "bert", either).has_value()) << "nobody knows yet which it will be";
  fresh->confirm();
  EXPECT_EQ(filter(), "n=2");
  old = *std::move(fresh);
  EXPECT_FALSE(hold(2, "bert", "n=1").has_value());
  EXPECT_TRUE(hold(2, "bert", "n=2").has_value());
}

TEST_F(GroupFiltersTest, OneThatFailsLeavesWhatWasThere) {
  const Hold old = made(1, "anna", "n=1");
  { const auto fresh = hold(1, "anna", "n=2"); }
  EXPECT_EQ(filter(), "n=1");
  EXPECT_TRUE(hold(2, "bert", "n=1").has_value());
}

TEST_F(GroupFiltersTest, NotTheOnlyOneMayNot) {
  const Hold anna = made(1, "anna", "n=1");
  const Hold bert = made(2, "bert", "n=1");
  EXPECT_FALSE(hold(1, "anna", "n=2").has_value());
}

TEST_F(GroupFiltersTest, TwoSubscriptionsOfOneClientSayTheSame) {
  const Hold first = made(1, "anna", "n=1", "$share/work/$stream/log");
  const auto refused = hold(1, "anna", "n=2", "$share/work/$stream/log/@earliest");
  ASSERT_FALSE(refused.has_value());
  EXPECT_THAT(refused.error().detail, HasSubstr("client anna asks for another one than client anna"));
}

TEST_F(GroupFiltersTest, GroupsOfOtherNamesAndStreamsAreOthers) {
  const Hold anna = made(1, "anna", "n=1");
  EXPECT_TRUE(hold(2, "bert", "n=2", "t", {QueueId{1}, "other"}).has_value());
  EXPECT_TRUE(hold(2, "bert", "n=2", "t", {QueueId{2}, "work"}).has_value());
}

TEST_F(GroupFiltersTest, LongClientIdentifiersAreCutBetweenCharacters) {
  std::string dwarfs;
  while (dwarfs.size() < 65'000) dwarfs += "\xC3\xA6";
  const Hold anna = made(1, "a" + dwarfs, "n=1");
  const auto refused = hold(2, dwarfs, "n=2");
  ASSERT_FALSE(refused.has_value());
  EXPECT_LT(refused.error().detail.size(), 700U);
  EXPECT_TRUE(wire::is_valid_utf8(as_bytes(refused.error().detail)));
}

}  // namespace
}  // namespace hermod::queue
