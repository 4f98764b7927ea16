#pragma once
#include "client.h"
#include "publisher_flow.h"
#include "scenario.h"

namespace hermod::bench {

/// Publishes numbered messages as fast as its window or its rate allows.
class Publisher final : public Client {
 public:
  Publisher(ConnectSpec spec, Board& board, const Scenario& scenario, std::uint32_t index);

  void pump(std::uint64_t now_ns) override;
  bool is_overdue(std::uint64_t now_ns, std::uint64_t timeout_ns) const override;
  /// Opens a window that no receipt has opened for `stall_ns`: what is out counts as lost.
  void open_if_stalled(std::uint64_t now_ns, std::uint64_t stall_ns);
  /// New messages may leave from now on, and until stop() or the last one.
  void start(std::uint64_t now_ns);
  void stop() { publishing_ = false; }
  /// When the rate allows the next message; 0 without a rate.
  std::uint64_t next_due_ns() const { return interval_ns_ > 0 && publishing_ ? due_ns_ : 0; }
  /// Everything is sent and acknowledged.
  bool is_finished() const { return has_started_ && !publishing_ && flow_.idle(); }
  std::uint32_t index() const { return index_; }
  const PublisherFlow& flow() const { return flow_; }

 private:
  void on_connected(const Connack& connack) override;
  bool on_frame(const Frame& frame) override;
  bool may_send_new(std::uint64_t now_ns) const;
  std::uint64_t receipts() const;

  const Scenario& scenario_;
  std::uint32_t index_;
  PublisherFlow flow_;
  bool has_started_ = false;
  bool publishing_ = false;
  std::uint64_t interval_ns_ = 0;
  std::uint64_t due_ns_ = 0;
  std::uint64_t forgiven_ = 0;  // given up waiting for these receipts
  std::uint64_t seen_receipts_ = 0;
  std::uint64_t receipts_changed_ns_ = 0;
};

}  // namespace hermod::bench
