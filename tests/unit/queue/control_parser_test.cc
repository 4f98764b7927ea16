#include "queue/control_parser.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include "queue/queue_option.h"

namespace hermod::queue {
namespace {

/// The one command of a request, which is written without what is around it.
ControlRequest one_command(std::string_view fields) {
  auto requests = parse_control(R"({"commands":[{)" + std::string(fields) + "}]}");
  EXPECT_TRUE(requests) << fields;
  EXPECT_EQ(requests->size(), 1U);
  return std::move(requests->front());
}

template <class Command>
Command command_of(std::string_view fields) {
  ControlRequest request = one_command(fields);
  if (!request.command) {
    ADD_FAILURE() << request.command.error().detail;
    return {};
  }
  EXPECT_TRUE(std::holds_alternative<Command>(*request.command)) << fields;
  return std::get<Command>(*request.command);
}

std::string fault_of(std::string_view fields) {
  const ControlRequest request = one_command(fields);
  return request.command ? "" : request.command.error().detail;
}

TEST(ControlParser, ReadsADefinition) {
  const auto create = command_of<CreateQueue>(
      R"("command":"create","queue":"orders","options":{"bind":["shop/+/order","shop/+/cancel"],)"
      R"("order":"none","lanes":4,"max_length":"none","ack_timeout":"2m"})");
  EXPECT_EQ(create.definition.name, "orders");
  EXPECT_EQ(create.definition.bind, (std::vector<std::string>{"shop/+/order", "shop/+/cancel"}));
  EXPECT_EQ(create.definition.order, QueueDefinition::Order::None);
  EXPECT_EQ(create.definition.lanes, 4U);
  EXPECT_EQ(create.definition.ack_timeout, std::chrono::minutes(2));
  const auto short_one =
      command_of<CreateQueue>(R"("command":"create","queue":"a.dlq","options":{"max_length":5})");
  EXPECT_EQ(short_one.definition.max_length, 5U);
  EXPECT_TRUE(short_one.definition.bind.empty()) << "a dead-letter queue needs none";
}

TEST(ControlParser, AnEditChangesOnlyWhatItNames) {
  QueueDefinition from;
  from.name = "orders";
  from.bind = {"a/#"};
  from.lanes = 3;
  const auto edit = command_of<EditQueue>(
      R"("command":"edit","queue":"orders","options":{"max_length":10,"dead_letter":"orders.dlq"})");
  EXPECT_EQ(edit.name, "orders");
  QueueDefinition expected = from;
  expected.max_length = 10;
  EXPECT_EQ(edit.applied_to(from), expected);
  const auto bound = command_of<EditQueue>(R"("command":"edit","queue":"orders","options":{"bind":"b/#"})");
  EXPECT_EQ(bound.applied_to(from).bind, std::vector<std::string>{"b/#"});
}

TEST(ControlParser, ReadsWhatIsDoneToAQueue) {
  const auto gone = command_of<DeleteQueue>(R"("command":"delete","queue":"a","force":true)");
  EXPECT_EQ(gone.name, "a");
  EXPECT_TRUE(gone.is_forced);
  EXPECT_FALSE(command_of<DeleteQueue>(R"("command":"delete","queue":"a")").is_forced);
  EXPECT_EQ(command_of<PurgeQueue>(R"("command":"purge","queue":"a")").name, "a");
  EXPECT_EQ(command_of<PauseQueue>(R"("command":"pause","queue":"b")").name, "b");
  EXPECT_EQ(command_of<ResumeQueue>(R"("command":"resume","queue":"c")").name, "c");
  EXPECT_EQ(command_of<DescribeQueue>(R"("command":"describe","queue":"d")").name, "d");
}

TEST(ControlParser, ReadsWhichMessagesAreMeant) {
  const auto peek =
      command_of<PeekQueue>(R"("command":"peek","queue":"a","from":7,"count":3,"payload_bytes":0)");
  EXPECT_EQ(peek.from, Seq{7});
  EXPECT_EQ(peek.count, 3U);
  EXPECT_EQ(peek.payload_bytes, 0U);
  const auto standard = command_of<PeekQueue>(R"("command":"peek","queue":"a")");
  EXPECT_EQ(standard.from, Seq{0});
  EXPECT_EQ(standard.count, 10U);
  const auto one = command_of<MoveMessages>(R"("command":"move","queue":"a","to":"b","offset":9)");
  EXPECT_EQ(one.to, "b");
  EXPECT_EQ(one.offset, Seq{9});
  EXPECT_EQ(one.count, std::nullopt);
  const auto all = command_of<MoveMessages>(R"("command":"move","queue":"a","to":"b")");
  EXPECT_EQ(all.offset, std::nullopt);
  EXPECT_EQ(all.count, std::nullopt);
  const auto back = command_of<RedriveQueue>(R"("command":"redrive","queue":"a.dlq","count":2)");
  EXPECT_EQ(back.name, "a.dlq");
  EXPECT_EQ(back.to, std::nullopt);
  EXPECT_EQ(back.count, 2U);
  const auto list = command_of<ListQueues>(R"("command":"list","after":"m","count":1000)");
  EXPECT_EQ(list.after, "m");
  EXPECT_EQ(list.count, 1000U);
}

TEST(ControlParser, DelayedMessagesAreNamedByIdIdentifierOrTopic) {
  const auto list = command_of<ListDelayed>(R"("command":"listDelayed","from":7,"count":5,"topic":"shop/#")");
  EXPECT_EQ(list.from, Seq{7});
  EXPECT_EQ(list.count, 5U);
  EXPECT_EQ(list.topic, "shop/#");
  EXPECT_EQ(command_of<ListDelayed>(R"("command":"listDelayed")").count, 100U);
  EXPECT_EQ(command_of<CancelDelayed>(R"("command":"cancelDelayed","id":7)").id, Seq{7});
  EXPECT_EQ(command_of<CancelDelayed>(R"("command":"cancelDelayed","msg_id":"m")").message_id, "m");
  EXPECT_EQ(command_of<CancelDelayed>(R"("command":"cancelDelayed","topic":"+/a")").topic, "+/a");
}

TEST(ControlParser, ReadsWhatIsWantedOfConsumerGroups) {
  EXPECT_EQ(command_of<ListGroups>(R"("command":"listGroups","queue":"log")").stream, "log");
  const auto show = command_of<ShowGroup>(R"("command":"showGroup","queue":"log","group":"g")");
  EXPECT_EQ(show.stream + "/" + show.group, "log/g");
  const auto seek = command_of<SeekGroup>(R"("command":"seekGroup","queue":"log","group":"g","to":"5ms")");
  EXPECT_EQ(seek.to, (StreamStart{.from = StreamStart::From::Time, .time = wall_time_of(5000)}));
  EXPECT_EQ(command_of<DeleteGroup>(R"("command":"deleteGroup","queue":"log","group":"g")").group, "g");
  EXPECT_EQ(fault_of(R"("command":"showGroup","queue":"log")").substr(0, 7), "group: ");
  EXPECT_EQ(fault_of(R"("command":"seekGroup","queue":"log","group":"g")").substr(0, 4), "to: ");
}

TEST(ControlParser, ReadsWhatIsLookedForInAStream) {
  const auto all = command_of<FindMessages>(R"("command":"find","queue":"log")");
  EXPECT_EQ(all.from, Seq{1});
  EXPECT_EQ(all.to, std::nullopt);
  EXPECT_EQ(all.count, 10U);
  const auto some = command_of<FindMessages>(
      R"("command":"find","queue":"log","key":"","msg_id":"m","from":3,"to":9,"since":"1ms","until":"1970-01-01T00:00:01Z","count":7,"payload_bytes":0)");
  EXPECT_EQ(some.key, "");
  EXPECT_EQ(some.message_id, "m");
  EXPECT_EQ(some.from, Seq{3});
  EXPECT_EQ(some.to, Seq{9});
  EXPECT_EQ(some.since, wall_time_of(1000));
  EXPECT_EQ(some.until, wall_time_of(1'000'000));
  EXPECT_EQ(some.count, 7U);
  EXPECT_EQ(some.payload_bytes, 0U);
  EXPECT_EQ(fault_of(R"("command":"find","queue":"log","until":"latest")").substr(0, 7), "until: ");
  EXPECT_EQ(fault_of(R"("command":"find","queue":"log","from":0)").substr(0, 6), "from: ");
}

TEST(ControlParser, TransactionsAreNamedByTheirIds) {
  const auto list =
      command_of<ListTransactions>(R"("command":"listTransactions","from":"order-7","count":5)");
  EXPECT_EQ(list.from, "order-7");
  EXPECT_EQ(list.count, 5U);
  EXPECT_EQ(command_of<ListTransactions>(R"("command":"listTransactions")").count, 100U);
  EXPECT_EQ(command_of<CommitTransaction>(R"("command":"commitTransaction","id":"order-7")").id, "order-7");
  EXPECT_EQ(command_of<RollBackTransaction>(R"("command":"rollbackTransaction","id":"order-7")").id,
            "order-7");
}

TEST(ControlParser, EveryCommandOfARequestIsReadForItself) {
  const auto requests =
      parse_control(R"({"commands":[{"command":"list","correlationData":"x \u0000"},{"command":"sing"},7,)"
                    R"({"command":"purge","queue":"a"}]})");
  ASSERT_TRUE(requests);
  ASSERT_EQ(requests->size(), 4U);
  EXPECT_EQ((*requests)[0].correlation, std::string("x \0", 3));
  EXPECT_TRUE((*requests)[0].command);
  EXPECT_EQ((*requests)[1].command.error().code, Errc::NotFound);
  EXPECT_EQ((*requests)[1].word, "");
  EXPECT_EQ((*requests)[2].command.error().detail, "commands: a list of objects is expected");
  EXPECT_TRUE((*requests)[3].command);
  EXPECT_EQ((*requests)[3].correlation, std::nullopt);
}

TEST(ControlParser, WhatIsWrongIsNamedByItsField) {
  const std::pair<std::string_view, std::string_view> mistakes[] = {
      {R"("queue":"a")",
       "command: one of create, edit, delete, purge, pause, resume, peek, move, redrive, list, describe, "
       "listDelayed, cancelDelayed, listTransactions, commitTransaction, rollbackTransaction, "
       "listGroups, showGroup, seekGroup, deleteGroup, find is expected"},
      {R"("command":5)",
       "command: one of create, edit, delete, purge, pause, resume, peek, move, redrive, list, describe, "
       "listDelayed, cancelDelayed, listTransactions, commitTransaction, rollbackTransaction, "
       "listGroups, showGroup, seekGroup, deleteGroup, find is expected"},
      {R"("command":"purge")", "queue: the name of a queue is expected"},
      {R"("command":"purge","queue":5)", "queue: a text is expected"},
      {R"("command":"purge","queue":"a/b")",
       "queue: the name of a queue is a letter or digit, then letters, digits, - . or _, 128 bytes at most"},
      {R"("command":"purge","queue":"a","force":true)", "force: there is no such field here"},
      {R"("command":"purge","queue":"a","correlationData":5)", "correlationData: a text is expected"},
      {R"("command":"delete","queue":"a","force":"yes")", "force: true or false is expected"},
      {R"("command":"peek","queue":"a","count":0)", "count: a whole number from 1 to 1000 is expected"},
      {R"("command":"peek","queue":"a","count":1.5)", "count: a whole number from 1 to 1000 is expected"},
      {R"("command":"peek","queue":"a","count":-1)", "count: a whole number from 1 to 1000 is expected"},
      {R"("command":"peek","queue":"a","count":1000,"payload_bytes":65536)",
       "payload_bytes: count times payload_bytes is 1 MiB at most"},
      {R"("command":"move","queue":"a")", "to: the name of a queue is expected"},
      {R"("command":"move","queue":"a","to":"a")", "to: another queue is expected"},
      {R"("command":"move","queue":"a","to":"b","offset":1,"count":1)",
       "count: offset says already which message"},
      {R"("command":"move","queue":"a","to":"b","offset":18446744073709551615)",
       "offset: a whole number from 1 to 9223372036854775807 is expected"},
      {R"("command":"redrive","queue":"a","to":"a")", "to: another queue is expected"},
      {R"("command":"list","queue":"a")", "queue: there is no such field here"},
      {R"("command":"listDelayed","count":1001)", "count: a whole number from 1 to 1000 is expected"},
      {R"("command":"listDelayed","id":1)", "id: there is no such field here"},
      {R"("command":"cancelDelayed")", "id: either this is expected, or msg_id, or topic"},
      {R"("command":"commitTransaction")", "id: the id of a transaction is expected"},
      {R"("command":"rollbackTransaction","id":"a b")", "id: the id of a transaction is expected"},
      {R"("command":"cancelDelayed","id":1,"topic":"a")", "id: either this is expected, or msg_id, or topic"},
      {R"("command":"create","queue":"a")", "options.bind: at least one topic filter"},
      {R"("command":"create","queue":"a","options":[])", "options: an object is expected"},
      {R"("command":"create","queue":"a","options":{"bind":[5]})",
       "options.bind: a text or a list of texts is expected"},
      {R"("command":"create","queue":"a","options":{"bind":"b","lanes":0})", "options.lanes: from 1 to 4096"},
      {R"("command":"create","queue":"a","options":{"bind":"b","lanes":[4]})",
       "options.lanes: a text, a whole number, true or false is expected"},
      {R"("command":"create","queue":"a","options":{"bind":"b","lanez":4})",
       "options.lanez: no option of a queue has this name"},
      {R"("command":"create","queue":"a","options":{"bind":"b","order":"none"},"lanes":4)",
       "lanes: there is no such field here"},
      {R"("command":"edit","queue":"a","options":{})", "options: at least one option is expected"},
      {R"("command":"edit","queue":"a")", "options: at least one option is expected"},
      {R"("command":"edit","queue":"a","options":{"order":"sideways"})",
       "options.order: one of none, key, strict is expected"},
  };
  for (const auto& [fields, told] : mistakes) EXPECT_EQ(fault_of(fields), told) << fields;
}

TEST(ControlParser, ANameThatIsTooLongForItsDeadLettersIsTheFaultOfTheName) {
  EXPECT_EQ(
      fault_of(R"("command":"create","queue":")" + std::string(128, 'a') + R"(","options":{"bind":"b"})"),
      "queue: too long for its dead-letter queue; 124 bytes at most, or set dead_letter");
}

TEST(ControlParser, AFieldThatSomebodyMadeUpIsNotRepeatedWhole) {
  const std::string name(10'000, 'x');
  EXPECT_EQ(fault_of(R"("command":"list",")" + name + R"(":1)"),
            std::string(40, 'x') + "...: there is no such field here");
  EXPECT_EQ(fault_of(R"("command":"edit","queue":"a","options":{")" + name + R"(":1})"),
            "options." + std::string(40, 'x') + "...: no option of a queue has this name");
}

std::string refusal_of(std::string_view text) {
  const auto requests = parse_control(text);
  return requests ? "" : requests.error().detail;
}

TEST(ControlParser, WhatIsNoRequestIsRefused) {
  const std::string no_commands = R"(commands: a list is expected, as in {"commands":[{"command":"list"}]})";
  EXPECT_EQ(refusal_of(""), "no JSON: byte 1");
  EXPECT_EQ(refusal_of(R"({"commands":[}])"), "no JSON: byte 14");
  EXPECT_EQ(refusal_of("{\"commands\":[\"\xFF\"]}").substr(0, 8), "no JSON:");
  EXPECT_EQ(refusal_of("{} {}").substr(0, 8), "no JSON:");
  EXPECT_EQ(refusal_of(R"({"commands":[{"command":"peek","count":1e999}]})"), "a number is too large");
  for (const char* text : {"null", "5", "[]", "{}", R"({"commands":{}})", R"({"commands":[]})"})
    EXPECT_EQ(refusal_of(text), no_commands) << text;
  EXPECT_EQ(refusal_of(R"({"commands":[{"command":"list"}],"more":1})"),
            "a request has nothing beside commands");
}

TEST(ControlParser, ARequestIsBoundedInSizeDepthAndCommands) {
  const auto list_of = [](std::size_t count) {
    std::string text = R"({"commands":[)";
    for (std::size_t i = 0; i < count; ++i)
      text += (i == 0 ? "" : ",") + std::string(R"({"command":"list"})");
    return text + "]}";
  };
  EXPECT_EQ(refusal_of(list_of(kMostControlCommands)), "");
  EXPECT_EQ(refusal_of(list_of(kMostControlCommands + 1)), "a request has 64 commands at most");
  std::string padded = list_of(1);
  padded.resize(kLargestControlRequest, ' ');
  EXPECT_EQ(refusal_of(padded), "");
  EXPECT_EQ(refusal_of(padded + " "), "a request has 64 KiB at most");
  const auto nested = [](std::size_t depth) { return std::string(depth, '[') + std::string(depth, ']'); };
  EXPECT_NE(refusal_of(nested(8)), "a request is nested 8 levels deep at most");
  EXPECT_EQ(refusal_of(nested(9)), "a request is nested 8 levels deep at most");
  EXPECT_EQ(refusal_of(std::string(60'000, '[')), "a request is nested 8 levels deep at most");
  EXPECT_EQ(refusal_of(R"({"commands":[{"command":"list","correlationData":"[[[[[[[[[[\"[[["}]})"), "")
      << "brackets in a text nest nothing";
}

/// What can be set in the configuration can be set here: no option is left out or refused by its form.
TEST(ControlParser, TakesEveryOptionAsItIsShown) {
  QueueDefinition standard;
  standard.name = "orders";
  standard.bind = {"a"};
  for (const std::string_view option : option_names()) {
    const auto edit =
        command_of<EditQueue>(R"("command":"edit","queue":"orders","options":{")" + std::string(option) +
                              R"(":")" + option_text(standard, option) + R"("})");
    EXPECT_EQ(edit.applied_to(standard), standard) << option;
  }
}

}  // namespace
}  // namespace hermod::queue
