// What is in the store alone and has to make room for what comes.

#include "tests/unit/queue/memory_fixture.h"

namespace hermod::queue {
namespace {

using std::chrono::seconds;

TEST_F(QueueMemory, WhatLeavesWithoutADeathIsNotRead) {
  definition.last_value = true;
  definition.overflow = QueueDefinition::Overflow::DropOldest;
  definition.max_length = 40;
  definition.dedup_window = seconds(60);
  begin();
  const auto let_in = [&](const std::string& name, const std::string& key, const std::string& id) {
    const Admission admission = admit(name, key, id, WaiterId{7});
    if (admission.what != Admission::What::Admitted) return admission;
    for (const Eviction& one : admission.evictions) stored.erase(one.seq);
    const MessagePtr it = message(name);
    stored[store(admission.id, name)] = it;
    go();
    return admission;
  };
  for (int i = 1; i <= 40; ++i) let_in(std::to_string(i), std::to_string(i), "id " + std::to_string(i));
  ASSERT_EQ(group->in_memory().messages, 8U);
  EXPECT_EQ(let_in("again", "k", "id 30").what, Admission::What::Duplicate);
  const Admission replaces = let_in("new 30", "30", "");
  ASSERT_EQ(replaces.evictions.size(), 1U);
  EXPECT_EQ(replaces.evictions[0].why, Removal::Replaced);
  EXPECT_EQ(replaces.evictions[0].seq, Seq{30});
  for (int i = 1; i <= 20; ++i) {
    const Admission drops = let_in("more " + std::to_string(i), "more " + std::to_string(i), "");
    ASSERT_EQ(drops.evictions.size(), 1U);
    EXPECT_EQ(drops.evictions[0].seq, Seq{static_cast<std::uint64_t>(i)});
    EXPECT_FALSE(drops.evictions[0].dead_letter);
  }
  EXPECT_TRUE(asked.empty());
  group->purge(now);
  go();
  EXPECT_EQ(group->entries(), 0U);
  EXPECT_TRUE(asked.empty());
}

/// One that comes and needs more than is held at once.
struct OneLargeMessage : QueueMemory {
  std::string large;

