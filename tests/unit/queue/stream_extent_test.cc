#include "queue/stream_extent.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <optional>

#include "queue/stream_records.h"

namespace hermod::queue {
namespace {

using namespace std::chrono_literals;
using From = StreamStart::From;

constexpr WallTime kBegin = wall_time_of(1'700'000'000'000'000);
constexpr std::uint64_t kAll = ~0ULL;

QueueDefinition kept(std::optional<std::chrono::milliseconds> time, std::optional<std::uint64_t> count = {},
                     std::optional<std::uint64_t> bytes = {}) {
  QueueDefinition definition;
  definition.name = "log";
  definition.bind = {"#"};
  definition.kind = QueueDefinition::Kind::Stream;
  definition.retention_time = time;
  definition.retention_count = count;
  definition.retention_bytes = bytes;
  return definition;
}

/// Entries of ten bytes, one a second.
void fill(StreamExtent& extent, int count) {
  for (int i = 0; i < count; ++i) {
    const Seq seq = extent.next();
    extent.append(seq, 10, kBegin + std::chrono::seconds(seq.v));
  }
}

TEST(StreamExtent, CountsWhatIsStored) {
  StreamExtent extent(kept(7 * 24h));
  EXPECT_EQ(extent.first(), Seq{1});
  EXPECT_EQ(extent.next(), Seq{1});
  fill(extent, 1000);
  EXPECT_EQ(extent.first(), Seq{1});
  EXPECT_EQ(extent.next(), Seq{1001});
  EXPECT_EQ(extent.held(), (Amount{1000, 10'000}));
  EXPECT_FALSE(extent.take_leaving(kBegin + 1h, kAll));
}

TEST(StreamExtent, ASmallCountIsKeptExactly) {
  StreamExtent extent(kept({}, 10));
  fill(extent, 10);
  EXPECT_FALSE(extent.take_leaving(kBegin, kAll));
  fill(extent, 3);
  const auto leaving = extent.take_leaving(kBegin, kAll);
  ASSERT_TRUE(leaving);
  EXPECT_EQ(leaving->from, Seq{1});
  EXPECT_EQ(leaving->to, Seq{4});
  EXPECT_EQ(leaving->entries, 3U);
  EXPECT_FALSE(leaving->leaves_mark);
  EXPECT_EQ(extent.first(), Seq{4});
  EXPECT_EQ(extent.held().messages, 10U);
}

TEST(StreamExtent, ALargeRetentionKeepsASixteenthMoreAtMostAndNothingLess) {
  StreamExtent by_count(kept({}, 1600));
  StreamExtent by_bytes(kept({}, {}, 16'000));
  for (int i = 0; i < 5000; ++i) {
    fill(by_count, 1);
    fill(by_bytes, 1);
    by_count.take_leaving(kBegin, kAll);
    by_bytes.take_leaving(kBegin, kAll);
    EXPECT_LE(by_count.held().messages, 1700U);
    EXPECT_GE(by_count.held().messages, std::min(i + 1, 1600));
    EXPECT_LE(by_bytes.held().bytes, 17'000U);
    EXPECT_GE(by_bytes.held().bytes, std::min(10 * (i + 1), 16'000));
  }
}

TEST(StreamExtent, WhatIsTooOldLeavesAndTheLastOneLeavesAMark) {
  StreamExtent extent(kept(1600s));
  fill(extent, 1600);
  EXPECT_FALSE(extent.take_leaving(kBegin + 1600s, kAll)) << "nothing leaves too early";
  const auto due = extent.next_due();
  ASSERT_TRUE(due);
  EXPECT_LE(*due, kBegin + 1600s + 101s + 1s);
  EXPECT_TRUE(extent.take_leaving(*due, kAll));
  const auto rest = extent.take_leaving(kBegin + 2h, kAll);
  ASSERT_TRUE(rest);
  EXPECT_TRUE(rest->leaves_mark);
  EXPECT_EQ(rest->to, Seq{1601});
  EXPECT_EQ(extent.held(), Amount{});
  EXPECT_EQ(extent.first(), Seq{1601});
  EXPECT_FALSE(extent.next_due());
  fill(extent, 1);
  const auto behind = extent.take_leaving(kBegin + 9h, kAll);
  ASSERT_TRUE(behind);
  EXPECT_EQ(behind->from, Seq{1600}) << "the mark leaves with what came behind it";
  EXPECT_EQ(behind->entries, 1U);
}

TEST(StreamExtent, SlicesAreBounded) {
  StreamExtent extent(kept(1h));
  fill(extent, 3000);
  std::uint64_t gone = 0;
  while (const auto leaving = extent.take_leaving(kBegin + 9h, 512)) {
    EXPECT_LE(leaving->entries, 512U);
    gone += leaving->entries;
  }
  EXPECT_EQ(gone, 3000U);
}

TEST(StreamExtent, AReaderBeginsWhereItSays) {
  StreamExtent extent(kept({}, 1000));
  fill(extent, 1500);
  extent.take_leaving(kBegin, kAll);
  const Seq first = extent.first();
  EXPECT_EQ(extent.position({}).next, Seq{1501});
  EXPECT_EQ(extent.position({.from = From::Earliest}).next, first);
  EXPECT_EQ(extent.position({.from = From::Offset, .offset = Seq{1200}}).next, Seq{1200});
  EXPECT_EQ(extent.position({.from = From::Offset, .offset = Seq{1}}).next, first) << "it is gone";
  EXPECT_EQ(extent.position({.from = From::Offset, .offset = Seq{9999}}).next, Seq{1501}) << "not there yet";
  const StreamPosition by_time = extent.position({.from = From::Time, .time = kBegin + 1300s});
  EXPECT_LE(by_time.next, Seq{1300});
  EXPECT_GT(by_time.next.v + 256, 1300U);
  EXPECT_EQ(by_time.not_before, kBegin + 1300s);
  EXPECT_EQ(extent.position({.from = From::Time, .time = kBegin + 9h}).next, Seq{1501});
  EXPECT_EQ(extent.position({.from = From::Time, .time = {}}).next, first);
}

TEST(StreamExtent, AClockThatGoesBackMovesNothing) {
  StreamExtent extent(kept(1h));
  extent.append(Seq{1}, 10, kBegin + 1h);
  extent.append(Seq{2}, 10, kBegin);
  EXPECT_FALSE(extent.take_leaving(kBegin + 2h - 1s, kAll));
  EXPECT_TRUE(extent.take_leaving(kBegin + 2h, kAll));
}

TEST(StreamExtent, AStartFindsWhatThereWas) {
  StreamExtent extent(kept(1h, 320));
  extent.restore_mark(Seq{40});
  bool is_full = false;
  for (std::uint64_t seq = 41; seq <= 65; ++seq) {
    is_full = extent.restore(Seq{seq}, 10);
    if (is_full) extent.set_newest(kBegin + std::chrono::seconds(seq));
  }
  EXPECT_FALSE(is_full);
  extent.set_newest(kBegin + 65s);
  EXPECT_EQ(extent.first(), Seq{41});
  EXPECT_EQ(extent.next(), Seq{66});
  EXPECT_EQ(extent.held(), (Amount{25, 250}));
  EXPECT_EQ(extent.position({.from = From::Time, .time = kBegin + 61s}).next, Seq{61});
  const auto leaving = extent.take_leaving(kBegin + 1h + 60s, kAll);
  ASSERT_TRUE(leaving);
  EXPECT_EQ(leaving->from, Seq{40});
  EXPECT_EQ(leaving->to, Seq{61});
}

TEST(StreamExtent, AStreamOfWhichAllIsGoneGoesOnBehindItsMark) {
  StreamExtent extent(kept(1h));
  extent.restore_mark(Seq{99});
  EXPECT_EQ(extent.next(), Seq{100});
  EXPECT_EQ(extent.held(), Amount{});
}

TEST(StreamExtent, WhatHasANewerOneOfItsKeyIsNotCountedAnyMore) {
  StreamExtent extent(kept({}));
  fill(extent, 600);
  EXPECT_FALSE(extent.has_holes());
  EXPECT_EQ(extent.holes_from(), Seq{~0ULL});
  EXPECT_TRUE(extent.remove(Seq{300}, 10));
  EXPECT_EQ(extent.held(), (Amount{599, 5990}));
  EXPECT_TRUE(extent.has_holes());
  EXPECT_EQ(extent.holes_from(), Seq{0}) << "the retention has taken nothing";
  for (std::uint64_t seq = 1; seq <= 256; ++seq) extent.remove(Seq{seq}, 10);
  EXPECT_EQ(extent.first(), Seq{257});
  EXPECT_EQ(extent.position({.from = From::Earliest}).next, Seq{257});
  EXPECT_EQ(extent.position({.from = From::Offset, .offset = Seq{300}}).next, Seq{300})
      << "what is behind it";
  EXPECT_EQ(extent.held().messages, 343U);
  EXPECT_FALSE(extent.remove(Seq{1}, 10)) << "it is in no block any more";
}

/// One key for ever: neither what is in memory nor what the retention erases grows with what was stored.
TEST(StreamExtent, WhatIsRemovedTakesNoPlace) {
  StreamExtent extent(kept({}, 3));
  std::uint64_t erased = 0;
  for (std::uint64_t seq = 1; seq <= 100'000; ++seq) {
    fill(extent, 1);
    if (seq > 2 && seq % 1000 != 0) extent.remove(Seq{seq - 1}, 10);
    while (const auto leaving = extent.take_leaving(kBegin, 512)) {
      for (const auto& [from, to] : leaving->stretches) {
        EXPECT_LE(to.v - from.v, 512U);
        erased += to.v - from.v;
      }
    }
  }
  EXPECT_LE(extent.held().messages, 4U);
  EXPECT_LT(erased, 100'000U);
  EXPECT_GT(erased, 90U);
}

TEST(StreamExtent, ARetentionTakesWhatIsLeftBetweenHoles) {
  StreamExtent extent(kept(1h));
  fill(extent, 1000);
  for (std::uint64_t seq = 1; seq < 1000; ++seq)
    if (seq != 5 && seq != 900) extent.remove(Seq{seq}, 10);
  EXPECT_EQ(extent.held().messages, 3U);
  const auto leaving = extent.take_leaving(kBegin + 9h, kAll);
  ASSERT_TRUE(leaving);
  EXPECT_EQ(leaving->entries, 3U);
  EXPECT_TRUE(leaving->leaves_mark);
  EXPECT_EQ(leaving->to, Seq{1001});
  const auto has = [&](Seq seq) {
    return std::ranges::any_of(leaving->stretches,
                               [&](const auto& one) { return one.from <= seq && seq < one.to; });
  };
  EXPECT_TRUE(has(Seq{5}) && has(Seq{900}) && has(Seq{1000}));
  EXPECT_EQ(extent.holes_from(), Seq{1001});
  EXPECT_EQ(extent.held(), Amount{});
}

TEST(StreamExtent, AStartFindsHolesAndAsksForTheTimeOfWhatABlockHoldsAtMost) {
  StreamExtent extent(kept(1h));
  int asked = 0;
  for (std::uint64_t entry = 1; entry <= 1000; ++entry) {
    const Seq seq{entry * 1'000'000};
    if (!extent.restore(seq, 10)) continue;
    ++asked;
    extent.set_newest(kBegin + std::chrono::seconds(entry));
  }
  extent.set_newest(kBegin + 1000s);
  EXPECT_EQ(asked, 3);
  EXPECT_TRUE(extent.has_holes());
  EXPECT_EQ(extent.first(), Seq{1'000'000});
  EXPECT_FALSE(extent.take_leaving(kBegin + 1h + 255s, kAll)) << "none is taken for older than it may be";
  std::uint64_t sequences = 0;
  std::uint64_t entries = 0;
  while (const auto leaving = extent.take_leaving(kBegin + 9h, 100)) {
    EXPECT_LE(leaving->entries, 100U);
    entries += leaving->entries;
    for (const auto& [from, to] : leaving->stretches) sequences += to.v - from.v;
  }
  EXPECT_EQ(entries, 1000U);
  EXPECT_EQ(sequences, 1000U) << "holes are not erased";
}

TEST(StreamRecords, APositionComesBackAsItWasStored) {
  const StreamPosition position{Seq{17}, kBegin};
  const std::string record = encode_stream_position(position);
  const auto decoded = decode_stream_position(as_bytes(record));
  ASSERT_TRUE(decoded);
  EXPECT_EQ(*decoded, position);
  EXPECT_FALSE(decode_stream_position(as_bytes(record.substr(0, 16))));
  EXPECT_FALSE(decode_stream_position(as_bytes(record + "x")));
  EXPECT_FALSE(decode_stream_position(as_bytes(encode_stream_position({Seq{0}, {}}))));
  std::string newer = record;
  newer[0] = 9;
  EXPECT_EQ(decode_stream_position(as_bytes(newer)).error().code, Errc::Unsupported);
}

}  // namespace
}  // namespace hermod::queue
