#include "queue/admission_round.h"

#include <algorithm>
#include <utility>

#include "base/assert.h"

namespace hermod::queue {
namespace {

/// False when it is not there.
bool take_out(std::vector<QueueId>& queues, QueueId queue) {
  const auto found = std::find(queues.begin(), queues.end(), queue);
  if (found == queues.end()) return false;
  queues.erase(found);
  return true;
}

}  // namespace

AdmissionRound::AdmissionRound(std::span<const QueueId> queues, bool may_refuse)
    : unanswered_(queues.begin(), queues.end()), may_refuse_(may_refuse) {
  HERMOD_ASSERT(!queues.empty());
}

AdmissionRound::Step AdmissionRound::on_answer(QueueId queue, Admission admission) {
  const bool was_asked = take_out(unanswered_, queue);
  HERMOD_ASSERT(was_asked);
  switch (admission.what) {
    case Admission::What::Admitted:
      admitted_.push_back({queue, std::move(admission)});
      break;
    case Admission::What::DuplicatePending:
      repeats_.push_back(queue);
      break;
    case Admission::What::Full:
    case Admission::What::RateLimited:
      is_refused_ = may_refuse_;
      break;
    case Admission::What::Busy:
      is_busy_ = true;
      break;
    case Admission::What::Duplicate:
    case Admission::What::Dropped:
    case Admission::What::Gone:
      break;
  }
  return unanswered_.empty() ? decide() : Step::Wait;
}

/// Nothing but the owners' answers counts, and they come at once.
AdmissionRound::Step AdmissionRound::decide() {
  if (is_refused_ || is_busy_) {
    repeats_.clear();  // whatever becomes of those, this one is not stored
    return Step::Withdraw;
  }
  is_submitted_ = true;
  return Step::Submit;
}

void AdmissionRound::on_batch(bool is_stored) {
  HERMOD_ASSERT(is_submitted_);
  is_submitted_ = false;
  has_failed_ = has_failed_ || !is_stored;
}

void AdmissionRound::on_repeated(QueueId queue, bool is_stored) {
  if (take_out(repeats_, queue) && !is_stored) has_failed_ = true;
}

/// A refusal is final, also when another queue may have room later.
AdmissionRound::Fate AdmissionRound::fate() const {
  if (!unanswered_.empty()) return Fate::Open;
  if (is_refused_) return Fate::Refused;
  if (is_busy_) return is_told_ ? Fate::AskAgain : Fate::Open;
  if (is_submitted_ || !repeats_.empty()) return Fate::Open;
  return has_failed_ ? Fate::Failed : Fate::Kept;
}

}  // namespace hermod::queue
