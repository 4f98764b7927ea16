// A commit that comes behind a message of its transaction which was refused: nobody sees a part.

#include "tests/unit/broker/transaction_fixture.h"

namespace hermod::broker::testing {
namespace {

class TransactionGap : public TransactionTest {};

/// Whoever does not wait for answers has sent the commit before he hears that one of them is refused.
TEST_F(TransactionGap, ACommitBehindARefusedMessageIsRefusedOnce) {
  options_.transactions.max_messages = 2;
  FakeClient reader = login("reader");
  subscribe(reader, "shop/#", kQoS1);
  FakeClient sender = login("sender");
  std::uint16_t id = 0;
  for (const char* payload : {"a", "b", "c"}) publish(sender, {"$tx/1/prepare/shop/a", payload, kQoS1, ++id});
  publish(sender, {"$tx/1/commit", "", kQoS1, ++id});
  settle();
  EXPECT_THAT(heard(sender), ElementsAre("PUBACK #1", "PUBACK #2", "PUBACK #3 0x97", "PUBACK #4 0x83"));
  EXPECT_THAT(heard(reader), IsEmpty()) << "no part of it";
  packet_id_ = 10;
  EXPECT_EQ(end(sender, "1"), "") << "now it has been said";
  EXPECT_EQ(payloads(reader), (std::vector<std::string>{"a", "b"}));
}

TEST_F(TransactionGap, NorIsAPartCommittedOfWhatWasRefusedForAnotherReason) {
  FakeClient reader = login("reader");
  subscribe(reader, "shop/#", kQoS1);
  FakeClient sender = login("sender");
  const auto is_refused_once = [&](const std::string& id) {
    settle();
    heard(sender);
    EXPECT_EQ(end(sender, id), "0x83");
    EXPECT_THAT(heard(reader), IsEmpty());
    EXPECT_EQ(end(sender, id), "");
    EXPECT_EQ(payloads(reader), std::vector<std::string>{id});
  };
  prepare(sender, "1", "1");
  publish(sender, {"$tx/1/prepare/$SYS/a", "b", kQoS0});
  is_refused_once("1");

  prepare(sender, "2", "2");
  wire::PropertyWriter properties;
  for (const auto& [name, value] :
       {std::pair("txn", "prepare"), std::pair("txn-id", "2"), std::pair("producer-group", "another")})
    properties.add_user(name, value);
  wire::Publish packet;
  packet.topic = "shop/a";
  packet.qos = kQoS1;
  packet.id = wire::PacketId{9};
  packet.properties = properties.properties();
  sender.publish(packet);
  is_refused_once("2");

  prepare(sender, "3", "3");
  broker().set_full(true);
  publish(sender, {"$tx/3/prepare/shop/a", "b", kQoS0});
  settle();
  broker().set_full(false);
  is_refused_once("3");
}

/// The first message is what would have begun it.
TEST_F(TransactionGap, ItIsKnownAlsoOfWhatHadNotBegun) {
  options_.transactions.max_open = 1;
  FakeClient sender = login("sender");
  FakeClient other = login("other");
  prepare(other, "other", "1");
  publish(sender, {"$tx/1/prepare/shop/a", "a", kQoS0});
  settle();
  EXPECT_EQ(end(other, "other"), "");
  prepare(sender, "1", "b");
  EXPECT_EQ(end(sender, "1"), "0x83");
  EXPECT_EQ(end(sender, "1", "rollback"), "");
}

TEST_F(TransactionGap, ACommitThatIsSaidAgainIsAnsweredAsTheFirst) {
  FakeClient sender = login("sender");
  prepare(sender, "1", "a");
  EXPECT_EQ(end(sender, "1"), "");
  publish(sender, {"$tx/1/prepare/shop/a", "b", kQoS0});
  settle();
  EXPECT_EQ(end(sender, "1"), "") << "it was no part of that any more";
}

TEST_F(TransactionGap, ARollbackIsNotRefusedAndForgetsIt) {
  FakeClient sender = login("sender");
  prepare(sender, "1", "a");
  publish(sender, {"$tx/1/prepare/$SYS/a", "b", kQoS0});
  settle();
  EXPECT_EQ(end(sender, "1", "rollback"), "");
  EXPECT_EQ(end(sender, "1"), "0x83") << "it was rolled back";
  EXPECT_EQ(end(sender, "1", "rollback"), "");
}

}  // namespace
}  // namespace hermod::broker::testing
