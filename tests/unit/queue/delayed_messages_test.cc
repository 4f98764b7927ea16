#include "queue/delayed_messages.h"

#include <gtest/gtest.h>

#include <map>
#include <random>
#include <string>
#include <utility>
#include <vector>

namespace hermod::queue {
namespace {

using namespace std::chrono_literals;
using Seqs = std::vector<std::uint64_t>;

DelayedMessages::Limits small_limits() {
  DelayedMessages::Limits limits;
  limits.held_messages = 4;
  limits.run_messages = 3;
  limits.published_messages = 2;
  return limits;
}

class DelayedRules : public ::testing::Test {
 protected:
  static DelayedContent content(std::string_view topic = "t") {
    return {"sender",
            Message::create({.topic = topic, .payload = as_bytes("hello"), .forwarded_properties = {}})};
  }
  void add(std::uint64_t seq, std::chrono::milliseconds after, bool has_message = true) {
    const DelayedTime time{DelayedTime::Kind::Delay, now_.wall + after, now_.wall};
    rules_.add(Seq{seq}, time, has_message ? content() : DelayedContent{}, now_);
  }
  void pass(std::chrono::milliseconds time) {
    now_.steady += time;
    now_.wall += time;
  }
  /// Answers everything that is to be read.
  Seqs read() {
    Seqs seqs;
    for (const DelayedMessages::Run& run : rules_.take_reads(now_)) {
      std::vector<DelayedMessages::Read> messages;
      for (std::uint64_t seq = run.from.v; seq < run.from.v + run.count; ++seq) {
        messages.push_back({Seq{seq}, content()});
        seqs.push_back(seq);
      }
      EXPECT_TRUE(rules_.on_read(run.from, Seq{run.from.v + run.count}, std::move(messages)).empty());
    }
    return seqs;
  }
  Seqs take() {
    Seqs seqs;
    while (auto due = rules_.take_due(now_)) {
      EXPECT_TRUE(due->content.message);
      seqs.push_back(due->seq.v);
    }
    return seqs;
  }
  Seqs take_and_publish() {
    Seqs seqs;
    while (auto due = rules_.take_due(now_)) {
      seqs.push_back(due->seq.v);
      rules_.published(due->seq);
    }
    return seqs;
  }

