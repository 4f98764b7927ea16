#pragma once
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "queue/group_records.h"
#include "queue/queue_id.h"
#include "store/group_codec.h"
#include "tests/unit/broker/control_fixture.h"

namespace hermod::broker::testing {

/// A stream "log" of a broker that a test steps by hand, and members of its consumer groups.
class StreamGroupTest : public ControlTest {
 protected:
  static constexpr std::string_view kWork = "$share/work/$stream/log";

  StreamGroupTest() {
    options_.queues.reader_messages = 8;
    options_.queues.reader_bytes = 100'000;
  }
  /// A stream "log" of shop/#, whose key is the third level of the topic.
  void make_stream(const std::string& more = {}) {
    FakeClient maker = operator_client("maker");
    const nlohmann::json answer =
        ask(maker, R"({"command":"create","queue":"log","options":{"bind":"shop/#",)" + more +
                       R"("key":"topic","kind":"stream"}})");
    ASSERT_FALSE(answer.contains("error")) << answer.dump();
    maker.disconnect();
    settle();
  }
  /// A connected member of a group, which is new at `start`.
  FakeClient member(const std::string& client_id, const std::string& start = "earliest",
                    std::string_view filter = kWork, QoS qos = kQoS1) {
    FakeClient client = login({.client_id = client_id});
    EXPECT_THAT(join(client, start, filter, qos), ElementsAre(qos == kQoS0 ? 0 : 1));
    return client;
  }
  /// The reason of the SUBACK; what comes with it is kept.
  std::vector<int> join(FakeClient& client, const std::string& start, std::string_view filter = kWork,
                        QoS qos = kQoS1) {
    wire::PropertyWriter properties;
    if (!start.empty()) properties.add_user("stream-offset", start);
    wire::SubscribeFilterWriter filters;
    filters.add({.filter = filter, .qos = qos}, kV5);
    client.send(wire::Subscribe{wire::PacketId{1}, filters.filters(), properties.properties()});
    settle();
    std::vector<int> answers;
    for (const test::Arrived& one : subacks(client)) answers.push_back(static_cast<int>(one.reasons.at(0)));
    return answers;
  }
  /// What has come of SUBACKs; messages are kept.
  std::vector<test::Arrived> subacks(FakeClient& client) {
    std::vector<test::Arrived> answers;
    for (test::Arrived& one : client.receive()) {
      if (one.type == PacketType::Publish) arrived_[&client.peer()].push_back(std::move(one));
      if (one.type == PacketType::Suback) answers.push_back(std::move(one));
    }
    return answers;
  }
  /// What has come and is not answered.
  std::vector<test::Arrived> come_to(FakeClient& client) {
    std::vector<test::Arrived> all = std::move(arrived_[&client.peer()]);
    arrived_.erase(&client.peer());
    for (test::Arrived& one : messages(client)) all.push_back(std::move(one));
    return all;
  }
  /// What the client gets when it acknowledges everything.
  std::vector<std::string> taken_by(FakeClient& client) {
    std::vector<std::string> all;
    for (bool is_more = true; is_more;) {
      is_more = false;
      for (const test::Arrived& one : come_to(client)) {
        all.push_back(one.payload);
        if (one.qos == kQoS1) client.ack(PacketType::Puback, one.id);
        is_more = true;
      }
      settle();
    }
    return all;
  }
  static std::vector<std::string> numbers(int from, int to) {
    std::vector<std::string> all;
    for (int i = from; i <= to; ++i) all.push_back(std::to_string(i));
    return all;
  }
  /// Messages with the numbers of their offsets, of as many keys.
  void store(int from, int to, int keys = 1000) {
    FakeClient publisher = login("source");
    for (int i = from; i <= to; ++i)
      publish(publisher, {"shop/" + std::to_string(i % keys), std::to_string(i), kQoS0});
    settle();
  }
  queue::StreamExtent& extent_of_log() { return *broker().queues().find("log")->stream; }
  QueueId stream() { return broker().queues().find("log")->id; }
  /// As the store has it.
  std::optional<queue::GroupRecord> recorded(const std::string& group = "work") {
    const auto named = broker().queues().find_group(stream(), group);
    if (!named) return std::nullopt;
    const std::string key = store::entry_key(queue::stream_of(stream()), Seq{named->group->number});
    const auto record = records()[key];
    return record.empty() ? std::nullopt : std::optional(*queue::decode_group(as_bytes(record)));
  }
  /// What the store has in its table of deliveries.
  std::map<std::string, std::string> records() {
    std::map<std::string, std::string> all;
    const Status read = journal_.replay(GroupNo{1}, [&](GroupNo, Bytes group) -> Status {
      const auto decoded = store::decode_group(group);
      for (const store::EncodedBatch& batch : decoded->batches) {
        store::OpReader ops(batch);
        while (const auto op = ops.next()) {
          if (op->table != store::Table::Deliveries) continue;
          if (op->kind == store::Op::Kind::Put) all[std::string(as_text(op->key))] = as_text(op->value);
          if (op->kind == store::Op::Kind::Erase) all.erase(std::string(as_text(op->key)));
        }
      }
      return {};
    });
    EXPECT_TRUE(read.has_value());
    return all;
  }

 private:
  std::map<const void*, std::vector<test::Arrived>> arrived_;
};

}  // namespace hermod::broker::testing
