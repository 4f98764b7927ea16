#pragma once
#include <atomic>
#include <cstdint>
#include <deque>
#include <set>
#include <string>

#include "tests/crash/returning_client.h"
#include "tests/crash/transaction_ledger.h"

namespace hermod::crash {

/// Prepares transactions of a few messages at QoS 2 and ends them, one after the other, over every death of
/// the broker: what was not answered is sent again.
class TransactionSource final : public ReturningClient {
 public:
  TransactionSource(std::uint16_t port, const std::string& id, QueueLedger& lives, TransactionLedger& ledger)
      : ReturningClient(port, returning(id), lives), ledger_(ledger) {}
  ~TransactionSource() override { stop(); }

  /// None is begun any more; the one under way is ended.
  void finish() { is_finishing_ = true; }
  bool is_idle() const { return is_idle_; }

 private:
  struct Outgoing {
    std::string topic;
    std::string payload;
    std::uint16_t id = 0;
    bool is_released = false;
  };

  void greet() override;
  bool step() override;
  void on_packet(const support::Packet& packet) override;
  void begin();
  std::string bytes_of(const Outgoing& out, bool duplicate) const;

  TransactionLedger& ledger_;
  std::atomic<bool> is_finishing_{false};
  std::atomic<bool> is_idle_{false};

  // The thread's own.
  std::deque<Outgoing> outgoing_;
  std::string name_;  ///< of the one under way; empty: there is none
  std::uint64_t number_ = 0;
  std::uint16_t last_id_ = 0;
};

/// Reads a topic filter at QoS 2, so that everything comes exactly once.
class TransactionSink final : public ReturningClient {
 public:
  TransactionSink(std::uint16_t port, const std::string& id, std::string filter, QueueLedger& lives,
                  TransactionLedger& ledger)
      : ReturningClient(port, returning(id), lives), filter_(std::move(filter)), ledger_(ledger) {}
  ~TransactionSink() override { stop(); }

  bool is_subscribed() const { return is_subscribed_; }

 private:
  void greet() override;
  bool step() override { return true; }
  void on_packet(const support::Packet& packet) override;

  const std::string filter_;
  TransactionLedger& ledger_;
  std::atomic<bool> is_subscribed_{false};
  std::set<std::uint16_t> held_;  ///< identifiers of the broker that were not released yet
};

}  // namespace hermod::crash
