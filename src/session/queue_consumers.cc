#include "session/queue_consumers.h"

#include "base/assert.h"
#include "qos/packet_ids.h"

namespace hermod::session {
namespace {

/// An owner is told of credit in steps of this part of what a consumer may have.
constexpr std::uint64_t kStep = 4;

/// Deliveries that may still come. What was on its way when credit ended comes beyond it.
std::uint64_t coming_to(const QueueConsumer& consumer) {
  return consumer.has_no_credit ? 0 : consumer.limit - std::min(consumer.limit, consumer.taken);
}

}  // namespace

QueueConsumer* QueueConsumers::find(QueueId queue) {
  if (last_found_ != nullptr && last_found_->queue->id == queue) return last_found_;
  const auto found = consumers_.find(queue);
  if (found == consumers_.end()) return nullptr;
  return last_found_ = &found->second;
}

QueueConsumer& QueueConsumers::add(queue::NamedQueuePtr queue) {
  const QueueId id = queue->id;
  last_found_ = nullptr;
  return consumers_.insert_or_assign(id, QueueConsumer{.queue = std::move(queue)}).first->second;
}

void QueueConsumers::attach(QueueConsumer& consumer) {
  consumer.attachment = queue::AttachmentNo{++last_attachment_};
  consumer.is_attached = true;
  consumer.taken = consumer.limit = 0;
  consumer.has_no_credit = false;
  // What an unsubscribed stay on this connection has sent is still with the client.
  consumer.held = 0;
  for (const auto& [own, sent] : sent_)
    if (sent.queue == consumer.queue->id) ++consumer.held;
}

bool QueueConsumers::take(QueueDelivery&& delivery) {
  QueueConsumer* consumer = find(delivery.queue);
  if (consumer == nullptr || !consumer->is_attached || consumer->attachment != delivery.it.attachment)
    return false;
  ++consumer->taken;
  ++consumer->held;
  waiting_.push_back(std::move(delivery));
  return true;
}

void QueueConsumers::pop_waiting(bool ended) {
  QueueConsumer* consumer = find(waiting_.front().queue);
  if (ended && consumer != nullptr) --consumer->held;
  waiting_.pop_front();
}

bool QueueConsumers::call_back(QueueId queue, queue::LeaseId lease) {
  const auto found = std::find_if(waiting_.begin(), waiting_.end(), [&](const QueueDelivery& one) {
    return one.queue == queue && one.it.lease == lease;
  });
  if (found == waiting_.end()) return false;
  waiting_.erase(found);
  if (QueueConsumer* consumer = find(queue)) {
    --consumer->held;
    consumer->has_no_credit = true;
  }
  return true;
}

std::vector<queue::LeaseId> QueueConsumers::call_back_all(QueueId queue) {
  std::vector<queue::LeaseId> leases;
  std::erase_if(waiting_, [&](const QueueDelivery& one) {
    if (one.queue == queue) leases.push_back(one.it.lease);
    return one.queue == queue;
  });
  if (QueueConsumer* consumer = find(queue)) consumer->held -= static_cast<std::uint32_t>(leases.size());
  return leases;
}

void QueueConsumers::sent(Seq own, const QueueDelivery& delivery) {
  const bool is_new =
      sent_.try_emplace(own, Sent{delivery.queue, delivery.it.attachment, delivery.it.lease, delivery.it.seq})
          .second;
  HERMOD_ASSERT(is_new);
}

std::optional<QueueConsumers::Sent> QueueConsumers::finish(Seq own) {
  const auto found = sent_.find(own);
  if (found == sent_.end()) return std::nullopt;
  Sent sent = std::move(found->second);
  sent_.erase(found);
  if (QueueConsumer* consumer = find(sent.queue); consumer != nullptr && consumer->held > 0) --consumer->held;
  return sent;
}

QueueConsumers::Sent* QueueConsumers::find_sent(Seq own) {
  const auto found = sent_.find(own);
  return found == sent_.end() ? nullptr : &found->second;
}

/// Of two deliveries of one entry the earlier has timed out.
QueueConsumers::Sent* QueueConsumers::find_sent(QueueId queue, Seq entry) {
  Sent* found = nullptr;
  for (auto& [own, sent] : sent_) {
    if (sent.queue != queue || sent.is_settled || sent.is_nacked || sent.is_ended) continue;
    if (entry.v != 0 && sent.entry != entry) continue;
    const bool is_better = found == nullptr || (entry.v != 0) == (found->lease < sent.lease);
    if (is_better) found = &sent;
  }
  return found;
}

QueueConsumers::Left QueueConsumers::disconnect() {
  Left left;
  left.with_client.reserve(sent_.size());
  for (const auto& [own, sent] : sent_)
    if (!sent.claimed || (sent.is_ended && !sent.is_entry)) left.with_client.push_back(own);
  for (const Seq own : left.with_client) sent_.erase(own);
  left.waiting = std::exchange(waiting_, {});
  owed_pubrels_.clear();
  consumers_.clear();
  last_found_ = nullptr;
  return left;
}

void QueueConsumers::owe_pubrel(Seq own) {
  const bool is_owed = std::any_of(owed_pubrels_.begin(), owed_pubrels_.end(),
                                   [&](const auto& one) { return one.first == own; });
  if (!is_owed) owed_pubrels_.emplace_back(own, false);
}

void QueueConsumers::begin_claim(QueueId queue) {
  ++claiming_;
  claim_owners_.insert(queue);
}

void QueueConsumers::claim_failed(QueueId queue) {
  --claiming_;
  QueueConsumer* consumer = find(queue);
  if (consumer == nullptr || consumer->held == 0) return;
  --consumer->held;
  consumer->has_no_credit = true;
}

void QueueConsumers::claimed(Seq own, QueueDelivery delivery, bool begun) {
  if (begun) {
    --claiming_;
    to_send_.push_back(own);
  }
  claim_owners_.insert(delivery.queue);
  Sent& sent = sent_[own];
  sent = {delivery.queue, delivery.it.attachment, delivery.it.lease, delivery.it.seq};
  sent.claimed = std::make_unique<queue::Deliver>(std::move(delivery.it));
}

void QueueConsumers::restore_unanswered(Seq own, QueueDelivery delivery) {
  claimed(own, std::move(delivery), /*begun=*/false);
  Sent& sent = sent_.at(own);
  sent.is_ended = sent.is_entry = true;
}

std::optional<Seq> QueueConsumers::next_claimed() const {
  if (to_send_.empty()) return std::nullopt;
  return to_send_.front();
}

bool QueueConsumers::forget_unsent(Seq own) {
  return std::erase(to_send_, own) > 0;
}

std::vector<Seq> QueueConsumers::pubrel_ready(Seq own) {
  const auto owed = std::find_if(owed_pubrels_.begin(), owed_pubrels_.end(),
                                 [&](const auto& one) { return one.first == own; });
  if (owed == owed_pubrels_.end()) return {own};
  owed->second = true;
  std::vector<Seq> leaving;
  for (; !owed_pubrels_.empty() && owed_pubrels_.front().second; owed_pubrels_.pop_front())
    leaving.push_back(owed_pubrels_.front().first);
  return leaving;
}

std::uint64_t QueueConsumers::share_of(std::uint64_t quota) const {
  const auto sharing = std::count_if(consumers_.begin(), consumers_.end(), [](const auto& one) {
    return one.second.is_attached && one.second.qos != wire::QoS::AtMostOnce;
  });
  return std::max<std::uint64_t>(1, quota / std::max<std::uint64_t>(1, static_cast<std::uint64_t>(sharing)));
}

/// Small steps would cost a message each. What is too little for a step waits, unless the consumer would have
/// nothing to do until then.
std::optional<std::uint64_t> QueueConsumers::grant(QueueConsumer& consumer, std::uint64_t share,
                                                   std::uint64_t left) const {
  if (!consumer.is_attached) return std::nullopt;
  std::uint64_t most = consumer.queue->definition.max_inflight;
  const std::uint64_t coming = coming_to(consumer);
  std::uint64_t room = most;
  if (consumer.qos != wire::QoS::AtMostOnce) {
    most = std::min(most, share);
    const std::uint64_t spoken_for = coming + waiting_.size() + claims_on_their_way();
    room = left - std::min(left, spoken_for);
  }
  const std::uint64_t more = std::min(most - std::min(most, consumer.held + coming), room);
  if (more == 0) return std::nullopt;
  if (coming > 0 && more < std::max<std::uint64_t>(1, most / kStep)) return std::nullopt;
  consumer.limit = consumer.taken + coming + more;
  consumer.has_no_credit = false;
  return consumer.limit;
}

std::optional<Seq> QueueConsumers::next_sequence() const {
  if (sequences_left() == 0) return std::nullopt;
  return Seq{sequences_from_};
}

void QueueConsumers::give_sequences(Seq first, std::uint32_t count) {
  HERMOD_ASSERT(sequences_left() == 0 || first.v >= sequences_to_);
  sequences_from_ = first.v;
  sequences_to_ = first.v + count;
}

void QueueConsumers::drop_old_sequences(Seq next) {
  if (sequences_left() > 0 && sequences_from_ + qos::kPacketIdCount / 2 < next.v)
    sequences_from_ = sequences_to_;
}

}  // namespace hermod::session
