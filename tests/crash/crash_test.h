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
  /// Lets everything on the way be finished, wakes the sleeper, and holds the broker to what it promised.
  void finish_load_and_check();
  /// What they have begun is answered; nothing new is sent.
  void finish_publishers();
  void stop_clients();

  Ledger ledger_;
  std::vector<std::unique_ptr<PersistentClient>> clients_;
  std::vector<PersistentClient*> publishers_;
};

}  // namespace hermod::crash
