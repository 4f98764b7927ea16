#pragma once
#include <optional>
#include <string_view>

#include "broker/connection.h"
#include "broker/pending_publication.h"
#include "broker/transaction_message.h"
#include "queue/transaction_form.h"
#include "wire/packets.h"

namespace hermod::broker {

class Shard;

/// What the clients of a shard say to transactions: it is asked for where these are, and carried out here
/// when that is answered. Owned by the shard, on its thread, as long as that lives; who waits is one of its
/// pending publications.
class TransactionCalls {
 public:
  explicit TransactionCalls(Shard& shard) : shard_(shard) {}

  /// A PUBLISH to `$tx/...`.
  void on_publish(Connection& c, const wire::Publish& packet, std::string_view topic);
  /// Another one. True: the user property txn decided about it.
  bool is_by_property(Connection& c, const wire::Publish& packet, std::string_view topic);
  void on_answered(const TransactionAnswered& answer);

 private:
  std::optional<queue::TransactionRefusal> refusal_to_prepare(const wire::Publish& packet,
                                                              std::string_view topic) const;
  void ask(Connection& c, const wire::Publish& packet, const queue::TransactionWish& wish,
           std::string_view topic);
  void refuse(const PendingPublication& publication, const queue::TransactionRefusal& refusal);
  void take(PendingPublication& publication);

  Shard& shard_;
};

}  // namespace hermod::broker
