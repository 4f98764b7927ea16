// `hermodctl delayed` against the broker itself, and what `hermodctl store` shows of delayed messages.

#include "tests/integration/hermodctl/hermodctl_test.h"

namespace hermod::integration {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

}  // namespace

class DelayedControl : public Hermodctl {
 protected:
  /// `hermodctl delayed ...`, which must end with this code.
  std::string delayed(std::vector<std::string> arguments, int exit_code = 0) {
    arguments.insert(arguments.begin(), "delayed");
    arguments.insert(arguments.end(), {"--port", std::to_string(port())});
    return Hermodctl::hermodctl(arguments, exit_code);
  }
  void fill() {
    MqttClient publisher = client("till");
    PublishOptions publish{.topic = "$delayed/3600/shop/a", .payload = "1", .qos = 1};
    publish.properties.user("msg-id", "order-7");
    publisher.publish(publish);
    publisher.publish("$delayed/3600/shop/b", "2", 1);
    publisher.publish("$delayed/3600/shop/b", "3", 2);
  }
};

TEST_F(DelayedControl, WhatWaitsIsListedAlsoAfterAKill) {
  fill();
  broker().kill();
  broker().start();
  const std::string all = delayed({"ls"});
  EXPECT_THAT(all, HasSubstr("id=1 topic=shop/a"));
  EXPECT_THAT(all, HasSubstr("client=till"));
  EXPECT_THAT(all, HasSubstr("msg_id=order-7"));
  EXPECT_THAT(all, HasSubstr("id=3"));
  const std::string some = delayed({"ls", "--topic", "+/b", "-n", "1", "-o", "json"});
  EXPECT_THAT(some, HasSubstr(R"("id":2,"topic":"shop/b")"));
  EXPECT_THAT(some, Not(HasSubstr(R"("id":3)")));
}

TEST_F(DelayedControl, WhatIsCancelledIsGoneAlsoAfterAKill) {
  fill();
  EXPECT_THAT(delayed({"cancel", "2"}), HasSubstr("1"));
  EXPECT_THAT(delayed({"cancel", "2"}, 5), HasSubstr("id: "));
  EXPECT_THAT(delayed({"cancel", "--msg-id", "order-7", "-o", "json"}), HasSubstr(R"("messages":1)"));
  broker().kill();
  broker().start();
  const std::string left = delayed({"ls"});
  EXPECT_THAT(left, HasSubstr("id=3"));
  EXPECT_THAT(left, Not(HasSubstr("id=1 ")));
  EXPECT_THAT(left, Not(HasSubstr("id=2 ")));
  EXPECT_THAT(delayed({"cancel", "--topic", "#", "-o", "json"}), HasSubstr(R"("messages":1)"));
  EXPECT_EQ(delayed({"ls"}), "");
}

TEST_F(DelayedControl, ExactlyOneThingSaysWhichAreCancelled) {
  broker();
  delayed({"cancel"}, 2);
  delayed({"cancel", "1", "--topic", "a"}, 2);
  delayed({"cancel", "0"}, 2);
  EXPECT_THAT(delayed({"cancel", "--topic", "a/#/b"}, 1), HasSubstr("topic: "));
}

TEST_F(DelayedControl, TheStoreIsGoodAndShowsThem) {
  fill();
  broker().kill();
  hermodctl({"store", "check", "-d", data()}, 0);
  const std::string dump = hermodctl({"store", "dump", "-d", data()}, 0);
  EXPECT_THAT(dump, HasSubstr("queue=$delayed"));
  EXPECT_THAT(dump, HasSubstr("client=till"));
  broker().start();
}

}  // namespace hermod::integration
