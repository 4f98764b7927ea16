#include "session/stream_readers.h"

#include <gtest/gtest.h>

#include <memory>

namespace hermod::session {
namespace {

queue::NamedQueuePtr stream_numbered(std::uint64_t number) {
  queue::NamedQueue named;
  named.id = QueueId{number};
  return std::make_shared<const queue::NamedQueue>(std::move(named));
}

class StreamReadersTest : public ::testing::Test {
 protected:
  StreamReader& reader(std::uint64_t number = 1) {
    if (StreamReader* there = readers_.find(QueueId{number})) return *there;
    StreamReader& made = readers_.add(stream_numbered(number), {100, 100'000});
    made.begin({Seq{10}, {}});
    return made;
  }
  StreamReaders readers_;
};

TEST_F(StreamReadersTest, AReaderStandsWhereItsClientHasAcknowledgedNothing) {
  readers_.sent(reader(), Seq{1}, Seq{10});
  readers_.sent(reader(), Seq{2}, Seq{11});
  readers_.sent(reader(), Seq{3}, Seq{12});
  EXPECT_TRUE(readers_.acknowledge(Seq{2}));
  EXPECT_EQ(reader().position().next, Seq{10});
  EXPECT_TRUE(readers_.acknowledge(Seq{1}));
  EXPECT_EQ(reader().position().next, Seq{12});
  EXPECT_FALSE(readers_.acknowledge(Seq{1})) << "once";
  EXPECT_FALSE(readers_.acknowledge(Seq{9}));
}

TEST_F(StreamReadersTest, WithoutItsConnectionItGoesBackToThere) {
  readers_.attach(reader());
  readers_.sent(reader(), Seq{1}, Seq{10});
  readers_.sent(reader(), Seq{2}, Seq{11});
  readers_.acknowledge(Seq{1});
  EXPECT_EQ(readers_.disconnect(), std::vector<Seq>{Seq{2}});
  EXPECT_FALSE(reader().is_attached);
  EXPECT_EQ(reader().window.position().next, Seq{11});
  EXPECT_FALSE(readers_.acknowledge(Seq{2})) << "its exchange is over";
}

TEST_F(StreamReadersTest, WhoIsPutElsewhereForgetsWhatIsUnderWay) {
  readers_.sent(reader(), Seq{1}, Seq{10});
  reader().begin({Seq{3}, {}});
  EXPECT_EQ(reader().position().next, Seq{3});
  EXPECT_TRUE(readers_.acknowledge(Seq{1})) << "the exchange ends as ever";
  EXPECT_EQ(reader().position().next, Seq{3});
}

TEST_F(StreamReadersTest, WhatIsWithTheClientOfAReaderThatHasGoneIsStillAnswered) {
  readers_.sent(reader(1), Seq{1}, Seq{10});
  readers_.sent(reader(2), Seq{2}, Seq{10});
  readers_.remove(QueueId{1});
  EXPECT_EQ(readers_.find(QueueId{1}), nullptr);
  EXPECT_TRUE(readers_.acknowledge(Seq{1}));
  EXPECT_TRUE(readers_.acknowledge(Seq{2}));
  EXPECT_TRUE(readers_.disconnect().empty());
}

TEST_F(StreamReadersTest, AReaderMovesUntilTheLastSubscriptionIsStored) {
  readers_.begin_move(QueueId{1});
  readers_.begin_move(QueueId{1});
  EXPECT_FALSE(readers_.is_moving(QueueId{2}));
  readers_.end_move(QueueId{1});
  EXPECT_TRUE(readers_.is_moving(QueueId{1}));
  readers_.end_move(QueueId{1});
  EXPECT_FALSE(readers_.is_moving(QueueId{1}));
}

}  // namespace
}  // namespace hermod::session
