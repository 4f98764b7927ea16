#include <thread>

#include "tests/support/broker_test.h"

namespace hermod::integration {

/// Debian's command-line clients against the broker.
class MosquittoTools : public VersionedBrokerTest {
 protected:
  void SetUp() override {
    for (const char* tool : {"mosquitto_pub", "mosquitto_sub", "mosquitto_rr"}) {
      ASSERT_TRUE(find_program(tool)) << "install mosquitto-clients";
    }
  }
  std::vector<std::string> command(const std::string& tool, const std::vector<std::string>& more) {
    std::vector<std::string> words{tool, "-h",          "127.0.0.1", "-p", std::to_string(port()),
                                   "-V", version_word()};
    words.insert(words.end(), more.begin(), more.end());
    return words;
  }
  static std::string version_word() {
    return GetParam() == Version::V5 ? "5" : GetParam() == Version::V311 ? "311" : "31";
  }
  /// Publishes to `topic` until somebody listens there.
  void wait_for_subscriber(const std::string& topic) {
    MqttClient probe = client("subscriber-probe");
    const auto deadline = Clock::now() + kPatience;
    while (probe.publish(topic, "probe", 1).reason == reason::kNoMatchingSubscribers) {
      ASSERT_LT(Clock::now(), deadline) << "nobody subscribed to " << topic;
      std::this_thread::sleep_for(10ms);
    }
  }
};

TEST_P(MosquittoTools, PubReachesSubAtEveryQos) {
  for (const char* qos : {"0", "1", "2"}) {
    ChildProcess sub(command("mosquitto_sub", {"-t", "tools/#", "-q", qos, "-C", "2", "-F", "%t %q %p"}));
    wait_for_subscriber("tools/probe");
    const Finished pub = run(command("mosquitto_pub", {"-t", "tools/topic", "-m", "hello", "-q", qos}));
    EXPECT_EQ(pub.exit_code, 0) << pub.errors;
    ASSERT_EQ(sub.wait(kPatience), 0) << sub.errors();
    EXPECT_EQ(sub.output().substr(sub.output().find('\n') + 1),
              std::string("tools/topic ") + qos + " hello\n");
  }
}

TEST_P(MosquittoTools, RetainedMessageIsReadBack) {
  EXPECT_EQ(run(command("mosquitto_pub", {"-t", "tools/kept", "-m", "kept", "-q", "1", "-r"})).exit_code, 0);
  const Finished sub =
      run(command("mosquitto_sub", {"-t", "tools/kept", "-C", "1", "-W", "5", "-F", "%r %p"}));
  EXPECT_EQ(sub.output, "1 kept\n");
}

TEST_P(MosquittoTools, DurableSubscriberGetsWhatItMissed) {
  const std::vector<std::string> durable{"-t", "tools/missed", "-q", "1", "-i", "tool", "-c"};
  std::vector<std::string> first = durable;
  first.insert(first.end(), {"-E"});
  std::vector<std::string> second = durable;
  second.insert(second.end(), {"-C", "3", "-W", "5"});
  if (is_v5()) {
    for (auto* words : {&first, &second}) words->insert(words->end(), {"-x", "3600"});
  }
  ASSERT_EQ(run(command("mosquitto_sub", first)).exit_code, 0);
  for (const char* payload : {"a", "b", "c"}) {
    EXPECT_EQ(run(command("mosquitto_pub", {"-t", "tools/missed", "-m", payload, "-q", "1"})).exit_code, 0);
  }
  EXPECT_EQ(run(command("mosquitto_sub", second)).output, "a\nb\nc\n");
}

TEST_P(MosquittoTools, ManyLinesArriveInOrder) {
  constexpr int kLines = 500;
  TemporaryFolder folder;
  std::string lines;
  for (int i = 0; i < kLines; ++i) lines += "line " + std::to_string(i) + "\n";
  write_text(folder.path() / "lines", lines);
  ChildProcess sub(command("mosquitto_sub", {"-t", "tools/lines", "-t", "tools/probe", "-q", "2", "-C",
                                             std::to_string(kLines + 1)}));
  wait_for_subscriber("tools/probe");
  const std::vector<std::string> pub = command("mosquitto_pub", {"-t", "tools/lines", "-q", "2", "-l"});
  std::string line;
  for (const std::string& word : pub) line += word + " ";
  const Finished piped = run({"sh", "-c", line + "< " + (folder.path() / "lines").string()});
  EXPECT_EQ(piped.exit_code, 0) << piped.errors;
  ASSERT_EQ(sub.wait(scaled(10s)), 0) << sub.errors();
  EXPECT_EQ(sub.output(), "probe\n" + lines);
}

INSTANTIATE_TEST_SUITE_P(All, MosquittoTools, all_versions());

class MosquittoToolsOf5 : public BrokerTest {
 protected:
  void SetUp() override { ASSERT_TRUE(find_program("mosquitto_rr")) << "install mosquitto-clients"; }
};

TEST_F(MosquittoToolsOf5, RequestGetsItsResponse) {
  MqttClient responder = client("responder");
  responder.subscribe("tools/request", 1);
  ChildProcess rr({"mosquitto_rr", "-h", "127.0.0.1", "-p", std::to_string(port()), "-V", "5", "-q", "1",
                   "-t", "tools/request", "-e", "tools/response", "-m", "ask", "-W", "5"});
  const Message request = responder.receive();
  EXPECT_EQ(request.payload, "ask");
  PublishOptions response{
      .topic = request.properties.text(property::kResponseTopic).value_or(""), .payload = "answer", .qos = 1};
  if (const auto data = request.properties.text(property::kCorrelationData)) {
    response.properties.add(property::kCorrelationData, *data);
  }
  responder.publish(response);
  EXPECT_EQ(rr.wait(kPatience), 0) << rr.errors();
  EXPECT_EQ(rr.output(), "answer\n");
}

TEST_F(MosquittoToolsOf5, PropertiesGoThrough) {
  MqttClient subscriber = client("subscriber");
  subscriber.subscribe("tools/properties", 1);
  const Finished pub = run({"mosquitto_pub",
                            "-h",
                            "127.0.0.1",
                            "-p",
                            std::to_string(port()),
                            "-V",
                            "5",
                            "-q",
                            "1",
                            "-t",
                            "tools/properties",
                            "-m",
                            "x",
                            "-D",
                            "publish",
                            "user-property",
                            "name",
                            "value",
                            "-D",
                            "publish",
                            "content-type",
                            "text/plain",
                            "-D",
                            "publish",
                            "message-expiry-interval",
                            "100"});
  EXPECT_EQ(pub.exit_code, 0) << pub.errors;
  const Properties got = subscriber.receive().properties;
  EXPECT_EQ(got.users(), (std::vector<std::pair<std::string, std::string>>{{"name", "value"}}));
  EXPECT_EQ(got.text(property::kContentType), "text/plain");
  EXPECT_TRUE(got.has(property::kMessageExpiryInterval));
}

}  // namespace hermod::integration
