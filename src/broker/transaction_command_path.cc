// Commands about transactions, on the shard that owns them: which are open, and their end by an operator.

#include <chrono>
#include <utility>
#include <variant>

#include "broker/shard.h"

namespace hermod::broker {

using queue::ControlResult;

namespace {

Errc code_for(const queue::TransactionRefusal& refusal) {
  if (refusal.is_unknown) return Errc::Io;
  return refusal.reason == wire::ReasonCode::QuotaExceeded ? Errc::NoSpace : Errc::Invalid;
}

}  // namespace

void TransactionDesk::on_asked(AskCommand& asked) {
  const QueueOrder& order = *asked.order;
  if (const auto* look = std::get_if<queue::ListTransactions>(&order.command))
    return shard_.answer_order(QueueId{queue::kTransactionStream.v}, order.asker, ControlResult(list(*look)));
  const auto* const commit = std::get_if<queue::CommitTransaction>(&order.command);
  const std::string& id =
      commit != nullptr ? commit->id : std::get<queue::RollBackTransaction>(order.command).id;
  if (table_->find(id) == nullptr && !table_->outcome_of(id))
    return shard_.answer_order(
        QueueId{queue::kTransactionStream.v}, order.asker,
        failure(Errc::NotFound, "id: there is no transaction " + id + ", or its end is forgotten"));
  const queue::WaiterId waiter{order.asker.v};  // of one line of numbers
  commands_.insert(waiter);
  table_->end(
      id, commit != nullptr ? queue::TransactionOutcome::Committed : queue::TransactionOutcome::RolledBack,
      std::nullopt, waiter, shard_.moment());
  go_on();
}

void TransactionDesk::answer_command(ControlId asker,
                                     const std::optional<queue::TransactionRefusal>& refusal) {
  shard_.answer_order(QueueId{queue::kTransactionStream.v}, asker,
                      refusal ? Result<ControlResult>(failure(code_for(*refusal), "id: " + refusal->why))
                              : Result<ControlResult>(ControlResult(queue::Done{})));
}

queue::TransactionList TransactionDesk::list(const queue::ListTransactions& command) const {
  queue::TransactionList found;
  for (auto it = table_->from(command.from); it != table_->behind_last(); ++it) {
    const auto& [id, open] = *it;
    if (found.transactions.size() >= command.count) {
      found.has_more = true;
      found.next = id;
      break;
    }
    found.transactions.push_back(
        {.id = id,
         .group = open->group,
         .client = open->client,
         .messages = open->messages.size(),
         .bytes = open->bytes,
         .checks = open->checks,
         .age = std::chrono::duration_cast<std::chrono::seconds>(shard_.now() - open->begun)});
  }
  return found;
}

}  // namespace hermod::broker
