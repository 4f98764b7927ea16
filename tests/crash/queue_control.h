#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "tests/crash/queue_ledger.h"
#include "tests/support/mqtt_client.h"

namespace hermod::crash {

/// Commands to $CONTROL/queue/v1, on a connection of its own. Blocks its thread.
class QueueControl {
 public:
  explicit QueueControl(std::uint16_t port);

  std::uint64_t messages_in(const std::string& queue);
  /// All of it that one `peek` shows.
  std::vector<QueueLedger::Content> contents_of(const std::string& queue);
  /// Sent, and not waited for.
  void begin_redrive(const std::string& dead_letters);

 private:
  std::string answer_to(const std::string& command);

  support::MqttClient client_;
};

}  // namespace hermod::crash
