#include "queue/backlog.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>
#include <set>
#include <string>
#include <vector>

namespace hermod::queue {
namespace {

constexpr std::uint64_t kSize = 10;

/// A queue in order of keys: the store has everything, memory what the backlog lets in.
struct BacklogWorld {
  enum class State { Waiting, Out };
  struct Held {
    std::string key;
    State state = State::Waiting;
  };
  Backlog backlog;
  bool by_key;
  std::size_t page_size = 8;
  std::map<std::uint64_t, std::string> store;
  std::map<std::uint64_t, Held> memory;
  std::map<std::string, std::set<std::uint64_t>> held_of;  ///< by key
  std::vector<std::pair<std::uint64_t, std::string>> page;
  std::uint64_t page_end = 0;
  bool page_is_last = false;
  std::uint64_t next = 1;
  std::uint64_t offered = 0;
  std::size_t pages = 0;

  BacklogWorld(const Backlog::Limits& limits, bool is_by_key)
      : backlog(limits, is_by_key), by_key(is_by_key) {}

  void put(const std::string& key) { store[next++] = key; }
  /// The group hears of the next that is durable.
  void tell() {
    if (offered + 1 >= next) return;
    const std::uint64_t seq = ++offered;
    if (backlog.offer(Seq{seq}, store.at(seq), kSize)) hold(seq);
  }
  void publish(const std::string& key) {
    put(key);
    tell();
  }
  void hold(std::uint64_t seq) {
    EXPECT_TRUE(memory.emplace(seq, Held{store.at(seq)}).second) << "once";
    held_of[store.at(seq)].insert(seq);
  }
  std::vector<std::uint64_t> ready() const {
    std::vector<std::uint64_t> all;
    for (const auto& [key, held] : held_of) {
      if (!by_key) {
        for (const std::uint64_t seq : held)
          if (memory.at(seq).state == State::Waiting) all.push_back(seq);
      } else if (!held.empty() && memory.at(*held.begin()).state == State::Waiting) {
        all.push_back(*held.begin());
      }
    }
    return all;
  }
  void lend(std::uint64_t seq) {
    memory.at(seq).state = State::Out;
    backlog.on_out(store.at(seq), kSize);
  }
  void give_back(std::uint64_t seq) {
    memory.at(seq).state = State::Waiting;
    backlog.on_back(store.at(seq), kSize);
  }
  /// The erase is durable.
  void erase(std::uint64_t seq) {
    const std::string key = store.at(seq);
    const bool was_out = memory.at(seq).state == State::Out;
    memory.erase(seq);
    held_of[key].erase(seq);
    store.erase(seq);
    backlog.on_gone(key, kSize, was_out);
  }
  void shed() {
    while (const auto name = backlog.key_to_shed()) {
      const std::string key(*name);
      const std::uint64_t last = *held_of[key].rbegin();
      if (memory.at(last).state == State::Out) {
        ADD_FAILURE() << "only what waits is left";
        return;
      }
      memory.erase(last);
      held_of[key].erase(last);
      backlog.leave(Seq{last}, key, kSize);
    }
  }
  /// What the store has now; it arrives later.
  bool ask() {
    if (backlog.is_reading()) return false;
    const auto from = backlog.begin_page();
    if (!from) return false;
    ++pages;
    page.clear();
    page_end = from->v;
    page_is_last = true;
    for (auto at = store.lower_bound(from->v); at != store.end(); ++at) {
      if (page.size() == page_size) {
        page_is_last = false;
        break;
      }
      page.emplace_back(*at);
      page_end = at->first + 1;
    }
    return true;
  }
  void arrive() {
    if (!backlog.is_reading()) return;
    for (const auto& [seq, key] : page)
      if (backlog.take(Seq{seq}, key, kSize)) {
        ASSERT_TRUE(store.contains(seq)) << "what has gone does not come back";
        hold(seq);
      }
    backlog.end_page(Seq{page_end}, page_is_last);
  }
  void read_all() {
    shed();
    for (int i = 0; i < 100'000 && ask(); ++i) {
      arrive();
      shed();
    }
  }
  std::uint64_t waiting() const {
    return static_cast<std::uint64_t>(std::count_if(
        memory.begin(), memory.end(), [](const auto& one) { return one.second.state == State::Waiting; }));
  }
};

TEST(Backlog, WhatFitsIsInMemoryAndTheRestIsRead) {
  for (const bool by_key : {false, true}) {
    BacklogWorld world({.messages = 10, .bytes = 1000, .per_key = 10}, by_key);
    for (int i = 0; i < 50; ++i) world.publish("k");
    EXPECT_EQ(world.backlog.waiting(), (Amount{10, 100}));
    EXPECT_FALSE(world.backlog.is_level());
    std::vector<std::uint64_t> order;
    while (!world.ready().empty()) {
      order.push_back(world.ready().front());
      world.lend(order.back());
      world.erase(order.back());
      world.read_all();
      EXPECT_LE(world.waiting(), 10U);
    }
    EXPECT_EQ(order.size(), 50U);
    EXPECT_TRUE(std::is_sorted(order.begin(), order.end()));
    EXPECT_TRUE(world.backlog.is_level());
    EXPECT_EQ(world.backlog.keys(), 0U);
  }
}

TEST(Backlog, ALimitOfBytesHoldsAsWell) {
  Backlog backlog({.messages = 100, .bytes = 25, .per_key = 100}, true);
  EXPECT_TRUE(backlog.offer(Seq{1}, "a", 20));
  EXPECT_TRUE(backlog.offer(Seq{2}, "b", 20)) << "one may be larger than what is left";
  EXPECT_FALSE(backlog.offer(Seq{3}, "c", 1));
}

/// A slow key never delays another: however much waits behind it, the window is for the others.
TEST(Backlog, ASlowKeyOfAThousandHoldsUpNoOther) {
  BacklogWorld world({.messages = 256, .bytes = 1U << 20, .per_key = 16}, true);
  world.page_size = 64;
  for (int i = 0; i < 20'000; ++i) world.publish("slow");
  for (int round = 0; round < 3; ++round)
    for (int key = 0; key < 999; ++key) world.publish(std::to_string(key));
  world.lend(1);
  std::size_t consumed = 0;
  for (bool goes_on = true; goes_on;) {
    world.read_all();
    const auto ready = world.ready();
    goes_on = !ready.empty();
    for (const std::uint64_t seq : ready) {
      world.lend(seq);
      world.erase(seq);
      ++consumed;
    }
    ASSERT_LE(world.waiting(), 256U);
  }
  EXPECT_EQ(consumed, 3U * 999U) << "all but the slow one's";
  EXPECT_LT(world.pages, 2U * (20'000U + 3 * 999) / 64) << "what waits behind it is read past about once";
  world.erase(1);
  world.read_all();
  EXPECT_FALSE(world.ready().empty()) << "and it goes on when its turn comes";
}

/// More keys are slow than the window has places.
TEST(Backlog, ManySlowKeysLeaveTheWindowToTheOthers) {
  BacklogWorld world({.messages = 64, .bytes = 1U << 20, .per_key = 16}, true);
  for (int round = 0; round < 5; ++round)
    for (int key = 0; key < 500; ++key) world.publish("slow" + std::to_string(key));
  for (int key = 0; key < 100; ++key) world.publish("quick" + std::to_string(key));
  std::size_t consumed = 0;
  for (bool goes_on = true; goes_on;) {
    world.read_all();
    const auto ready = world.ready();
    goes_on = !ready.empty();
    for (const std::uint64_t seq : ready) {
      world.lend(seq);
      if (world.store.at(seq).starts_with("slow")) continue;  // it is never answered
      world.erase(seq);
      ++consumed;
    }
    ASSERT_LE(world.waiting(), 64U);
  }
  EXPECT_EQ(consumed, 100U);
  EXPECT_EQ(world.memory.size() - world.waiting(), 500U) << "one of each is out";
}

TEST(Backlog, APageThatIsOlderThanAnEraseBringsNothingBack) {
  BacklogWorld world({.messages = 4, .bytes = 1000, .per_key = 2}, true);
  for (int i = 0; i < 4; ++i) world.publish("k");
  world.lend(1);
  world.erase(1);
  ASSERT_TRUE(world.ask());
  world.publish("l");
  world.page.emplace_back(5, "l");  // it was read behind that
  world.page_end = 6;
  world.lend(5);
  world.erase(5);
  world.arrive();
  EXPECT_FALSE(world.memory.contains(5));
  EXPECT_TRUE(world.memory.contains(3));
}

TEST(Backlog, AFailedPageIsAskedForAgain) {
  BacklogWorld world({.messages = 2, .bytes = 1000, .per_key = 2}, true);
  for (int i = 0; i < 6; ++i) world.publish("k");
  for (const std::uint64_t seq : {1, 2}) {
    world.lend(seq);
    world.erase(seq);
  }
  const auto from = world.backlog.begin_page();
  ASSERT_TRUE(from.has_value());
  world.backlog.cancel_page();
  EXPECT_EQ(world.backlog.begin_page(), from);
}

/// Everything at random: keys that are quick and slow, pages that are late, what comes back.
TEST(Backlog, GivesEverythingOnceAndInTheOrderOfItsKey) {
  for (std::uint32_t seed = 1; seed <= 300; ++seed) {
    std::mt19937 chance(seed);
    const bool by_key = chance() % 4 != 0;
    const Backlog::Limits limits{
        .messages = 2 + chance() % 12, .bytes = 20 + chance() % 200, .per_key = 1 + chance() % 5};
    BacklogWorld world(limits, by_key);
    world.page_size = 1 + chance() % 6;
    const std::size_t keys = 1 + chance() % 8;
    std::map<std::string, std::uint64_t> last;
    std::size_t consumed = 0;
    const auto consume = [&](std::uint64_t seq) {
      const std::string key = world.store.at(seq);
      if (by_key) {
        ASSERT_LT(last[key], seq) << "seed " << seed;
        ASSERT_EQ(seq, std::find_if(world.store.begin(), world.store.end(),
                                    [&](const auto& one) { return one.second == key; })
                           ->first)
            << "the oldest of its key, seed " << seed;
      }
      last[key] = seq;
      world.erase(seq);
      ++consumed;
    };
    for (int step = 0; step < 2'000; ++step) {
      const auto pick = [&](auto wanted) -> std::uint64_t {
        std::vector<std::uint64_t> all;
        for (const auto& [seq, held] : world.memory)
          if (wanted(held)) all.push_back(seq);
        return all.empty() ? 0 : all[chance() % all.size()];
      };
      const auto is_out = [](const BacklogWorld::Held& held) {
        return held.state == BacklogWorld::State::Out;
      };
      switch (chance() % 10) {
        case 0:
        case 1:
          if (world.store.size() < 80) world.put("k" + std::to_string(chance() % keys));
          break;
        case 2:
        case 3:
          world.tell();
          break;
        case 4:
        case 5:
          if (const auto ready = world.ready(); !ready.empty()) world.lend(ready[chance() % ready.size()]);
          break;
        case 6:
          if (const std::uint64_t seq = pick(is_out)) consume(seq);
          break;
        case 7:
          if (const std::uint64_t seq = pick(is_out)) world.give_back(seq);
          break;
        case 8:
          world.ask();
          break;
        default:
          world.arrive();
      }
      if (HasFatalFailure() || HasNonfatalFailure()) return;
      world.shed();
      ASSERT_EQ(world.backlog.waiting().messages, world.waiting()) << "seed " << seed;
    }
    while (world.offered + 1 < world.next) world.tell();
    world.arrive();
    for (bool goes_on = true; goes_on;) {
      world.read_all();
      goes_on = false;
      for (const std::uint64_t seq : world.ready()) {
        world.lend(seq);
        goes_on = true;
      }
      while (!world.memory.empty()) {
        const auto out = std::find_if(world.memory.begin(), world.memory.end(), [](const auto& one) {
          return one.second.state == BacklogWorld::State::Out;
        });
        if (out == world.memory.end()) break;
        consume(out->first);
        goes_on = true;
        if (HasFatalFailure()) return;
      }
    }
    ASSERT_TRUE(world.store.empty()) << "nothing is forgotten, seed " << seed;
    ASSERT_EQ(consumed, world.next - 1) << "seed " << seed;
    ASSERT_TRUE(world.backlog.is_level()) << "seed " << seed;
    ASSERT_EQ(world.backlog.keys(), 0U) << "seed " << seed;
  }
}

}  // namespace
}  // namespace hermod::queue
