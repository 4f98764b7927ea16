#include <filesystem>
#include <regex>

#include "tests/integration/hermodctl/hermodctl_test.h"
#include "tests/integration/hermodctl/scripted_broker.h"

namespace hermod::integration {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using Answers = std::vector<std::string>;

/// The value of "correlationData" in a command.
std::string correlation_of(const std::string& command) {
  std::smatch found;
  return std::regex_search(command, found, std::regex(R"re("correlationData":"([^"]*)")re")) ? found[1].str()
                                                                                             : "";
}
/// The command without it, which is another one each time.
std::string plain(const std::string& command) {
  return std::regex_replace(command, std::regex(R"re(,"correlationData":"[^"]*")re"), "");
}
/// One response to `command`, with these fields.
std::string response(const std::string& command, const std::string& fields) {
  return R"({"responses":[{)" + fields + R"(,"correlationData":")" + correlation_of(command) + R"("}]})";
}
/// Every command is answered with these fields.
ScriptedBroker::Script answering(const std::string& fields) {
  return {.answer = [fields](const std::string& command) { return Answers{response(command, fields)}; }};
}

}  // namespace

/// `hermodctl queue` against a broker that says what the test wants.
class QueueCommands : public ::testing::Test {
 protected:
  static Finished hermodctl(const ScriptedBroker& broker, std::vector<std::string> arguments) {
    const std::filesystem::path program(support::broker_binary());
    arguments.insert(arguments.begin(), {(program.parent_path() / "hermodctl").string(), "queue"});
    arguments.insert(arguments.end(), {"--port", std::to_string(broker.port())});
    return run(arguments);
  }
  /// The command that the broker was sent for these arguments.
  static std::string sent_for(const std::vector<std::string>& arguments) {
    ScriptedBroker broker(answering(R"("command":"x")"));
    const Finished finished = hermodctl(broker, arguments);
    EXPECT_EQ(finished.exit_code, 0) << finished.errors;
    EXPECT_EQ(finished.output, "");
    const auto commands = broker.commands();
    return commands.size() == 1 ? plain(commands[0]) : std::to_string(commands.size()) + " commands";
  }
};

TEST_F(QueueCommands, EveryVerbIsOneCommand) {
  EXPECT_EQ(sent_for({"create", "orders", "-b", "shop/+/order", "--bind", "a/#", "--set", "lanes=4", "-s",
                      "match=all:n>25"}),
            R"({"commands":[{"command":"create","queue":"orders","options":{"bind":["shop/+/order","a/#"],)"
            R"("lanes":"4","match":"all:n>25"}}]})");
  EXPECT_EQ(sent_for({"edit", "orders", "--set", "max_length=none"}),
            R"({"commands":[{"command":"edit","queue":"orders","options":{"max_length":"none"}}]})");
  EXPECT_EQ(sent_for({"delete", "orders"}), R"({"commands":[{"command":"delete","queue":"orders"}]})");
  EXPECT_EQ(sent_for({"delete", "orders", "--force"}),
            R"({"commands":[{"command":"delete","queue":"orders","force":true}]})");
  EXPECT_EQ(sent_for({"purge", "a"}), R"({"commands":[{"command":"purge","queue":"a"}]})");
  EXPECT_EQ(sent_for({"pause", "a"}), R"({"commands":[{"command":"pause","queue":"a"}]})");
  EXPECT_EQ(sent_for({"resume", "a"}), R"({"commands":[{"command":"resume","queue":"a"}]})");
  EXPECT_EQ(sent_for({"show", "a"}), R"({"commands":[{"command":"describe","queue":"a"}]})");
  EXPECT_EQ(sent_for({"peek", "a", "--from", "7", "-n", "3", "--bytes", "0"}),
            R"({"commands":[{"command":"peek","queue":"a","from":7,"count":3,"payload_bytes":0}]})");
  EXPECT_EQ(sent_for({"move", "a", "b", "--offset", "9"}),
            R"({"commands":[{"command":"move","queue":"a","to":"b","offset":9}]})");
  EXPECT_EQ(sent_for({"redrive", "a.dlq", "--to", "b", "-n", "2"}),
            R"({"commands":[{"command":"redrive","queue":"a.dlq","to":"b","count":2}]})");
}

TEST_F(QueueCommands, AListIsReadPageByPageAndPrintedAsATable) {
  const auto page = [](const std::string& command) {
    const bool is_first = command.find("\"after\"") == std::string::npos;
    return Answers{response(
        command,
        is_first
            ? R"("command":"list","data":{"queues":[{"queue":"a","messages":5,"ready":5,"paused":true}],"more":true})"
            : R"("command":"list","data":{"queues":[{"queue":"orders","messages":12}],"more":false})")};
  };
  ScriptedBroker broker({.answer = page});
  const Finished table = hermodctl(broker, {"ls"});
  EXPECT_EQ(table.exit_code, 0) << table.errors;
  EXPECT_EQ(table.output,
            "queue   messages  ready  out  waiting  consumers  bytes  paused\n"
            "a              5      5    -        -          -      -    true\n"
            "orders        12      -    -        -          -      -       -\n");
  EXPECT_EQ(hermodctl(broker, {"ls", "-o", "json"}).output,
            "{\"queue\":\"a\",\"messages\":5,\"ready\":5,\"paused\":true}\n"
            "{\"queue\":\"orders\",\"messages\":12}\n");
  const auto commands = broker.commands();
  ASSERT_EQ(commands.size(), 4U);
  EXPECT_EQ(plain(commands[0]), R"({"commands":[{"command":"list","count":1000}]})");
  EXPECT_EQ(plain(commands[1]), R"({"commands":[{"command":"list","count":1000,"after":"a"}]})");
}

TEST_F(QueueCommands, AQueueIsShownWithItsOptions) {
  ScriptedBroker broker(answering(
      R"("command":"describe","data":{"queue":"orders","messages":3,"options":{"bind":["a/#"],"lanes":"16"}})"));
  EXPECT_EQ(hermodctl(broker, {"show", "orders"}).output,
            "queue     orders\nmessages  3\nbind      [\"a/#\"]\nlanes     16\n");
  EXPECT_EQ(hermodctl(broker, {"show", "orders", "-o", "json"}).output,
            "{\"queue\":\"orders\",\"messages\":3,\"options\":{\"bind\":[\"a/#\"],\"lanes\":\"16\"}}\n");
}

TEST_F(QueueCommands, MessagesAreShownALineEach) {
  ScriptedBroker broker(
      answering(R"("command":"peek","data":{"messages":[{"offset":7,"topic":"a/b","payload":"x y\u001b"},)"
                R"({"offset":8,"payload":"z"}],"more":true})"));
  EXPECT_EQ(hermodctl(broker, {"peek", "orders"}).output,
            "offset=7 topic=a/b payload=\"x y\\u001b\"\noffset=8 payload=z\n");
  EXPECT_EQ(
      hermodctl(broker, {"peek", "orders", "-o", "json"}).output,
      "{\"offset\":7,\"topic\":\"a/b\",\"payload\":\"x y\\u001b\"}\n{\"offset\":8,\"payload\":\"z\"}\n");
}

TEST_F(QueueCommands, WhatWasDoneIsCounted) {
  ScriptedBroker broker(answering(R"("command":"purge","data":{"messages":3})"));
  EXPECT_EQ(hermodctl(broker, {"purge", "orders"}).output, "messages  3\n");
  EXPECT_EQ(hermodctl(broker, {"purge", "orders", "-o", "json"}).output, "{\"messages\":3}\n");
}

TEST_F(QueueCommands, WhatTheBrokerRefusesIsToldWithItsOwnWords) {
  ScriptedBroker wrong(
      answering(R"("command":"edit","error":"options.lanes: from 1 to 4096\u001b[2J","code":"invalid")"));
  const Finished refused = hermodctl(wrong, {"edit", "orders", "-s", "lanes=0"});
  EXPECT_EQ(refused.exit_code, 1);
  EXPECT_EQ(refused.output, "");
  EXPECT_EQ(refused.errors, "hermodctl: options.lanes: from 1 to 4096\\u001b[2J\n")
      << "and nothing of it reaches the terminal as a command";
  ScriptedBroker without(
      answering(R"("command":"purge","error":"queue: there is no queue orders","code":"not-found")"));
  const Finished missing = hermodctl(without, {"purge", "orders"});
  EXPECT_EQ(missing.exit_code, 5);
  EXPECT_EQ(missing.errors, "hermodctl: queue: there is no queue orders\n");
}

TEST_F(QueueCommands, AnswersToOthersAreNotTakenForOurs) {
  const auto others_first = [](const std::string& command) {
    return Answers{R"({"responses":[{"command":"purge","data":{"messages":1},"correlationData":"theirs"}]})",
                   R"({"responses":[{"command":"purge","data":{"messages":2}}]})",
                   R"({"responses":5})",
                   R"([)",
                   "",
                   R"({"responses":[7,{"correlationData":[]},{"command":"purge","data":{"messages":3},)"
                   R"("correlationData":")" +
                       correlation_of(command) + R"("}]})"};
  };
  ScriptedBroker broker({.answer = others_first});
  const Finished finished = hermodctl(broker, {"purge", "orders"});
  EXPECT_EQ(finished.exit_code, 0) << finished.errors;
  EXPECT_EQ(finished.output, "messages  3\n");
}

TEST_F(QueueCommands, DataOfAnotherFormIsPrintedAsItIsAndDoesNoHarm) {
  for (const char* data : {"5", "[]", "\"x\"", "{}", R"({"queues":5,"more":true})",
                           R"({"queues":[5],"more":true})", R"({"messages":{"a":1}})"}) {
    ScriptedBroker broker(answering(R"("command":"x","data":)" + std::string(data)));
    for (const std::vector<std::string>& verb :
         {std::vector<std::string>{"ls"}, {"show", "a"}, {"peek", "a"}, {"purge", "a"}})
      EXPECT_LT(hermodctl(broker, verb).exit_code, 128) << data << " for " << verb[0];
  }
}

TEST_F(QueueCommands, AListThatGoesOnWithoutEndIsGivenUp) {
  ScriptedBroker broker(answering(R"("command":"list","data":{"queues":[{"queue":"a"}],"more":true})"));
  const Finished finished = hermodctl(broker, {"ls"});
  EXPECT_EQ(finished.exit_code, 1);
  EXPECT_EQ(finished.errors, "hermodctl: the broker's list of queues does not go on\n");
  EXPECT_EQ(broker.commands().size(), 2U);
}

TEST_F(QueueCommands, ABrokerThatSaysNoIsUnderstood) {
  ScriptedBroker no_connection({.connack = 0x87});
  EXPECT_THAT(hermodctl(no_connection, {"ls"}).errors,
              HasSubstr("the broker refused the connection: Not authorized"));
  ScriptedBroker no_answers({.suback = 0x87});
  EXPECT_THAT(hermodctl(no_answers, {"ls"}).errors,
              HasSubstr("refuses a subscription to $CONTROL/queue/v1/response: Not authorized (0x87)"));
  ScriptedBroker no_commands({.puback = 0x87});
  const Finished finished = hermodctl(no_commands, {"ls"});
  EXPECT_EQ(finished.exit_code, 1);
  EXPECT_THAT(finished.errors, HasSubstr("the broker refused the command: Not authorized (0x87)"));
}

TEST_F(QueueCommands, ABrokerThatSaysNothingIsNotWaitedForLonger) {
  ScriptedBroker silent({});
  const Finished finished = hermodctl(silent, {"ls", "--timeout", "0.2"});
  EXPECT_EQ(finished.exit_code, 1);
  EXPECT_EQ(finished.errors, "hermodctl: the broker does not answer the command\n");
  ScriptedBroker deaf({.puback = 0x10});
  EXPECT_EQ(hermodctl(deaf, {"ls"}).errors,
            "hermodctl: nobody takes commands to $CONTROL/queue/v1: this broker has no named queues\n");
}

TEST_F(QueueCommands, WhoAsksIsToldToTheBroker) {
  ScriptedBroker broker(answering(R"("command":"x")"));
  EXPECT_EQ(hermodctl(broker, {"purge", "a", "-u", "anna", "-P", "secret"}).exit_code, 0);
  EXPECT_THAT(broker.connect(), HasSubstr(std::string("\0\4anna\0\6secret", 14)));
}

TEST_F(QueueCommands, AWrongCommandLineIsToldBeforeAnybodyIsAsked) {
  ScriptedBroker broker({});
  const std::pair<std::vector<std::string>, const char*> mistakes[] = {
      {{}, "subcommand"},
      {{"show"}, "queue is required"},
      {{"create", "a", "--set", "lanes"}, "--set lanes: OPTION=VALUE is expected"},
      {{"create", "a", "--set", "bind=a/#"}, "topic filters go with --bind"},
      {{"peek", "a", "-n", "0"}, "--count"},
      {{"move", "a"}, "to is required"},
      {{"move", "a", "b", "-n", "1", "--offset", "1"}, "excludes"},
      {{"ls", "--cert", "x"}, "--cert: nothing asks for TLS"},
      {{"ls", "--timeout", "0"}, "--timeout"},
      {{"sing"}, "subcommand"},
  };
  for (const auto& [arguments, told] : mistakes) {
    const Finished finished = hermodctl(broker, arguments);
    EXPECT_EQ(finished.exit_code, 2) << told;
    EXPECT_THAT(finished.errors, HasSubstr(told));
  }
  EXPECT_THAT(broker.commands(), ElementsAre());
}

}  // namespace hermod::integration
