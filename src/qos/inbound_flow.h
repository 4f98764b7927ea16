#pragma once
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "qos/packet_id_table.h"
#include "qos/quota.h"
#include "wire/types.h"

namespace hermod::qos {

/// What to do with a PUBLISH of QoS 1 or 2.
enum class Admit {
  /// New: store message and id in one batch, then on_committed() or on_commit_failed().
  Deliver,
  /// QoS 2, received before: PUBREC again, behind every ack that is pending on the connection.
  AlreadySeen,
  /// QoS 2, sent again on a new connection while its first commit runs. Submit an empty batch; when that is
  /// done phase() says Received (answer PUBREC) or Refused (answer with the error, then on_acknowledged()).
  AlreadySeenPending,
  /// Sent again on the same connection, and the answer is already coming: answer nothing more, or a second
  /// ack could meet the next message under this id.
  AnswerUnderway,
  /// The id belongs to an unfinished exchange of another kind: 0x91.
  PacketIdInUse,
  /// More than Receive Maximum at once: DISCONNECT 0x93.
  QuotaExceeded,
};

/// What to do with a PUBREL.
enum class OnPubrel {
  /// Submit a batch that erases the id; on_erased(), then PUBCOMP.
  Erase,
  /// An older connection asked for the erase and it still runs: PUBCOMP behind an empty batch.
  ErasePending,
  /// PUBREL again on the same connection; the PUBCOMP that is coming answers it.
  AnswerUnderway,
  /// No such exchange: PUBCOMP at once, in MQTT 5 with 0x92.
  Unknown,
  /// There was no PUBREC for this id that a PUBREL could answer: 0x82.
  ProtocolError,
};

/// We are the receiver of QoS 1 and 2. A plain value without I/O: the caller says when things became durable.
/// Belongs to one session and is touched by the session's shard. Ids of QoS 2 are the session's and survive
/// connections; the quota and ids of QoS 1 are the connection's. Owns no memory for up to four exchanges.
class InboundFlow {
 public:
  using Phase = InboundExchange::Phase;

  /// A new network connection; `receive_maximum` is what we told the client, 65535 below MQTT 5.
  /// Call before its first packet.
  void on_connected(std::uint16_t receive_maximum);
  /// After a restart: this QoS 2 id is in the store.
  void restore(wire::PacketId id);

  /// Preconditions: id is not zero, qos is not 0.
  Admit on_publish(wire::PacketId id, wire::QoS qos);

  /// The batch with message and id is durable. Call it for the session whatever connection it has now; for
  /// QoS 1 it changes nothing.
  void on_committed(wire::PacketId id, wire::QoS qos);
  /// The batch failed, or a rule refused the message before it was submitted. The id is no longer "seen".
  /// Call it like on_committed(); the PUBACK or PUBREC with the error follows, if the connection still lives.
  void on_commit_failed(wire::PacketId id, wire::QoS qos);
  /// The packet that ends the exchange without PUBREL was sent on the connection that asked: PUBACK, or
  /// PUBREC with an error. The quota is given back.
  void on_acknowledged(wire::PacketId id);

  OnPubrel on_pubrel(wire::PacketId id);
  /// The erase is durable: the client may use the id again once it has PUBCOMP.
  void on_erased(wire::PacketId id);
  /// The erase failed: the id stays, nothing may be answered.
  void on_erase_failed(wire::PacketId id);

  /// Where the exchange with this id stands; nothing when there is none.
  std::optional<Phase> phase(wire::PacketId id) const;
  const Quota& quota() const { return quota_; }
  std::size_t size() const { return exchanges_.size(); }
  /// Ids of QoS 2 that are in the store or on their way to it, rising: what goes when the session ends.
  std::vector<wire::PacketId> exactly_once_ids() const;
  /// All exchanges by rising id; for takeover, tests and inspection.
  std::vector<InboundExchange> exchanges() const;
  std::size_t owned_bytes() const { return exchanges_.owned_bytes(); }

 private:
  void end(InboundExchange& exchange);

  PacketIdTable exchanges_;
  Quota quota_;
};

}  // namespace hermod::qos
