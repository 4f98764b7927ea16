#include "queue/queue_window.h"

#include <gtest/gtest.h>

#include <deque>
#include <random>
#include <string>
#include <vector>

namespace hermod::queue {
namespace {

Delivery delivery_of(std::string_view payload) {
  Message::Fields fields;
  fields.topic = "t";
  fields.payload = as_bytes(payload);
  Delivery d;
  d.message = Message::create(fields);
  d.qos = wire::QoS::AtLeastOnce;
  return d;
}

std::string payload_of(const Entry& entry) {
  return std::string(as_text(entry.delivery.message->payload()));
}

TEST(QueueWindow, HandsOutInSequenceOrder) {
  QueueWindow window;
  EXPECT_EQ(window.push(delivery_of("a")), Seq{1});
  EXPECT_EQ(window.push(delivery_of("b")), Seq{2});
  ASSERT_NE(window.next_waiting(), nullptr);
  EXPECT_EQ(payload_of(*window.next_waiting()), "a");
  window.mark_sent(Seq{1});
  EXPECT_EQ(payload_of(*window.next_waiting()), "b");
  window.mark_sent(Seq{2});
  EXPECT_EQ(window.next_waiting(), nullptr);
  EXPECT_EQ(window.count(), 2U);
}

TEST(QueueWindow, GoesOnBehindSequencesThatAreNoEntries) {
  QueueWindow window;
  window.offer(Seq{1}, delivery_of("a"));
  window.pass_over(Seq{2}, 100);
  EXPECT_EQ(window.next(), Seq{102});
  window.offer(Seq{102}, delivery_of("b"));
  window.mark_sent(Seq{1});
  EXPECT_EQ(window.next_waiting()->seq, Seq{102});
  window.mark_sent(Seq{102});
  EXPECT_TRUE(window.erase(Seq{102}));
  EXPECT_TRUE(window.erase(Seq{1}));
}

TEST(QueueWindow, SequencesThatAreNoEntriesMayBeHeardOfLate) {
  QueueWindow window;
  window.offer(Seq{5}, delivery_of("b"));
  window.pass_over(Seq{2}, 3);
  EXPECT_EQ(window.next_waiting(), nullptr);
  window.offer(Seq{1}, delivery_of("a"));
  EXPECT_EQ(window.next(), Seq{6});
  EXPECT_EQ(window.count(), 2U);
}

TEST(QueueWindow, EarlyArrivalsWaitForTheGapToClose) {
  QueueWindow window;
  window.offer(Seq{3}, delivery_of("c"));
  window.offer(Seq{2}, delivery_of("b"));
  EXPECT_EQ(window.next_waiting(), nullptr);
  window.offer(Seq{1}, delivery_of("a"));
  std::string order;
  while (const Entry* entry = window.next_waiting()) {
    order += payload_of(*entry);
    window.mark_sent(entry->seq);
  }
  EXPECT_EQ(order, "abc");
}

TEST(QueueWindow, SkippedSequencesCloseTheGapWithoutAnEntry) {
  QueueWindow window;
  window.offer(Seq{4}, delivery_of("d"));
  window.skip(Seq{3});
  window.offer(Seq{1}, delivery_of("a"));
  window.skip(Seq{2});
  EXPECT_EQ(window.count(), 2U);
  window.mark_sent(Seq{1});
  ASSERT_NE(window.next_waiting(), nullptr);
  EXPECT_EQ(window.next_waiting()->seq, Seq{4});
}

TEST(QueueWindow, ErasingOutOfOrderKeepsTheOthers) {
  QueueWindow window;
  for (const char* text : {"a", "b", "c"}) window.push(delivery_of(text));
  window.mark_sent(Seq{1});
  window.mark_sent(Seq{2});
  EXPECT_TRUE(window.erase(Seq{2}));
  EXPECT_FALSE(window.erase(Seq{2}));
  EXPECT_EQ(window.find(Seq{2}), nullptr);
  ASSERT_NE(window.find(Seq{1}), nullptr);
  EXPECT_EQ(window.find(Seq{3}), nullptr) << "not sent yet";
  EXPECT_TRUE(window.erase(Seq{1}));
  EXPECT_EQ(window.next_waiting()->seq, Seq{3});
}

TEST(QueueWindow, DropOldestTakesWaitingEntriesOnly) {
  QueueWindow window;
  for (const char* text : {"a", "b", "c"}) window.push(delivery_of(text));
  window.mark_sent(Seq{1});
  Seq seq;
  ASSERT_TRUE(window.drop_oldest_waiting(seq));
  EXPECT_EQ(seq, Seq{2});
  EXPECT_NE(window.find(Seq{1}), nullptr);
  EXPECT_EQ(window.next_waiting()->seq, Seq{3});
}

TEST(QueueWindow, SequencesGoOnAfterTheQueueWasEmpty) {
  QueueWindow window;
  window.push(delivery_of("a"));
  window.mark_sent(Seq{1});
  window.erase(Seq{1});
  EXPECT_EQ(window.count(), 0U);
  EXPECT_EQ(window.bytes(), 0U);
  EXPECT_EQ(window.push(delivery_of("b")), Seq{2});
}

TEST(QueueWindow, AgreesWithASimpleListUnderRandomOperations) {
  std::mt19937 random(7);
  QueueWindow window;
  std::deque<std::pair<Seq, bool>> model;  // sequence, sent
  std::uint64_t bytes = 0;
  for (int step = 0; step < 100'000; ++step) {
    const auto pick = random() % 10;
    auto first_waiting = std::find_if(model.begin(), model.end(), [](auto& e) { return !e.second; });
    // The list is searched at every step; it stays short.
    if (pick < 4 && model.size() < 200) {
      model.emplace_back(window.push(delivery_of("xy")), false);
      bytes += 3;
    } else if (pick < 7 && first_waiting != model.end()) {
      ASSERT_EQ(window.next_waiting()->seq, first_waiting->first);
      window.mark_sent(first_waiting->first);
      first_waiting->second = true;
    } else if (pick < 9 && !model.empty()) {
      auto victim =
          model.begin() + static_cast<std::ptrdiff_t>(random() % std::min<std::size_t>(model.size(), 8));
      ASSERT_EQ(window.find(victim->first) != nullptr, victim->second);
      ASSERT_TRUE(window.erase(victim->first));
      model.erase(victim);
      bytes -= 3;
    } else if (first_waiting != model.end()) {
      Seq seq;
      ASSERT_TRUE(window.drop_oldest_waiting(seq));
      ASSERT_EQ(seq, first_waiting->first);
      model.erase(first_waiting);
      bytes -= 3;
    }
    ASSERT_EQ(window.count(), model.size());
    ASSERT_EQ(window.bytes(), bytes);
    std::vector<Seq> listed;
    if (step % 1000 == 0) {
      window.for_each([&](const Entry& entry) { listed.push_back(entry.seq); });
      ASSERT_EQ(listed.size(), model.size());
      for (std::size_t i = 0; i < listed.size(); ++i) ASSERT_EQ(listed[i], model[i].first);
    }
  }
}

}  // namespace
}  // namespace hermod::queue
