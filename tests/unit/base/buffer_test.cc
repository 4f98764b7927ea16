#include "base/buffer.h"

#include <gtest/gtest.h>
#include <sys/uio.h>

#include <string>

namespace hermod {
namespace {

std::string gathered(const WriteQueue& queue, std::size_t most = 1024) {
  std::vector<iovec> pieces(most);
  const std::size_t count = queue.gather(pieces.data(), most);
  std::string text;
  for (std::size_t i = 0; i < count; ++i)
    text.append(static_cast<const char*>(pieces[i].iov_base), pieces[i].iov_len);
  return text;
}

TEST(ReadBuffer, WholePacketsAreSeenWithoutACopy) {
  ReadBuffer buffer;
  const std::string arrived = "packet";
  buffer.show(as_bytes(arrived));
  EXPECT_EQ(buffer.bytes().data(), as_bytes(arrived).data());
  buffer.consume(6);
  buffer.keep_rest();
  EXPECT_TRUE(buffer.empty());
  EXPECT_EQ(buffer.owned_bytes(), 0U);
}

TEST(ReadBuffer, UnfinishedPacketSurvivesTheScratchBuffer) {
  ReadBuffer buffer;
  std::string scratch = "one|tw";
  buffer.show(as_bytes(scratch));
  buffer.consume(4);
  buffer.keep_rest();
  scratch = "o|thre";
  EXPECT_EQ(as_text(buffer.bytes()), "tw");
  EXPECT_GT(buffer.owned_bytes(), 0U);
  buffer.show(as_bytes(scratch));
  EXPECT_EQ(as_text(buffer.bytes()), "two|thre");
  buffer.consume(4);
  buffer.keep_rest();
  scratch = "e";
  buffer.show(as_bytes(scratch));
  EXPECT_EQ(as_text(buffer.bytes()), "three");
}

TEST(ReadBuffer, OwnedMemoryGoesWithTheLastByteOfThePacket) {
  ReadBuffer buffer;
  buffer.show(as_bytes("ab"));
  buffer.keep_rest();
  buffer.show(as_bytes("c"));
  EXPECT_EQ(as_text(buffer.bytes()), "abc");
  buffer.consume(3);
  buffer.keep_rest();
  EXPECT_EQ(buffer.owned_bytes(), 0U);
}

TEST(ReadBuffer, PacketThatArrivesByteByByteIsPutTogether) {
  const std::string packet = "a packet that nobody sends at once";
  ReadBuffer buffer;
  for (const char byte : packet) {
    buffer.show(as_bytes(std::string_view(&byte, 1)));
    buffer.keep_rest();
  }
  EXPECT_EQ(as_text(buffer.bytes()), packet);
}

TEST(WriteQueue, SmallPacketsShareAPiece) {
  WriteQueue queue;
  for (int i = 0; i < 10; ++i) queue.append(as_bytes("0123456789"));
  std::vector<iovec> pieces(16);
  EXPECT_EQ(queue.gather(pieces.data(), pieces.size()), 1U);
  EXPECT_EQ(queue.size(), 100U);
}

TEST(WriteQueue, OrderHoldsBetweenCopiedAndSharedBytes) {
  WriteQueue queue;
  const SharedBytes payload = SharedBytes::copy_of("payload");
  queue.append(as_bytes("head "));
  queue.append_shared(payload);
  queue.append(as_bytes(" tail"));
  EXPECT_EQ(gathered(queue), "head payload tail");
  std::vector<iovec> pieces(3);
  ASSERT_EQ(queue.gather(pieces.data(), 3), 3U);
  EXPECT_EQ(pieces[1].iov_base, payload.bytes().data()) << "held, not copied";
  EXPECT_EQ(gathered(queue, 2), "head payload");
}

TEST(WriteQueue, NothingIsAppendedForNoBytes) {
  WriteQueue queue;
  queue.append({});
  queue.append_shared({});
  EXPECT_TRUE(queue.empty());
  EXPECT_EQ(gathered(queue), "");
}

TEST(WriteQueue, AnySplitOfTheWritesKeepsTheBytes) {
  std::string all;
  for (std::size_t step = 1; step < 400; step += 7) {
    WriteQueue queue;
    all.clear();
    for (int i = 0; i < 200; ++i) {
      const std::string text = std::to_string(i) + ",";
      i % 3 == 0 ? queue.append_shared(SharedBytes::copy_of(text)) : queue.append(as_bytes(text));
      all += text;
    }
    std::string written;
    while (!queue.empty()) {
      const std::string front = gathered(queue).substr(0, step);
      written += front;
      queue.consume(front.size());
    }
    EXPECT_EQ(written, all) << step;
  }
}

TEST(WriteQueue, RoomLargerThanAnyChunkIsContiguous) {
  WriteQueue queue;
  queue.append(as_bytes("x"));
  constexpr std::size_t kSize = 300'000;
  std::memset(queue.extend(kSize), 'y', kSize);
  EXPECT_EQ(gathered(queue), "x" + std::string(kSize, 'y'));
}

TEST(WriteQueue, SharedBytesAreLetGoWhenWritten) {
  auto owner = std::make_shared<std::string>("payload");
  WriteQueue queue;
  queue.append_shared({owner, as_bytes(*owner)});
  queue.append(as_bytes("more"));
  EXPECT_EQ(owner.use_count(), 2);
  queue.consume(7);
  EXPECT_EQ(owner.use_count(), 1);
  EXPECT_EQ(gathered(queue), "more");
}

TEST(WriteQueue, AHeadGoesIntoTheRoomInFront) {
  WriteQueue queue;
  queue.keep_front_room(4);
  for (int i = 0; i < 3; ++i) {
    queue.append(as_bytes("payload"));
    queue.prepend(as_bytes("head"));
    std::vector<iovec> pieces(4);
    EXPECT_EQ(queue.gather(pieces.data(), pieces.size()), 1U);
    EXPECT_EQ(gathered(queue), "headpayload");
    queue.prepend(as_bytes("more "));
    EXPECT_EQ(gathered(queue), "more headpayload");
    EXPECT_EQ(queue.size(), 16U);
    queue.consume(queue.size());
  }
  queue.append_shared(SharedBytes::copy_of("shared"));
  queue.append(as_bytes(" copied"));
  queue.consume(2);
  queue.prepend(as_bytes("head "));
  EXPECT_EQ(gathered(queue), "head ared copied");
  queue.clear();
  queue.prepend(as_bytes("alone"));
  EXPECT_EQ(gathered(queue), "alone");
}

TEST(WriteQueue, AnothersBytesAreTakenOverWhereTheyLie) {
  const SharedBytes payload = SharedBytes::copy_of(std::string(2000, 'p'));
  WriteQueue from;
  from.append(as_bytes("head "));
  from.append_shared(payload);
  from.consume(3);
  WriteQueue to;
  to.take_all(from);
  EXPECT_TRUE(from.empty());
  EXPECT_EQ(to.size(), 2002U);
  from.append_shared(payload);
  from.append(as_bytes("tail"));
  to.take_all(from);
  EXPECT_TRUE(from.empty());
  std::vector<iovec> pieces(8);
  ASSERT_EQ(to.gather(pieces.data(), pieces.size()), 4U);
  EXPECT_EQ(pieces[1].iov_base, payload.bytes().data());
  EXPECT_EQ(pieces[2].iov_base, payload.bytes().data());
  EXPECT_EQ(gathered(to), "d " + std::string(4000, 'p') + "tail");
  to.consume(to.size());
  to.take_all(from);
  EXPECT_TRUE(to.empty());
}

TEST(WriteQueue, WhatIsTakenOverInSmallPartsSharesAPiece) {
  WriteQueue from;
  WriteQueue to;
  for (int i = 0; i < 10; ++i) {
    from.append(as_bytes("01234"));
    from.append_shared(SharedBytes::copy_of("56789"));
    from.consume(1);
    to.take_all(from);
  }
  EXPECT_EQ(to.size(), 90U);
  std::vector<iovec> pieces(16);
  EXPECT_LE(to.gather(pieces.data(), pieces.size()), 3U);
  EXPECT_EQ(gathered(to).substr(0, 18), "123456789123456789");
}

TEST(WriteQueue, SomeOfAnothersBytesAreTakenInWholePiecesOrAsAPartOfOne) {
  const SharedBytes payload = SharedBytes::copy_of(std::string(2000, 'p') + std::string(500, 'q'));
  WriteQueue from;
  from.append(as_bytes("head"));
  from.append_shared(payload);
  from.append(as_bytes(std::string(3000, 't')));
  WriteQueue to;
  to.append(as_bytes("<"));
  to.take_some(from, 2004);
  EXPECT_EQ(gathered(to), "<head") << "the payload would not fit behind it";
  to.take_some(from, 2000);
  EXPECT_EQ(gathered(to), "<head" + std::string(2000, 'p'));
  std::vector<iovec> pieces(8);
  ASSERT_EQ(to.gather(pieces.data(), pieces.size()), 3U);
  EXPECT_EQ(pieces[2].iov_base, payload.bytes().data());
  to.take_some(from, 2000);
  EXPECT_EQ(to.size(), 2505U);
  to.take_some(from, 2000);
  EXPECT_EQ(to.size(), 4505U);
  EXPECT_EQ(from.size(), 1000U);
  to.take_some(from, 2000);
  EXPECT_TRUE(from.empty());
  EXPECT_EQ(gathered(to), "<head" + std::string(2000, 'p') + std::string(500, 'q') + std::string(3000, 't'));
}

TEST(WriteQueue, ClearForgetsEverything) {
  WriteQueue queue;
  queue.append(as_bytes("lost"));
  queue.clear();
  EXPECT_TRUE(queue.empty());
  queue.append(as_bytes("next"));
  EXPECT_EQ(gathered(queue), "next");
}

TEST(WriteQueueDeathTest, MoreThanThereIsCannotBeConsumed) {
  WriteQueue queue;
  queue.append(as_bytes("abc"));
  EXPECT_DEATH(queue.consume(4), "assertion failed: size <= size_");
}

}  // namespace
}  // namespace hermod
