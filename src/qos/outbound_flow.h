#pragma once
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "base/ids.h"
#include "qos/in_flight_window.h"
#include "qos/packet_ids.h"
#include "qos/quota.h"
#include "wire/types.h"

namespace hermod::qos {

/// What to send again on a new connection.
struct Resend {
  enum class What {
    Publish,              // with DUP
    Pubrel,               // at once
    PubrelBehindPending,  // "released" is not durable yet: PUBREL behind an empty batch
  };
  What what{};
  Seq seq;
  wire::PacketId id;
  wire::QoS qos{};
};

/// What to do with a packet that ends an exchange.
struct OnFinish {
  enum class What {
    Erase,          // erase entry `seq` in a batch, then on_erased(seq)
    Stray,          // nothing is waiting for it: ignore and count
    ProtocolError,  // not the packet this exchange waits for: 0x82
  };
  What what{};
  Seq seq;
};

/// What to do with a PUBREC that says success.
struct OnPubrec {
  enum class What {
    CommitThenPubrel,  // record "released" for entry `seq`, on_released(seq), then PUBREL
    PubrelAgain,       // released and durable: PUBREL at once
    AnswerUnderway,    // PUBREL follows the pending commit anyway
    UnknownId,         // PUBREL, in MQTT 5 with 0x92
    ProtocolError,     // the exchange is QoS 1: 0x82
  };
  What what{};
  Seq seq;
};

/// We are the sender of QoS 1 and 2. A plain value without I/O: the caller says when things became durable
/// (at once, for a session that is not). Packet ids come from sequences (packet_id_for). Belongs to one
/// session and is touched by the session's shard; survives connections. Owns no memory for up to two
/// exchanges.
class OutboundFlow {
 public:
  using Phase = InFlight::Phase;

  /// A new network connection; `receive_maximum` is the client's, 65535 below MQTT 5. Then call next_resend()
  /// until it gives nothing, and again whenever an exchange has ended, before any start().
  void on_connected(std::uint16_t receive_maximum);
  /// The next packet to send again, in the order of sequences and within the quota; nothing when all was sent
  /// or when the quota is used up.
  std::optional<Resend> next_resend();
  /// False while there is no quota, or something has to be sent again first.
  bool can_start() const { return !resending_ && quota_.available(); }

  /// Begins the exchange for an entry and takes quota; the packet may be sent at once. Nothing when
  /// !can_start(), or when an unfinished exchange 65,535 sequences away holds the id.
  /// Preconditions: qos is not 0, seq.v >= 1, no exchange for `seq` is open. QoS 2: the entry is durable.
  std::optional<wire::PacketId> start(Seq seq, wire::QoS qos);
  /// After a restart: an exchange of which the store knows. The client holds the id if `released`.
  /// Precondition: no two that were restored are kPacketIdCount sequences apart. It may be held.
  void restore(Seq seq, wire::QoS qos, bool released);
  /// The same for one at QoS 2 whose message is not the session's own. Its id is not given again, nothing is
  /// sent for it, and PUBREC is not answered, until restore() makes it one of the others.
  void restore_held(Seq seq);

  /// PUBACK, whatever its reason.
  OnFinish on_puback(wire::PacketId id);
  /// PUBREC with a reason below 0x80.
  OnPubrec on_pubrec(wire::PacketId id);
  /// PUBREC with a reason of 0x80 or more: it ends the exchange without PUBREL.
  OnFinish on_refused(wire::PacketId id);
  /// "Released" is durable: PUBREL may leave.
  void on_released(Seq seq);
  /// "Released" could not be stored. PUBREL must not leave; close the connection, the next one begins again.
  void on_release_failed(Seq seq);
  /// Whether start() finds an identifier for it, quota apart.
  bool has_room_for(Seq seq) const { return window_.has_room_for(seq); }
  OnFinish on_pubcomp(wire::PacketId id);
  /// The erase is durable: the packet id is free. When an erase fails the id stays held: erase again later.
  void on_erased(Seq seq);
  /// The connection is gone, and nobody will ask for the end of this exchange any more. Nothing happens when
  /// there is none.
  void abandon(Seq seq);

  std::optional<Phase> phase(Seq seq) const;
  const Quota& quota() const { return quota_; }
  /// Something waits to be sent again on this connection.
  bool resending() const { return resending_; }
  std::size_t size() const { return window_.size(); }
  /// The open exchange with the lowest sequence; nothing when there is none.
  std::optional<InFlight> oldest() const {
    return window_.empty() ? std::nullopt : std::optional(window_.all().front());
  }
  /// All exchanges by rising sequence; for takeover, tests and inspection.
  std::vector<InFlight> exchanges() const;
  std::size_t owned_bytes() const { return window_.owned_bytes(); }

 private:
  void finish(InFlight& exchange);
  void give_back(InFlight& exchange);

  InFlightWindow window_;
  Seq resend_from_;  // what is below was sent on this connection
  bool resending_ = false;
  Quota quota_;
};

}  // namespace hermod::qos
