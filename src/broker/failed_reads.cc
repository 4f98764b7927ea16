#include "broker/failed_reads.h"

namespace hermod::broker {
namespace {

/// As often the same read may fail before something else is tried.
constexpr std::uint32_t kTries = 2;
/// A page has no more entries.
constexpr std::uint32_t kSingly = 256;

}  // namespace

FailedReads::Verdict FailedReads::on_failed(Read read, MonotonicTime again_at) {
  Trouble& trouble = troubles_[{read.queue, read.purpose}];
  if (std::exchange(trouble.is_looking_behind, false)) {
    read.from = trouble.from;
  } else if (has_failed_again(trouble, read.from)) {
    if (trouble.singly == 0) {
      trouble.singly = kSingly;
      trouble.failures = 1;  // it has failed with the others
      trouble.reads_before = reads_;
    } else if (trouble.reads_before != reads_) {
      trouble.failures = 0;
      return Verdict::Unreadable;
    } else {
      trouble.is_looking_behind = true;
      read.from = Seq{read.from.v + 1};
    }
  }
  if (again_.empty()) again_at_ = again_at;
  again_.push_back(read);
  return Verdict::Again;
}

/// Counts it.
bool FailedReads::has_failed_again(Trouble& trouble, Seq from) const {
  if (trouble.from != from) {
    trouble.failures = 0;
    trouble.reads_before = reads_;
  }
  trouble.from = from;
  return ++trouble.failures >= kTries;
}

void FailedReads::on_read(const Read& read) {
  on_read();
  const auto found = troubles_.find({read.queue, read.purpose});
  if (found == troubles_.end()) return;
  Trouble& trouble = found->second;
  trouble.is_looking_behind = false;
  trouble.failures = 0;
  if (trouble.singly > 0) --trouble.singly;
  if (trouble.singly == 0) troubles_.erase(found);
}

bool FailedReads::reads_singly(QueueId queue, PageRead::Purpose purpose) const {
  const auto found = troubles_.find({queue, purpose});
  return found != troubles_.end() && found->second.singly > 0;
}

bool FailedReads::has_failed(QueueId queue, PageRead::Purpose purpose) const {
  const auto found = troubles_.find({queue, purpose});
  return found != troubles_.end() && found->second.failures > 0;
}

void FailedReads::forget(QueueId queue) {
  absl::erase_if(troubles_, [queue](const auto& one) { return one.first.first == queue; });
  std::erase_if(again_, [queue](const Read& one) { return one.queue == queue; });
}

std::optional<MonotonicTime> FailedReads::next_due() const {
  if (again_.empty()) return std::nullopt;
  return again_at_;
}

std::vector<FailedReads::Read> FailedReads::take_due(MonotonicTime now) {
  if (again_.empty() || now < again_at_) return {};
  return std::exchange(again_, {});
}

}  // namespace hermod::broker
