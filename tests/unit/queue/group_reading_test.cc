// How a consumer group comes by the entries of its stream, and where it stands.

#include "queue/group_reading.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <set>
#include <string>
#include <vector>

#include "tests/unit/queue/consumers.h"
#include "wire/property_writer.h"

namespace hermod::queue {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using Offsets = std::vector<std::uint64_t>;

/// One member without limits, and a stream whose entries are given to the window.
class GroupReadingTest : public ::testing::Test {
 protected:
  static constexpr AttachmentNo kFirst{1};

  explicit GroupReadingTest(Seq begin = Seq{1})
      : group_(definition(), now_), reading_({6, 10'000}, GroupPosition({.next = begin})) {
    group_.hold_back();
    group_.join(kAnna, kFirst, {}, now_);
    group_.grant(kAnna, kFirst, 1000, now_);
  }
  static QueueDefinition definition() {
    QueueDefinition definition;
    definition.name = "log";
    definition.bind = {"t"};
    definition.max_inflight = 100;
    definition.retry = RetryPolicy({std::chrono::seconds(10)});
    return definition;
  }
  /// Its user property n is the offset modulo 3.
  StreamEntry entry(std::uint64_t seq, std::string key = {}, WallTime expires_at = Message::kNever) const {
    wire::PropertyWriter said;
    said.add_user("n", std::to_string(seq % 3));
    Message::Fields fields;
    fields.forwarded_properties = said.properties().raw();
    fields.topic = "t";
    fields.payload = as_bytes(std::string_view("payload"));
    fields.stored_at = now_.wall;
    fields.expires_at = expires_at;
    return {Seq{seq}, Message::create(fields), key.empty() ? std::to_string(seq) : std::move(key)};
  }
  /// They are stored now, each of a key of its own.
  void stored(const Offsets& offsets) {
    std::vector<StreamEntry> fresh;
    for (const std::uint64_t one : offsets) fresh.push_back(entry(one));
    reading_.window().offer(fresh);
  }
  /// The window reads these, and that there is nothing else before `to`.
  void read(const Offsets& offsets, std::uint64_t to) {
    ASSERT_TRUE(reading_.window().should_read(Seq{to}));
    reading_.window().begin_page();
    std::vector<StreamEntry> page;
    for (const std::uint64_t one : offsets) page.push_back(entry(one));
    reading_.window().load(page, Seq{to}, Seq{to});
  }
  /// A tick of the owner: what goes out now, by offset.
  Offsets tick() {
    Offsets out;
    for (bool is_more = true; is_more;) {
      is_more = false;
      reading_.drop_stale(group_, now_);
      reading_.drop_unfit(group_, now_);
      expired_ += reading_.feed(group_, now_);
      group_.act(now_);
      std::vector<QueueEffect> effects = group_.take_effects();
      group_.hold_back();
      for (QueueEffect& effect : effects) {
        is_more = true;
        if (auto* deliver = std::get_if<Deliver>(&effect)) {
          const Seq offset = reading_.offset_of(deliver->seq);
          out.push_back(offset.v);
          leases_[offset] = deliver->lease;
          group_.sent(deliver->lease, now_);
        } else if (auto* erased = std::get_if<EraseEntry>(&effect)) {
          reading_.settle(erased->seq);
          group_.on_settled(erased->seq, now_);
        } else if (auto* state = std::get_if<PutDeliveryState>(&effect)) {
          group_.on_settled(state->seq, now_);
        }
      }
    }
    return out;
  }
  void done(std::uint64_t offset, Outcome outcome = Outcome::Done) {
    group_.settle(leases_.at(Seq{offset}), outcome, std::nullopt, now_);
  }
  void take_only(const std::string& filter) {
    reading_.set_filter(filter.empty() ? PropertyFilter{} : *PropertyFilter::parse(filter), group_, now_);
  }
  void pass(std::chrono::seconds time) {
    now_.steady += time;
    now_.wall += time;
    group_.advance(now_);
  }

  Moment now_{MonotonicTime{std::chrono::hours(1)}, WallTime{std::chrono::hours(1000)}};
  QueueGroup group_;
  GroupReading reading_;
  std::map<Seq, LeaseId> leases_;
  std::uint64_t expired_ = 0;
};

TEST_F(GroupReadingTest, HandsOnAsMuchAsHasRoom) {
  stored({1, 2, 3, 4, 5, 6});
  EXPECT_EQ(tick(), (Offsets{1, 2, 3, 4, 5, 6}));
  stored({7, 8});
  EXPECT_THAT(tick(), IsEmpty()) << "six are in hand";
  EXPECT_EQ(reading_.in_hand(), 6U);
  done(2);
  EXPECT_EQ(tick(), (Offsets{7}));
  EXPECT_EQ(reading_.position().next(), Seq{1});
  done(1);
  tick();
  EXPECT_EQ(reading_.position().next(), Seq{3});
}

TEST_F(GroupReadingTest, WhatIsNotThereIsPassedOver) {
  read({3, 6}, 9);
  EXPECT_EQ(tick(), (Offsets{3, 6}));
  EXPECT_EQ(reading_.position().next(), Seq{3});
  done(3);
  tick();
  EXPECT_EQ(reading_.position().next(), Seq{6});
}

TEST_F(GroupReadingTest, WhatHasExpiredIsSettledUnsent) {
  const std::vector<StreamEntry> fresh{entry(1), entry(2, "", now_.wall), entry(3)};
  reading_.window().offer(fresh);
  EXPECT_EQ(tick(), (Offsets{1, 3}));
  EXPECT_EQ(expired_, 1U);
  done(1);
  tick();
  EXPECT_EQ(reading_.position().next(), Seq{3});
}

TEST_F(GroupReadingTest, AtRestNothingIsInHandButWhatWasTried) {
  stored({1, 2, 3});
  EXPECT_EQ(tick(), (Offsets{1, 2, 3}));
  done(3);
  done(1, Outcome::RetryLater);
  tick();
  group_.drain(kAnna, kFirst, now_);
  done(2, Outcome::ConnectionLost);
  group_.disconnect(kAnna, kFirst, now_);
  tick();
  stored({4});
  tick();
  reading_.rest(group_, now_);
  EXPECT_TRUE(reading_.is_resting());
  EXPECT_EQ(reading_.in_hand(), 2U) << "1 and 2 keep the count of their deliveries";
  EXPECT_EQ(reading_.position().next(), Seq{1});
  EXPECT_EQ(reading_.position().settled_behind(), 1U);
  group_.join(kBert, kFirst, {}, now_);
  group_.grant(kBert, kFirst, 1000, now_);
  read({1, 2, 3, 4}, 5);
  EXPECT_EQ(tick(), (Offsets{2, 4})) << "1 pauses, 3 is settled";
  pass(std::chrono::seconds(11));
  EXPECT_EQ(tick(), (Offsets{1}));
}

/// A member that came and left before anything was dealt out leaves none of it behind.
TEST_F(GroupReadingTest, WhatIsReadAheadOrOnItsWayIsNoRest) {
  EXPECT_TRUE(reading_.is_resting());
  reading_.window().begin_page();
  EXPECT_FALSE(reading_.is_resting());
  reading_.rest(group_, now_);
  EXPECT_TRUE(reading_.is_resting());
  EXPECT_FALSE(reading_.window().expects(Seq{1})) << "it is nobody's when it comes";
  read({1, 2}, 3);
  EXPECT_FALSE(reading_.is_resting());
  reading_.rest(group_, now_);
  EXPECT_TRUE(reading_.is_resting());
  EXPECT_EQ(reading_.window().size(), 0U);
  read({1, 2}, 3);
  EXPECT_EQ(tick(), (Offsets{1, 2}));
}

TEST_F(GroupReadingTest, ASeekForwardDropsWhatNobodyHas) {
  stored({1, 2, 3});
  EXPECT_EQ(tick(), (Offsets{1, 2, 3}));
  reading_.seek(group_, {.next = Seq{10}}, now_);
  EXPECT_THAT(tick(), IsEmpty());
  done(2, Outcome::RetryLater);
  done(1);
  tick();
  pass(std::chrono::seconds(11));
  EXPECT_THAT(tick(), IsEmpty()) << "2 was in front of it";
  EXPECT_EQ(reading_.position(), GroupPosition({.next = Seq{10}}));
  done(3);
  tick();
  EXPECT_EQ(reading_.in_hand(), 0U);
  EXPECT_EQ(reading_.position(), GroupPosition({.next = Seq{10}}));
  stored({10});
  EXPECT_EQ(tick(), (Offsets{10}));
}

TEST_F(GroupReadingTest, ASeekBackBringsWhatIsOutOnceMoreBehindItsKey) {
  stored({1, 2});
  EXPECT_EQ(tick(), (Offsets{1, 2}));
  const LeaseId out = leases_.at(Seq{2});
  done(1);
  tick();
  reading_.seek(group_, {.next = Seq{1}}, now_);
  EXPECT_EQ(reading_.position().next(), Seq{1});
  read({1, 2}, 3);
  EXPECT_EQ(tick(), (Offsets{1})) << "2 waits until the one that is out is settled";
  group_.settle(out, Outcome::Done, std::nullopt, now_);
  EXPECT_EQ(tick(), (Offsets{2}));
  EXPECT_EQ(reading_.position().next(), Seq{1}) << "what was in front of the seek moves nothing";
  done(2);
  done(1);
  tick();
  EXPECT_EQ(reading_.position().next(), Seq{3});
}

TEST_F(GroupReadingTest, WhatWillBeSettledIsKnownBefore) {
  stored({1, 2, 3});
  tick();
  const std::vector<Seq> numbers{Seq{1}, Seq{3}};
  const GroupPosition then = reading_.with(numbers);
  EXPECT_EQ(then.next(), Seq{2});
  EXPECT_EQ(then.settled_behind(), 1U);
  EXPECT_EQ(reading_.position().next(), Seq{1});
}

TEST_F(GroupReadingTest, ItKnowsSinceWhenItsOldestEntryWaits) {
  EXPECT_EQ(reading_.oldest(), std::nullopt);
  const WallTime first = now_.wall;
  stored({1});
  pass(std::chrono::seconds(5));
  stored({2});
  tick();
  EXPECT_EQ(reading_.oldest(), first);
  done(1);
  tick();
  EXPECT_EQ(reading_.oldest(), first + std::chrono::seconds(5));
}

TEST_F(GroupReadingTest, WhatTheFilterDoesNotLetThroughIsSettledAndCounted) {
  take_only("n=0");
  stored({1, 2, 3, 4});
  EXPECT_EQ(tick(), (Offsets{3}));
  EXPECT_EQ(reading_.filtered(), 3U);
  EXPECT_EQ(reading_.position().next(), Seq{3});
  EXPECT_TRUE(reading_.position().is_settled(Seq{4}));
  done(3);
  tick();
  EXPECT_EQ(reading_.position().next(), Seq{5});
  EXPECT_EQ(reading_.filtered(), 3U);
}

TEST_F(GroupReadingTest, WhatIsLetGoByNeedsNoRoom) {
  take_only("n=0");
  stored({1, 2, 3, 4, 5, 6});
  tick();
  stored({7, 8, 9, 10, 11, 12});
  EXPECT_EQ(tick(), (Offsets{9, 12}));
  EXPECT_EQ(reading_.in_hand(), 4U);
}

TEST_F(GroupReadingTest, AnotherFilterCountsForWhatIsInHandAndNotOut) {
  group_.grant(kAnna, kFirst, 2, now_);
  stored({1, 2, 3, 4, 5});
  EXPECT_EQ(tick(), (Offsets{1, 2}));
  take_only("n=2");
  EXPECT_EQ(reading_.in_hand(), 3U) << "1 and 2 are out, and 5 fits";
  EXPECT_EQ(reading_.filtered(), 2U);
  EXPECT_EQ(reading_.position().next(), Seq{1});
  group_.grant(kAnna, kFirst, 100, now_);
  EXPECT_EQ(tick(), (Offsets{5}));
  done(1);
  done(2);
  done(5);
  tick();
  EXPECT_EQ(reading_.position().next(), Seq{6});
  EXPECT_EQ(reading_.filtered(), 2U) << "1 was settled by its member";
}

TEST_F(GroupReadingTest, WhatComesBackAndDoesNotFitAnyMoreIsSettled) {
  stored({1, 2});
  EXPECT_EQ(tick(), (Offsets{1, 2}));
  take_only("n=2");
  done(1, Outcome::RetryLater);
  done(2, Outcome::RetryLater);
  EXPECT_THAT(tick(), IsEmpty());
  EXPECT_EQ(reading_.position().next(), Seq{2});
  EXPECT_EQ(reading_.filtered(), 1U);
  pass(std::chrono::seconds(10));
  EXPECT_EQ(tick(), (Offsets{2}));
  EXPECT_EQ(reading_.in_hand(), 1U);
}

TEST_F(GroupReadingTest, AFilterThatIsTakenBackInTimeLosesNothing) {
  stored({1});
  EXPECT_EQ(tick(), (Offsets{1}));
  take_only("n=2");
  take_only("");
  done(1, Outcome::RetryLater);
  pass(std::chrono::seconds(10));
  EXPECT_EQ(tick(), (Offsets{1}));
  EXPECT_EQ(reading_.filtered(), 0U);
}

TEST_F(GroupReadingTest, ASeekGoesBackToWhatWasLetGoBy) {
  take_only("n=2");
  stored({1, 2, 3});
  EXPECT_EQ(tick(), (Offsets{2}));
  take_only("n=1");  // and 2 is with its member
  reading_.seek(group_, {.next = Seq{1}}, now_);
  read({1, 2, 3}, 4);
  EXPECT_EQ(tick(), (Offsets{1}));
  done(1);
  tick();
  EXPECT_EQ(reading_.position().next(), Seq{4});
}

}  // namespace
}  // namespace hermod::queue
