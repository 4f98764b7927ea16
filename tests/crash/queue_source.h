#pragma once
#include <atomic>
#include <cstdint>
#include <deque>
#include <string>

#include "tests/crash/returning_client.h"

namespace hermod::crash {

/// Publishes numbered messages to one topic, each until it is answered, over every death of the broker.
class QueueSource final : public ReturningClient {
 public:
  struct Role {
    std::string topic;
    std::uint8_t qos = 1;
    std::size_t window = 4;
    /// It has no session, and sends what was not answered again as a new message with the same msg-id; now
    /// and then also one that was.
    bool repeats = false;
    /// It waits while more than a few messages have not come to their end in one of these queues.
    std::vector<std::string> waits_for{};
    std::chrono::milliseconds pause{0};  ///< between two times that it fills its window
  };

  QueueSource(std::uint16_t port, const std::string& id, Role role, QueueLedger& ledger);
  ~QueueSource() override { stop(); }

  /// Nothing new is published until go_on(); what is on the way is finished.
  void finish() { is_finishing_ = true; }
  void go_on() { is_finishing_ = false; }
  bool is_idle() const { return is_idle_; }
  const std::string& topic() const { return role_.topic; }

 private:
  struct Outgoing {
    std::uint64_t number;
    std::uint16_t id;
    bool is_released = false;
    bool is_repetition = false;  ///< it was acknowledged before
  };

  void greet() override;
  bool step() override;
  void on_packet(const support::Packet& packet) override;
  void publish_more();
  bool may_publish();
  void on_answer(const support::Ack& ack, Outgoing& out);
  std::uint16_t new_id();
  std::string bytes_of(const Outgoing& out, bool duplicate) const;

  const Role role_;
  std::atomic<bool> is_finishing_{false};
  std::atomic<bool> is_idle_{false};

  // The thread's own.
  std::deque<Outgoing> outgoing_;
  std::uint64_t next_number_ = 0;
  std::uint16_t last_id_ = 0;
  support::Clock::time_point next_time_{};
};

}  // namespace hermod::crash
