#include "queue/stream_compaction.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace hermod::queue {
namespace {

using Older = StreamCompaction::Older;
using Gone = std::vector<Older>;

constexpr std::size_t kEvery = ~std::size_t{0};

StreamEntry of_key(std::uint64_t seq, std::string key) {
  Message::Fields fields;
  fields.topic = "t";
  return {Seq{seq}, Message::create(fields), std::move(key)};
}
const std::size_t kSize = of_key(1, {}).message->size();

/// A stream that was empty when it began.
StreamCompaction from_the_beginning() {
  return {Seq{1}, Seq{1}};
}

TEST(StreamCompaction, AnEntryLeavesWhenANewerOneOfItsKeyIsStored) {
  StreamCompaction compaction = from_the_beginning();
  EXPECT_FALSE(compaction.to_read());
  compaction.on_stored(Seq{1}, "a", 10);
  compaction.on_stored(Seq{2}, "b", 20);
  EXPECT_EQ(compaction.take_older(kEvery), Gone{});
  compaction.on_stored(Seq{3}, "a", 30);
  EXPECT_EQ(compaction.take_older(kEvery), (Gone{{Seq{1}, 10}}));
  compaction.on_stored(Seq{4}, "a", 40);
  compaction.on_stored(Seq{5}, "b", 50);
  EXPECT_EQ(compaction.take_older(kEvery), (Gone{{Seq{3}, 30}, {Seq{2}, 20}}));
  EXPECT_EQ(compaction.take_older(kEvery), Gone{}) << "each once";
  EXPECT_EQ(compaction.keys(), 2U);
}

TEST(StreamCompaction, WhatIsToldLateIsTheOlderOne) {
  StreamCompaction compaction = from_the_beginning();
  compaction.on_stored(Seq{5}, "a", 50);
  compaction.on_stored(Seq{4}, "a", 40);
  EXPECT_EQ(compaction.take_older(kEvery), (Gone{{Seq{4}, 40}}));
  compaction.on_stored(Seq{6}, "a", 60);
  EXPECT_EQ(compaction.take_older(kEvery), (Gone{{Seq{5}, 50}}));
}

TEST(StreamCompaction, WithoutAKeyNothingLeaves) {
  StreamCompaction compaction = from_the_beginning();
  compaction.on_stored(Seq{1}, "", 10);
  compaction.on_stored(Seq{2}, "", 10);
  EXPECT_EQ(compaction.take_older(kEvery), Gone{});
  EXPECT_EQ(compaction.keys(), 0U);
}

TEST(StreamCompaction, WhatWasThereIsReadOnceAndInOrder) {
  StreamCompaction compaction(Seq{3}, Seq{8});
  EXPECT_EQ(compaction.to_read(), Seq{3});
  compaction.on_stored(Seq{8}, "a", 80);
  compaction.on_stored(Seq{7}, "a", 70);  // it comes with a page
  EXPECT_EQ(compaction.take_older(kEvery), Gone{});
  compaction.on_read(std::vector{of_key(3, "a"), of_key(4, "b")}, Seq{5});
  EXPECT_EQ(compaction.to_read(), Seq{5});
  EXPECT_EQ(compaction.take_older(kEvery), (Gone{{Seq{3}, kSize}}));
  compaction.on_read(std::vector{of_key(6, "b"), of_key(7, "a"), of_key(8, "a")}, Seq{9});
  EXPECT_FALSE(compaction.to_read());
  EXPECT_EQ(compaction.take_older(kEvery), (Gone{{Seq{4}, kSize}, {Seq{7}, kSize}})) << "8 was told";
}

TEST(StreamCompaction, WhatTheRetentionHasTakenIsForgotten) {
  StreamCompaction compaction(Seq{1}, Seq{4});
  compaction.on_stored(Seq{4}, "a", 40);
  compaction.on_stored(Seq{5}, "b", 50);
  compaction.retire(Seq{5});
  EXPECT_FALSE(compaction.to_read()) << "there is nothing left to read";
  EXPECT_EQ(compaction.keys(), 1U);
  compaction.on_read(std::vector{of_key(3, "b")}, Seq{4});  // it was on its way
  compaction.on_stored(Seq{6}, "a", 60);
  compaction.on_stored(Seq{7}, "b", 70);
  EXPECT_EQ(compaction.take_older(kEvery), (Gone{{Seq{5}, 50}})) << "the store has not got the 4 any more";
}

TEST(StreamCompaction, ASliceIsBounded) {
  StreamCompaction compaction = from_the_beginning();
  for (std::uint64_t seq = 1; seq <= 11; ++seq) compaction.on_stored(Seq{seq}, "a", 1);
  EXPECT_EQ(compaction.take_older(6).size(), 6U);
  EXPECT_EQ(compaction.older(), 4U);
  EXPECT_EQ(compaction.take_older(6).size(), 4U);
}

}  // namespace
}  // namespace hermod::queue
