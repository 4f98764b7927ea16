#pragma once
#include <cstddef>
#include <span>
#include <vector>

#include "base/ids.h"
#include "queue/admission.h"

namespace hermod::queue {

/// One publication and the named queues that have to be asked before it is stored. It is admitted by all or
/// withdrawn from all. What it repeats somewhere (DuplicatePending) decides what its publisher is answered,
/// and nothing else: its own batch goes as soon as all have answered. So whoever waits holds nothing that
/// another waits for, and two publications with the same identifiers, which reach two queues in different
/// order, do not wait for each other. Each round has a waiter number of its own; what comes for an older one
/// means nothing. Owned by the publisher's shard, same thread.
class AdmissionRound {
 public:
  struct Admitted {
    QueueId queue;
    Admission admission;
  };
  enum class Step : std::uint8_t {
    Wait,
    Submit,    ///< one batch with all of admitted() and everything else of the publication
    Withdraw,  ///< QueueGroup::on_failed() for all of admitted(); then fate() says what is next
  };
  enum class Fate : std::uint8_t {
    Open,
    Kept,      ///< success
    Refused,   ///< 0x97: a queue is full, or its rate is reached
    Failed,    ///< it, or what it repeats, could not be stored
    AskAgain,  ///< withdrawn for now; a new round may begin
  };

  /// Without `may_refuse` there is nobody to refuse it to: a queue that is full misses it alone.
  /// Precondition: each queue once, and one at least.
  explicit AdmissionRound(std::span<const QueueId> queues, bool may_refuse = true);

  /// What an owner says. Precondition: it has not answered yet.
  Step on_answer(QueueId queue, Admission admission);
  /// For Submit and Withdraw.
  const std::vector<Admitted>& admitted() const { return admitted_; }
  /// What it repeats somewhere is on its way: its own batch alone does not decide.
  bool waits_for_others() const { return !repeats_.empty(); }
  /// What became of its batch.
  void on_batch(bool is_stored);
  /// What became of the message that it repeats there.
  void on_repeated(QueueId queue, bool is_stored);
  /// Where it was Busy there may be room. Also before others have answered.
  void on_ask_again() { is_told_ = true; }
  Fate fate() const;

 private:
  Step decide();

  std::vector<QueueId> unanswered_;
  std::vector<Admitted> admitted_;
  std::vector<QueueId> repeats_;  ///< where what it repeats is on its way
  bool may_refuse_ = true;
  bool is_refused_ = false;
  bool is_busy_ = false;
  bool is_told_ = false;
  bool is_submitted_ = false;
  bool has_failed_ = false;
};

}  // namespace hermod::queue
