#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "packet.h"

namespace hermod::bench {

/// The receiving side of one session: answers every PUBLISH and PUBREL, and knows the QoS 2 packet ids that
/// are still held. Pure. Owned by its subscriber; survives the connection.
class SubscriberFlow {
 public:
  struct Counts {
    std::uint64_t held_again = 0;      ///< QoS 2 PUBLISH of a held id, with DUP: correct after a reconnect
    std::uint64_t held_not_dup = 0;    ///< the same without DUP: the sender took a held id for a new message
    std::uint64_t unknown_pubrel = 0;  ///< PUBREL for an id that is not held
  };

  explicit SubscriberFlow(Version version) : version_(version) {}

  void on_connected(bool session_present) {
    if (!session_present) held_.clear();
  }
  /// Appends the answer. True when the message is new and to be handed on.
  bool on_publish(const Publish& publish, std::string& out);
  void on_pubrel(std::uint16_t packet_id, std::string& out);
  const Counts& counts() const { return counts_; }

 private:
  static constexpr std::size_t kWords = 65536 / 64;

  Version version_;
  std::vector<std::uint64_t> held_;  // one bit per packet id; empty until the first QoS 2 message
  Counts counts_;
};

}  // namespace hermod::bench
