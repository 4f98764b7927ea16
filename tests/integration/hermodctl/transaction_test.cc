// `hermodctl txn` against the broker itself, and what `hermodctl store` shows of transactions.

#include "tests/integration/hermodctl/hermodctl_test.h"

namespace hermod::integration {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

}  // namespace

class TransactionControl : public Hermodctl {
 protected:
  /// `hermodctl txn ...`, which must end with this code.
  std::string txn(std::vector<std::string> arguments, int exit_code = 0) {
    arguments.insert(arguments.begin(), "txn");
    arguments.insert(arguments.end(), {"--port", std::to_string(port())});
    return Hermodctl::hermodctl(arguments, exit_code);
  }
  void fill() {
    MqttClient publisher = client("till");
    publisher.publish("$tx/order-7/prepare/shop/a", "1", 1);
    publisher.publish("$tx/order-7/prepare/shop/b", "2", 2);
    publisher.publish("$tx/order-8/prepare/shop/a", "3", 1);
    publisher.publish("$tx/order-9/prepare/shop/a", "4", 1);
  }
};

TEST_F(TransactionControl, WhatIsOpenIsListedAndEndedAlsoAfterAKill) {
  fill();
  broker().kill();
  broker().start();
  const std::string all = txn({"ls"});
  EXPECT_THAT(all, HasSubstr("id=order-7 group=till client=till messages=2"));
  EXPECT_THAT(all, HasSubstr("id=order-9"));
  const std::string first = txn({"ls", "-n", "1", "-o", "json"});
  EXPECT_THAT(first, HasSubstr(R"("id":"order-7")"));
  EXPECT_THAT(first, Not(HasSubstr("order-8")));
  MqttClient reader = client("reader");
  reader.subscribe("shop/#", 1);
  txn({"commit", "order-7"});
  EXPECT_EQ(reader.receive_payloads(2), (std::vector<std::string>{"1", "2"}));
  txn({"rollback", "order-8"});
  txn({"commit", "order-7"});
  EXPECT_THAT(txn({"rollback", "order-7"}, 1), HasSubstr("committed already"));
  EXPECT_THAT(txn({"commit", "order-1"}, 5), HasSubstr("id: "));
  reader.expect_quiet();
  const std::string left = txn({"ls"});
  EXPECT_THAT(left, HasSubstr("order-9"));
  EXPECT_THAT(left, Not(HasSubstr("order-7")));
}

TEST_F(TransactionControl, AnIdIsWanted) {
  broker();
  txn({"commit"}, 2);
  txn({"rollback"}, 2);
  EXPECT_THAT(txn({"commit", "a b"}, 1), HasSubstr("id: "));
}

TEST_F(TransactionControl, TheStoreIsGoodAndShowsThem) {
  fill();
  txn({"commit", "order-9"});
  broker().kill();
  hermodctl({"store", "check", "-d", data()}, 0);
  const std::string dump = hermodctl({"store", "dump", "-d", data()}, 0);
  EXPECT_THAT(dump, HasSubstr("queue=$tx"));
  EXPECT_THAT(dump, HasSubstr("transaction=order-7 group=till client=till"));
  EXPECT_THAT(dump, HasSubstr("transaction=order-9 outcome=committed"));
  broker().start();
}

}  // namespace hermod::integration
