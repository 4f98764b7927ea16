#pragma once
#include <cstdint>
#include <deque>
#include <string>
#include <vector>

#include "packet.h"
#include "publish_template.h"

namespace hermod::bench {

/// The sending side of one session: which messages are on their way, under which packet id, in which state,
/// and what is sent again after a reconnect. Pure: bytes in, bytes out, time as an argument.
/// Owned by its publisher; survives the connection, as MQTT's Session State does.
class PublisherFlow {
 public:
  struct Counts {
    std::uint64_t acknowledged = 0;  ///< QoS 1: PUBACK, QoS 2: PUBCOMP
    std::uint64_t resent = 0;        ///< PUBLISH with DUP after a reconnect
    std::uint64_t resent_pubrel = 0;
    std::uint64_t refused = 0;         ///< acknowledged with a reason of 0x80 and above; sent again later
    std::uint64_t no_subscribers = 0;  ///< acknowledged with 0x10
    std::uint64_t stray_acks = 0;      ///< an acknowledgement for nothing, or in the wrong order
  };

  /// `window`: how many messages may be unacknowledged at once, 1..65535.
  PublisherFlow(PublishTemplate publish, std::uint32_t publisher, int qos, std::uint16_t window,
                Version version);

  /// Appends everything that is unfinished, in its original order.
  void on_connected(const Connack& connack, std::uint64_t now_ns, std::string& out);

  /// True when another PUBLISH may leave now.
  bool can_send() const;
  /// True when a refused message is due again; it goes before new ones.
  bool has_refused(std::uint64_t now_ns) const {
    return !refused_.empty() && refused_.front().due_ns <= now_ns;
  }
  /// Appends the next message. Precondition: can_send().
  void send(std::uint64_t now_ns, std::string& out);
  /// PUBACK, PUBREC or PUBCOMP. False: not an acknowledgement at all.
  bool on_frame(const Frame& frame, std::uint64_t now_ns, std::string& out);
  /// When the message that the last on_frame() finished was first sent; 0 when it finished none.
  std::uint64_t finished_sent_ns() const { return finished_sent_ns_; }

  /// How many different messages were sent so far; the next sequence.
  std::uint64_t sent() const { return next_sequence_; }
  /// Nothing is on its way and nothing waits to be sent again.
  bool idle() const { return in_flight_ == 0 && refused_.empty(); }
  /// When the oldest unfinished message was sent on this connection; 0 when there is none.
  std::uint64_t waiting_since_ns() const { return in_flight_ == 0 ? 0 : last_progress_ns_; }
  const Counts& counts() const { return counts_; }

  /// How long a refused message waits before it is sent again.
  static constexpr std::uint64_t kRefusalPauseNs = 50'000'000;

 private:
  enum class State : std::uint8_t { Free, AwaitPuback, AwaitPubrec, AwaitPubcomp };
  struct Slot {
    Stamp stamp;
    std::uint64_t order = 0;  // position among everything sent
    State state = State::Free;
  };
  struct Refused {
    Stamp stamp;
    std::uint64_t due_ns = 0;
  };

  void put_publish(std::uint16_t packet_id, const Slot& slot, bool dup, std::string& out);
  void finish(std::uint16_t packet_id);
  void refuse(std::uint16_t packet_id, std::uint64_t now_ns);

  PublishTemplate publish_;
  std::uint32_t publisher_;
  int qos_;
  Version version_;
  std::vector<Slot> slots_;             // packet id - 1
  std::deque<std::uint16_t> free_ids_;  // used in turn, so that an id rests as long as possible
  std::deque<Refused> refused_;
  std::uint64_t next_sequence_ = 0;
  std::uint64_t next_order_ = 0;
  std::uint64_t last_progress_ns_ = 0;
  std::uint64_t finished_sent_ns_ = 0;
  std::size_t in_flight_ = 0;
  std::size_t quota_ = 65535;
  Counts counts_;
};

}  // namespace hermod::bench
