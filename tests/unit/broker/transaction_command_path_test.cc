// listTransactions, commitTransaction and rollbackTransaction.

#include "tests/unit/broker/control_fixture.h"

namespace hermod::broker::testing {
namespace {

using nlohmann::json;

class TransactionCommands : public ControlTest {
 protected:
  void prepare(FakeClient& from, const std::string& id, const std::string& payload) {
    publish(from, {"$tx/" + id + "/prepare/shop/a", payload, kQoS1, ++packet_id_});
    settle();
    heard(from);
  }
  std::uint16_t packet_id_ = 0;
};

TEST_F(TransactionCommands, AreListedByTheirIds) {
  FakeClient sender = login("till");
  for (const char* id : {"c", "a", "b"}) prepare(sender, id, "1");
  prepare(sender, "a", "22");
  FakeClient client = operator_client();
  const json all = ask(client, R"({"command":"listTransactions"})").at("data");
  ASSERT_EQ(all.at("transactions").size(), 3U);
  EXPECT_FALSE(all.at("more"));
  const json& first = all.at("transactions")[0];
  EXPECT_EQ(first.at("id"), "a");
  EXPECT_EQ(first.at("group"), "till");
  EXPECT_EQ(first.at("client"), "till");
  EXPECT_EQ(first.at("messages"), 2);
  EXPECT_EQ(first.at("age"), 0);
  EXPECT_EQ(first.at("checks"), 0);
  const json page = ask(client, R"({"command":"listTransactions","count":2})").at("data");
  EXPECT_TRUE(page.at("more"));
  EXPECT_EQ(page.at("next"), "c");
  const json rest = ask(client, R"({"command":"listTransactions","from":"c"})").at("data");
  EXPECT_EQ(rest.at("transactions").size(), 1U);
}

TEST_F(TransactionCommands, AnOperatorDecides) {
  FakeClient reader = login("reader");
  subscribe(reader, "shop/#", kQoS0);
  FakeClient sender = login("till");
  prepare(sender, "1", "a");
  prepare(sender, "2", "b");
  FakeClient client = operator_client();
  EXPECT_FALSE(ask(client, R"({"command":"commitTransaction","id":"1"})").contains("error"));
  EXPECT_FALSE(ask(client, R"({"command":"rollbackTransaction","id":"2"})").contains("error"));
  EXPECT_EQ(payloads(reader), std::vector<std::string>{"a"});
  EXPECT_EQ(broker().transactions().open(), 0U);
  EXPECT_FALSE(ask(client, R"({"command":"commitTransaction","id":"1"})").contains("error")) << "again";
  EXPECT_EQ(ask(client, R"({"command":"rollbackTransaction","id":"1"})").at("code"), "invalid");
  EXPECT_EQ(ask(client, R"({"command":"commitTransaction","id":"3"})").at("code"), "not-found");
  EXPECT_EQ(ask(client, R"({"command":"commitTransaction","id":"a b"})").at("code"), "invalid");
}

TEST_F(TransactionCommands, AreCarriedOutByTheShardThatHasThem) {
  options_.threads = 2;
  FakeClient sender = login("till");
  prepare(sender, "1", "a");
  FakeClient client = operator_client("operator", kV5, 1);
  EXPECT_EQ(ask(client, R"({"command":"listTransactions"})").at("data").at("transactions").size(), 1U);
  EXPECT_FALSE(ask(client, R"({"command":"rollbackTransaction","id":"1"})").contains("error"));
  EXPECT_EQ(broker().transactions().open(), 0U);
}

TEST_F(TransactionCommands, ARefusalIsTold) {
  configure("orders", "shop/#").max_length = 1;
  FakeClient sender = login("till");
  prepare(sender, "1", "a");
  prepare(sender, "1", "b");
  FakeClient client = operator_client();
  EXPECT_EQ(ask(client, R"({"command":"commitTransaction","id":"1"})").at("code"), "full");
  EXPECT_EQ(broker().transactions().open(), 1U);
}

}  // namespace
}  // namespace hermod::broker::testing
