#include "broker/transaction_commit.h"

#include <algorithm>
#include <utility>

#include "base/assert.h"
#include "base/log.h"
#include "broker/message_id.h"
#include "broker/page_reader.h"
#include "broker/shard.h"
#include "queue/queue_id.h"
#include "queue/transaction_records.h"

namespace hermod::broker {

using queue::Admission;
using queue::TransactionRefusal;
using wire::ReasonCode;

namespace {

/// Neighbours that are read at once.
constexpr std::uint64_t kReadMessages = 256;
constexpr std::uint64_t kReadBytes = 256 << 10;
/// What the batch of a commit may have: more makes everybody else's wait too long.
constexpr std::size_t kMostOfCommit = std::size_t{64} << 20;
/// Around what a receiver has of a message that is stored for several.
constexpr std::size_t kAroundEntry = 64;
/// So often queues may say that there will be room. Who has more for a queue than that ever holds is told so
/// each time.
constexpr std::uint32_t kMostAttempts = 32;

/// As it would be had it been sent now; its expiry runs since it was sent.
queue::MessagePtr committed_now(const queue::Message& stored, std::string_view topic,
                                std::uint64_t matched_version, WallTime now) {
  return queue::Message::create({.topic = topic,
                                 .payload = stored.payload(),
                                 .forwarded_properties = stored.forwarded_properties(),
                                 .qos = stored.qos(),
                                 .retain = stored.retain(),
                                 .publisher = stored.publisher(),
                                 .matched_version = matched_version,
                                 .stored_at = now,
                                 .expires_at = stored.expires_at()});
}

TransactionRefusal no_room(std::string why) {
  return {ReasonCode::QuotaExceeded, std::move(why)};
}

}  // namespace

TransactionCommit::TransactionCommit(Shard& shard, Index& index, std::string id,
                                     const queue::TransactionTable::Open& open)
    : shard_(shard), index_(index), id_(std::move(id)), bytes_(open.bytes) {
  stored_.reserve(open.messages.size());
  for (const queue::TransactionTable::Prepared& one : open.messages) stored_.push_back({one.seq, one.held});
}

TransactionCommit::~TransactionCommit() {
  forget_waiters();
  absl::erase_if(index_.reads, [this](const auto& one) { return one.second.commit == this; });
}

TransactionCommit::Step TransactionCommit::refuse(ReasonCode reason, std::string why) {
  refusal_ = {reason, std::move(why)};
  return Step::Refused;
}

// --- read ---

/// Runs of neighbours.
TransactionCommit::Step TransactionCommit::begin() {
  Seq from{};
  Seq end{};
  for (const Stored& one : stored_) {
    if (one.prepared) continue;
    if (one.seq == end && end.v - from.v < kReadMessages) {
      end = Seq{end.v + 1};
      continue;
    }
    if (from.v != 0) read(from, end);
    from = one.seq;
    end = Seq{one.seq.v + 1};
  }
  if (from.v != 0) read(from, end);
  return unread_ == 0 ? plan_all() : Step::Wait;
}

void TransactionCommit::read(Seq from, Seq end) {
  ++unread_;
  index_.reads.insert_or_assign(from, Index::Read{this, end});
  shard_.shared_.reader->read({shard_.id_,
                               SessionId{queue::kTransactionStream.v},
                               PageRead::Purpose::Transaction,
                               from,
                               {end.v - from.v, kReadBytes}});
}

/// A page may end before what was asked for: then the rest is read.
TransactionCommit::Step TransactionCommit::on_page(const PageRead& page, Seq end) {
  --unread_;
  if (page.failed)
    return refuse(ReasonCode::ImplementationSpecificError, "the store cannot be read at the moment");
  const auto find = [this](Seq seq) {
    return std::lower_bound(stored_.begin(), stored_.end(), seq,
                            [](const Stored& one, Seq wanted) { return one.seq < wanted; });
  };
  for (const PageRead::Prepared& one : page.prepared)
    if (const auto place = find(one.seq); place != stored_.end() && place->seq == one.seq)
      place->prepared = one.prepared;
  const Seq behind = page.to_end ? end : page.end;
  if (page.from < behind && behind < end)
    if (const auto rest = find(behind); rest != stored_.end() && rest->seq < end) read(rest->seq, end);
  if (unread_ > 0) return Step::Wait;
  for (const Stored& one : stored_) {
    if (one.prepared) continue;
    HERMOD_LOG_LIMITED(log::Level::Error, "store.record_damaged", {"table", "entries"}, {"queue", "$tx"},
                       {"sequence", one.seq.v}, {"transaction", id_});
    return refuse(ReasonCode::ImplementationSpecificError,
                  "a message of the transaction cannot be read any more; it can only be rolled back");
  }
  return plan_all();
}

// --- plan ---

/// Room for all of them, in their order.
TransactionCommit::Step TransactionCommit::plan_all() {
  ++attempts_;
  expired_.clear();
  batch_bytes_ = 0;
  for (const Stored& one : stored_) {
    auto refusal = plan(*one.prepared);
    if (!refusal) continue;
    withdraw();
    refusal_ = *std::move(refusal);
    return Step::Refused;
  }
  ask_owners();
  return unanswered_ == 0 ? submit() : Step::Wait;
}

std::optional<TransactionRefusal> TransactionCommit::plan(const queue::PreparedMessage& prepared) {
  const queue::Message& stored = *prepared.message;
  const WallTime now = shard_.wall();
  if (stored.is_expired(now)) {
    expired_.push_back({.why = Counter::DroppedExpired,
                        .message = prepared.message,
                        .client_id = prepared.client_id});  // [MQTT-3.3.2-5]
    return std::nullopt;
  }
  if (queue::is_delayed_form(stored.topic())) {
    const auto form = queue::DelayedForm::parse(stored.topic());
    if (!form) return TransactionRefusal{ReasonCode::TopicNameInvalid, form.error().detail};
    return plan_delayed(prepared, form->time_from(now), form->topic);
  }
  const auto delay = queue::wanted_delay(wire::UserProperties(stored.forwarded_properties()),
                                         shard_.shared_.options.delayed.levels);
  if (!delay) return TransactionRefusal{ReasonCode::ImplementationSpecificError, delay.error().detail};
  if (*delay) return plan_delayed(prepared, queue::DelayedTime::after(**delay, now), stored.topic());
  const std::uint64_t version = shard_.match(stored.topic(), stored.publisher());
  return plan_receivers(
      {.message = committed_now(stored, stored.topic(), version, now), .client_id = prepared.client_id});
}

/// It waits from now on.
std::optional<TransactionRefusal> TransactionCommit::plan_delayed(const queue::PreparedMessage& prepared,
                                                                  const queue::DelayedTime& time,
                                                                  std::string_view topic) {
  Planned planned{.message = committed_now(*prepared.message, topic, 0, shard_.wall()),
                  .client_id = prepared.client_id,
                  .delayed = time};
  shard_.targets_.clear();
  shard_.queue_targets_.clear();
  if (is_too_much(*planned.message)) return no_room("its messages are too much for one batch");
  if (!shard_.shared_.delayed.take())
    return no_room("as many delayed messages wait as delayed.max_pending allows");
  planned_.push_back(std::move(planned));
  return std::nullopt;
}

/// Precondition: the receivers of its topic are matched.
std::optional<TransactionRefusal> TransactionCommit::plan_receivers(Planned planned) {
  const queue::Message& message = *planned.message;
  retain::RetainedIndex& retained = shard_.shared_.retained;
  if (message.retain() && !shard_.has_room_to_retain(message))
    return no_room("a limit on retained messages is reached");
  shard_.find_targets(planned.message, planned.client_id);
  if (is_too_much(message)) return no_room("its messages go to too many receivers for one batch");
  if (!shard_.reserve_room(planned.message, shard_.shared_.options.session.queue.overflow))
    return no_room("a subscriber's queue is full");
  if (!shard_.reserve_queue_room(planned.message, /*may_refuse=*/true)) {
    shard_.release_room(planned.message);
    return no_room("a named queue is full");
  }
  // From now on it counts against the limit, also for the next one of this transaction.
  if (message.retain()) retained.number_for(message.topic(), !message.payload().empty());
  planned.targets = std::move(shard_.targets_);
  planned.queue_targets = std::move(shard_.queue_targets_);
  shard_.targets_.clear();
  shard_.queue_targets_.clear();
  planned_.push_back(std::move(planned));
  return std::nullopt;
}

/// An entry for each receiver, and the message once, or as often as it is small.
bool TransactionCommit::is_too_much(const queue::Message& message) {
  const std::size_t receivers = shard_.targets_.size() + shard_.queue_targets_.size() + 1;
  batch_bytes_ += receivers * (kAroundEntry + std::min<std::size_t>(message.size(), 512)) + message.size();
  return batch_bytes_ > kMostOfCommit;
}

// --- ask ---

void TransactionCommit::ask_owners() {
  for (Planned& planned : planned_) {
    for (const QueueTarget& target : planned.queue_targets) {
      if (!target.is_asked) continue;
      if (asked_number_ == 0) asked_number_ = shard_.asked_.begin(SessionId{});
      if (planned.waiter.v == 0) {
        planned.waiter = shard_.next_waiter();
        planned.message_id = message_id_of(*planned.message);
        index_.waiters.emplace(planned.waiter, this);
      }
      ++unanswered_;
      shard_.tell_queue(target.queue->id,
                        AskAdmission{{.entry = {.message = planned.message, .key = target.key},
                                      .message_id = planned.message_id,
                                      .waiter = planned.waiter}});
    }
  }
}

TransactionCommit::Step TransactionCommit::on_answer(QueueId queue, AdmissionAnswered& answer) {
  for (Planned& planned : planned_) {
    if (planned.waiter != answer.waiter) continue;
    for (QueueTarget& target : planned.queue_targets)
      if (target.queue->id == queue) target.admission = std::move(answer.admission);
    break;
  }
  return --unanswered_ == 0 ? decide() : Step::Wait;
}

/// What it repeats is a message of this transaction.
bool TransactionCommit::is_own(QueueId queue, queue::AdmissionId id) const {
  for (const Planned& planned : planned_)
    for (const QueueTarget& target : planned.queue_targets)
      if (target.queue->id == queue && target.admission.what == Admission::What::Admitted &&
          target.admission.id == id)
        return true;
  return false;
}

/// All of them come in, or none does. Who waits holds nothing that another waits for.
TransactionCommit::Step TransactionCommit::decide() {
  bool is_refused = false;
  std::vector<queue::WaiterId> busy;
  for (Planned& planned : planned_)
    for (QueueTarget& target : planned.queue_targets) {
      if (!target.is_asked) continue;
      Admission& admission = target.admission;
      if (admission.what == Admission::What::Full) shard_.voice_.tell_full(*target.queue);
      is_refused = is_refused || admission.what == Admission::What::Full ||
                   admission.what == Admission::What::RateLimited;
      if (admission.what == Admission::What::DuplicatePending && is_own(target.queue->id, admission.id))
        admission.what = Admission::What::Duplicate;
      if (admission.what == Admission::What::Busy || admission.what == Admission::What::DuplicatePending)
        busy.push_back(planned.waiter);
    }
  if (!is_refused && busy.empty()) return submit();
  const bool is_told = std::any_of(told_.begin(), told_.end(), [&](queue::WaiterId waiter) {
    return std::find(busy.begin(), busy.end(), waiter) != busy.end();
  });
  withdraw();
  if (is_refused) return refuse(ReasonCode::QuotaExceeded, "a named queue is full, or its rate is reached");
  if (attempts_ >= kMostAttempts)
    return refuse(ReasonCode::QuotaExceeded,
                  "a named queue has no room for all messages of the transaction at once");
  if (is_told) return plan_all();
  waits_ = true;
  for (const queue::WaiterId waiter : busy) index_.waiters.emplace(waiter, this);
  return Step::Wait;
}

TransactionCommit::Step TransactionCommit::on_go_on(queue::WaiterId waiter) {
  if (!waits_) {
    told_.push_back(waiter);
    return Step::Wait;
  }
  waits_ = false;
  forget_waiters();
  return plan_all();
}

void TransactionCommit::forget_waiters() {
  absl::erase_if(index_.waiters, [this](const auto& one) { return one.second == this; });
  told_.clear();
}

void TransactionCommit::end_asking() {
  if (asked_number_ != 0) shard_.asked_.end(std::exchange(asked_number_, 0));
  forget_waiters();
}

/// Everything that was taken is given back.
void TransactionCommit::withdraw() {
  for (Planned& planned : planned_) {
    if (planned.delayed) {
      shard_.shared_.delayed.give_back();
      continue;
    }
    if (planned.message->retain()) shard_.shared_.retained.settle(planned.message->topic());
    shard_.targets_ = std::move(planned.targets);
    shard_.release_room(planned.message);
    for (const QueueTarget& target : planned.queue_targets) {
      if (target.is_asked) {  // if it was: a refusal may have come before
        if (target.admission.what == Admission::What::Admitted && target.admission.id.v != 0)
          shard_.tell_queue(target.queue->id, AdmissionFailed{target.admission.id});
      } else if (!target.is_dropped) {
        shard_.give_back_room(*target.queue, {1, planned.message->size()});
      }
    }
  }
  shard_.targets_.clear();
  planned_.clear();
  end_asking();
}

// --- commit ---

/// One batch: what each of them becomes, in their order; the records they were go, and how it ended stays.
TransactionCommit::Step TransactionCommit::submit() {
  TransactionEnded work{.id = id_, .outcome = queue::TransactionOutcome::Committed};
  work.messages = static_cast<std::uint32_t>(stored_.size());
  work.expired = std::move(expired_);
  store::WriteBatch batch;
  for (Planned& planned : planned_) {
    PublishCommit one;
    one.message = planned.message;
    if (planned.delayed) {
      one.delayed = std::make_unique<queue::DelayedMessage>();
      one.delayed->time = *planned.delayed;
      one.delayed->content = {std::move(planned.client_id), std::move(planned.message)};
      queue::append_delayed(batch, one.delayed->time, one.delayed->content.client_id,
                            *one.delayed->content.message);
      work.publications.push_back(std::move(one));
      continue;
    }
    one.retain = planned.message->retain();
    shard_.targets_ = std::move(planned.targets);
    shard_.queue_targets_ = std::move(planned.queue_targets);
    shard_.drop_not_admitted();
    if (shard_.targets_.empty() && shard_.queue_targets_.empty())
      shard_.counters_.add(Counter::PublishNoSubscribers);
    shard_.append_publication(batch, one);
    if (one.retain) shard_.shared_.retained.settle(one.message->topic());  // the plan's; its own comes
    work.publications.push_back(std::move(one));
  }
  planned_.clear();
  for (const Stored& one : stored_) queue::erase_transaction_record(batch, one.seq);
  queue::append_transaction_end(batch, {id_, work.outcome, shard_.wall()});
  batch.refuse_when_full();
  end_asking();
  shard_.submit(std::move(batch), std::nullopt, SessionId{}, std::move(work));
  return Step::Submitted;
}

}  // namespace hermod::broker
