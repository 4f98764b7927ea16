#include "queue/transaction_table.h"

#include <algorithm>
#include <utility>

#include "base/assert.h"
#include "queue/text_key.h"

namespace hermod::queue {

using wire::ReasonCode;

namespace {

std::string_view name_of(TransactionOutcome outcome) {
  return outcome == TransactionOutcome::Committed ? "committed" : "rolled back";
}

TransactionRefusal limit_reached(std::string_view what, std::string_view key) {
  return {ReasonCode::QuotaExceeded, std::string(what) + " as " + std::string(key) + " allows"};
}

TransactionRefusal ended_as(TransactionOutcome outcome) {
  return {ReasonCode::ImplementationSpecificError,
          "the transaction was " + std::string(name_of(outcome)) + " already"};
}

TransactionRefusal of_other_group() {
  return {ReasonCode::NotAuthorized, "the transaction is of another producer-group"};
}

TransactionRefusal unknown_id() {
  return {ReasonCode::ImplementationSpecificError,
          "there is no transaction with this id, or its end is not remembered any more"};
}

TransactionRefusal lacks_message() {
  return {ReasonCode::ImplementationSpecificError,
          "a message of the transaction could not be stored; roll it back, or send that message again first"};
}

TransactionRefusal refused_message() {
  return {ReasonCode::ImplementationSpecificError,
          "a message of the transaction was refused; roll it back, or commit it once more without that"};
}

TransactionRefusal may_lack_message() {
  return {ReasonCode::ImplementationSpecificError,
          "a record in the store was damaged that may be a message of the transaction; roll it back"};
}

}  // namespace

TransactionTable::Open* TransactionTable::find_open(std::string_view id) {
  const auto found = open_.find(std::string(id));
  return found == open_.end() ? nullptr : found->second.get();
}

const TransactionTable::Open* TransactionTable::find(std::string_view id) const {
  const auto found = open_.find(std::string(id));
  return found == open_.end() ? nullptr : found->second.get();
}

std::optional<TransactionOutcome> TransactionTable::outcome_of(std::string_view id) const {
  const auto found = ends_.find(text_key(id));
  return found == ends_.end() ? std::nullopt : std::optional(found->second.outcome);
}

void TransactionTable::answer(WaiterId waiter, std::optional<TransactionRefusal> refusal) {
  if (waiter.v != 0) answers_.push_back({waiter, std::move(refusal)});
}

TransactionTable::Answers TransactionTable::take_answers() {
  return std::exchange(answers_, {});
}

std::vector<TransactionTable::Ready> TransactionTable::take_ready() {
  return std::exchange(ready_, {});
}

// --- prepare ---

std::optional<TransactionRefusal> TransactionTable::refusal_to_open(std::string_view client) const {
  if (open_.size() >= options_.max_open)
    return limit_reached("as many transactions are open", "txn.max_open");
  const auto own = of_client_.find(text_key(client));
  if (own != of_client_.end() && own->second >= options_.max_open_per_client)
    return limit_reached("the client has as many transactions open", "txn.max_open_per_client");
  return std::nullopt;
}

std::optional<TransactionRefusal> TransactionTable::prepare(std::string_view id, std::string_view group,
                                                            std::string_view client, std::uint64_t size,
                                                            Moment now) {
  if (const auto ended = outcome_of(id)) return ended_as(*ended);
  Open* open = find_open(id);
  if (open != nullptr) {
    if (open->group != group) return of_other_group();
    if (open->is_ending || !open->waiting.empty())
      return TransactionRefusal{ReasonCode::ImplementationSpecificError, "the transaction is being ended"};
    if (open->messages.size() + open->pending >= options_.max_messages)
      return limit_reached("the transaction has as many messages", "txn.max_messages");
  } else if (auto refusal = refusal_to_open(client)) {
    return refusal;
  }
  if (size > options_.max_bytes || (open != nullptr && open->bytes > options_.max_bytes - size))
    return limit_reached("the transaction has as many bytes", "txn.max_bytes");
  if (open == nullptr) {
    auto begun = std::make_unique<Open>();
    begun->group = group;
    begun->client = client;
    begun->begun = now.steady;
    open = open_.emplace(std::string(id), std::move(begun)).first->second.get();
    ++of_client_[open->client];
  }
  ++open->pending;
  open->bytes += size;
  heard_of(std::string(id), *open, now.steady);
  return std::nullopt;
}

void TransactionTable::on_prepared(std::string_view id, Prepared prepared, std::uint64_t size) {
  Open* const open = find_open(id);
  HERMOD_ASSERT(open != nullptr && open->pending > 0);  // nothing ends while a message is on its way
  HERMOD_ASSERT(open->messages.empty() || open->messages.back().seq < prepared.seq);
  prepared.size = static_cast<std::uint32_t>(size);
  open->messages.push_back(std::move(prepared));
  --open->pending;
  go_on(std::string(id), *open);
}

/// One that has nothing, and for which nobody waits, has not begun.
void TransactionTable::on_not_prepared(std::string_view id, std::uint64_t size) {
  Open* const open = find_open(id);
  HERMOD_ASSERT(open != nullptr && open->pending > 0);
  --open->pending;
  open->bytes -= size;
  open->has_failed = open->has_failed || !open->waiting.empty();
  if (open->pending == 0 && open->messages.empty() && open->waiting.empty())
    return forget_open(std::string(id));
  go_on(std::string(id), *open);
}

void TransactionTable::heard_of(const std::string& id, Open& open, MonotonicTime now) {
  open.checks = 0;
  checks_.set(id, now + options_.check_after);
}

void TransactionTable::forget_open(const std::string& id) {
  const auto found = open_.find(id);
  const auto own = of_client_.find(found->second->client);
  if (--own->second == 0) of_client_.erase(own);
  if (found->second->may_lack && --may_lack_ == 0) give_up_lost();
  checks_.cancel(id);
  open_.erase(found);
}

/// No transaction that is open may have them.
void TransactionTable::give_up_lost() {
  stale_.insert(stale_.end(), lost_.begin(), lost_.end());
  lost_.clear();
}

// --- commit and rollback ---

void TransactionTable::end(std::string_view id, TransactionOutcome wanted,
                           std::optional<std::string_view> group, WaiterId waiter, Moment now, bool has_gap) {
  if (const auto ended = outcome_of(id))
    return answer(waiter, *ended == wanted ? std::nullopt : std::optional(ended_as(*ended)));
  Open* const open = find_open(id);
  if (open == nullptr) return answer(waiter, unknown_id());
  if (group && open->group != *group) return answer(waiter, of_other_group());
  heard_of(std::string(id), *open, now.steady);
  if (open->may_lack && wanted == TransactionOutcome::Committed) return answer(waiter, may_lack_message());
  if (has_gap && wanted == TransactionOutcome::Committed) return answer(waiter, refused_message());
  open->waiting.push_back({waiter, wanted});
  go_on(std::string(id), *open);
}

/// What was sent before the end was wanted is stored first. Without one of these a commit would be of a part.
void TransactionTable::go_on(const std::string& id, Open& open) {
  if (open.is_ending || open.pending > 0 || open.waiting.empty()) return;
  if (std::exchange(open.has_failed, false)) {
    std::erase_if(open.waiting, [&](const Open::Waiting& one) {
      if (one.wanted != TransactionOutcome::Committed) return false;
      answer(one.waiter, lacks_message());
      return true;
    });
    if (open.waiting.empty()) return open.messages.empty() ? forget_open(id) : void();
  }
  open.is_ending = true;
  ready_.push_back({id, open.waiting.front().wanted});
}

void TransactionTable::on_ended(std::string_view id, TransactionOutcome outcome, Seq record, Moment now) {
  Open* const open = find_open(id);
  HERMOD_ASSERT(open != nullptr && open->is_ending);
  for (const Open::Waiting& one : open->waiting)
    answer(one.waiter, one.wanted == outcome ? std::nullopt : std::optional(ended_as(outcome)));
  const std::string name(id);
  forget_open(name);
  ends_.emplace(name, Ended{outcome, record});
  to_forget_.push_back({name, record, now.steady + options_.remember});
}

/// Whoever wanted it to end the other way has his turn.
void TransactionTable::on_not_ended(std::string_view id, const TransactionRefusal& why, Moment now) {
  Open* const open = find_open(id);
  HERMOD_ASSERT(open != nullptr && open->is_ending);
  open->is_ending = false;
  const TransactionOutcome wanted = open->waiting.front().wanted;
  std::erase_if(open->waiting, [&](const Open::Waiting& one) {
    if (one.wanted != wanted) return false;
    answer(one.waiter, why);
    return true;
  });
  const std::string name(id);
  if (std::exchange(open->is_given_up, false)) {
    checks_.set(name, now.steady + options_.check_interval);
  } else {
    heard_of(name, *open, now.steady);
  }
  go_on(name, *open);
}

// --- what is due ---

std::optional<MonotonicTime> TransactionTable::next() const {
  std::optional<MonotonicTime> due = checks_.next_due();
  if (!stale_.empty() || to_forget_.size() > options_.most_ends) return MonotonicTime{};
  if (!to_forget_.empty() && (!due || to_forget_.front().at < *due)) due = to_forget_.front().at;
  return due;
}

std::vector<TransactionTable::Check> TransactionTable::take_checks(Moment now, std::size_t most) {
  std::vector<Check> checks;
  for (std::size_t i = 0; i < most; ++i) {
    const auto id = checks_.take_due(now.steady);
    if (!id) break;
    Open& open = *find_open(*id);
    checks_.set(*id, now.steady + std::max(options_.check_interval, std::chrono::milliseconds{1}));
    if (open.is_ending || open.pending > 0 || !open.waiting.empty()) continue;
    if (open.checks >= options_.check_max) {
      open.is_given_up = true;
      open.waiting.push_back({WaiterId{}, TransactionOutcome::RolledBack});
      go_on(*id, open);
      continue;
    }
    checks.push_back({*id, ++open.checks});
  }
  return checks;
}

bool TransactionTable::is_given_up(std::string_view id) const {
  const Open* const open = find(id);
  return open != nullptr && open->is_given_up;
}

std::vector<Seq> TransactionTable::take_forgotten(Moment now, std::size_t most) {
  std::vector<Seq> records;
  while (!stale_.empty() && records.size() < most) {
    records.push_back(stale_.back());
    stale_.pop_back();
  }
  while (!to_forget_.empty() && records.size() < most) {
    const ToForget& oldest = to_forget_.front();
    const bool is_over = oldest.at <= now.steady;
    if (!is_over && to_forget_.size() <= options_.most_ends) break;
    if (!is_over) ++forgotten_early_;
    records.push_back(oldest.record);
    ends_.erase(oldest.id);
    to_forget_.pop_front();
  }
  return records;
}

// --- at the start ---

void TransactionTable::restore(Seq seq, const PreparedMessage& prepared, std::uint64_t size, Moment now) {
  auto& place = open_[prepared.id];
  if (!place) {
    place = std::make_unique<Open>();
    place->group = prepared.group;
    place->client = prepared.client_id;
    const auto age = std::max<WallTime::duration>(now.wall - prepared.sent, WallTime::duration{0});
    place->begun = now.steady - age;
    ++of_client_[place->client];
  }
  place->messages.push_back({.seq = seq, .size = static_cast<std::uint32_t>(size)});
  place->bytes += size;
}

/// An end is never remembered for longer than it is to be, whatever the wall says.
void TransactionTable::restore(Seq seq, TransactionEnd end, Moment now) {
  const auto age =
      std::clamp<WallTime::duration>(now.wall - end.at, WallTime::duration{0}, options_.remember);
  const auto [known, is_new] = ends_.try_emplace(end.id, Ended{end.outcome, seq});
  if (!is_new) stale_.push_back(std::exchange(known->second, Ended{end.outcome, seq}).record);
  to_forget_.push_back({std::move(end.id), seq, now.steady + options_.remember - age});
}

/// The end of one that is open again was forgotten, and its record had not gone yet.
void TransactionTable::resume(Moment now, const std::vector<Seq>& lost) {
  std::erase_if(to_forget_, [&](const ToForget& one) {
    const auto ended = ends_.find(one.id);
    if (ended == ends_.end() || ended->second.record != one.record) return true;
    if (!open_.contains(one.id)) return false;
    stale_.push_back(one.record);
    ends_.erase(ended);
    return true;
  });
  std::stable_sort(to_forget_.begin(), to_forget_.end(),
                   [](const ToForget& a, const ToForget& b) { return a.at < b.at; });
  lost_ = lost;
  may_lack_ = lost.empty() ? 0 : open_.size();
  if (may_lack_ == 0) give_up_lost();
  for (const auto& [id, open] : open_) {
    open->may_lack = !lost.empty();
    heard_of(id, *open, now.steady);
  }
}

}  // namespace hermod::queue
