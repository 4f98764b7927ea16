#include "tests/crash/crash_test.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <iostream>
#include <sstream>
#include <string_view>

#include "tests/crash/keepsakes.h"
#include "tests/crash/retained_check.h"

namespace hermod::crash {

using namespace support;

namespace {

/// What the broker wrote during a start that took longer than so many milliseconds is told: its lines have
/// times.
constexpr double kSlowStart = 1000;

}  // namespace

std::uint64_t number_from(const char* name, std::uint64_t otherwise) {
  const char* text = std::getenv(name);
  return text != nullptr ? std::strtoull(text, nullptr, 10) : otherwise;
}

bool wants_all_rounds() {
  const char* text = std::getenv("HERMOD_CRASH_ROUNDS");
  return text != nullptr && std::string_view(text) == "all";
}

std::uint64_t rounds_of(std::uint64_t usual) {
  if (wants_all_rounds()) return usual;
  return number_from("HERMOD_CRASH_ROUNDS", kSanitized ? (usual + 2) / 3 : usual);
}

PersistentClient& CrashTest::add(PersistentClient::Role role) {
  const bool stays_away = role.has_session;
  clients_.push_back(std::make_unique<PersistentClient>(port(), std::move(role), ledger_));
  if (stays_away) clients_.back()->hold();
  clients_.back()->start();
  return *clients_.back();
}

void CrashTest::timed_start() {
  const auto begin = Clock::now();
  const std::size_t before = broker().log().size();
  broker().start();
  starts_.push_back(std::chrono::duration<double, std::milli>(Clock::now() - begin).count());
  if (starts_.back() > kSlowStart)
    std::cout << "a slow start:\n" << broker().log().substr(before) << std::endl;
}

std::string CrashTest::start_times() {
  std::sort(starts_.begin(), starts_.end());
  const auto percentile = [&](double part) {
    const auto at = static_cast<std::size_t>(std::ceil(part * static_cast<double>(starts_.size())));
    return starts_.empty() ? 0.0 : std::round(starts_[std::max<std::size_t>(at, 1) - 1] * 10) / 10;
  };
  std::ostringstream said;
  said << "start-up p50 " << percentile(0.5) << " ms, p99 " << percentile(0.99) << " ms";
  return said.str();
}

void CrashTest::report(const std::string& what) {
  std::uint64_t lost = ledger_.missing_count({"member-1", "member-2"}, "s/");
  for (const char* receiver : {"reader", "sleeper"}) lost += ledger_.missing_count({receiver}, "l/");
  std::cout << what << ", " << ledger_.acknowledged_count() << " acknowledged, " << ledger_.arrived_count()
            << " arrived, " << lost << " lost, " << ledger_.twice_count() << " twice, "
            << ledger_.disordered_count() << " out of order; " << start_times() << std::endl;
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
  sleeper_ = &add({.id = "sleeper", .has_session = true});
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
    role.delay = delays_ ? 1 + static_cast<std::uint32_t>(i) : 0;
    publish("one-", "l/one/", 1, 10);
    publish("two-", "l/two/", 2, 10);
    role.delay = 0;
    publish("group-", "s/", 1, 5);
    role.retain = true;
    publish("kept-", "l/kept/", 1, 1);
    keepers_.push_back(publishers_.back());
  }
  Keepsakes::lay_down(port());
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
  die_and_start();  // nothing comes over what they published last
  check_retained();
  sleeper_->release();
  in_time([&] { return ledger_.is_complete("sleeper", "l/") && ledger_.is_complete("reader", "l/"); });
  in_time([&] { return ledger_.group_violations({"member-1", "member-2"}, "s/").empty(); });
  stop_clients();

  for (const std::string& violation : ledger_.violations({"reader", "sleeper"}, "l/"))
    ADD_FAILURE() << violation;
  for (const std::string& violation : ledger_.group_violations({"member-1", "member-2"}, "s/"))
    ADD_FAILURE() << violation;
  for (const char* member : {"member-1", "member-2"}) check_member(member);
}

void CrashTest::hold_retained() {
  for (PersistentClient* keeper : keepers_) keeper->hold();
}

void CrashTest::release_retained() {
  for (PersistentClient* keeper : keepers_) keeper->release();
}

void CrashTest::check_retained() {
  std::vector<std::string> topics;
  for (const PersistentClient* keeper : keepers_) topics.push_back(keeper->topic());
  for (const std::string& one : retained_violations(port(), ledger_, topics)) ADD_FAILURE() << one;
  for (const std::string& one : Keepsakes::missing(port())) ADD_FAILURE() << one;
  release_retained();
}

void CrashTest::wake_sleeper() {
  // It comes to its end while publishers go on; what is not due yet is missing too.
  const std::uint64_t few = delays_ ? 100'000 : 500;
  sleeper_->release();
  EXPECT_TRUE(in_time([&] { return ledger_.missing_count({"sleeper"}, "l/") < few; }));
  sleeper_->leave();
}

void CrashTest::check_member(const std::string& id) {
  MqttClient member = durable_client(id);
  MqttClient publisher = client("publisher");
  publisher.publish("s/last", id, 1);
  auto message = member.try_receive(kPatience);
  while (message && message->payload != id) message = member.try_receive(kPatience);
  EXPECT_TRUE(message.has_value()) << id << " has lost its subscription";
  member.disconnect();
}

void CrashTest::stop_clients() {
  for (auto& client : clients_) client->stop();
}

}  // namespace hermod::crash
