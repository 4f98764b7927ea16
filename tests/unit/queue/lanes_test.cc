#include "queue/lanes.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "tests/unit/queue/consumers.h"

namespace hermod::queue {
namespace {

using Order = Lanes::Order;

std::vector<std::uint64_t> ready(const Lanes& lanes) {
  std::vector<std::uint64_t> all;
  for (LaneNo lane = 0; lane < lanes.lane_count(); ++lane)
    lanes.ready_in(lane).for_each([&](Seq seq) { all.push_back(seq.v); });
  std::sort(all.begin(), all.end());
  return all;
}

TEST(Lanes, WithoutOrderEverythingThatWaitsIsReady) {
  Lanes lanes(Order::None, 4);
  for (std::uint64_t seq = 1; seq <= 3; ++seq) lanes.add(Seq{seq}, "k");
  EXPECT_EQ(ready(lanes), (std::vector<std::uint64_t>{1, 2, 3}));
  lanes.acquire(Seq{2}, kAnna);
  lanes.acquire(Seq{1}, kBert);
  EXPECT_EQ(ready(lanes), (std::vector<std::uint64_t>{3}));
  EXPECT_EQ(lanes.holder(lanes.lane_of(Seq{1})), std::nullopt);
}

TEST(Lanes, OfAKeyOneIsInFlightAtATimeAndOthersGoOn) {
  Lanes lanes(Order::Key, 16);
  lanes.add(Seq{1}, "a");
  lanes.add(Seq{2}, "a");
  lanes.add(Seq{3}, "b");
  EXPECT_EQ(ready(lanes), (std::vector<std::uint64_t>{1, 3}));
  lanes.acquire(Seq{1}, kAnna);
  EXPECT_EQ(ready(lanes), (std::vector<std::uint64_t>{3}));
  lanes.erase(Seq{1});
  EXPECT_EQ(ready(lanes), (std::vector<std::uint64_t>{2, 3}));
}

TEST(Lanes, WhatIsDelayedHoldsUpItsKeyAndNotItsLane) {
  Lanes lanes(Order::Key, 1);
  lanes.add(Seq{1}, "a");
  lanes.add(Seq{2}, "a");
  lanes.add(Seq{3}, "b");
  lanes.acquire(Seq{1}, kAnna);
  lanes.delay(Seq{1});
  EXPECT_EQ(ready(lanes), (std::vector<std::uint64_t>{3}));
  EXPECT_EQ(lanes.holder(0), std::nullopt) << "another consumer may go on";
  lanes.requeue(Seq{1});
  EXPECT_EQ(ready(lanes), (std::vector<std::uint64_t>{1, 3}));
}

TEST(Lanes, ALaneBelongsToWhoHasSomethingOfItUntilTheLastIsSettled) {
  Lanes lanes(Order::Key, 1);
  lanes.add(Seq{1}, "a");
  lanes.add(Seq{2}, "b");
  lanes.acquire(Seq{1}, kAnna);
  lanes.acquire(Seq{2}, kAnna);
  EXPECT_EQ(lanes.holder(0), kAnna);
  EXPECT_EQ(lanes.lanes_held(kAnna), 1U);
  lanes.erase(Seq{1});
  EXPECT_EQ(lanes.holder(0), kAnna);
  lanes.requeue(Seq{2});
  EXPECT_EQ(lanes.holder(0), std::nullopt);
  EXPECT_EQ(lanes.lanes_held(kAnna), 0U);
  lanes.acquire(Seq{2}, kBert);
  EXPECT_EQ(lanes.holder(0), kBert);
}

TEST(Lanes, StrictHasOneInFlightWhateverItsKey) {
  Lanes lanes(Order::Strict, 16);
  lanes.add(Seq{1}, "a");
  lanes.add(Seq{2}, "b");
  EXPECT_EQ(lanes.lane_count(), 1U);
  EXPECT_EQ(ready(lanes), (std::vector<std::uint64_t>{1}));
  lanes.acquire(Seq{1}, kAnna);
  EXPECT_TRUE(ready(lanes).empty());
  EXPECT_EQ(lanes.key_of(Seq{2}), "b");
  lanes.erase(Seq{1});
  EXPECT_EQ(ready(lanes), (std::vector<std::uint64_t>{2}));
}

TEST(Lanes, AKeyIsForgottenWithItsLastEntry) {
  Lanes lanes(Order::Key, 16);
  lanes.add(Seq{1}, "a");
  lanes.add(Seq{2}, "a");
  ASSERT_NE(lanes.entries_of("a"), nullptr);
  EXPECT_EQ(lanes.entries_of("a")->size(), 2U);
  lanes.erase(Seq{1});
  lanes.erase(Seq{2});
  EXPECT_EQ(lanes.entries_of("a"), nullptr);
  EXPECT_EQ(lanes.size(), 0U);
}

TEST(Lanes, WhatHasPassedHoldsUpNothingAndIsKnownUntilItIsErased) {
  for (const Order order : {Order::Key, Order::Strict}) {
    Lanes lanes(order, 4);
    for (std::uint64_t seq = 1; seq <= 2; ++seq) lanes.add(Seq{seq}, "a");
    lanes.acquire(Seq{1}, kAnna);
    lanes.pass(Seq{1});
    EXPECT_EQ(ready(lanes), (std::vector<std::uint64_t>{2}));
    EXPECT_EQ(lanes.holder(lanes.lane_of(Seq{2})), std::nullopt);
    EXPECT_TRUE(lanes.follows_passed(Seq{2}));
    lanes.add(Seq{3}, "b");
    EXPECT_EQ(lanes.follows_passed(Seq{3}), order == Order::Strict);
    lanes.erase(Seq{1});
    EXPECT_FALSE(lanes.follows_passed(Seq{2}));
  }
}

TEST(Lanes, AKeyIsRememberedWhileTheStoreHasSomethingOfIt) {
  Lanes lanes(Order::Key, 1);
  lanes.add(Seq{1}, "a");
  lanes.acquire(Seq{1}, kAnna);
  lanes.pass(Seq{1});
  EXPECT_EQ(lanes.entries_of("a"), nullptr);
  lanes.add(Seq{2}, "a");
  EXPECT_TRUE(lanes.follows_passed(Seq{2}));
  EXPECT_EQ(lanes.key_of(Seq{1}), "a");
}

TEST(Lanes, WhatChangesIsToldWhileItIsWatched) {
  using Changes = std::vector<Lanes::Change>;
  for (const Order order : {Order::Key, Order::Strict}) {
    Lanes lanes(order, 1);
    lanes.add(Seq{1}, "a");
    EXPECT_EQ(lanes.take_changes(), Changes{}) << "nobody watches";
    lanes.watch(true);
    lanes.add(Seq{2}, "a");
    EXPECT_EQ(lanes.take_changes(), Changes{}) << "it waits behind the first";
    lanes.acquire(Seq{1}, kAnna);
    EXPECT_EQ(lanes.take_changes(), (Changes{{0, Seq{1}, false}}));
    lanes.pass(Seq{1});
    EXPECT_EQ(lanes.take_changes(), (Changes{{0, Seq{2}, false}}));
    lanes.erase(Seq{1});
    EXPECT_EQ(lanes.take_changes(), (Changes{{0, Seq{2}, true}})) << "it follows nothing any more";
    lanes.acquire(Seq{2}, kAnna);
    lanes.requeue(Seq{2});
    EXPECT_EQ(lanes.take_changes(), (Changes{{0, Seq{2}, false}})) << "once, however often";
    lanes.acquire(Seq{2}, kAnna);
    lanes.watch(false);
    EXPECT_EQ(lanes.take_changes(), Changes{});
  }
}

/// The rules once more, in the plainest way: a list of everything.
struct Plain {
  enum class State { Waiting, InFlight, Delayed };
  struct Entry {
    std::string key;
    State state = State::Waiting;
    ConsumerId consumer;
  };
  Order order;
  std::map<std::uint64_t, Entry> entries;

