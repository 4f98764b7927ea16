#pragma once
#include <vector>

#include "client.h"
#include "scenario.h"
#include "stamp.h"
#include "stream_check.h"
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
    std::uint64_t damaged = 0;  ///< payload or topic is not what was sent
    std::uint64_t foreign = 0;  ///< not of this generator
  };

  Subscriber(ConnectSpec spec, Board& board, const Scenario& scenario, std::uint32_t index);

  std::uint32_t index() const { return index_; }
  const Counts& counts() const { return counts_; }
  const SubscriberFlow& flow() const { return flow_; }
  /// Null when nothing of that publisher can arrive here, or nothing has.
  const StreamCheck* stream_of(std::uint32_t publisher) const;
  const std::vector<StreamCheck>& streams() const { return streams_; }

 private:
  void on_connected(const Connack& connack) override;
  bool on_frame(const Frame& frame) override;
  void on_message(const Publish& publish);
  bool is_intact(const Publish& publish, const Stamp& stamp) const;

  const Scenario& scenario_;
  std::uint32_t index_;
  std::string filter_;
  std::string filler_;
  std::uint32_t first_publisher_;
  SubscriberFlow flow_;
  std::vector<StreamCheck> streams_;
  Counts counts_;
};

}  // namespace hermod::bench
