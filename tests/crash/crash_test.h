#pragma once
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "tests/crash/persistent_client.h"
#include "tests/support/broker_test.h"

namespace hermod::crash {

/// From the environment.
std::uint64_t number_from(const char* name, std::uint64_t otherwise);
/// HERMOD_CRASH_ROUNDS, else `usual`, and a third of that for a broker with a sanitizer: what that looks for
/// is in every round.
std::uint64_t rounds_of(std::uint64_t usual);

/// A broker under load from clients that come back after each of its ends, and the promises it made to them.
/// The load: publishers of QoS 1 and 2 and of retained messages, a subscriber that is there, one that is not
/// ("sleeper"), and a group of two.
class CrashTest : public integration::BrokerTest {
 protected:
  PersistentClient& add(PersistentClient::Role role);
  /// The death that the test is about, and the start behind it.
  virtual void die_and_start() {
    broker().kill();
    broker().start();
  }
  /// Waits for `done`, at most two minutes.
  template <class Done>
  static bool in_time(Done done) {
    using namespace std::chrono_literals;
    const auto end = std::chrono::steady_clock::now() + 120s;
    for (; std::chrono::steady_clock::now() < end; std::this_thread::sleep_for(10ms))
      if (done()) return true;
    return false;
  }
  /// A durable session that is not there while messages come for it.
  void subscribe_and_leave(const std::string& id, const std::string& filter, std::uint8_t qos);
  /// Its subscriptions stand when it returns. `padding`: bytes more in every message.
  void start_load(std::size_t padding = 0);
  /// Lets everything on the way be finished, ends the broker once more, wakes the sleeper, and holds the
  /// broker to what it promised.
  void finish_load_and_check();
  /// From the next death on the publishers of retained messages stay away: the first thing they would do is
  /// to publish over what may be lost.
  void hold_retained();
  void release_retained();
  /// A client that comes new gets of each topic what was acknowledged last before the death, or what was on
  /// the way. Lets their publishers come back. Precondition: nobody publishes to them, by hold_retained() and
  /// a death or because they have finished.
  void check_retained();
  /// What they have begun is answered; nothing new is sent.
  void finish_publishers();
  void stop_clients();
  /// A member of the group gets what is published while it alone is there: it has its subscription still.
  /// Precondition: its client is stopped.
  void check_member(const std::string& id);

  Ledger ledger_;
  std::vector<std::unique_ptr<PersistentClient>> clients_;
  std::vector<PersistentClient*> publishers_;
  std::vector<PersistentClient*> keepers_;  ///< those of retained messages
  PersistentClient* sleeper_ = nullptr;
};

}  // namespace hermod::crash
