// `hermodctl stream` and `hermodctl group` against the broker itself, and what `hermodctl store` shows of
// them.

#include <algorithm>

#include "tests/integration/hermodctl/hermodctl_test.h"

namespace hermod::integration {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

}  // namespace

class StreamControl : public Hermodctl {
 protected:
  void SetUp() override {
    HERMOD_NEEDS_OWN_BROKER();
    start_with({{"queues.log.bind", "shop/#"}, {"queues.log.kind", "stream"}, {"queues.log.key", "topic"}});
  }
  /// `hermodctl <noun> ...`, which must end with this code.
  std::string ctl(std::vector<std::string> arguments, int exit_code = 0) {
    arguments.insert(arguments.end(), {"--port", std::to_string(port())});
    return Hermodctl::hermodctl(arguments, exit_code);
  }
  void publish(int from, int to) {
    MqttClient publisher = client("till");
    for (int i = from; i <= to; ++i) {
      PublishOptions message{
          .topic = "shop/" + std::to_string(i % 3), .payload = std::to_string(i), .qos = 1};
      message.properties.user("msg-id", "order-" + std::to_string(i));
      publisher.publish(message);
    }
  }
  MqttClient member(const std::string& client_id) {
    MqttClient joined = client(client_id);
    joined.subscribe("$share/work/$stream/log/@earliest", 1);
    return joined;
  }
};

TEST_F(StreamControl, StreamsAreListedShownAndSearched) {
  publish(1, 30);
  EXPECT_THAT(ctl({"stream", "ls"}), HasSubstr("log"));
  EXPECT_THAT(ctl({"stream", "ls", "-o", "json"}), HasSubstr(R"("next_offset":31)"));
  EXPECT_THAT(ctl({"stream", "show", "log"}), HasSubstr("retention_time"));
  ctl({"stream", "show", "none"}, 5);
  const std::string by_id = ctl({"stream", "find", "log", "--msg-id", "order-17", "-o", "json"});
  EXPECT_THAT(by_id, HasSubstr(R"("offset":17,"topic":"shop/2")"));
  EXPECT_THAT(by_id, Not(HasSubstr(R"("offset":18)")));
  const std::string by_key = ctl({"stream", "find", "log", "--key", "shop/1", "--from", "20", "--to", "26"});
  EXPECT_THAT(by_key, HasSubstr("offset=22 "));
  EXPECT_THAT(by_key, HasSubstr("offset=25 "));
  EXPECT_THAT(by_key, Not(HasSubstr("offset=28 ")));
  EXPECT_EQ(ctl({"stream", "find", "log", "--until", "2020-01-01T00:00:00Z"}), "");
  EXPECT_THAT(ctl({"stream", "find", "log", "--since", "2020-01-01T00:00:00Z", "-n", "1"}),
              HasSubstr("offset=1 "));
  EXPECT_THAT(ctl({"stream", "find", "log", "--since", "soon"}, 1), HasSubstr("since: "));
}

TEST_F(StreamControl, ASearchGoesOnToTheEnd) {
  constexpr int kMany = 40'000;
  {
    MqttClient publisher = client("till");
    for (int i = 1; i < kMany; ++i) publisher.publish("shop/0", "x", 0);
    publisher.publish("shop/last", "y", 1);
  }
  EXPECT_THAT(ctl({"stream", "find", "log", "--key", "shop/last"}),
              HasSubstr("offset=" + std::to_string(kMany) + " "));
}

TEST_F(StreamControl, GroupsAreListedMovedAndDeleted) {
  publish(1, 12);
  MqttClient anna = member("anna");
  std::vector<std::string> all = anna.receive_payloads(12);
  EXPECT_THAT(ctl({"group", "ls"}), HasSubstr("work"));
  EXPECT_THAT(ctl({"group", "ls", "log", "-o", "json"}), HasSubstr(R"("members":1)"));
  EXPECT_EQ(ctl({"group", "seek", "log", "work", "offset:11"}), "");
  all = anna.receive_payloads(2);
  std::sort(all.begin(), all.end());
  EXPECT_EQ(all, (std::vector<std::string>{"11", "12"}));
  EXPECT_THAT(ctl({"group", "delete", "log", "work"}, 1), HasSubstr("members"));
  anna.disconnect();
  EXPECT_EQ(ctl({"group", "seek", "log", "work", "offset:3"}), "");
  EXPECT_THAT(ctl({"group", "lag", "log", "-o", "json"}), HasSubstr(R"("lag":10)"));
  broker().kill();
  broker().start();
  EXPECT_THAT(ctl({"group", "lag", "log", "-o", "json"}), HasSubstr(R"("lag":10)")) << "a seek is kept";
  EXPECT_EQ(ctl({"group", "delete", "log", "work"}), "");
  EXPECT_THAT(ctl({"group", "delete", "log", "work"}, 5), HasSubstr("work"));
  ctl({"group", "seek", "log", "work", "latest"}, 5);
  ctl({"group", "seek", "log"}, 2);
}

TEST_F(StreamControl, TheStoreIsGoodAndShowsThem) {
  publish(1, 3);
  MqttClient anna = member("anna");
  anna.receive_payloads(3);
  anna.disconnect();
  broker().stop();
  hermodctl({"store", "check", "-d", data()}, 0);
  const std::string dump = hermodctl({"store", "dump", "-d", data(), "-t", "deliveries", "-t", "journal"}, 0);
  EXPECT_THAT(dump, HasSubstr("group=work next=4"));
  broker().start();
}

}  // namespace hermod::integration
