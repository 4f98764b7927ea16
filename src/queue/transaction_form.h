#pragma once
#include <cstdint>
#include <optional>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"
#include "wire/properties.h"

namespace hermod::queue {

/// What a client says to a transaction.
enum class TransactionVerb : std::uint8_t {
  Prepare,  ///< a message of it
  Commit,
  Rollback,
  Outcome,  ///< the answer to a check: the payload says which of the two, or neither
};

/// PUBLISH to `$tx/<id>/prepare/<topic>`, `$tx/<id>/commit`, `$tx/<id>/rollback` or `$tx/<id>/outcome`. Views
/// into the topic.
struct TransactionForm {
  TransactionVerb verb{};
  std::string_view id;
  std::string_view topic{};  ///< Prepare: where the message goes; a topic name, if topic/ says so

  /// Errors: Invalid, saying what is expected. Precondition: is_transaction_form(text).
  static Result<TransactionForm> parse(std::string_view text);
};

bool is_transaction_form(std::string_view topic);
/// `[0-9a-zA-Z][-._0-9a-zA-Z]*`, of 128 bytes at most.
bool is_transaction_id(std::string_view id);
/// Where the producers of a group are asked: a topic name. Errors: Invalid, when the group cannot be in one.
Status check_producer_group(std::string_view group);

/// The same said by user properties: `txn` (prepare, commit or rollback) and `txn-id`. Views into them.
struct TransactionWish {
  TransactionVerb verb{};
  std::string_view id;
};
/// Of each the first, if there are several; nothing without `txn`. Errors: Invalid, with the property first.
Result<std::optional<TransactionWish>> wanted_transaction(const wire::UserProperties& properties);
/// What `producer-group` says; nothing without one. Errors: Invalid, with the property first.
Result<std::optional<std::string_view>> wanted_producer_group(const wire::UserProperties& properties);

/// What the payload of an outcome says; nothing: whoever answers does not know yet.
std::optional<TransactionVerb> said_outcome(Bytes payload);

}  // namespace hermod::queue
