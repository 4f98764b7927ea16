#pragma once
#include <absl/container/flat_hash_map.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/ids.h"
#include "broker/publication.h"
#include "broker/shard_message.h"
#include "queue/delayed_form.h"
#include "queue/transaction_table.h"
#include "store/write_batch.h"

namespace hermod::broker {

class Shard;

/// The commit of one transaction, from reading its messages to the one batch that makes them all visible. It
/// takes the room of all of them first, and asks every named queue that has to be asked; where one of them is
/// refused it gives everything back, and nothing has happened. Owned by the TransactionDesk, on its thread,
/// until the batch is durable or the commit is refused.
class TransactionCommit {
 public:
  /// Which commit waits for which answer; of all commits of a desk, which outlives them.
  struct Index {
    struct Read {
      TransactionCommit* commit;
      Seq end;  ///< of the neighbours that were asked for
    };
    absl::flat_hash_map<Seq, Read> reads;  ///< by where they begin
    absl::flat_hash_map<queue::WaiterId, TransactionCommit*> waiters;
  };
  enum class Step {
    Wait,       ///< for an answer
    Submitted,  ///< its batch is on its way: TransactionEnded
    Refused,    ///< refusal() says why
  };

  TransactionCommit(Shard& shard, Index& index, std::string id, const queue::TransactionTable::Open& open);
  ~TransactionCommit();
  TransactionCommit(const TransactionCommit&) = delete;
  TransactionCommit& operator=(const TransactionCommit&) = delete;

  const std::string& id() const { return id_; }
  std::uint64_t bytes() const { return bytes_; }
  Step begin();
  Step on_page(const PageRead& page, Seq end);
  Step on_answer(QueueId queue, AdmissionAnswered& answer);
  /// Where it was Busy there may be room, or what was repeated has been decided.
  Step on_go_on(queue::WaiterId waiter);
  const queue::TransactionRefusal& refusal() const { return refusal_; }

 private:
  struct Stored {
    Seq seq;
    std::shared_ptr<const queue::PreparedMessage> prepared{};  ///< null: it is not read yet
  };
  /// What becomes of one of them.
  struct Planned {
    queue::MessagePtr message;
    std::string client_id;
    std::vector<Target> targets{};
    std::vector<QueueTarget> queue_targets{};
    std::string message_id{};
    queue::WaiterId waiter{};                     ///< zero: no queue has to be asked
    std::optional<queue::DelayedTime> delayed{};  ///< it is published later
  };

  void read(Seq from, Seq end);
  Step refuse(wire::ReasonCode reason, std::string why);
  Step plan_all();
  std::optional<queue::TransactionRefusal> plan(const queue::PreparedMessage& prepared);
  std::optional<queue::TransactionRefusal> plan_delayed(const queue::PreparedMessage& prepared,
                                                        const queue::DelayedTime& time,
                                                        std::string_view topic);
  std::optional<queue::TransactionRefusal> plan_receivers(Planned planned);
  bool is_too_much(const queue::Message& message);
  void ask_owners();
  bool is_own(QueueId queue, queue::AdmissionId id) const;
  Step decide();
  void withdraw();
  void end_asking();
  void forget_waiters();
  Step submit();

  Shard& shard_;
  Index& index_;
  const std::string id_;
  const std::uint64_t bytes_;
  std::vector<Stored> stored_;
  std::size_t unread_ = 0;  ///< reads that are not answered
  std::vector<Planned> planned_;
  LeftMessages expired_;            ///< of those, messages that nobody gets
  std::size_t batch_bytes_ = 0;     ///< about what planned_ takes
  std::size_t unanswered_ = 0;      ///< questions to owners of queues
  std::uint64_t asked_number_ = 0;  ///< in AskedPublications; 0: nobody is asked
  std::uint32_t attempts_ = 0;
  std::vector<queue::WaiterId> told_;  ///< to go on, while others have not answered
  bool waits_ = false;                 ///< withdrawn, until somebody in the index is told to go on
  queue::TransactionRefusal refusal_;
};

}  // namespace hermod::broker
