#include "queue/control_answer.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "wire/property_writer.h"

namespace hermod::queue {
namespace {

std::string answer_text(Result<ControlResult> result, std::optional<std::string> correlation = {}) {
  const ControlAnswer answer{"word", std::move(correlation), std::move(result)};
  const std::string text = control_text(std::span(&answer, 1));
  constexpr std::string_view kBegin = R"({"responses":[{"command":"word")";
  EXPECT_TRUE(text.starts_with(kBegin)) << text;
  EXPECT_TRUE(text.ends_with("}]}")) << text;
  return text.substr(kBegin.size(), text.size() - kBegin.size() - 3);
}

QueueState state_of(std::string name) {
  QueueCatalog catalog({});
  QueueDefinition definition;
  definition.name = std::move(name);
  definition.bind = {"a/#", "b"};
  return {.queue = *catalog.add(QueueId{1}, definition, true),
          .messages = 5,
          .bytes = 50,
          .out = 1,
          .waiting = 2,
          .consumers = 3};
}

PeekedMessage peeked(std::string_view payload) {
  PeekedMessage message;
  message.offset = Seq{7};
  message.entry.message = Message::create({.topic = "a/b",
                                           .payload = as_bytes(payload),
                                           .forwarded_properties = {},
                                           .qos = wire::QoS::AtLeastOnce,
                                           .stored_at = wall_time_of(1'000'000)});
  message.entry.key = "k";
  return message;
}

/// What is shown of the payload of a message, with `most` bytes of it.
std::string payload_text(std::string_view payload, std::uint32_t most) {
  const std::string text =
      answer_text(ControlResult(PeekedMessages{.messages = {peeked(payload)}, .payload_bytes = most}));
  const std::size_t begin = text.find(R"("payload_bytes")");
  return text.substr(begin, text.find('}') - begin);
}

TEST(ControlAnswer, RepeatsWhatWasAskedWithIt) {
  EXPECT_EQ(answer_text(ControlResult(Done{})), "");
  EXPECT_EQ(answer_text(ControlResult(MessagesDone{3})), R"(,"data":{"messages":3})");
  EXPECT_EQ(answer_text(ControlResult(Done{}), "x\"y\n"), R"(,"correlationData":"x\"y\n")");
}

TEST(ControlAnswer, AnErrorHasItsTextAndItsKind) {
  EXPECT_EQ(answer_text(failure(Errc::NotFound, "queue: there is no queue a")),
            R"(,"error":"queue: there is no queue a","code":"not-found")");
  EXPECT_EQ(control_text(Error{Errc::Invalid, "no JSON: byte 1"}),
            R"({"responses":[{"command":"","error":"no JSON: byte 1","code":"invalid"}]})");
  EXPECT_EQ(control_code(Errc::Busy), "busy");
  EXPECT_EQ(control_code(Errc::NoSpace), "full");
  EXPECT_EQ(control_code(Errc::Unsupported), "unavailable");
  EXPECT_EQ(control_code(Errc::Io), "failed");
}

TEST(ControlAnswer, AnswersStandInTheOrderOfTheCommands) {
  const ControlAnswer answers[] = {{"pause", {}, ControlResult(Done{})},
                                   {"purge", {}, ControlResult(MessagesDone{1})}};
  EXPECT_EQ(control_text(answers),
            R"({"responses":[{"command":"pause"},{"command":"purge","data":{"messages":1}}]})");
}

TEST(ControlAnswer, AQueueIsDescribedWithItsOptionsAndListedWithout) {
  QueueState state = state_of("orders");
  const std::string numbers =
      R"({"queue":"orders","configured":true,"paused":false,"messages":5,"bytes":50,"ready":2,"out":1,)"
      R"("waiting":2,"consumers":3)";
  EXPECT_EQ(answer_text(ControlResult(QueueList{{state}, true})),
            R"(,"data":{"queues":[)" + numbers + R"(}],"more":true})");
  state.oldest = std::chrono::milliseconds(1500);
  const std::string whole = answer_text(ControlResult(state));
  EXPECT_TRUE(whole.starts_with(R"(,"data":)" + numbers +
                                R"(,"oldest_ms":1500,"options":{"bind":["a/#","b"],"match":"none")"))
      << whole;
  EXPECT_NE(whole.find(R"("dead_letter":"orders.dlq")"), std::string::npos) << whole;
  EXPECT_EQ(answer_text(ControlResult(QueueList{})), R"(,"data":{"queues":[],"more":false})");
  state.flush = store::Flush{store::Flush::When::Interval, std::chrono::milliseconds(250)};
  const std::string stored = answer_text(ControlResult(state));
  EXPECT_NE(stored.find(R"("flush":"interval:250","options":{)"), std::string::npos)
      << "in force: " << stored;
  EXPECT_NE(stored.find(R"("flush":"broker")"), std::string::npos) << "and as it was said: " << stored;
}

TEST(ControlAnswer, NumbersThatWereReadOneByOneNeverGiveANegativeOne) {
  QueueState state = state_of("orders");
  state.out = 9;
  EXPECT_NE(answer_text(ControlResult(QueueList{{state}, false})).find(R"("ready":0)"), std::string::npos);
}

TEST(ControlAnswer, AMessageIsShownWithItsHistory) {
  PeekedMessage message = peeked("hello");
  wire::PropertyWriter properties;
  properties.add_user("tags", "a").add_user("tags", "b");
  message.entry.message = Message::create({.topic = "a/b",
                                           .payload = as_bytes("hello"),
                                           .forwarded_properties = properties.properties().raw(),
                                           .stored_at = wall_time_of(1'000'000),
                                           .expires_at = wall_time_of(3'000'000)});
  message.entry.deaths = {{"orders", DeathReason::Rejected, 3, wall_time_of(2'000'000)}};
  message.where = PeekedMessage::Where::Waiting;
  message.deliveries = 2;
  EXPECT_EQ(answer_text(ControlResult(PeekedMessages{{message}, 100, false})),
            R"(,"data":{"messages":[{"offset":7,"topic":"a/b","key":"k","qos":0,"ts":1000000,)"
            R"("expires":3000000,"state":"waiting","deliveries":2,"deaths":[{"queue":"orders",)"
            R"("reason":"rejected","deliveries":3,"ts":2000000}],"properties":[["tags","a"],["tags","b"]],)"
            R"("payload_bytes":5,"payload":"hello"}],"more":false})");
}

TEST(ControlAnswer, APayloadIsTextWhenItIsOneAndIsCutBetweenCharacters) {
  EXPECT_EQ(payload_text("hello", 100), R"("payload_bytes":5,"payload":"hello")");
  EXPECT_EQ(payload_text("hello", 2), R"("payload_bytes":5,"payload":"he")");
  EXPECT_EQ(payload_text("hello", 0), R"("payload_bytes":5,"payload":"")");
  EXPECT_EQ(payload_text("", 10), R"("payload_bytes":0,"payload":"")");
  EXPECT_EQ(payload_text("ab\xE2\x82\xAC", 4), R"("payload_bytes":5,"payload":"ab")");
  EXPECT_EQ(payload_text("\xFF\xFE", 100), R"("payload_bytes":2,"payload_base64":"//4=")");
  EXPECT_EQ(payload_text("ab\xE2\x82", 100), R"("payload_bytes":4,"payload_base64":"YWLigg==")")
      << "nothing was cut here: it is no text";
  EXPECT_EQ(payload_text("\xFF\xFE\xFD\xFC", 3), R"("payload_bytes":4,"payload_base64":"//79")");
  EXPECT_EQ(payload_text("a\xFF\xFE\xFD", 3), R"("payload_bytes":4,"payload_base64":"Yf/+")");
  EXPECT_EQ(payload_text("\xE2\x82\xAC", 2), R"("payload_bytes":3,"payload":"")");
}

}  // namespace
}  // namespace hermod::queue
