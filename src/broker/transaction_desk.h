#pragma once
#include <absl/container/flat_hash_map.h>
#include <absl/container/flat_hash_set.h>

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "base/clock.h"
#include "base/result.h"
#include "broker/commit_ticket.h"
#include "broker/queue_message.h"
#include "broker/shard_message.h"
#include "broker/transaction_commit.h"
#include "queue/transaction_table.h"

namespace hermod::broker {

class Shard;

/// All transactions, on the one shard that has them: what is prepared, who wants it to end, what is asked of
/// producers, and commands. Owned by that shard, on its thread, as long as that lives; it publishes, reads
/// and commits by the means of its shard.
class TransactionDesk {
 public:
  TransactionDesk(Shard& shard, std::unique_ptr<queue::TransactionTable> table);

  /// Those of the store, in place of none. Before anything else is asked of it.
  void adopt(std::unique_ptr<queue::TransactionTable> table);
  void on_told(ToTransactions& told);
  /// What is due: producers are asked, who is silent is given up, old ends are forgotten. True when there is
  /// more to do at once.
  bool run_due();
  /// When there is something to do that nothing else tells of.
  std::optional<MonotonicTime> next() const { return table_->next(); }

  // What others answer to a commit that is under way. False: they do not mean one of these.
  bool on_admission_answered(QueueId queue, AdmissionAnswered& answer);
  bool on_go_on(queue::WaiterId waiter);
  void on_page(PageRead& page);
  /// A commit or a rollback is durable, or not stored.
  void on_ended(TransactionEnded& work, std::optional<Errc> error);

  // transaction_command_path.cc
  void on_asked(AskCommand& asked);

 private:
  void take(const AskTransaction& ask);
  void take(TransactionPrepared& stored);
  void go_on();
  void roll_back(const std::string& id);
  void commit(const std::string& id);
  void begin_commit(const std::string& id);
  /// It has come so far.
  void follow(TransactionCommit& commit, TransactionCommit::Step step);
  std::unique_ptr<TransactionCommit> end_commit(const std::string& id);
  void tell_answers();
  void ask_producers(const queue::TransactionTable::Check& check);
  void forget_ends();
  void answer_command(ControlId asker, const std::optional<queue::TransactionRefusal>& refusal);
  queue::TransactionList list(const queue::ListTransactions& command) const;

  Shard& shard_;
  std::unique_ptr<queue::TransactionTable> table_;
  TransactionCommit::Index index_;
  absl::flat_hash_map<std::string, std::unique_ptr<TransactionCommit>> commits_;  ///< under way,
  std::uint64_t bytes_ = 0;                                                       ///< what these have,
  std::deque<std::string> line_;  ///< and those that wait until there is less, in turn
  bool is_shortening_line_ = false;
  absl::flat_hash_set<queue::WaiterId> commands_;  ///< who waits in the table as one
};

}  // namespace hermod::broker