  std::vector<std::uint64_t> ready() const {
    std::vector<std::uint64_t> all;
    std::map<std::string, bool> seen;
    for (const auto& [seq, entry] : entries) {
      const std::string turn = order == Order::Key      ? entry.key
                               : order == Order::Strict ? ""
                                                        : std::to_string(seq);
      if (!seen[turn] && entry.state == State::Waiting) all.push_back(seq);
      seen[turn] = true;
    }
    return all;
  }
};

TEST(Lanes, DoWhatAPlainListWould) {
  for (const Order order : {Order::None, Order::Key, Order::Strict}) {
    std::mt19937 chance(static_cast<unsigned>(order) + 1);
    Lanes lanes(order, 3);
    Plain plain{order, {}};
    std::uint64_t next = 1;
    for (int step = 0; step < 5'000; ++step) {
      const auto pick = [&](auto wanted) -> std::uint64_t {
        std::vector<std::uint64_t> all;
        for (const auto& [seq, entry] : plain.entries)
          if (wanted(entry)) all.push_back(seq);
        return all.empty() ? 0 : all[chance() % all.size()];
      };
      // Some sixty keep it quick, and meet in every way.
      switch (plain.entries.size() < 60 ? chance() % 5 : 2 + chance() % 3) {
        case 0:
        case 1: {
          next += 1 + chance() % 2;
          const std::string key(1, static_cast<char>('a' + chance() % 6));
          lanes.add(Seq{next}, key);
          plain.entries[next] = {.key = key, .consumer = {}};
          break;
        }
        case 2: {
          const auto all = plain.ready();
          if (all.empty()) break;
          const std::uint64_t seq = all[chance() % all.size()];
          const auto holder = lanes.holder(lanes.lane_of(Seq{seq}));
          const ConsumerId consumer = holder ? *holder : ConsumerId{1 + chance() % 3};
          lanes.acquire(Seq{seq}, consumer);
          plain.entries[seq].state = Plain::State::InFlight;
          plain.entries[seq].consumer = consumer;
          break;
        }
        case 3: {
          const bool back = chance() % 2 == 0;
          const std::uint64_t seq = pick([&](const Plain::Entry& entry) {
            return back ? entry.state != Plain::State::Waiting : entry.state != Plain::State::Delayed;
          });
          if (seq == 0) break;
          back ? lanes.requeue(Seq{seq}) : lanes.delay(Seq{seq});
          plain.entries[seq].state = back ? Plain::State::Waiting : Plain::State::Delayed;
          break;
        }
        default: {
          const std::uint64_t seq = pick([](const Plain::Entry&) { return true; });
          if (seq == 0) break;
          lanes.erase(Seq{seq});
          plain.entries.erase(seq);
        }
      }
      ASSERT_EQ(ready(lanes), plain.ready()) << "step " << step;
      std::map<LaneNo, ConsumerId> holders;
      for (const auto& [seq, entry] : plain.entries)
        if (order != Order::None && entry.state == Plain::State::InFlight)
          holders[lanes.lane_of(Seq{seq})] = entry.consumer;
      std::map<ConsumerId, std::size_t> held;
      for (LaneNo lane = 0; lane < lanes.lane_count(); ++lane) {
        const auto holder = lanes.holder(lane);
        ASSERT_EQ(holder.has_value(), holders.contains(lane));
        if (holder) {
          ASSERT_EQ(*holder, holders[lane]);
          ++held[*holder];
        }
      }
      for (std::uint64_t id = 1; id <= 3; ++id)
        ASSERT_EQ(lanes.lanes_held(ConsumerId{id}), held[ConsumerId{id}]);
      using Firsts = std::vector<std::pair<Seq, LaneNo>>;
      Firsts visited;
      lanes.visit_ready_lanes([&](Seq first, LaneNo lane) {
        visited.emplace_back(first, lane);
        return true;
      });
      Firsts expected;
      for (LaneNo lane = 0; lane < lanes.lane_count(); ++lane)
        if (!lanes.ready_in(lane).empty()) expected.emplace_back(lanes.ready_in(lane).front(), lane);
      std::sort(expected.begin(), expected.end());
      ASSERT_EQ(visited, expected);
    }
  }
}

/// Keys that come and go are not made anew for each message, and do not stay for ever.
TEST(Lanes, AKeyThatComesBackIsTheSame) {
  for (const std::size_t size : {1U, 200U}) {
    Lanes lanes(Order::Key, 16);
    std::uint64_t seq = 0;
    for (int round = 0; round < 3; ++round) {
      for (char name = 'a'; name <= 'z'; ++name) {
        const std::string key(size, name);
        lanes.add(Seq{++seq}, key);
        lanes.add(Seq{++seq}, key);
        ASSERT_EQ(lanes.key_of(Seq{seq}), key);
        ASSERT_TRUE(lanes.is_ready(Seq{seq - 1}));
        ASSERT_FALSE(lanes.is_ready(Seq{seq}));
        if (name % 3 != 0) continue;
        lanes.erase(Seq{seq - 1});
        lanes.erase(Seq{seq});
        ASSERT_EQ(lanes.entries_of(key), nullptr);
      }
      for (std::uint64_t one = 1; one <= seq; ++one)
        if (lanes.has(Seq{one})) lanes.erase(Seq{one});
      ASSERT_EQ(lanes.size(), 0U);
    }
  }
}

TEST(Lanes, WhatIsPutAsideIsPassedOverUntilItIsShownAgain) {
  Lanes lanes(Order::Key, 64);
  lanes.add(Seq{1}, "a");
  lanes.add(Seq{2}, "b");
  ASSERT_NE(lanes.lane_of(Seq{1}), lanes.lane_of(Seq{2}));
  EXPECT_EQ(lanes.first_ready_lane()->first, Seq{1});
  EXPECT_EQ(lanes.first_ready_lane()->lane, lanes.lane_of(Seq{1}));
  lanes.put_aside(lanes.lane_of(Seq{1}));
  EXPECT_EQ(lanes.first_ready_lane()->first, Seq{2});
  lanes.put_aside(lanes.lane_of(Seq{2}));
  EXPECT_FALSE(lanes.first_ready_lane().has_value());
  lanes.acquire(Seq{2}, kAnna);
  lanes.show_again();
  EXPECT_EQ(lanes.first_ready_lane()->first, Seq{1});
  lanes.acquire(Seq{1}, kAnna);
  EXPECT_FALSE(lanes.first_ready_lane().has_value());
}

}  // namespace
}  // namespace hermod::queue
