#include "queue/stream_window.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace hermod::queue {
namespace {

StreamEntry stream_entry(std::uint64_t seq, WallTime stored_at = {}) {
  Message::Fields fields;
  fields.topic = "t";
  const std::string payload(9, 'p');
  fields.payload = as_bytes(payload);
  fields.stored_at = stored_at;
  return {Seq{seq}, Message::create(fields), {}};
}

std::vector<StreamEntry> stream_entries(std::uint64_t from, std::uint64_t to) {
  std::vector<StreamEntry> all;
  for (std::uint64_t seq = from; seq <= to; ++seq) all.push_back(stream_entry(seq));
  return all;
}

std::vector<std::uint64_t> taken_out(StreamWindow& window) {
  std::vector<std::uint64_t> all;
  for (; window.next() != nullptr; window.pop()) all.push_back(window.next()->seq.v);
  return all;
}

using Numbers = std::vector<std::uint64_t>;

class StreamWindowTest : public ::testing::Test {
 protected:
  StreamWindow window_{{8, 1000}};
};

TEST_F(StreamWindowTest, AtTheEndEntriesComeAsTheyAreStored) {
  window_.begin({Seq{5}, {}});
  EXPECT_FALSE(window_.should_read(Seq{5}));
  window_.offer(stream_entries(5, 7));
  EXPECT_EQ(taken_out(window_), (Numbers{5, 6, 7}));
  EXPECT_EQ(window_.position().next, Seq{8});
}

TEST_F(StreamWindowTest, WhatIsBehindIsReadPageByPage) {
  window_.begin({Seq{1}, {}});
  ASSERT_TRUE(window_.should_read(Seq{7}));
  EXPECT_EQ(window_.begin_page(), Seq{1});
  EXPECT_FALSE(window_.should_read(Seq{7})) << "one page at a time";
  auto page = stream_entries(1, 4);
  EXPECT_EQ(window_.load(page, Seq{5}, Seq{5}), 0U);
  EXPECT_TRUE(window_.should_read(Seq{7})) << "half of it is there, the next page is asked for in time";
  EXPECT_EQ(window_.begin_page(), Seq{5});
  page = stream_entries(5, 6);
  EXPECT_EQ(window_.load(page, Seq{7}, Seq{7}), 0U);
  EXPECT_FALSE(window_.should_read(Seq{7}));
  EXPECT_EQ(taken_out(window_), (Numbers{1, 2, 3, 4, 5, 6}));
}

TEST_F(StreamWindowTest, WhatIsStoredWhileAPageIsReadJoinsItOnce) {
  window_.begin({Seq{1}, {}});
  window_.begin_page();
  window_.offer(stream_entries(3, 3));
  window_.offer(stream_entries(4, 4));
  auto page = stream_entries(1, 3);  // the store had the first of them by then
  window_.load(page, Seq{4}, Seq{3});
  EXPECT_EQ(taken_out(window_), (Numbers{1, 2, 3, 4}));
  window_.offer(stream_entries(5, 5));
  EXPECT_EQ(taken_out(window_), (Numbers{5}));
}

TEST_F(StreamWindowTest, WhatFindsNoRoomIsLeftToTheStore) {
  window_.begin({Seq{1}, {}});
  window_.offer(stream_entries(1, 20));
  EXPECT_EQ(window_.size(), 8U);
  window_.offer(stream_entries(21, 21));
  EXPECT_EQ(taken_out(window_).size(), 8U);
  ASSERT_TRUE(window_.should_read(Seq{22}));
  EXPECT_EQ(window_.begin_page(), Seq{9});
  window_.offer(stream_entries(22, 40));  // more than a tail may be
  auto page = stream_entries(9, 12);
  window_.load(page, Seq{13}, Seq{13});
  EXPECT_EQ(taken_out(window_), (Numbers{9, 10, 11, 12}));
  EXPECT_TRUE(window_.should_read(Seq{41}));
}

TEST_F(StreamWindowTest, WhatIsGoneIsPassedOverAndCounted) {
  window_.begin({Seq{1}, {}});
  EXPECT_EQ(window_.begin_at_least(Seq{4}), 3U);
  EXPECT_EQ(window_.begin_at_least(Seq{2}), 0U);
  window_.begin_page();
  std::vector<StreamEntry> page{stream_entry(6), stream_entry(7)};
  EXPECT_EQ(window_.load(page, Seq{8}, Seq{9}), 3U) << "4 and 5, and 8 behind them";
  EXPECT_EQ(taken_out(window_), (Numbers{6, 7}));
  EXPECT_FALSE(window_.should_read(Seq{9}));
}

TEST_F(StreamWindowTest, BehindWhatTheRetentionHasTakenAHoleIsNoLoss) {
  window_.begin({Seq{1}, {}});
  window_.begin_page();
  std::vector<StreamEntry> page{stream_entry(6), stream_entry(9)};
  EXPECT_EQ(window_.load(page, Seq{10}, Seq{12}, Seq{4}), 3U) << "1 to 3";
  EXPECT_EQ(taken_out(window_), (Numbers{6, 9}));
  EXPECT_EQ(window_.position().next, Seq{12});
  window_.offer(stream_entries(12, 12));
  EXPECT_EQ(taken_out(window_), (Numbers{12}));
}

TEST_F(StreamWindowTest, WhatIsGoneInFrontIsALossWhereTheRetentionWas) {
  window_.begin({Seq{10}, {}});
  EXPECT_EQ(window_.begin_at_least(Seq{15}, Seq{5}), 0U);
  EXPECT_EQ(window_.begin_at_least(Seq{25}, Seq{20}), 5U);
  EXPECT_EQ(window_.position().next, Seq{25});
}

TEST_F(StreamWindowTest, APageThatCannotBeHadIsAskedForAgain) {
  window_.begin({Seq{1}, {}});
  window_.begin_page();
  window_.offer(stream_entries(3, 3));
  window_.fail_page();
  EXPECT_TRUE(window_.should_read(Seq{4}));
  EXPECT_EQ(window_.begin_page(), Seq{1});
}

TEST_F(StreamWindowTest, APageForAnotherPlaceIsNotExpected) {
  window_.begin({Seq{1}, {}});
  window_.begin_page();
  window_.begin({Seq{5}, {}});
  EXPECT_FALSE(window_.expects(Seq{1}));
  window_.begin_page();
  EXPECT_FALSE(window_.expects(Seq{1}));
  EXPECT_TRUE(window_.expects(Seq{5}));
}

TEST_F(StreamWindowTest, APageOfAnEarlierConnectionKnowsNothingOfWhatWasStoredSince) {
  window_.begin({Seq{1}, {}});
  window_.begin_page();
  auto page = stream_entries(1, 2);  // is read now, and comes late
  window_.begin({Seq{1}, {}});
  window_.begin_page();
  ASSERT_TRUE(window_.expects(Seq{1}));
  EXPECT_EQ(window_.load(page, Seq{3}, Seq{3}), 0U);
  EXPECT_EQ(taken_out(window_), (Numbers{1, 2}));
  EXPECT_TRUE(window_.should_read(Seq{5})) << "3 and 4 are still to come";
}

TEST_F(StreamWindowTest, WhatIsOlderThanTheReaderWantsIsLeftOut) {
  window_.begin({Seq{1}, wall_time_of(50)});
  std::vector<StreamEntry> page{stream_entry(1, wall_time_of(10)), stream_entry(2, wall_time_of(60)),
                                stream_entry(3, wall_time_of(40))};
  window_.begin_page();
  EXPECT_EQ(window_.load(page, Seq{4}, Seq{4}), 0U);
  EXPECT_EQ(window_.position(), (StreamPosition{Seq{2}, {}}));
  EXPECT_EQ(taken_out(window_), (Numbers{2, 3})) << "behind the first of them everything";
}

}  // namespace
}  // namespace hermod::queue
