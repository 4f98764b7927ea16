#pragma once
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "tests/crash/persistent_client.h"
#include "tests/support/broker_test.h"
#include "tests/support/timing.h"

namespace hermod::crash {

/// From the environment.
std::uint64_t number_from(const char* name, std::uint64_t otherwise);
/// True when HERMOD_CRASH_ROUNDS is "all": tests that try one thing after the other try every one.
bool wants_all_rounds();
/// HERMOD_CRASH_ROUNDS when it is a number, else `usual`, and a third of that for a broker with a sanitizer:
/// what that looks for is in every round.
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
    timed_start();
  }
  /// The start behind a death; how long it took is reported at the end.
  void timed_start();
  /// How long they took, in words.
  std::string start_times();
  /// One line about the whole run.
  void report(const std::string& what);
  /// Waits for `done`, at most two minutes, or as many times that as the broker is slower.
  template <class Done>
  static bool in_time(Done done) {
    using namespace std::chrono_literals;
    const auto end = std::chrono::steady_clock::now() + support::scaled(120s);
    for (; std::chrono::steady_clock::now() < end; std::this_thread::sleep_for(10ms))
      if (done()) return true;
    return false;
  }
  /// A durable session that is not there while messages come for it.
  void subscribe_and_leave(const std::string& id, const std::string& filter, std::uint8_t qos);
  /// Its subscriptions stand when it returns, and what Keepsakes lays down. `padding`: bytes more in every
  /// message.
  void start_load(std::size_t padding = 0);
  /// Lets everything on the way be finished, ends the broker once more, wakes the sleeper, and holds the
  /// broker to what it promised.
  void finish_load_and_check();
  /// From the next death on the publishers of retained messages stay away: the first thing they would do is
  /// to publish over what may be lost.
  void hold_retained();
  void release_retained();
  /// A client that comes new gets of each topic what was acknowledged last before the death, or what was on
  /// the way; what was stored once is there too. Lets their publishers come back. Precondition: nobody
  /// publishes to them, by hold_retained() and a death or because they have finished.
  void check_retained();
  /// In a long run now and then: the sleeper gets what waits, and leaves again.
  void wake_sleeper();
  /// What they have begun is answered; nothing new is sent.
  void finish_publishers();
  void stop_clients();
  /// A member of the group gets what is published while it alone is there: it has its subscription still.
  /// Precondition: its client is stopped.
  void check_member(const std::string& id);

  // stream_load.cc: publishers of QoS 1 and 2 into a stream "log", and two that read it
  static support::Settings with_stream(support::Settings settings);
  PersistentClient& add_reader(const std::string& id);
  void start_stream_load(std::size_t padding = 0);
  /// As finish_load_and_check(); at the end a third one reads everything.
  void finish_stream_load_and_check();
  void report_stream(const std::string& what);

  Ledger ledger_;
  StreamOffsets offsets_{ledger_};
  bool delays_ = false;  ///< what is published for the reader and the sleeper are delayed messages
  std::vector<std::unique_ptr<PersistentClient>> clients_;
  std::vector<PersistentClient*> publishers_;
  std::vector<PersistentClient*> keepers_;  ///< those of retained messages
  PersistentClient* sleeper_ = nullptr;
  std::vector<double> starts_;  ///< in ms
};

}  // namespace hermod::crash
