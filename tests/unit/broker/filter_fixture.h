#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "tests/unit/broker/stream_group_fixture.h"

namespace hermod::broker::testing {

/// A stream "log" and a queue "orders" of shop/#, and clients who want some of their messages.
class FilterTest : public StreamGroupTest {
 protected:
  /// A SUBSCRIBE with one user property `filter` for each of `said`, and what it was answered.
  void ask_for(FakeClient& client, const std::vector<std::string_view>& topic_filters,
               const std::vector<std::string_view>& said, QoS qos = kQoS1) {
    wire::PropertyWriter properties;
    properties.add_user("stream-offset", "earliest");
    for (const std::string_view one : said) properties.add_user("filter", one);
    wire::SubscribeFilterWriter filters;
    for (const std::string_view one : topic_filters) filters.add({.filter = one, .qos = qos}, kV5);
    client.send(wire::Subscribe{wire::PacketId{1}, filters.filters(), properties.properties()});
  }
  struct Answer {
    std::vector<int> reasons;
    std::string why;
  };
  Answer answer_to(FakeClient& client) {
    Answer answer;
    for (const test::Arrived& one : subacks(client)) {
      for (const ReasonCode reason : one.reasons) answer.reasons.push_back(static_cast<int>(reason));
      answer.why = one.reason_string;
    }
    return answer;
  }
  Answer wants(FakeClient& client, std::string_view topic_filter, const std::vector<std::string_view>& said,
               QoS qos = kQoS1) {
    ask_for(client, {topic_filter}, said, qos);
    settle();
    return answer_to(client);
  }
  /// Messages with these numbers, whose user property n is the number modulo 3.
  void say(int from, int to) {
    FakeClient publisher = login("source");
    for (int i = from; i <= to; ++i)
      publish_with(publisher, 0, std::to_string(i), {{"n", std::to_string(i % 3).c_str()}}, kQoS0);
    settle();
  }
  void make_unordered_stream() { make_stream(R"("order":"none",)"); }
};

}  // namespace hermod::broker::testing
