#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>

#include "base/clock.h"
#include "base/ids.h"
#include "base/result.h"
#include "queue/message.h"
#include "queue/queue_id.h"
#include "store/write_batch.h"

namespace hermod::queue {

/// All messages of open transactions, and how others have ended, are entries of this one stream. Its number
/// is that of a named queue which will never be, as that of delayed messages is.
inline constexpr StreamId kTransactionStream = stream_of(named_queue(std::uint64_t{1} << 61));

/// A message of an open transaction: nobody sees it before that is committed.
struct PreparedMessage {
  std::string id;         ///< of the transaction
  std::string group;      ///< of its producers
  std::string client_id;  ///< of who has sent it
  WallTime sent{};
  MessagePtr message;  ///< with the topic that stood behind prepare/, `$delayed/...` included

  std::size_t size() const {
    return id.size() + group.size() + client_id.size() + (message ? message->size() : 0);
  }
};

enum class TransactionOutcome : std::uint8_t { Committed = 1, RolledBack = 2 };

/// How a transaction ended, for as long as that is remembered.
struct TransactionEnd {
  std::string id;
  TransactionOutcome outcome{};
  WallTime at{};
};

/// Table `entries`, in kTransactionStream: version, kind (1), sent, id, group, client identifier, and the
/// message as encode_message() has it. Numbers big-endian, times in microseconds since the epoch.
std::string encode_prepared(const PreparedMessage& prepared);
/// Version, kind (2), outcome, time, id.
std::string encode_transaction_end(const TransactionEnd& end);

using TransactionRecord = std::variant<PreparedMessage, TransactionEnd>;
/// Errors: Unsupported for another version, else Corruption with what is wrong.
Result<TransactionRecord> decode_transaction(Bytes record);

/// The committer gives the sequence: in their order messages are published.
void append_prepared(store::WriteBatch& batch, const PreparedMessage& prepared);
/// In the batch that ends it.
void append_transaction_end(store::WriteBatch& batch, const TransactionEnd& end);
/// Either of them.
void erase_transaction_record(store::WriteBatch& batch, Seq seq);

}  // namespace hermod::queue