  void fill() {
    definition.overflow = QueueDefinition::Overflow::DeadLetter;
    begin();
    keep_all(40);
    QueueDefinition bounded = definition;
    bounded.max_bytes = group->amount().bytes;
    ASSERT_TRUE(group->change(bounded, now));
    go();
    large = std::string(group->amount().bytes / 2, 'x');
  }
  Admission ask() { return admit(large, "large", "", WaiterId{7}); }
  /// Until it is let in, or has asked too often.
  Admission ask_and_read() {
    Admission admission = ask();
    for (int i = 0; i < 100 && admission.what == Admission::What::Busy; ++i) {
      go();
      EXPECT_EQ(asked.size(), 1U) << i;
      answer_page(look_up());
      admission = ask();
    }
    return admission;
  }
};

TEST_F(OneLargeMessage, DrivesOutManySmallOnes) {
  fill();
  const Admission admission = ask_and_read();
  ASSERT_EQ(admission.what, Admission::What::Admitted);
  EXPECT_GT(admission.evictions.size(), 16U);
  for (const Eviction& one : admission.evictions) EXPECT_TRUE(one.dead_letter && one.dead_letter->message);
}

/// Another queue was busy: two that read for one message would else never have done so at the same time.
TEST_F(OneLargeMessage, FindsWhatWasReadForItWhenItWasWithdrawn) {
  fill();
  const Admission first = ask_and_read();
  ASSERT_EQ(first.what, Admission::What::Admitted);
  group->on_failed(first.id, now);
  go();
  const Admission second = ask();
  ASSERT_EQ(second.what, Admission::What::Admitted);
  EXPECT_EQ(second.evictions.size(), first.evictions.size());
  for (const Eviction& one : second.evictions) stored.erase(one.seq);
  stored[store(second.id, "large")] = message(large);
  go();
  EXPECT_EQ(group->entries(), 40 - second.evictions.size() + 1);
}

TEST_F(OneLargeMessage, LeavesNothingInMemoryWhenItDoesNotComeBack) {
  fill();
  ASSERT_EQ(ask().what, Admission::What::Busy);
  go();
  answer_page(look_up());
  EXPECT_EQ(group->in_memory().messages, 10U);
  pass(seconds(9));
  ASSERT_EQ(ask().what, Admission::What::Busy) << "it has come back";
  go();
  answer_page(look_up());
  pass(seconds(9));
  EXPECT_EQ(group->in_memory().messages, 12U);
  EXPECT_EQ(group->next_due(now), now.steady + seconds(1));
  pass(seconds(1));
  EXPECT_EQ(group->in_memory().messages, 8U);
  EXPECT_EQ(group->next_due(now), std::nullopt);
}

/// A page that takes long, as behind those of many sessions.
TEST_F(OneLargeMessage, FindsWhatWasReadHoweverLongTheNextPageTakes) {
  fill();
  ASSERT_EQ(ask().what, Admission::What::Busy);
  go();
  answer_page(look_up());
  ASSERT_EQ(ask().what, Admission::What::Busy);
  go();
  pass(seconds(11));
  answer_page(look_up());
  EXPECT_EQ(group->in_memory().messages, 12U);
}

/// What comes and fits does not keep it.
TEST_F(OneLargeMessage, IsForgottenAlthoughSmallOnesCome) {
  fill();
  ASSERT_EQ(ask().what, Admission::What::Busy);
  go();
  answer_page(look_up());
  group->purge(now);
  go();
  for (int i = 1; i <= 6; ++i) {
    pass(seconds(5));
    put("small " + std::to_string(i), "small");
    go();
  }
  EXPECT_LE(group->in_memory().messages, 8U);
  ASSERT_EQ(ask_and_read().what, Admission::What::Admitted);
}

TEST_F(OneLargeMessage, IsNotReadForAnyMoreWhenTheLimitIsRaised) {
  fill();
  ASSERT_EQ(ask().what, Admission::What::Busy);
  go();
  answer_page(look_up());
  ASSERT_EQ(group->in_memory().messages, 10U);
  QueueDefinition larger = group->definition();
  larger.max_bytes = *larger.max_bytes * 4;
  ASSERT_TRUE(group->change(larger, now));
  go();
  EXPECT_EQ(group->in_memory().messages, 8U);
}

TEST_F(OneLargeMessage, IsNotReadForAnyMoreWhenTheQueueRefusesWhatComes) {
  fill();
  ASSERT_EQ(ask().what, Admission::What::Busy);
  go();
  answer_page(look_up());
  QueueDefinition refusing = group->definition();
  refusing.overflow = QueueDefinition::Overflow::Reject;
  ASSERT_TRUE(group->change(refusing, now));
  go();
  EXPECT_EQ(group->in_memory().messages, 8U);
}

/// What was read stays in its place: consumers still find what they are about to get.
TEST_F(OneLargeMessage, TakesNothingFromWhatIsHeld) {
  fill();
  ASSERT_EQ(ask_and_read().what, Admission::What::Admitted);
  const auto shown = group->peek(Seq{1}, 8);
  for (const auto& one : shown) EXPECT_TRUE(one.message) << one.seq.v;
}

TEST_F(QueueMemory, WhatMakesRoomAsADeadLetterIsReadBefore) {
  definition.overflow = QueueDefinition::Overflow::DeadLetter;
  definition.max_length = 20;
  begin();
  keep_all(20);
  const auto evict_one = [&](const std::string& name) {
    const Admission admission = admit(name, name, "", WaiterId{7});
    if (admission.what != Admission::What::Admitted) return admission.what;
    EXPECT_EQ(admission.evictions.size(), 1U);
    for (const Eviction& one : admission.evictions) {
      EXPECT_TRUE(one.dead_letter && one.dead_letter->message);
      stored.erase(one.seq);
    }
    const MessagePtr it = message(name);
    stored[store(admission.id, name)] = it;
    go();
    return admission.what;
  };
  for (int i = 1; i <= 8; ++i) EXPECT_EQ(evict_one("new " + std::to_string(i)), Admission::What::Admitted);
  group->set_store_failed(true);
  EXPECT_EQ(evict_one("refused"), Admission::What::Full) << "nobody waits for a store that has failed";
  group->set_store_failed(false);
  EXPECT_EQ(evict_one("late"), Admission::What::Busy);
  go();
  ASSERT_EQ(asked.size(), 1U);
  EXPECT_EQ(asked.front().purpose, ReadFor::Evicting);
  answer_page(look_up());
  EXPECT_TRUE(std::any_of(effects.begin(), effects.end(), [](const QueueEffect& effect) {
    return std::holds_alternative<AskAgain>(effect);
  }));
  EXPECT_EQ(evict_one("late"), Admission::What::Admitted);
}

TEST_F(QueueMemory, NobodyWaitsForAPageThatCannotBeRead) {
  definition.overflow = QueueDefinition::Overflow::DeadLetter;
  definition.max_length = 20;
  begin();
  keep_all(20);
  const std::string large(20, 'x');
  QueueDefinition bounded = definition;
  bounded.max_length.reset();
  bounded.max_bytes = group->amount().bytes;
  ASSERT_TRUE(group->change(bounded, now));
  go();
  EXPECT_EQ(admit(large, "large", "", WaiterId{7}).what, Admission::What::Busy)
      << "it needs more than is held";
  group->set_read_failed(true);
  EXPECT_EQ(happened(), "read9 again,7");
  EXPECT_EQ(admit(large, "large", "", WaiterId{7}).what, Admission::What::Full);
  EXPECT_EQ(group->amount(), (Amount{20, *bounded.max_bytes})) << "no room is kept for it";
  group->set_read_failed(true);
  EXPECT_EQ(happened(), "") << "once";
  group->set_read_failed(false);
  EXPECT_EQ(admit(large, "large", "", WaiterId{7}).what, Admission::What::Busy);
}

}  // namespace
}  // namespace hermod::queue
