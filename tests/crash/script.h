#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "tests/crash/file_faults.h"
#include "tests/crash/persistent_client.h"
#include "tests/support/broker_process.h"

namespace hermod::crash {

/// One broker from its first start on an empty folder to its last stop, in steps that are always the same:
/// subscriptions, messages of QoS 1 and 2, retained ones, so many bytes that a checkpoint comes, a stop, a
/// start on what was stored, and a subscriber that comes back for what waits. The broker may end at any
/// moment, once; then it is started again and the steps go on. Owns broker, clients and ledger; used once.
class Script {
 public:
  enum class Death { Kill, PowerCut };

  Script(Death death, std::uint64_t seed);

  /// To say where the broker ends; before run().
  faults::Control& control() { return faults_.control(); }
  void run();
  /// Every promise that was not kept. Precondition: run() has returned.
  std::vector<std::string> violations();
  bool has_died() const { return has_died_; }

 private:
  PersistentClient& add(PersistentClient::Role role);
  void subscribe();
  void publish(const std::string& run, std::uint64_t messages, std::size_t padding);
  void start();
  void stop();
  /// Until `done`, over the broker's death. Throws Unexpected when that takes too long.
  void await(const std::string& what, const std::function<bool()>& done);
  void start_after_death();

  const Death death_;
  FileFaults faults_;
  support::BrokerProcess broker_;
  Ledger ledger_;
  std::vector<std::unique_ptr<PersistentClient>> clients_;
  std::vector<PersistentClient*> publishers_;
  std::vector<std::string> retained_;
  PersistentClient* sleeper_ = nullptr;
  bool has_died_ = false;
};

}  // namespace hermod::crash
