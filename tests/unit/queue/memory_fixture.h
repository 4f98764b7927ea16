#pragma once
#include <algorithm>
#include <deque>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "tests/unit/queue/group_fixture.h"

namespace hermod::queue {

inline constexpr ConsumerId kNearTaker{1};

/// A group that holds eight messages and reads two at once, and the store it reads from.
struct QueueMemory : GroupTest {
  struct Page {
    ReadEntries asked;
    std::vector<QueueGroup::ReadMessage> messages;
    Seq end;
  };
  std::map<Seq, MessagePtr> stored;
  std::deque<ReadEntries> asked;
  std::vector<std::string> delivered;

  void begin() {
    start();
    group->limit_held({8, 8000});
  }
  void keep(const std::string& payload, const std::string& key) {
    const MessagePtr it = message(payload);
    stored[put(payload, key)] = it;
  }
  /// Messages "1" to "n", each with a key of its own.
  void keep_all(int count) {
    for (int i = 1; i <= count; ++i) keep(std::to_string(i), std::to_string(i));
    go();
  }
  /// Everything that the group wanted, but for what it wants to read.
  void go() {
    while (group->has_effects()) {
      happened();
      for (const QueueEffect& effect : effects) {
        if (const auto* sent = std::get_if<Deliver>(&effect)) delivered.push_back(names.at(sent->seq));
        if (const auto* gone = std::get_if<EraseEntry>(&effect)) stored.erase(gone->seq);
        if (const auto* dead = std::get_if<MoveToDeadLetters>(&effect)) stored.erase(dead->seq);
        if (const auto* read = std::get_if<ReadEntries>(&effect)) asked.push_back(*read);
      }
    }
  }
  /// The oldest question, as the store answers it now.
  Page look_up() {
    Page page{asked.front(), {}, asked.front().from};
    asked.pop_front();
    for (auto it = stored.lower_bound(page.asked.from);; ++it) {
      if (it == stored.end()) {
        page.end = Seq{~0ULL};
        return page;
      }
      if (page.messages.size() == group->page().messages) return page;
      page.messages.push_back({it->first, it->second});
      page.end = Seq{it->first.v + 1};
    }
  }
  /// What is lost by it.
  std::vector<Seq> answer_page(Page page) {
    std::vector<Seq> lost =
        group->on_read(page.asked.purpose, std::move(page.messages), page.asked.from, page.end, now);
    go();
    return lost;
  }
  void read_all() {
    for (int i = 0; !asked.empty() && i < 1000; ++i) answer_page(look_up());
    EXPECT_TRUE(asked.empty());
  }
  static std::vector<std::string> numbers(int from, int to) {
    std::vector<std::string> all;
    for (int i = from; i <= to; ++i) all.push_back(std::to_string(i));
    return all;
  }
};

}  // namespace hermod::queue
