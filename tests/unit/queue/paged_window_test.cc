#include <gtest/gtest.h>

#include <map>
#include <random>
#include <string>
#include <vector>

#include "queue/queue_window.h"

namespace hermod::queue {
namespace {

Delivery delivery(std::string_view payload = "xy") {
  Message::Fields fields;
  fields.topic = "t";
  fields.payload = as_bytes(payload);
  Delivery d;
  d.message = Message::create(fields);
  d.qos = wire::QoS::AtLeastOnce;
  return d;
}

Entry entry(std::uint64_t seq) {
  return {Seq{seq}, delivery(), Entry::Phase::Waiting};
}

std::vector<Entry> page(std::uint64_t first, std::uint64_t last) {
  std::vector<Entry> entries;
  for (std::uint64_t seq = first; seq <= last; ++seq) entries.push_back(entry(seq));
  return entries;
}

void offer(QueueWindow& window, std::uint64_t first, std::uint64_t last) {
  for (std::uint64_t seq = first; seq <= last; ++seq) window.offer(Seq{seq}, delivery());
}

Amount load(QueueWindow& window, std::vector<Entry> entries, std::uint64_t end, bool to_end = false) {
  return window.load(entries, Seq{end}, to_end);
}

std::vector<std::uint64_t> hand_out(QueueWindow& window) {
  std::vector<std::uint64_t> order;
  while (const Entry* waiting = window.next_waiting()) {
    order.push_back(waiting->seq.v);
    window.mark_sent(waiting->seq);
  }
  return order;
}

using Seqs = std::vector<std::uint64_t>;

TEST(PagedWindow, WhatIsBeyondTheLimitIsOnlyCounted) {
  QueueWindow window;
  window.set_limit({3, QueueWindow::kNoLimit});
  offer(window, 1, 10);
  EXPECT_TRUE(window.is_behind());
  EXPECT_EQ(window.loaded(), (Amount{3, 9}));
  EXPECT_EQ(window.stored(), (Amount{7, 21}));
  EXPECT_EQ(window.waiting(), 10U);
  EXPECT_EQ(window.bytes(), 30U);
  EXPECT_EQ(hand_out(window), (Seqs{1, 2, 3}));
  EXPECT_EQ(window.first_waiting(), Seq{4});
}

TEST(PagedWindow, TheLimitOfBytesLeavesRoomForOneEntry) {
  QueueWindow window;
  window.set_limit({10, 4});
  window.offer(Seq{1}, delivery("much more than four bytes"));
  window.offer(Seq{2}, delivery());
  EXPECT_EQ(window.loaded().messages, 1U);
  EXPECT_EQ(window.stored().messages, 1U);
}

TEST(PagedWindow, PagesComeInOrderAndTheLastOneMakesItLevel) {
  QueueWindow window;
  window.set_limit({2, QueueWindow::kNoLimit});
  offer(window, 1, 8);
  EXPECT_EQ(window.begin_page(), Seq{3});
  load(window, page(3, 5), 6);
  EXPECT_EQ(window.begin_page(), Seq{6});
  EXPECT_EQ(load(window, page(6, 8), 9, true), Amount{});
  EXPECT_FALSE(window.is_behind());
  EXPECT_EQ(hand_out(window), (Seqs{1, 2, 3, 4, 5, 6, 7, 8}));
}

TEST(PagedWindow, WhatIsOfferedDuringTheLastPageFollowsItWithoutAnotherOne) {
  QueueWindow window;
  window.set_limit({2, QueueWindow::kNoLimit});
  offer(window, 1, 4);
  window.begin_page();
  offer(window, 5, 6);
  EXPECT_EQ(load(window, page(3, 4), 5, true), Amount{});
  EXPECT_FALSE(window.is_behind());
  EXPECT_EQ(hand_out(window), (Seqs{1, 2, 3, 4, 5, 6}));
}

TEST(PagedWindow, WhatIsOfferedDuringAPageBeyondTheLimitNeedsAnotherOne) {
  QueueWindow window;
  window.set_limit({2, QueueWindow::kNoLimit});
  offer(window, 1, 4);
  window.begin_page();
  offer(window, 5, 7);
  load(window, page(3, 4), 5, true);
  EXPECT_TRUE(window.is_behind());
  EXPECT_EQ(window.stored().messages, 3U);
  EXPECT_EQ(window.begin_page(), Seq{5});
  load(window, page(5, 7), 8, true);
  EXPECT_EQ(hand_out(window), (Seqs{1, 2, 3, 4, 5, 6, 7}));
}

TEST(PagedWindow, APageMayHoldWhatWasCommittedAndIsNotOfferedYet) {
  QueueWindow window;
  window.set_limit({2, QueueWindow::kNoLimit});
  offer(window, 1, 4);
  window.begin_page();
  load(window, page(3, 6), 7, true);
  EXPECT_FALSE(window.is_behind());
  EXPECT_EQ(window.count(), 4U);
  offer(window, 5, 6);
  EXPECT_EQ(window.waiting(), 6U);
  EXPECT_EQ(hand_out(window), (Seqs{1, 2, 3, 4}));
}

TEST(PagedWindow, APageMayHoldWhatWasOfferedAfterItWasAskedFor) {
  QueueWindow window;
  window.set_limit({2, QueueWindow::kNoLimit});
  offer(window, 1, 4);
  window.begin_page();
  offer(window, 5, 9);
  load(window, page(3, 7), 8, true);
  EXPECT_EQ(hand_out(window), (Seqs{1, 2, 3, 4, 5, 6, 7}));
  EXPECT_EQ(window.stored().messages, 2U);
  EXPECT_EQ(window.begin_page(), Seq{8});
}

TEST(PagedWindow, ALimitOfNothingLeavesOnlyWhatIsInFlight) {
  QueueWindow window;
  offer(window, 1, 5);
  window.mark_sent(Seq{1});
  window.mark_sent(Seq{2});
  window.set_limit({0, 0});
  EXPECT_EQ(window.next_waiting(), nullptr);
  EXPECT_NE(window.find(Seq{2}), nullptr);
  EXPECT_EQ(window.first_waiting(), Seq{3});
  EXPECT_EQ(window.count(), 5U);
  EXPECT_EQ(window.stored(), (Amount{3, 9}));
  window.offer(Seq{6}, delivery());
  EXPECT_EQ(window.begin_page(), Seq{3});
  window.set_limit({100, 100});
  load(window, page(3, 6), 7, true);
  EXPECT_EQ(hand_out(window), (Seqs{3, 4, 5, 6}));
}

TEST(PagedWindow, APageThatWasAskedForBeforeTheWindowShrankIsNotTaken) {
  QueueWindow window;
  window.set_limit({4, QueueWindow::kNoLimit});
  offer(window, 1, 8);
  EXPECT_EQ(window.begin_page(), Seq{5});
  window.set_limit({1, QueueWindow::kNoLimit});
  load(window, page(5, 8), 9, true);
  EXPECT_FALSE(window.is_reading());
  EXPECT_EQ(window.loaded().messages, 1U);
  EXPECT_EQ(window.begin_page(), Seq{2});
}

TEST(PagedWindow, WhatWasErasedInTheStoreIsLeftOutOfAnOlderPage) {
  QueueWindow window;
  window.set_limit({1, QueueWindow::kNoLimit});
  offer(window, 1, 5);
  ASSERT_TRUE(window.holds_stored(Seq{3}));
  window.erase_stored(Seq{3}, 3);
  EXPECT_FALSE(window.holds_stored(Seq{3}));
  EXPECT_EQ(window.count(), 4U);
  window.begin_page();
  window.on_erased(Seq{3});
  load(window, page(2, 5), 6, true);
  EXPECT_EQ(hand_out(window), (Seqs{1, 2, 4, 5}));
}

TEST(PagedWindow, WhatWasErasedBetweenTwoReadingsOfOnePageStaysErased) {
  QueueWindow window;
  offer(window, 1, 4);
  window.mark_sent(Seq{1});
  window.erase(Seq{3});
  window.set_limit({0, 0});
  window.begin_page();
  load(window, page(2, 4), 5, true);
  EXPECT_EQ(window.waiting(), 2U);
  window.set_limit({0, 0});
  window.begin_page();
  load(window, page(2, 4), 5, true);
  EXPECT_EQ(hand_out(window), (Seqs{2, 4}));
}

TEST(PagedWindow, WhatTheStoreCouldNotGiveIsToldAtTheEnd) {
  QueueWindow window;
  window.set_limit({1, QueueWindow::kNoLimit});
  offer(window, 1, 4);
  window.begin_page();
  std::vector<Entry> damaged{entry(2), entry(4)};
  EXPECT_EQ(load(window, std::move(damaged), 5, true), (Amount{1, 3}));
  EXPECT_EQ(window.count(), 3U);
  EXPECT_EQ(window.bytes(), 9U);
}

TEST(PagedWindow, SkippedSequencesNeedNoPage) {
  QueueWindow window;
  window.set_limit({1, QueueWindow::kNoLimit});
  offer(window, 1, 2);
  window.skip(Seq{3});
  window.offer(Seq{4}, delivery());
  EXPECT_EQ(window.stored().messages, 2U);
  window.begin_page();
  window.skip(Seq{5});
  std::vector<Entry> both{entry(2), entry(4)};
  EXPECT_EQ(load(window, std::move(both), 5, true), Amount{});
  EXPECT_FALSE(window.is_behind());
  EXPECT_EQ(window.next(), Seq{6});
}

TEST(PagedWindow, ARestartKnowsTheNumbersAndReadsTheRest) {
  QueueWindow window;
  window.restore(Seq{7}, delivery());
  window.mark_sent(Seq{7});
  window.restore_stored(Seq{9}, Seq{12}, {3, 9});
  window.resume_at(Seq{64});
  EXPECT_EQ(window.count(), 4U);
  EXPECT_EQ(window.bytes(), 12U);
  EXPECT_EQ(window.first_waiting(), Seq{9});
  EXPECT_EQ(window.next(), Seq{64});
  EXPECT_EQ(window.begin_page(), Seq{9});
  std::vector<Entry> rest{entry(9), entry(10), entry(12)};
  EXPECT_EQ(load(window, std::move(rest), 13, true), Amount{});
  EXPECT_FALSE(window.is_behind());
  EXPECT_EQ(hand_out(window), (Seqs{9, 10, 12}));
}

/// A store that has everything, and a window that is limited, unloaded and read in slices at random: what is
/// handed out is what was put in, in order, once.
TEST(PagedWindow, AgreesWithASimpleStoreUnderRandomOperations) {
  std::mt19937 random(11);
  QueueWindow window;
  std::map<std::uint64_t, bool> store;  // sequence -> offered
  std::vector<Entry> asked;             // the page on its way
  std::uint64_t asked_end = 0;
  bool asked_to_end = false;
  std::uint64_t given = 0;
  std::uint64_t offered = 0;
  std::uint64_t handed = 0;
  std::vector<std::uint64_t> in_flight;
  for (int step = 0; step < 100'000; ++step) {
    switch (random() % 8) {
      case 0:
      case 1:
        if (given - handed < 40) store[++given] = false;
        break;
      case 2:
        if (offered < given) window.offer(Seq{++offered}, delivery());
        break;
      case 3:
        if (random() % 4 == 0) window.set_limit({random() % 6, QueueWindow::kNoLimit});
        break;
      case 4:
        if (window.is_behind() && !window.is_reading()) {
          const std::uint64_t from = window.begin_page().v;
          asked.clear();
          asked_to_end = true;
          asked_end = from;
          for (auto at = store.lower_bound(from); at != store.end(); ++at) {
            if (asked.size() == 3) {
              asked_to_end = false;
              break;
            }
            asked.push_back(entry(at->first));
            asked_end = at->first + 1;
          }
        }
        break;
      case 5:
        if (window.is_reading()) {
          ASSERT_EQ(window.load(asked, Seq{asked_end}, asked_to_end), Amount{});
        }
        break;
      case 6:
        if (const Entry* waiting = window.next_waiting()) {
          ASSERT_EQ(waiting->seq.v, ++handed);
          in_flight.push_back(handed);
          window.mark_sent(waiting->seq);
        }
        break;
      default:
        if (!in_flight.empty()) {
          const std::size_t index = random() % in_flight.size();
          ASSERT_TRUE(window.erase(Seq{in_flight[index]}));
          store.erase(in_flight[index]);
          in_flight.erase(in_flight.begin() + static_cast<std::ptrdiff_t>(index));
        }
    }
    ASSERT_EQ(window.waiting(), offered - handed);
    ASSERT_EQ(window.count(), offered - handed + in_flight.size());
    ASSERT_EQ(window.bytes(), 3 * window.count());
  }
  EXPECT_GT(handed, 5'000U);
}

}  // namespace
}  // namespace hermod::queue
