#include "tests/crash/crash_test.h"

#include <algorithm>
#include <cstdlib>

namespace hermod::crash {

using namespace support;

std::uint64_t number_from(const char* name, std::uint64_t otherwise) {
  const char* text = std::getenv(name);
  return text != nullptr ? std::strtoull(text, nullptr, 10) : otherwise;
}

std::uint64_t rounds_of(std::uint64_t usual) {
  return number_from("HERMOD_CRASH_ROUNDS", kSanitized ? (usual + 2) / 3 : usual);
}

PersistentClient& CrashTest::add(PersistentClient::Role role) {
  clients_.push_back(std::make_unique<PersistentClient>(port(), std::move(role), ledger_));
  clients_.back()->start();
  return *clients_.back();
}

void CrashTest::subscribe_and_leave(const std::string& id, const std::string& filter, std::uint8_t qos) {
  MqttClient sleeper = durable_client(id);
  sleeper.subscribe(filter, qos);
  sleeper.disconnect();
}

void CrashTest::start_load(std::size_t padding) {
  for (const char* member : {"member-1", "member-2"}) ledger_.shares(member);
  for (const char* probed : {"s/none", "l/none"}) ledger_.sent(probed, 1, 0);
  subscribe_and_leave("sleeper", "l/#", 2);
  add({.id = "reader", .subscriptions = {{"l/#", 2}}});
  add({.id = "member-1", .subscriptions = {{"$share/g/s/#", 1}}});
  add({.id = "member-2", .subscriptions = {{"$share/g/s/#", 1}}});
  for (const char* probed : {"s/none", "l/none"}) ledger_.acknowledged(probed, 0);
  // The subscriptions stand before anything is published.
  ASSERT_TRUE(in_time([&] {
    MqttClient probe = client("probe");
    for (const char* probed : {"s/none", "l/none"}) probe.publish(probed, "0", 1);
    return ledger_.is_complete("reader", "l/") &&
           ledger_.group_violations({"member-1", "member-2"}, "s/").empty();
  }));
  for (int i = 0; i < 2; ++i) {
    const std::string n = std::to_string(i);
    PersistentClient::Role role;
    role.padding = padding;
    const auto publish = [&](const std::string& id, const std::string& topic, std::uint8_t qos,
                             std::size_t window) {
      role.id = id + n;
      role.topic = topic + n;
      role.qos = qos;
      role.window = window;
      publishers_.push_back(&add(role));
    };
    publish("one-", "l/one/", 1, 10);
    publish("two-", "l/two/", 2, 10);
    publish("group-", "s/", 1, 5);
    role.retain = true;
    publish("kept-", "l/kept/", 1, 1);
  }
  // On a slow machine the first death would come before the first message.
  ASSERT_TRUE(in_time([&] {
    return std::all_of(publishers_.begin(), publishers_.end(),
                       [&](auto* p) { return ledger_.last_acknowledged(p->topic()).has_value(); });
  })) << "a publisher was not answered before the first death";
}

void CrashTest::finish_publishers() {
  for (PersistentClient* publisher : publishers_) publisher->finish();
  EXPECT_TRUE(in_time([&] {
    return std::all_of(publishers_.begin(), publishers_.end(), [](auto* p) { return p->is_finished(); });
  })) << "a publisher was never answered";
}

void CrashTest::finish_load_and_check() {
  finish_publishers();
  add({.id = "sleeper"});
  in_time([&] { return ledger_.is_complete("sleeper", "l/") && ledger_.is_complete("reader", "l/"); });
  in_time([&] { return ledger_.group_violations({"member-1", "member-2"}, "s/").empty(); });
  stop_clients();

  for (const std::string& violation : ledger_.violations({"reader", "sleeper"}, "l/"))
    ADD_FAILURE() << violation;
  for (const std::string& violation : ledger_.group_violations({"member-1", "member-2"}, "s/"))
    ADD_FAILURE() << violation;
  // All were acknowledged: the last one of a topic is what is retained.
  MqttClient late = client("late");
  for (const char* topic : {"l/kept/0", "l/kept/1"}) {
    late.subscribe(topic, 1);
    EXPECT_EQ(std::stoull(late.receive().payload), ledger_.last_acknowledged(topic)) << topic;
  }
  late.disconnect();
}

void CrashTest::stop_clients() {
  for (auto& client : clients_) client->stop();
}

}  // namespace hermod::crash
