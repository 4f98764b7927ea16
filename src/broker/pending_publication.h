#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/ids.h"
#include "broker/publication.h"
#include "broker/publish_ref.h"
#include "queue/admission_round.h"
#include "queue/message.h"
#include "queue/transaction_records.h"
#include "session/will.h"
#include "store/write_batch.h"
#include "wire/types.h"

namespace hermod::broker {

/// A publication that waits for the owners of named queues. Its room in other queues is taken; its connection
/// is not read meanwhile, so that nothing overtakes it. Owned by the publisher's shard.
struct PendingPublication {
  std::optional<ConnectionId> connection{};  ///< nothing: the broker's own
  SessionId session{};
  queue::MessagePtr message{};
  std::string message_id{};
  wire::PacketId packet_id{};
  wire::QoS qos{};
  bool retain = false;
  std::vector<Target> targets{};
  std::vector<QueueTarget> queue_targets{};
  std::unique_ptr<store::WriteBatch> batch{};  ///< what is stored with it; null: nothing else
  bool records_session = false;                ///< and the session's record, as it is then
  Seq delayed{};                               ///< what it was until it was due; zero: nothing
  std::unique_ptr<queue::PreparedMessage>
      prepared{};         ///< it becomes part of a transaction; null: it does not
  std::string commits{};  ///< a transaction with this id; empty: it commits none
  std::optional<queue::AdmissionRound> round{};
  std::unique_ptr<PublishRef> ref{};  ///< of its batch, when that is stored; null: nobody asks
  std::uint64_t number = 0;           ///< in AskedPublications; 0: its batch is with the committer
};

/// A will that waits for what its client has published before. It holds nothing of any queue, and is matched
/// when its turn comes. Owned by the shard of its session.
struct LateWill {
  std::unique_ptr<session::Will> will;
  std::string client_id;
};

}  // namespace hermod::broker
