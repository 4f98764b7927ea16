#include "tests/crash/script.h"

#include <algorithm>
#include <thread>

#include "tests/crash/retained_check.h"
#include "tests/support/mqtt_client.h"

namespace hermod::crash {

using namespace support;
using namespace std::chrono_literals;

namespace {

/// Twelve of them are more than a checkpoint, and none is more than a group.
constexpr std::size_t kLarge = 100'000;
constexpr std::uint64_t kOfEachKind = 6;

Settings script_settings() {
  return {{"store.checkpoint_size", "1MiB"}, {"store.elide_wait", "0s"}};
}

}  // namespace

Script::Script(Death death, std::uint64_t seed)
    : death_(death), faults_(seed), broker_({.settings = script_settings(), .in_front = faults_.words()}) {}

void Script::run() {
  start();
  subscribe();
  publish("a", kOfEachKind, 0);
  publish("b", kOfEachKind, kLarge);
  stop();
  start();
  publish("c", kOfEachKind, 0);
  sleeper_->release();
  await("what was acknowledged comes",
        [&] { return ledger_.is_complete("sleeper", "l/") && ledger_.is_complete("reader", "l/"); });
  stop();
}

std::vector<std::string> Script::violations() {
  control().cut_at = faults::kNever;
  control().cut_at_send = faults::kNever;
  broker_.start();
  std::vector<std::string> all = retained_violations(broker_.port(), ledger_, retained_);
  // Both subscriptions are there still.
  publish("d", 1, 0);
  await("the last messages come",
        [&] { return ledger_.is_complete("sleeper", "l/") && ledger_.is_complete("reader", "l/"); });
  for (auto& client : clients_) client->stop();
  for (std::string& one : ledger_.violations({"reader", "sleeper"}, "l/")) all.push_back(std::move(one));
  const std::string log = broker_.log();
  const auto logged = [&](const char* what) { return log.find(what) != std::string::npos; };
  for (const char* event : {"store.record_damaged", "store.read_only"})
    if (logged(event)) all.push_back(std::string("the log has ") + event);
  // The file that names the format is written last: until then nothing was acknowledged.
  if (logged("store.set_aside") && !logged("without the file that names the format"))
    all.emplace_back("a whole store was set aside");
  broker_.kill();
  return all;
}

PersistentClient& Script::add(PersistentClient::Role role) {
  clients_.push_back(std::make_unique<PersistentClient>(broker_.port(), std::move(role), ledger_));
  clients_.back()->start();
  return *clients_.back();
}

void Script::subscribe() {
  sleeper_ = &add({.id = "sleeper", .subscriptions = {{"l/#", 2}}});
  PersistentClient& reader = add({.id = "reader", .subscriptions = {{"l/#", 2}}});
  await("the subscriptions stand", [&] { return sleeper_->is_subscribed() && reader.is_subscribed(); });
  sleeper_->leave();
}

void Script::publish(const std::string& run, std::uint64_t messages, std::size_t padding) {
  publishers_.clear();
  const auto begin = [&](const std::string& kind, std::uint8_t qos, std::size_t window, bool retain) {
    PersistentClient::Role role;
    role.id = kind + "-" + run;
    role.topic = "l/" + kind + "/" + run;
    role.qos = qos;
    role.window = window;
    role.most = messages;
    role.retain = retain;
    role.padding = padding;
    if (retain) retained_.push_back(role.topic);
    publishers_.push_back(&add(role));
  };
  begin("one", 1, 4, false);
  begin("two", 2, 4, false);
  begin("kept", 1, 1, true);
  await("the publishers of " + run + " are answered", [&] {
    return std::all_of(publishers_.begin(), publishers_.end(), [](auto* p) { return p->is_finished(); });
  });
}

void Script::start() {
  try {
    broker_.start();
  } catch (const Unexpected&) {
    if (broker_.running()) throw;
    start_after_death();
  }
}

void Script::stop() {
  if (broker_.running() && broker_.stop() == 0) return;
  start_after_death();
  if (broker_.stop() != 0) throw Unexpected("the broker did not end in order; it wrote:\n" + broker_.log());
}

void Script::await(const std::string& what, const std::function<bool()>& done) {
  for (const auto end = Clock::now() + scaled(120s); !done(); std::this_thread::sleep_for(2ms)) {
    if (Clock::now() > end) throw Unexpected("too late: " + what);
    if (broker_.running()) continue;
    start_after_death();
  }
}

void Script::start_after_death() {
  const bool was_told = control().operations >= control().cut_at || control().sends >= control().cut_at_send;
  if (!was_told) throw Unexpected("the broker ended by itself; it wrote:\n" + broker_.log());
  has_died_ = true;
  broker_.kill();
  control().cut_at = faults::kNever;
  control().cut_at_send = faults::kNever;
  if (death_ == Death::PowerCut) faults_.cut_power(broker_.data_folder(), Fate::Any);
  broker_.start();
}

}  // namespace hermod::crash
