// A large message that sessions share is in memory once, however many of them read it.

#include "broker/recent_messages.h"

#include <gtest/gtest.h>

#include <string>

#include "broker/page_reader.h"
#include "queue/records.h"

namespace hermod::broker {
namespace {

using queue::MessagePtr;

MessagePtr large_message(std::size_t size, std::string_view topic = "t") {
  const std::string payload(size, 'p');
  queue::Message::Fields fields;
  fields.topic = topic;
  fields.payload = as_bytes(payload);
  fields.qos = wire::QoS::AtLeastOnce;
  return queue::Message::create(fields);
}

TEST(RecentMessages, WhatIsKeptIsFoundAndNothingElse) {
  RecentMessages recent;
  const MessagePtr message = large_message(10'000);
  recent.keep({7}, message);
  EXPECT_EQ(recent.find({7}), message);
  EXPECT_FALSE(recent.find({8}));
}

TEST(RecentMessages, SmallOnesAreNotKept) {
  RecentMessages recent;
  recent.keep({7}, large_message(100));
  EXPECT_FALSE(recent.find({7}));
}

TEST(RecentMessages, TheFirstOfTwoCopiesStays) {
  RecentMessages recent;
  const MessagePtr first = large_message(10'000);
  recent.keep({7}, first);
  recent.keep({7}, large_message(10'000));
  EXPECT_EQ(recent.find({7}), first);
}

TEST(RecentMessages, TheOldestGoWhenTheyAreTooMuchTogether) {
  RecentMessages recent;
  constexpr std::size_t kSize = RecentMessages::kMostBytes / 4;
  for (const std::uint64_t id : {1U, 2U, 3U, 4U, 5U}) recent.keep({id}, large_message(kSize - 1));
  EXPECT_FALSE(recent.find({1}));
  for (const std::uint64_t id : {2U, 3U, 4U, 5U}) EXPECT_TRUE(recent.find({id})) << id;
}

TEST(RecentMessages, TheLastOneStaysWhateverItsSize) {
  RecentMessages recent;
  recent.keep({1}, large_message(10'000));
  recent.keep({2}, large_message(2 * RecentMessages::kMostBytes));
  EXPECT_FALSE(recent.find({1}));
  EXPECT_TRUE(recent.find({2}));
  recent.keep({3}, large_message(10'000));
  EXPECT_FALSE(recent.find({2}));
  EXPECT_TRUE(recent.find({3}));
}

/// A page with one entry, whose message is shared.
store::Slice slice_of(MessageId id, const MessagePtr& message) {
  store::StoredEntry entry;
  entry.seq = {1};
  queue::Delivery delivery;
  delivery.message = message;
  delivery.qos = wire::QoS::AtLeastOnce;
  entry.value = queue::encode_shared_entry(delivery);
  entry.body = queue::encode_message(*message);
  entry.shared = true;
  entry.message = id;
  store::Slice slice;
  slice.entries.push_back(std::move(entry));
  return slice;
}

TEST(RecentMessages, PagesOfSeveralSessionsHaveTheSameMessage) {
  RecentMessages recent;
  const store::Slice slice = slice_of({7}, large_message(10'000));
  const auto read = [&](const store::Slice& what) {
    PageRead page = page_from({{}, {1}, PageRead::Purpose::Window, {1}, {}}, what, recent);
    return page.entries.size() == 1 ? page.entries.front().delivery.message : MessagePtr();
  };
  const MessagePtr first = read(slice);
  ASSERT_TRUE(first);
  EXPECT_EQ(first->payload().size(), 10'000U);
  EXPECT_EQ(read(slice), first);
  const MessagePtr other = read(slice_of({8}, large_message(10'000, "u")));
  ASSERT_TRUE(other);
  EXPECT_EQ(other->topic(), "u");
}

}  // namespace
}  // namespace hermod::broker
