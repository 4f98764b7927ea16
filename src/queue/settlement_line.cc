#include "queue/settlement_line.h"

#include <algorithm>
#include <iterator>
#include <optional>
#include <utility>

#include "base/assert.h"

namespace hermod::queue {
namespace {

/// One change of a record that is a key and some numbers: more than it ever takes.
constexpr std::uint64_t kSmallChange = 64;

std::size_t change_count(const StoreChange& change) {
  const auto* ids = std::get_if<EraseMessageIds>(&change);
  return ids == nullptr ? 1 : ids->numbers.size();
}

const EndedClaim* claim_of(const StoreChange& change) {
  if (const auto* gone = std::get_if<EraseEntry>(&change)) return &gone->claim;
  if (const auto* put = std::get_if<PutDeliveryState>(&change)) return &put->claim;
  if (const auto* dead = std::get_if<MoveToDeadLetters>(&change)) return &dead->claim;
  return nullptr;
}

std::optional<Seq> entry_of(const StoreChange& change) {
  if (const auto* gone = std::get_if<EraseEntry>(&change)) return gone->seq;
  if (const auto* put = std::get_if<PutDeliveryState>(&change)) return put->seq;
  if (const auto* dead = std::get_if<MoveToDeadLetters>(&change)) return dead->seq;
  return std::nullopt;
}

/// The message of a dead letter, if it has it.
MessagePtr letter_in(const StoreChange& change) {
  const auto* dead = std::get_if<MoveToDeadLetters>(&change);
  return dead != nullptr ? dead->entry.message : MessagePtr{};
}

/// Until its batch is made it is there, and a line that the store does not take has no end.
void leave_in_store(MoveToDeadLetters& dead) {
  dead.size = dead.entry.message->size();
  dead.entry.message = MessagePtr{};
}

/// A dead letter whose message is in the store alone.
bool is_unread(const StoreChange& change) {
  const auto* dead = std::get_if<MoveToDeadLetters>(&change);
  return dead != nullptr && !dead->entry.message && !dead->is_unreadable;
}

}  // namespace

std::uint64_t batch_bytes(const StoreChange& change) {
  std::uint64_t bytes = kSmallChange * (2 + change_count(change));  // a state and a claim may go with it
  if (const EndedClaim* claim = claim_of(change); claim != nullptr && claim->unanswered)
    bytes += claim->unanswered->size();
  if (const auto* dead = std::get_if<MoveToDeadLetters>(&change)) {
    const std::uint64_t size = dead->entry.message ? dead->entry.message->size() : dead->size;
    bytes += kSmallChange + size + dead->entry.key.size();
    for (const Death& death : dead->entry.deaths) bytes += kSmallChange + death.queue.size();
  }
  return bytes;
}

/// A slice of identifiers may be more than a batch takes.
void SettlementLine::push(StoreChange change) {
  if (auto* ids = std::get_if<EraseMessageIds>(&change)) {
    while (ids->numbers.size() > limits_.changes) {
      const auto end = ids->numbers.begin() + static_cast<std::ptrdiff_t>(limits_.changes);
      waiting_.emplace_back(EraseMessageIds{{ids->numbers.begin(), end}});
      ids->numbers.erase(ids->numbers.begin(), end);
    }
  }
  if (const MessagePtr message = letter_in(change)) {
    if (is_bounded_ && in_memory_.bytes + message->size() > limits_.bytes) {
      leave_in_store(std::get<MoveToDeadLetters>(change));
    } else {
      add_to(in_memory_, message->size());
    }
  }
  waiting_.push_back(std::move(change));
}

const std::vector<StoreChange>& SettlementLine::batch() {
  if (!batch_.empty()) return batch_;
  std::size_t changes = 0;
  std::uint64_t bytes = 0;
  while (!waiting_.empty()) {
    changes += change_count(waiting_.front());
    bytes += batch_bytes(waiting_.front());
    if (!batch_.empty() && (changes > limits_.changes || bytes > limits_.bytes)) break;
    batch_.push_back(std::move(waiting_.front()));
    waiting_.pop_front();
  }
  return batch_;
}

std::optional<Seq> SettlementLine::missing() const {
  const auto first = std::find_if(batch_.begin(), batch_.end(), is_unread);
  return first != batch_.end() ? std::optional(std::get<MoveToDeadLetters>(*first).seq) : std::nullopt;
}

bool SettlementLine::is_missing_alone(std::uint64_t within) const {
  const auto first = std::find_if(batch_.begin(), batch_.end(), is_unread);
  if (first == batch_.end()) return false;
  const Seq seq = std::get<MoveToDeadLetters>(*first).seq;
  return std::none_of(first + 1, batch_.end(), [&](const StoreChange& change) {
    const Seq other = is_unread(change) ? std::get<MoveToDeadLetters>(change).seq : Seq{};
    return seq < other && other.v - seq.v < within;
  });
}

bool SettlementLine::cut() {
  const auto first = std::find_if(batch_.begin(), batch_.end(), is_unread);
  HERMOD_ASSERT(first != batch_.end());
  if (first == batch_.begin()) return false;
  waiting_.insert(waiting_.begin(), std::move_iterator(first), std::move_iterator(batch_.end()));
  batch_.erase(first, batch_.end());
  return true;
}

std::vector<Seq> SettlementLine::fill(const std::function<MessagePtr(Seq)>& read, Seq from, Seq end) {
  std::vector<Seq> unreadable;
  for (StoreChange& change : batch_) {
    if (!is_unread(change)) continue;
    auto* const dead = std::get_if<MoveToDeadLetters>(&change);
    if (dead->seq < from || end <= dead->seq) continue;
    if (const MessagePtr message = read(dead->seq)) {
      dead->entry.message = without_expiry(message);
      add_to(in_memory_, dead->entry.message->size());
    } else {
      dead->is_unreadable = true;
      unreadable.push_back(dead->seq);
    }
  }
  return unreadable;
}

std::vector<Seq> SettlementLine::made() {
  HERMOD_ASSERT(is_under_way());
  std::vector<Seq> settled;
  for (const StoreChange& change : std::exchange(batch_, {})) {
    if (const auto seq = entry_of(change)) settled.push_back(*seq);
    if (const MessagePtr message = letter_in(change)) take_from(in_memory_, message->size());
  }
  return settled;
}

}  // namespace hermod::queue
