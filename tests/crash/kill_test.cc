#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <iostream>
#include <memory>
#include <random>
#include <thread>
#include <vector>

#include "tests/crash/persistent_client.h"
#include "tests/support/broker_test.h"

namespace hermod::crash {
namespace {

using namespace support;
using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

std::uint64_t number_from(const char* name, std::uint64_t otherwise) {
  const char* text = std::getenv(name);
  return text != nullptr ? std::strtoull(text, nullptr, 10) : otherwise;
}

/// HERMOD_CRASH_ROUNDS kills (20 unless set), at moments that HERMOD_CRASH_SEED decides.
class Kill : public integration::BrokerTest {
 protected:
  PersistentClient& add(PersistentClient::Role role) {
    clients_.push_back(std::make_unique<PersistentClient>(port(), std::move(role), ledger_));
    clients_.back()->start();
    return *clients_.back();
  }

  /// Waits for `done`, at most two minutes.
  template <class Done>
  static bool in_time(Done done) {
    for (const auto end = Clock::now() + 120s; Clock::now() < end; std::this_thread::sleep_for(10ms))
      if (done()) return true;
    return false;
  }

  /// A durable session that is not there while messages come for it.
  void subscribe_and_leave(const std::string& id, const std::string& filter, std::uint8_t qos) {
    MqttClient sleeper = durable_client(id);
    sleeper.subscribe(filter, qos);
    sleeper.disconnect();
  }

  Ledger ledger_;
  std::vector<std::unique_ptr<PersistentClient>> clients_;
};

TEST_F(Kill, AtAnyMomentKeepsEveryPromise) {
  HERMOD_NEEDS_OWN_BROKER();
  const std::uint64_t rounds = number_from("HERMOD_CRASH_ROUNDS", 20);
  std::mt19937_64 random(number_from("HERMOD_CRASH_SEED", 1));
  for (const char* member : {"member-1", "member-2"}) ledger_.shares(member);
  for (const char* probed : {"s/none", "l/none"}) ledger_.sent(probed, 1, 0);
  subscribe_and_leave("sleeper", "l/#", 2);
  add({.id = "reader", .subscriptions = {{"l/#", 2}}});
  add({.id = "member-1", .subscriptions = {{"$share/g/s/#", 1}}});
  add({.id = "member-2", .subscriptions = {{"$share/g/s/#", 1}}});
  // The subscriptions stand before anything is published.
  ASSERT_TRUE(in_time([&] {
    const Ack probe = client("probe").publish("s/none", "0", 1);
    const Ack other = client("probe").publish("l/none", "0", 1);
    return probe.reason == 0 && other.reason == 0;
  }));
  std::vector<PersistentClient*> publishers;
  for (int i = 0; i < 2; ++i) {
    const std::string n = std::to_string(i);
    publishers.push_back(&add({.id = "one-" + n, .topic = "l/one/" + n, .qos = 1, .window = 10}));
    publishers.push_back(&add({.id = "two-" + n, .topic = "l/two/" + n, .qos = 2, .window = 10}));
    publishers.push_back(&add({.id = "group-" + n, .topic = "s/" + n, .qos = 1, .window = 5}));
    publishers.push_back(
        &add({.id = "kept-" + n, .topic = "l/kept/" + n, .qos = 1, .window = 1, .retain = true}));
  }

  std::vector<double> starts;
  for (std::uint64_t round = 0; round < rounds; ++round) {
    std::this_thread::sleep_for(std::chrono::microseconds(random() % 60'000));
    broker().kill();
    const auto begin = Clock::now();
    broker().start();
    starts.push_back(std::chrono::duration<double, std::milli>(Clock::now() - begin).count());
  }

  for (PersistentClient* publisher : publishers) publisher->finish();
  EXPECT_TRUE(in_time([&] {
    return std::all_of(publishers.begin(), publishers.end(), [](auto* p) { return p->is_finished(); });
  })) << "a publisher was never answered";
  add({.id = "sleeper"});
  in_time([&] { return ledger_.is_complete("sleeper", "l/") && ledger_.is_complete("reader", "l/"); });
  in_time([&] { return ledger_.group_violations({"member-1", "member-2"}, "s/").empty(); });
  for (auto& client : clients_) client->stop();

  for (const std::string& violation : ledger_.violations({"reader", "sleeper"}, "l/"))
    ADD_FAILURE() << violation;
  for (const std::string& violation : ledger_.group_violations({"member-1", "member-2"}, "s/"))
    ADD_FAILURE() << violation;
  std::sort(starts.begin(), starts.end());
  std::cout << rounds << " kills, " << ledger_.acknowledged_count() << " messages acknowledged, "
            << ledger_.arrived_count() << " arrived; start in ms: median " << starts[starts.size() / 2]
            << ", p99 " << starts[starts.size() * 99 / 100] << ", longest " << starts.back() << "\n";
}

}  // namespace
}  // namespace hermod::crash
