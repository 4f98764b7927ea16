#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <variant>

#include "base/ids.h"
#include "queue/transaction_form.h"
#include "queue/transaction_records.h"
#include "queue/transaction_table.h"

namespace hermod::broker {

/// The shard that has all transactions.
inline constexpr ShardId kTransactionOwner{0};

/// Somebody wants to prepare a message, to commit or to roll back. Answered once, by TransactionAnswered.
struct AskTransaction {
  queue::WaiterId waiter{};
  queue::TransactionVerb verb{};
  std::string id;
  std::optional<std::string> group{};  ///< what he says himself; Prepare: always
  std::string client_id{};
  std::uint64_t size = 0;  ///< Prepare: of the message and what is stored with it
  bool has_gap = false;    ///< a message that he sent for it was refused, and he may not know
};
/// A message is durable that was let in.
struct TransactionPrepared {
  Seq seq;
  std::unique_ptr<queue::PreparedMessage> prepared;
};
/// Or it could not be stored.
struct TransactionNotPrepared {
  std::string id;
  std::uint64_t size = 0;
};
/// For the shard that has the transactions.
struct ToTransactions {
  std::variant<AskTransaction, TransactionPrepared, TransactionNotPrepared> message;
};

/// For the shard of who has asked. Prepare: his message may be stored now; else it is done, and durable.
struct TransactionAnswered {
  queue::WaiterId waiter;
  std::optional<queue::TransactionRefusal> refusal{};
};

}  // namespace hermod::broker