  Moment now_{MonotonicTime{1000s}, WallTime{1'800'000'000s}};
  DelayedMessages rules_{small_limits(), /*is_readable=*/true};
};

TEST_F(DelayedRules, WhatIsDueSoonIsNotReadAgain) {
  add(1, 500ms);
  EXPECT_TRUE(read().empty());
  EXPECT_EQ(rules_.next(now_), now_.steady + 500ms);
  EXPECT_TRUE(take().empty());
  pass(500ms);
  EXPECT_EQ(take(), Seqs{1});
  EXPECT_EQ(rules_.pending(), 0U);
}

TEST_F(DelayedRules, WhatIsDueLateIsReadShortlyBefore) {
  add(1, 10s);
  EXPECT_EQ(rules_.next(now_), now_.steady + 9s);
  EXPECT_TRUE(read().empty());
  pass(9s);
  EXPECT_EQ(read(), Seqs{1});
  EXPECT_TRUE(read().empty()) << "once";
  pass(1s);
  EXPECT_EQ(take(), Seqs{1});
}

TEST_F(DelayedRules, NeighboursAreReadTogetherAndNoMoreThanMayBeHeld) {
  for (std::uint64_t seq = 1; seq <= 10; ++seq) add(seq, 10s, false);
  pass(10s);
  const auto runs = rules_.take_reads(now_);
  ASSERT_EQ(runs.size(), 2U) << "3 at once, 4 in all";
  EXPECT_EQ(runs[0].from, Seq{1});
  EXPECT_EQ(runs[0].count, 3U);
  EXPECT_EQ(runs[1].count, 1U);
  EXPECT_TRUE(rules_.take_reads(now_).empty());
  EXPECT_FALSE(rules_.take_due(now_).has_value()) << "it is being read";
}

TEST_F(DelayedRules, AStormLeavesInOrderAndInSlices) {
  for (std::uint64_t seq = 1; seq <= 10; ++seq) add(seq, 10s, false);
  pass(10s);
  Seqs all;
  for (int round = 0; round < 10 && all.size() < 10; ++round) {
    read();
    const Seqs some = take();
    EXPECT_LE(some.size(), 2U) << "as many as may be under way";
    for (const std::uint64_t seq : some) rules_.published(Seq{seq});
    all.insert(all.end(), some.begin(), some.end());
  }
  EXPECT_EQ(all, (Seqs{1, 2, 3, 4, 5, 6, 7, 8, 9, 10}));
}

TEST_F(DelayedRules, NothingOvertakesWhatIsStillRead) {
  add(1, 10s);
  pass(9500ms);
  const auto runs = rules_.take_reads(now_);
  ASSERT_EQ(runs.size(), 1U);
  add(2, 600ms);
  pass(600ms);
  EXPECT_TRUE(take().empty());
  rules_.on_read(Seq{1}, Seq{2}, {});
  EXPECT_EQ(take(), Seqs{2}) << "what is lost holds up nobody";
}

TEST_F(DelayedRules, WhatIsNotThereIsLost) {
  add(1, 10s, false);
  add(2, 10s, false);
  pass(10s);
  ASSERT_EQ(rules_.take_reads(now_).size(), 1U);
  std::vector<DelayedMessages::Read> some;
  some.push_back({Seq{2}, content()});
  EXPECT_EQ(rules_.on_read(Seq{1}, Seq{3}, std::move(some)), std::vector<Seq>{Seq{1}});
  EXPECT_EQ(take(), Seqs{2});
}

TEST_F(DelayedRules, TheRestOfAFullPageIsReadNext) {
  add(1, 10s, false);
  add(2, 10s, false);
  pass(10s);
  ASSERT_EQ(rules_.take_reads(now_).size(), 1U);
  std::vector<DelayedMessages::Read> some;
  some.push_back({Seq{1}, content()});
  EXPECT_TRUE(rules_.on_read(Seq{1}, Seq{2}, std::move(some)).empty());
  EXPECT_EQ(read(), Seqs{2});
  EXPECT_EQ(take(), (Seqs{1, 2}));
}

TEST_F(DelayedRules, CancelledWhileItIsReadOrHeldItIsNotPublished) {
  add(1, 500ms);
  EXPECT_TRUE(rules_.cancel(Seq{1}));
  EXPECT_FALSE(rules_.cancel(Seq{1}));
  add(2, 10s, false);
  pass(10s);
  ASSERT_EQ(rules_.take_reads(now_).size(), 1U);
  EXPECT_TRUE(rules_.cancel(Seq{2}));
  std::vector<DelayedMessages::Read> read;
  read.push_back({Seq{2}, content()});
  EXPECT_TRUE(rules_.on_read(Seq{2}, Seq{3}, std::move(read)).empty());
  EXPECT_TRUE(take().empty());
  EXPECT_EQ(rules_.next(now_), std::nullopt);
}

TEST_F(DelayedRules, UnderWayItCannotBeCancelled) {
  add(1, 0ms);
  EXPECT_EQ(take(), Seqs{1});
  EXPECT_FALSE(rules_.cancel(Seq{1}));
}

TEST_F(DelayedRules, WhatIsPutOffComesAfterAPauseAndHoldsUpNobody) {
  add(1, 0ms);
  EXPECT_EQ(take(), Seqs{1});
  rules_.put_off(Seq{1}, now_);
  add(2, 500ms);
  pass(500ms);
  EXPECT_EQ(take_and_publish(), Seqs{2});
  EXPECT_TRUE(read().empty()) << "it is still held";
  EXPECT_EQ(rules_.next(now_), now_.steady + 500ms);
  pass(500ms);
  read();
  EXPECT_EQ(take_and_publish(), Seqs{1});
}

TEST_F(DelayedRules, ManyThatArePutOffAreNotTriedTogether) {
  add(1, 0ms);
  add(2, 0ms);
  EXPECT_EQ(take(), (Seqs{1, 2}));
  rules_.put_off(Seq{1}, now_);
  rules_.put_off(Seq{2}, now_);
  pass(1s);
  read();
  EXPECT_EQ(take_and_publish(), Seqs{1});
  pass(1ms);
  EXPECT_EQ(take_and_publish(), Seqs{2});
}

TEST_F(DelayedRules, WhatTheStoreDoesNotTakeKeepsItsPlace) {
  add(1, 0ms);
  add(2, 0ms);
  EXPECT_EQ(take(), (Seqs{1, 2}));
  rules_.not_stored(Seq{2}, now_);
  rules_.not_stored(Seq{1}, now_);
  add(3, 0ms);
  EXPECT_TRUE(read().empty()) << "they are still held";
  EXPECT_TRUE(take().empty());
  EXPECT_EQ(rules_.next(now_), now_.steady + 1s);
  pass(1s);
  read();
  EXPECT_EQ(take_and_publish(), (Seqs{1, 2, 3}));
}

TEST_F(DelayedRules, AReadThatFailsIsTriedAgainOneByOne) {
  add(1, 10s, false);
  add(2, 10s, false);
  pass(10s);
  ASSERT_EQ(rules_.take_reads(now_).size(), 1U);
  rules_.on_read_failed(Seq{1}, now_);
  EXPECT_TRUE(rules_.take_reads(now_).empty());
  pass(1s);
  auto runs = rules_.take_reads(now_);
  ASSERT_EQ(runs.size(), 1U);
  EXPECT_EQ(runs[0].from, Seq{1});
  EXPECT_EQ(runs[0].count, 1U);
  rules_.on_read_failed(Seq{1}, now_);
  pass(1s);
  EXPECT_EQ(read(), Seqs{2}) << "the one that cannot be read waits behind it";
  EXPECT_EQ(take_and_publish(), Seqs{2});
  pass(1s);
  EXPECT_EQ(read(), Seqs{1});
  EXPECT_EQ(take_and_publish(), Seqs{1});
}

TEST_F(DelayedRules, ATimeOfDayThatCannotBeReadFollowsTheWallClockAllTheSame) {
  rules_.add(Seq{1}, {DelayedTime::Kind::TimeOfDay, now_.wall + 10s, now_.wall}, {}, now_);
  pass(9s);
  ASSERT_EQ(rules_.take_reads(now_).size(), 1U);
  rules_.on_read_failed(Seq{1}, now_);
  pass(1s);
  ASSERT_EQ(rules_.take_reads(now_).size(), 1U);
  now_.wall -= 1h;
  rules_.on_read_failed(Seq{1}, now_);
  pass(2s);
  EXPECT_EQ(read(), Seqs{1});
  EXPECT_TRUE(take().empty()) << "it is an hour early";
  now_.wall += 1h;
  EXPECT_EQ(take_and_publish(), Seqs{1});
}

TEST_F(DelayedRules, TimesOfDayFollowTheWallClock) {
  rules_.add(Seq{1}, {DelayedTime::Kind::TimeOfDay, now_.wall + 24h, now_.wall}, content(), now_);
  EXPECT_EQ(rules_.next(now_), now_.steady + 1s) << "the clock may be set";
  now_.wall += 24h;
  EXPECT_EQ(read(), Seqs{1});
  EXPECT_EQ(take(), Seqs{1});
}

TEST_F(DelayedRules, ADelayDoesNotFollowTheWallClock) {
  add(1, 10s);
  now_.wall += 24h;
  EXPECT_TRUE(read().empty());
  EXPECT_TRUE(take().empty());
  now_.wall -= 72h;
  pass(9s);
  EXPECT_EQ(read(), Seqs{1});
  pass(1s);
  EXPECT_EQ(take(), Seqs{1});
}

TEST_F(DelayedRules, WithoutAStoreToReadFromEverythingIsHeld) {
  DelayedMessages held(small_limits(), /*is_readable=*/false);
  for (std::uint64_t seq = 1; seq <= 10; ++seq)
    held.add(Seq{seq}, DelayedTime::after(10s, now_.wall), content(), now_);
  pass(10s);
  EXPECT_TRUE(held.take_reads(now_).empty());
  for (std::uint64_t seq = 1; seq <= 10; ++seq) {
    const auto due = held.take_due(now_);
    ASSERT_TRUE(due.has_value());
    EXPECT_EQ(due->seq, Seq{seq});
    held.published(due->seq);
  }
}

TEST(DelayedRecord, IsReadAsItWasWritten) {
  const DelayedTime time{DelayedTime::Kind::TimeOfDay, WallTime{7s}, WallTime{3s}};
  const auto message = Message::create({.topic = "shop/order",
                                        .payload = as_bytes("17"),
                                        .forwarded_properties = {},
                                        .qos = wire::QoS::ExactlyOnce,
                                        .retain = true,
                                        .publisher = SessionId{5},
                                        .stored_at = WallTime{3s},
                                        .expires_at = WallTime{90s}});
  const std::string record = encode_delayed(time, "till 4", *message);
  const auto decoded = decode_delayed(as_bytes(record));
  ASSERT_TRUE(decoded.has_value());
  EXPECT_EQ(decoded->time, time);
  EXPECT_EQ(decoded->content.client_id, "till 4");
  EXPECT_EQ(decoded->content.message->topic(), "shop/order");
  EXPECT_EQ(as_text(decoded->content.message->payload()), "17");
  EXPECT_EQ(decoded->content.message->qos(), wire::QoS::ExactlyOnce);
  EXPECT_TRUE(decoded->content.message->retain());
  EXPECT_EQ(decoded->content.message->publisher(), SessionId{5});
  EXPECT_EQ(decoded->content.message->expires_at(), WallTime{90s});
  EXPECT_EQ(*decode_delayed_time(as_bytes(record.substr(0, 24))), time) << "its beginning is enough";
  for (std::size_t size = 0; size < record.size(); ++size)
    EXPECT_FALSE(decode_delayed(as_bytes(record.substr(0, size))).has_value()) << size;
  EXPECT_FALSE(decode_delayed(as_bytes(record + "x")).has_value());
  std::string other = record;
  other[0] = 9;
  EXPECT_EQ(decode_delayed(as_bytes(other)).error().code, Errc::Unsupported);
  other = record;
  other[1] = 7;
  EXPECT_EQ(decode_delayed(as_bytes(other)).error().code, Errc::Corruption);
}

TEST_F(DelayedRules, WhatComesFirstIsReadThoughWhatComesLaterHasTakenAllTheRoom) {
  add(1, 2s);
  pass(1500ms);
  for (std::uint64_t seq = 2; seq <= 5; ++seq) add(seq, 800ms);
  EXPECT_EQ(rules_.next(now_), now_.steady);
  EXPECT_EQ(read(), Seqs{1});
  pass(500ms);
  EXPECT_EQ(take_and_publish(), Seqs{1});
  pass(300ms);
  EXPECT_EQ(take_and_publish(), (Seqs{2, 3, 4, 5}));
}

class DelayedStories : public DelayedRules, public ::testing::WithParamInterface<std::uint32_t> {};

/// Whatever comes when and however pages are cut: each is published once, and in the order of their times.
TEST_P(DelayedStories, NothingIsForgotten) {
  std::mt19937 random(GetParam());
  std::map<std::uint64_t, MonotonicTime> due;
  for (std::uint64_t step = 1; step <= 400; ++step) {
    if (step <= 200 && random() % 2 == 0) {
      const std::chrono::milliseconds after(random() % 4 == 0 ? random() % 10'000 : random() % 1500);
      add(step, after);
      due[step] = now_.steady + after;
    }
    for (const DelayedMessages::Run& run : rules_.take_reads(now_)) {
      const std::uint64_t size = 1 + random() % run.count;
      std::vector<DelayedMessages::Read> messages;
      for (std::uint64_t seq = run.from.v; seq < run.from.v + size; ++seq)
        messages.push_back({Seq{seq}, content()});
      EXPECT_TRUE(rules_.on_read(run.from, Seq{run.from.v + size}, std::move(messages)).empty());
    }
    for (const std::uint64_t seq : take_and_publish()) {
      for (const auto& [other, time] : due) EXPECT_GE(time, due.at(seq));
      due.erase(seq);
    }
    pass(std::chrono::milliseconds(step <= 200 ? random() % 100 : 100));
  }
  EXPECT_TRUE(due.empty()) << due.size() << " wait for ever";
}
INSTANTIATE_TEST_SUITE_P(Seeds, DelayedStories, ::testing::Range(1U, 101U));

}  // namespace
}  // namespace hermod::queue
