// A message that a group's durable member held for others stays in the store until somebody is done with it.

#include "tests/unit/broker/path_fixture.h"

namespace hermod::broker::testing {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr const char* kGroup = "$share/g/a";

class Loan : public PathTest, public ::testing::WithParamInterface<std::size_t> {
 protected:
  Loan() { options_.threads = 2; }
  /// A durable member that is away and holds one message of the group.
  void hold_one(QoS qos = kQoS1) {
    FakeClient holder = login({.client_id = "holder", .durable = true});
    subscribe(holder, kGroup, kQoS1);
    holder.peer().drop(0);
    settle();
    FakeClient publisher = login("pub");
    publish(publisher, {"a", "1", qos, 1});
    settle();
    ASSERT_EQ(queued("holder"), 1);
    written();
  }
  /// A member on the shard of the parameter, whose session ends with its connection.
  FakeClient member(const std::string& client_id, bool durable = false) {
    FakeClient client = call({.client_id = client_id, .durable = durable, .shard = GetParam()});
    client.subscribe({1}, {{kGroup, kQoS1}});
    settle();
    return client;
  }
  static auto erases() { return Contains(HasSubstr("erase Entries")); }
};
INSTANTIATE_TEST_SUITE_P(MemberOnShard, Loan, ::testing::Values(0, 1));

TEST_P(Loan, TheEntryStaysUntilTheReceiverHasAcknowledged) {
  hold_one();
  FakeClient client = member("c");
  EXPECT_THAT(heard(client), ElementsAre("CONNACK", "SUBACK #1 0x01", "PUBLISH a=1 q1 #2"));
  EXPECT_EQ(queued("holder"), 0);
  EXPECT_THAT(written(), Not(erases()));
  client.ack(PacketType::Puback, {2});
  settle();
  EXPECT_THAT(written(), erases());
}

TEST_P(Loan, ADurableReceiverHasAnEntryOfItsOwn) {
  hold_one();
  FakeClient client = member("c", true);
  EXPECT_EQ(queued("holder"), 0);
  EXPECT_EQ(queued("c"), 1);
  EXPECT_THAT(written(), erases());
}

TEST_P(Loan, AReceiverThatLeavesGivesItToTheNextAndTheEntryStays) {
  hold_one();
  FakeClient first = member("first");
  FakeClient second = member("second");
  written();
  first.peer().drop(0);
  settle();
  EXPECT_THAT(heard(second), Contains("PUBLISH a=1 q1 #2"));
  EXPECT_THAT(written(), Not(erases()));
  second.ack(PacketType::Puback, {2});
  settle();
  EXPECT_THAT(written(), erases());
}

TEST_P(Loan, AReceiverThatLeavesNobodyBehindGivesItBackToTheHolder) {
  hold_one();
  FakeClient client = member("c");
  written();
  client.peer().drop(0);
  settle();
  EXPECT_EQ(queued("holder"), 1);
  EXPECT_THAT(written(), AllOf(Contains(HasSubstr("append")), erases())) << "a new entry for the old one";
  FakeClient holder = login({.client_id = "holder", .durable = true});
  EXPECT_EQ(counted(Counter::PublishSentQoS1), 2);
}

TEST_P(Loan, TheHolderDoesNotGetItASecondTime) {
  hold_one();
  FakeClient client = member("c");
  FakeClient holder = call({.client_id = "holder", .durable = true});
  settle();
  EXPECT_THAT(heard(holder), ElementsAre("CONNACK present"));
  client.ack(PacketType::Puback, {2});
  settle();
  EXPECT_THAT(written(), erases());
}

}  // namespace
}  // namespace hermod::broker::testing
