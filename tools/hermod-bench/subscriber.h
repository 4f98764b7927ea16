#pragma once
#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "client.h"
#include "delivery_map.h"
#include "scenario.h"
#include "stamp.h"
#include "stream_check.h"
#include "stream_reading.h"
#include "subscriber_flow.h"

namespace hermod::bench {

/// Subscribes to one filter and checks every message it gets.
class Subscriber final : public Client {
 public:
  struct Counts {
    std::uint64_t arrivals = 0;    ///< handed on by the flow, duplicates included
    std::uint64_t duplicates = 0;  ///< at this subscriber
    std::uint64_t late = 0;        ///< out of order
    std::uint64_t late_after_refusal = 0;
    std::uint64_t late_of_key = 0;  ///< behind a later message of its key, at whichever consumer
    std::uint64_t damaged = 0;      ///< payload or topic is not what was sent
    std::uint64_t foreign = 0;      ///< not of this generator
  };

  Subscriber(ConnectSpec spec, Board& board, const Scenario& scenario, std::uint32_t index);

  void pump(std::uint64_t now_ns) override;
  /// Whether pump() has an acknowledgement to send that was held back until now.
  bool has_due(std::uint64_t now_ns) const { return !held_.empty() && held_.front().due_ns <= now_ns; }
  /// Sends what it holds back, so that nothing stays in the queue for the next run.
  void release();
  std::uint32_t index() const { return index_; }
  const Counts& counts() const { return counts_; }
  const SubscriberFlow& flow() const { return flow_; }
  /// Null when nothing of that publisher can arrive here, or nothing has.
  const StreamCheck* stream_of(std::uint32_t publisher) const;
  const std::vector<StreamCheck>& streams() const { return streams_; }
  /// By publisher; of a consumer of a named queue, which has no streams.
  const std::vector<DeliveryMap>& deliveries() const { return deliveries_; }
  /// Null but for a reader of a stream, which has nothing of the others.
  const StreamReading* reading() const { return reading_ ? &*reading_ : nullptr; }

 private:
  struct Held {
    std::uint64_t due_ns = 0;
    std::string answer;
  };

  void on_connected(const Connack& connack) override;
  bool on_frame(const Frame& frame) override;
  bool on_publish(const Publish& publish);
  void on_message(const Publish& publish);
  /// True for a first copy.
  bool check_stream(const Stamp& stamp);
  bool check_delivery(const Stamp& stamp);
  bool check(const Publish& publish, const Stamp& stamp);
  bool is_slow(const Stamp& stamp) const;
  bool is_intact(const Publish& publish, const Stamp& stamp) const;

  const Scenario& scenario_;
  std::uint32_t index_;
  std::string filter_;
  std::string filler_;
  std::uint32_t first_publisher_;
  SubscriberFlow flow_;
  std::vector<StreamCheck> streams_;
  std::vector<DeliveryMap> deliveries_;
  std::optional<StreamReading> reading_;
  std::deque<Held> held_;  // acknowledgements, the next one first
  Counts counts_;
};

}  // namespace hermod::bench
