#include "queue/dedup_window.h"

#include <gtest/gtest.h>

namespace hermod::queue {
namespace {

using namespace std::chrono_literals;
using Found = DedupWindow::Found;

constexpr MonotonicTime kStart{1'000h};

TEST(DedupWindow, AnIdentifierCountsFromItsAdmissionToTheEndOfTheWindow) {
  DedupWindow window(10s);
  EXPECT_EQ(window.look("a", kStart).found, Found::Nothing);
  const auto number = window.admit("a", kStart);
  EXPECT_EQ(window.look("a", kStart).found, Found::Pending);
  EXPECT_EQ(window.look("a", kStart).number, number);
  window.on_stored(number);
  EXPECT_EQ(window.look("a", kStart + 9999ms).found, Found::Stored);
  EXPECT_EQ(window.look("a", kStart + 10s).found, Found::Nothing);
  EXPECT_EQ(window.look("b", kStart).found, Found::Nothing);
}

TEST(DedupWindow, WhatFailedIsNewAgain) {
  DedupWindow window(10s);
  const auto number = window.admit("a", kStart);
  window.on_failed(number);
  EXPECT_EQ(window.look("a", kStart).found, Found::Nothing);
  EXPECT_GT(window.admit("a", kStart), number) << "numbers are never given again";
  EXPECT_EQ(window.size(), 1U);
}

TEST(DedupWindow, ForgetsInOrderAndNamesTheRecords) {
  DedupWindow window(10s);
  const auto a = window.admit("a", kStart);
  const auto b = window.admit("b", kStart + 1s);
  const auto c = window.admit("c", kStart + 2s);
  window.on_stored(a);
  window.on_failed(b);
  window.on_stored(c);
  EXPECT_EQ(window.next_end(), kStart + 10s);
  EXPECT_TRUE(window.forget_old(kStart + 9s).empty());
  EXPECT_EQ(window.forget_old(kStart + 10s), std::vector{a});
  EXPECT_EQ(window.forget_old(kStart + 12s), std::vector{c}) << "what failed has no record";
  EXPECT_EQ(window.size(), 0U);
  EXPECT_EQ(window.next_end(), std::nullopt);
}

TEST(DedupWindow, APendingOneIsKnownHoweverLongItTakes) {
  DedupWindow window(10s);
  const auto a = window.admit("a", kStart);
  EXPECT_TRUE(window.forget_old(kStart + 1h).empty());
  EXPECT_EQ(window.next_end(), std::nullopt) << "nothing to do until it is stored";
  EXPECT_EQ(window.look("a", kStart + 1h).found, Found::Pending);
  window.on_stored(a);
  EXPECT_EQ(window.forget_old(kStart + 1h), std::vector{a});
}

TEST(DedupWindow, AnIdentifierThatCameAgainOutlivesItsFirstRecord) {
  DedupWindow window(10s);
  const auto first = window.admit("a", kStart);
  window.on_stored(first);
  const auto second = window.admit("a", kStart + 10s);
  window.on_stored(second);
  EXPECT_EQ(window.forget_old(kStart + 15s), std::vector{first});
  EXPECT_EQ(window.look("a", kStart + 15s).found, Found::Stored);
  EXPECT_EQ(window.look("a", kStart + 15s).number, second);
}

TEST(DedupWindow, GoesOnAfterARestartBehindItsHighestNumber) {
  DedupWindow window(10s);
  window.restore(5, "a", kStart);
  window.restore(9, "b", kStart + 1s);
  EXPECT_EQ(window.look("a", kStart + 2s).found, Found::Stored);
  EXPECT_EQ(window.admit("c", kStart + 2s), 10U);
  EXPECT_EQ(window.forget_old(kStart + 10s), std::vector<std::uint64_t>{5});
  EXPECT_EQ(window.forget_old(kStart + 11s), std::vector<std::uint64_t>{9});
}

TEST(DedupWindow, ANumberFarBehindTheOthersTakesNoMoreMemory) {
  DedupWindow window(10s);
  window.restore(1, "a", kStart);
  window.restore(1ULL << 60, "b", kStart);
  EXPECT_EQ(window.look("b", kStart).number, 1ULL << 60);
  EXPECT_EQ(window.forget_old(kStart + 10s), (std::vector<std::uint64_t>{1, 1ULL << 60}));
  EXPECT_EQ(window.admit("c", kStart + 10s), (1ULL << 60) + 1);
}

TEST(DedupWindow, ANewLengthJudgesWhatIsThere) {
  DedupWindow window(10s);
  window.on_stored(window.admit("a", kStart));
  window.set_window(2s);
  EXPECT_EQ(window.look("a", kStart + 2s).found, Found::Nothing);
  EXPECT_EQ(window.forget_old(kStart + 2s).size(), 1U);
}

TEST(DedupWindow, BeyondItsBoundsTheOldestAreForgottenAndCounted) {
  for (const DedupWindow::Bounds bounds : {DedupWindow::Bounds{2, 1000}, DedupWindow::Bounds{1000, 2}}) {
    DedupWindow window(10s, bounds);
    const auto first = window.admit("a", kStart);
    window.on_stored(first);
    window.on_stored(window.admit("b", kStart));
    EXPECT_FALSE(window.is_beyond_bounds());
    window.on_stored(window.admit("c", kStart));
    EXPECT_TRUE(window.is_beyond_bounds());
    EXPECT_EQ(window.next_end(), kStart) << "and not when the window is over";
    EXPECT_EQ(window.forget_old(kStart), std::vector{first});
    EXPECT_FALSE(window.is_beyond_bounds());
    EXPECT_EQ(window.forgotten_early(), 1U);
    EXPECT_EQ(window.look("a", kStart).found, Found::Nothing) << "who repeats it is new";
    EXPECT_EQ(window.look("b", kStart).found, Found::Stored);
  }
}

TEST(DedupWindow, WhatFailedOrIsPastTakesNoBounds) {
  DedupWindow window(10s, {.identifiers = 1, .bytes = 1});
  window.on_failed(window.admit("a", kStart));
  window.on_stored(window.admit("b", kStart));
  EXPECT_FALSE(window.is_beyond_bounds());
  window.on_stored(window.admit("b", kStart + 10s));
  EXPECT_FALSE(window.is_beyond_bounds()) << "the same once more";
  EXPECT_EQ(window.forget_old(kStart + 10s).size(), 1U);
  EXPECT_EQ(window.forgotten_early(), 0U);
}

TEST(DedupWindow, WhatIsOnItsWayIsNotForgotten) {
  DedupWindow window(10s, {.identifiers = 1, .bytes = 100});
  const auto pending = window.admit("a", kStart);
  window.on_stored(window.admit("b", kStart));
  EXPECT_TRUE(window.forget_old(kStart).empty());
  EXPECT_EQ(window.next_end(), std::nullopt);
  window.on_stored(pending);
  EXPECT_EQ(window.forget_old(kStart), std::vector{pending});
}

}  // namespace
}  // namespace hermod::queue
