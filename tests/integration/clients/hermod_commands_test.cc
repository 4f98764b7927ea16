#include <algorithm>
#include <csignal>
#include <sstream>
#include <thread>

#include "tests/support/broker_test.h"

namespace hermod::integration {

/// `hermod pub`, `sub` and `rr` as somebody types them, against the broker.
class HermodCommands : public VersionedBrokerTest {
 protected:
  static std::vector<std::string> words_of(const std::string& verb, const std::vector<std::string>& where,
                                           const std::vector<std::string>& more) {
    std::vector<std::string> words{broker_binary(), verb, "-V", is_v5() ? "5" : "311"};
    words.insert(words.end(), where.begin(), where.end());
    words.insert(words.end(), more.begin(), more.end());
    return words;
  }
  std::vector<std::string> command(const std::string& verb, const std::vector<std::string>& more) {
    return words_of(verb, {"-h", "127.0.0.1", "-p", std::to_string(port())}, more);
  }
  Finished hermod(const std::string& verb, const std::vector<std::string>& more) {
    return run(command(verb, more));
  }
  /// The same, fed from standard input.
  Finished hermod_reading(const std::string& input, const std::string& verb,
                          const std::vector<std::string>& more) {
    const TemporaryFolder folder;
    write_text(folder.path() / "input", input);
    std::vector<std::string> words{"sh", "-c", "exec \"$@\" < " + (folder.path() / "input").string(), "sh"};
    const std::vector<std::string> rest = command(verb, more);
    words.insert(words.end(), rest.begin(), rest.end());
    return run(words);
  }
  /// Words for a session that stays, in front of others.
  static std::vector<std::string> staying(const std::string& id, const std::vector<std::string>& more) {
    std::vector<std::string> words{"-i", id, "-c", "-q", "1"};
    if (is_v5()) words.insert(words.end(), {"-x", "3600"});
    words.insert(words.end(), more.begin(), more.end());
    return words;
  }
  void expect_done(const Finished& finished, Where where = Where::current()) {
    EXPECT_EQ(finished.exit_code, 0) << "line " << where.line() << ": " << finished.errors;
  }
  static std::size_t count_of(const std::string& text, const std::string& part) {
    std::size_t count = 0;
    for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++count;
    return count;
  }
};

TEST_P(HermodCommands, RemoveRetainedClearsWhatArrives) {
  for (const char* topic : {"kept/a", "kept/b"}) expect_done(hermod("pub", {"-r", "-t", topic, "-m", "x"}));
  const Finished sub = hermod("sub", {"-t", "kept/#", "--remove-retained", "-C", "2"});
  expect_done(sub);
  EXPECT_EQ(sub.output, "x\nx\n");
  MqttClient later = client("later");
  later.subscribe("kept/#");
  later.expect_quiet();
}

TEST_P(HermodCommands, RetainedOnlyLeavesWithTheFirstMessageThatIsNot) {
  for (const char* topic : {"kept/a", "kept/b"}) expect_done(hermod("pub", {"-r", "-t", topic, "-m", "old"}));
  ChildProcess sub(command("sub", {"-t", "kept/#", "--retained-only"}));
  const auto deadline = Clock::now() + kPatience;
  while (count_of(sub.output(), "old\n") < 2) {
    ASSERT_LT(Clock::now(), deadline) << sub.output() << sub.errors();
    std::this_thread::sleep_for(10ms);
  }
  expect_done(hermod("pub", {"-t", "kept/c", "-m", "new"}));
  EXPECT_EQ(sub.wait(kPatience), 0) << sub.errors();
  EXPECT_EQ(sub.output(), "old\nold\n");
}

TEST_P(HermodCommands, UnsubscribeEndsASubscriptionOfASessionThatStays) {
  expect_done(hermod("sub", staying("worker", {"-t", "first/topic", "-t", "second/topic", "-E"})));
  expect_done(hermod("sub", staying("worker", {"-U", "first/topic", "-E"})));
  for (const char* topic : {"first/topic", "second/topic"})
    expect_done(hermod("pub", {"-q", "1", "-t", topic, "-m", topic}));
  const Finished sub = hermod("sub", staying("worker", {"-t", "second/topic", "-C", "1"}));
  expect_done(sub);
  EXPECT_EQ(sub.output, "second/topic\n");
}

TEST_P(HermodCommands, FilteredOutMessagesAreNeitherPrintedNorCounted) {
  expect_done(hermod("sub", staying("worker", {"-t", "all/#", "-E"})));
  for (const char* topic : {"all/secret/x", "all/one", "all/secret", "all/noise", "all/two"})
    expect_done(hermod("pub", {"-q", "1", "-t", topic, "-m", "x"}));
  const Finished sub = hermod(
      "sub", staying("worker", {"-t", "all/#", "-T", "all/secret/#", "-T", "+/noise", "-v", "-C", "2"}));
  expect_done(sub);
  EXPECT_EQ(sub.output, "all/one x\nall/two x\n");
}

TEST_P(HermodCommands, RandomFilterPrintsAPartInOrder) {
  constexpr int kMessages = 400;
  expect_done(hermod("sub", staying("worker", {"-t", "many/topic", "-E"})));
  std::string lines;
  for (int i = 1; i <= kMessages; ++i) lines += std::to_string(i) + "\n";
  expect_done(hermod_reading(lines, "pub", {"-q", "1", "-t", "many/topic", "-l"}));
  const Finished sub =
      hermod("sub", staying("worker", {"-t", "many/topic", "--random-filter", "50", "-C", "50", "-W", "20"}));
  expect_done(sub);
  std::vector<int> numbers;
  std::istringstream printed(sub.output);
  for (int number = 0; printed >> number;) numbers.push_back(number);
  ASSERT_EQ(numbers.size(), 50U);
  EXPECT_TRUE(std::is_sorted(numbers.begin(), numbers.end()));
  EXPECT_GT(numbers.back(), 55) << "nearly nothing was left out";
}

TEST_P(HermodCommands, RepeatPublishesAgainAfterEachDelay) {
  MqttClient subscriber = client("subscriber");
  subscriber.subscribe("again/topic", 2);
  const auto start = Clock::now();
  expect_done(
      hermod("pub", {"-q", "2", "-t", "again/topic", "-m", "x", "--repeat", "3", "--repeat-delay", "0.1"}));
  EXPECT_GE(since(start), 200ms);
  EXPECT_EQ(subscriber.receive_payloads(3), std::vector<std::string>(3, "x"));
  subscriber.expect_quiet();
}

TEST_P(HermodCommands, NoMoreThanMaxInflightWaitForTheirAcknowledgement) {
  constexpr int kLines = 30;
  std::string lines;
  for (int i = 0; i < kLines; ++i) lines += std::to_string(i) + "\n";
  MqttClient subscriber = client("subscriber");
  subscriber.subscribe("window/topic", 2);
  const Finished pub = hermod_reading(lines, "pub", {"-d", "-q", "1", "-M", "2", "-t", "window/topic", "-l"});
  expect_done(pub);
  for (int i = 0; i < kLines; ++i) EXPECT_EQ(subscriber.receive().payload, std::to_string(i));
  int waiting = 0;
  int most = 0;
  std::istringstream packets(pub.errors);
  for (std::string line; std::getline(packets, line);) {
    if (line.find("sending PUBLISH") != std::string::npos) most = std::max(most, ++waiting);
    if (line.find("received PUBACK") != std::string::npos) --waiting;
  }
  EXPECT_EQ(most, 2) << pub.errors;
  EXPECT_EQ(waiting, 0);
}

TEST_P(HermodCommands, AllOfStandardInputIsOnePayload) {
  MqttClient subscriber = client("subscriber");
  subscriber.subscribe("input/topic", 1);
  const std::string input("two\nlines\0and more\n", 19);
  expect_done(hermod_reading(input, "pub", {"-q", "1", "-t", "input/topic", "-s"}));
  EXPECT_EQ(subscriber.receive().payload, input);
}

TEST_P(HermodCommands, WillIsPublishedWhenTheClientVanishesAndOnlyThen) {
  MqttClient observer = client("observer");
  observer.subscribe("will/topic", 2);
  const std::vector<std::string> will{"-t", "nothing/at/all", "--will-topic", "will/topic",   "--will-qos",
                                      "1",  "--will-payload", "gone",         "--will-retain"};
  std::vector<std::string> leaving = will;
  leaving.emplace_back("-E");
  expect_done(hermod("sub", leaving));
  observer.expect_quiet();

  ChildProcess sub(command("sub", will));
  MqttClient probe = client("probe");
  probe.subscribe("nothing/at/#");
  const auto deadline = Clock::now() + kPatience;
  while (sub.output().find("probe") == std::string::npos) {
    ASSERT_LT(Clock::now(), deadline) << sub.errors();
    probe.publish("nothing/at/all", "probe", 1);
    std::this_thread::sleep_for(10ms);
  }
  sub.signal(SIGKILL);
  const Message message = observer.receive();
  EXPECT_EQ(message.payload, "gone");
  EXPECT_EQ(message.qos, 1);
  MqttClient later = client("later");
  later.subscribe("will/topic");
  EXPECT_TRUE(later.receive().retain);
}

TEST_P(HermodCommands, UnixSocketStandsForHostAndPort) {
  HERMOD_NEEDS_OWN_BROKER();
  const TemporaryFolder folder;
  const std::string path = (folder.path() / "hermod.sock").string();
  start_broker({.arguments = {"--listen", "unix://" + path}});
  expect_done(run(words_of("pub", {"--unix", path}, {"-r", "-q", "1", "-t", "local/topic", "-m", "here"})));
  for (const std::vector<std::string>& where :
       {std::vector<std::string>{"--unix", path}, std::vector<std::string>{"-h", "unix:" + path}}) {
    const Finished sub = run(words_of("sub", where, {"-C", "1", "-t", "local/#", "-W", "10"}));
    expect_done(sub);
    EXPECT_EQ(sub.output, "here\n");
  }
}

TEST_P(HermodCommands, ALocalAddressOfTheOtherFamilyIsTold) {
  const Finished finished = hermod("pub", {"-A", "::1", "-t", "a", "-m", "x"});
  EXPECT_EQ(finished.exit_code, 1);
  EXPECT_NE(finished.errors.find("-A: no address of 127.0.0.1 can be reached from ::1"), std::string::npos)
      << finished.errors;
}

TEST_P(HermodCommands, RequestPrintsTheFirstResponse) {
  MqttClient responder = client("responder");
  responder.subscribe("clock/ask", 1);
  ChildProcess request(
      command("rr", {"-q", "1", "-t", "clock/ask", "-e", "clock/answer", "-m", "what time is it?"}));
  const Message asked = responder.receive();
  EXPECT_EQ(asked.payload, "what time is it?");
  if (is_v5()) {
    EXPECT_EQ(asked.properties.text(property::kResponseTopic), "clock/answer");
  }
  responder.publish("clock/answer", "noon", 1);
  EXPECT_EQ(request.wait(kPatience), 0) << request.errors();
  EXPECT_EQ(request.output(), "noon\n");
}

TEST_P(HermodCommands, WhatWentWrongIsTheExitStatus) {
  EXPECT_EQ(hermod("sub", {"-t", "silent/topic", "-W", "0.2"}).exit_code, 27);
  EXPECT_EQ(hermod("sub", {}).exit_code, 1);
  EXPECT_EQ(hermod("pub", {"-t", "a/+", "-m", "x"}).exit_code, 1);
  const Finished refused = hermod("pub", {"-q", "1", "-t", "$SYS/forged", "-m", "x"});
  EXPECT_EQ(refused.exit_code, is_v5() ? int{reason::kTopicNameInvalid} : 7) << refused.errors;
}

INSTANTIATE_TEST_SUITE_P(Versions, HermodCommands, main_versions());

}  // namespace hermod::integration
