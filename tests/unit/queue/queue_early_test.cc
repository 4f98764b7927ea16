// What goes to consumers before it is durable, and what becomes of it when it never is.

#include "tests/unit/queue/memory_fixture.h"

namespace hermod::queue {
namespace {

constexpr ConsumerId kTaker{1};
constexpr ConsumerId kOther{2};

struct QueueEarly : QueueMemory {
  /// Nobody was asked, and its room is taken.
  Seq sequence(const std::string& payload, std::string_view key = "k") {
    if (!group) start();
    EXPECT_TRUE(group->room()->take({1, message(payload)->size()}));
    const Seq seq = std::exchange(next, Seq{next.v + 1});
    names[seq] = payload;
    stored_when_durable[seq] = message(payload);
    group->on_sequenced(seq, {.message = message(payload), .key = std::string(key)}, now);
    return seq;
  }
  void durable(Seq last) {
    for (auto it = stored_when_durable.begin(); it != stored_when_durable.end() && it->first <= last;) {
      stored.insert(*it);
      it = stored_when_durable.erase(it);
    }
    group->on_durable(last, now);
  }
  void fail(Seq seq) {
    stored_when_durable.erase(seq);
    group->on_never_stored(seq, now);
  }
  /// One that is durable, so that what follows is the next.
  void begin_with_one() {
    join(kTaker);
    put("0");
    happened();
    settle("0", Outcome::Done);
    happened();
  }
  std::map<Seq, MessagePtr> stored_when_durable;
};

TEST_F(QueueEarly, ItGoesOutWhenItHasItsSequence) {
  begin_with_one();
  const Seq seq = sequence("a");
  EXPECT_EQ(happened(), "a>1");
  settle("a", Outcome::Done);
  EXPECT_EQ(happened(), "-a") << "the store hears of it behind the message";
  durable(seq);
  EXPECT_EQ(happened(), "") << "and it comes once";
  EXPECT_EQ(group->amount(), Amount{});
}

TEST_F(QueueEarly, WhatIsAdmittedKeepsItsPlaceInFront) {
  begin_with_one();
  const Admission admission = admit("a", "k");
  const Seq first = std::exchange(next, Seq{next.v + 1});
  names[first] = "a";
  const Seq second = sequence("b", "another");
  EXPECT_EQ(happened(), "");
  group->on_stored(admission.id, first, now);
  EXPECT_EQ(happened(), "a>1 b>1");
  durable(second);
  EXPECT_EQ(happened(), "");
}

TEST_F(QueueEarly, WhatNeverCameLeavesWithItsRoom) {
  begin_with_one();
  disconnect(kTaker);
  const Seq seq = sequence("a");
  EXPECT_EQ(group->entries(), 1U);
  EXPECT_EQ(group->amount().messages, 1U);
  fail(seq);
  EXPECT_EQ(group->entries(), 0U);
  EXPECT_EQ(group->amount(), Amount{});
  join(kTaker);
  EXPECT_EQ(happened(), "") << "nobody gets it";
}

TEST_F(QueueEarly, WhatWaitsForAnotherAndNeverCameLeavesWithItsRoom) {
  begin_with_one();
  ++next.v;  // something that comes later
  const Seq seq = sequence("a");
  EXPECT_EQ(group->entries(), 0U);
  EXPECT_EQ(group->amount().messages, 1U);
  fail(seq);
  EXPECT_EQ(group->amount(), Amount{});
  EXPECT_EQ(happened(), "");
}

TEST_F(QueueEarly, AConsumerThatHasItMayKeepIt) {
  begin_with_one();
  const Seq seq = sequence("a");
  EXPECT_EQ(happened(), "a>1");
  fail(seq);
  EXPECT_EQ(happened(), "");
  EXPECT_EQ(settle("a", Outcome::Done), QueueGroup::Settled::Now);
  EXPECT_EQ(happened(), "-a");
  EXPECT_EQ(group->amount(), Amount{});
}

TEST_F(QueueEarly, ItDoesNotComeBackWhenItWasNeverStored) {
  begin_with_one();
  join(kOther);
  const Seq seq = sequence("a");
  const std::string first = happened();
  ASSERT_TRUE(first == "a>1" || first == "a>2") << first;
  fail(seq);
  settle("a", Outcome::RetryLater);
  EXPECT_EQ(happened(), "-a");
  EXPECT_EQ(last<EraseEntry>().why, Removal::NeverStored);
  pass(std::chrono::seconds(60));
  EXPECT_EQ(happened(), "") << "its publisher sends it again";
  EXPECT_EQ(group->amount(), Amount{});
}

TEST_F(QueueEarly, ALostConnectionTakesItAlong) {
  begin_with_one();
  const Seq seq = sequence("a");
  EXPECT_EQ(happened(), "a>1");
  fail(seq);
  disconnect(kTaker);
  EXPECT_EQ(happened(), "-a");
  EXPECT_EQ(last<EraseEntry>().why, Removal::NeverStored);
}

TEST_F(QueueEarly, BeforeItIsDurableItComesBackAsEver) {
  begin_with_one();
  const Seq seq = sequence("a");
  EXPECT_EQ(happened(), "a>1");
  disconnect(kTaker);
  EXPECT_EQ(happened(), "+a");
  join(kOther);
  EXPECT_EQ(happened(), "a>2#2");
  durable(seq);
  EXPECT_EQ(happened(), "");
}

TEST_F(QueueEarly, WhatIsNotInMemoryIsReadWhenItIsDurable) {
  begin();
  group->limit_held({1, 8000});
  keep("0", "0");
  go();
  const Seq first = sequence("1", "1");
  const Seq second = sequence("2", "2");
  ASSERT_EQ(group->in_memory().messages, 1U) << "of what has no consumer";
  join(kNearTaker, wire::QoS::AtLeastOnce, 5);
  go();
  EXPECT_TRUE(asked.empty()) << "the store has them not yet";
  EXPECT_EQ(delivered, (std::vector<std::string>{"0"}));
  EXPECT_TRUE(group->is_stored(Seq{1}));
  EXPECT_FALSE(group->is_stored(first));
  durable(first);
  go();
  ASSERT_EQ(asked.size(), 1U);
  EXPECT_EQ(asked.front().from, first);
  EXPECT_TRUE(answer_page(look_up()).empty()) << "what is not in it is not lost";
  EXPECT_EQ(delivered, (std::vector<std::string>{"0", "1"}));
  durable(second);
  go();
  read_all();
  EXPECT_EQ(delivered, (std::vector<std::string>{"0", "1", "2"}));
}

TEST_F(QueueEarly, AQueueOfLastValuesWaitsForTheStore) {
  EXPECT_TRUE(QueueGroup::takes_early(definition));
  definition.last_value = true;
  EXPECT_FALSE(QueueGroup::takes_early(definition)) << "the value before would be gone with one that fails";
}

}  // namespace
}  // namespace hermod::queue
