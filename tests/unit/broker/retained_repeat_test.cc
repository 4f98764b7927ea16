// A filter has one unfinished read of retained messages, however often it is subscribed to.

#include "tests/unit/broker/path_fixture.h"

namespace hermod::broker::testing {
namespace {

class RetainedRepeat : public PathTest {
 protected:
  /// `count` retained messages of 1,000 bytes below "a".
  void retain_many(int count) {
    FakeClient source = login("source");
    for (int i = 0; i < count; ++i)
      publish(source, {.topic = "a/" + std::to_string(i), .payload = std::string(1000, 'x'), .retain = true});
    settle();
  }
  static std::size_t messages_of(FakeClient& client) {
    std::size_t count = 0;
    for (const auto& packet : client.receive()) count += packet.type == PacketType::Publish ? 1 : 0;
    return count;
  }
};

TEST_F(RetainedRepeat, AFilterSubscribedToAgainBeginsAgainAndIsReadOnce) {
  options_.limits.outbound_buffer = 16 * 1024;
  retain_many(100);
  FakeClient client = call({.client_id = "c", .room = 200});
  settle();
  for (int i = 0; i < 50; ++i) {
    client.subscribe({9}, {{"#", kQoS0}});
    settle();
  }
  client.peer().make_room(kPlenty);
  settle();
  // What was in the output when it was subscribed to again, and then the whole.
  const std::size_t messages = messages_of(client);
  EXPECT_GE(messages, 100U);
  EXPECT_LE(messages, 120U);
}

TEST_F(RetainedRepeat, ARepeatBeforeTheFirstReadBeganIsAnsweredOnce) {
  retain_many(3);
  FakeClient client = login("c");
  for (const std::uint16_t id : Ids{9, 10, 11}) client.subscribe({id}, {{"#", kQoS0}});
  settle();
  EXPECT_EQ(messages_of(client), 3U);
}

TEST_F(RetainedRepeat, OtherFiltersAreReadAllTheSame) {
  retain_many(3);
  FakeClient client = login("c");
  client.subscribe({9}, {{"a/0", kQoS0}, {"a/+", kQoS0}});
  client.subscribe({10}, {{"a/0", kQoS0}});
  settle();
  EXPECT_EQ(messages_of(client), 4U);
}

TEST_F(RetainedRepeat, AFilterSubscribedToAfterItsEndIsReadAgain) {
  retain_many(3);
  FakeClient client = login("c");
  for (const std::uint16_t id : Ids{9, 10}) {
    client.subscribe({id}, {{"#", kQoS0}});
    settle();
    EXPECT_EQ(messages_of(client), 3U);
  }
}

TEST_F(RetainedRepeat, AReadThatEndsWithItsSubscriptionLetsTheNextOneBegin) {
  options_.limits.outbound_buffer = 16 * 1024;
  retain_many(100);
  FakeClient client = call({.client_id = "c", .room = 200});
  settle();
  client.subscribe({9}, {{"#", kQoS0}});
  settle();
  client.unsubscribe({10}, {"#"});
  client.subscribe({11}, {{"a/1", kQoS0}});
  settle();
  client.peer().make_room(kPlenty);
  settle();
  const std::size_t messages = messages_of(client);
  EXPECT_GE(messages, 1U);
  EXPECT_LE(messages, 20U);
}

}  // namespace
}  // namespace hermod::broker::testing
