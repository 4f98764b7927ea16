#pragma once
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <utility>

#include "tests/crash/returning_client.h"

namespace hermod::crash {

/// Consumes one queue, or what an ordinary subscription brings, and answers each message as its fate says.
class QueueWorker final : public ReturningClient {
 public:
  struct Role {
    std::string queue;   ///< in the ledger
    std::string filter;  ///< of its subscription
    std::uint8_t qos = 1;
    support::Version version = support::Version::V5;
    bool returns = false;  ///< it gives back what is to be tried again, by reason code or by $nack
    bool rejects = false;  ///< it rejects what is to be a dead letter
    bool is_slow = false;  ///< it answers some messages when they belong to somebody else
    bool leaves = false;   ///< it ends its connection now and then, with messages that it has not answered
  };

  QueueWorker(std::uint16_t port, const std::string& id, Role role, QueueLedger& ledger);
  ~QueueWorker() override { stop(); }

  /// Its subscription stands.
  bool is_subscribed() const { return is_subscribed_; }

 private:
  struct Late {
    support::Clock::time_point due;
    support::Message message;
    Arrival it;
  };

  void greet() override;
  bool step() override;
  void on_packet(const support::Packet& packet) override;
  void on_message(const support::Message& message);
  bool is_new(const support::Message& message);
  Arrival arrival_of(const support::Message& message) const;
  void answer(const support::Message& message, const Arrival& it);
  void done(const support::Message& message, const Arrival& it);
  void later(const support::Message& message, const Arrival& it, std::uint8_t reason, const char* seconds);
  void give_back_by_topic(const support::Message& message, const Arrival& it);
  bool keeps_silent(const support::Message& message, const Arrival& it);
  bool is_first(const Arrival& it);
  void send_answer(const support::Message& message, std::uint8_t reason,
                   const support::Properties& properties = {});

  const Role role_;
  std::atomic<bool> is_subscribed_{false};

  // The thread's own.
  std::mt19937_64 random_;

  /// QoS 2 identifiers that it has taken a message under and that were not released.
  std::map<std::uint16_t, std::string> held_;
  std::deque<Late> late_;
  std::set<std::pair<std::string, std::uint64_t>> given_back_;  ///< where no count is told
  std::uint64_t leaves_after_ = 0;                              ///< messages
  std::uint16_t last_nack_ = 0;
};

}  // namespace hermod::crash
