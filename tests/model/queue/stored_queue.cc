#include "tests/model/queue/stored_queue.h"

#include "queue/queue_id.h"

namespace hermod::model {

using queue::EraseEntry;
using queue::EraseMessageIds;
using queue::MoveToDeadLetters;
using queue::PutDeliveryState;

/// What a start would read: everything goes through its record.
template <class T>
T StoredQueue::as_read(Result<T> decoded) {
  if (decoded) return std::move(*decoded);
  mistake = decoded.error().detail;
  return {};
}

void StoredQueue::erase(Seq seq, bool has_state) {
  const auto found = entries.find(seq);
  if (found == entries.end()) {
    if (!never_stored.contains(seq)) mistake = "an entry is erased that the store has not";
    return;
  }
  if (found->second.state.has_value() && !has_state) mistake = "a delivery state outlives its entry";
  entries.erase(found);
}

/// Its session may have ended before, on another shard: that is the same to the store.
void StoredQueue::end_claim(const queue::EndedClaim& claim) {
  if (claim.lease.v != 0 && claims.erase(claim.lease) == 0 && !ended_.contains(claim.lease))
    mistake = "a claim ends that the store has not";
}

Seq StoredQueue::apply(const Change& change, Seq given) {
  if (const auto* publication = std::get_if<Publication>(&change)) {
    for (const queue::Eviction& eviction : publication->evictions) {
      if (eviction.dead_letter) dead_letters.push_back(*eviction.dead_letter);
      erase(eviction.seq, eviction.has_state);
    }
    if (publication->message_id_number != 0)
      message_ids[publication->message_id_number] = as_read(queue::decode_message_id(
          as_bytes(queue::encode_message_id(publication->message_id, publication->admitted_at.wall))));
    if (given.v == 0) given = std::exchange(next, Seq{next.v + 1});
    entries[given] = {
        .entry = as_read(queue::decode_queue_entry(as_bytes(queue::encode_queue_entry(publication->entry)))),
        .state = {}};
    return given;
  }
  if (const auto* gone = std::get_if<EraseEntry>(&change)) {
    erase(gone->seq, gone->has_state);
    end_claim(gone->claim);
  }
  if (const auto* move = std::get_if<Move>(&change)) erase(move->seq, move->has_state);
  if (const auto* dead = std::get_if<MoveToDeadLetters>(&change)) {
    if (!dead->is_unreadable) {
      dead_letters.push_back(dead->entry);
      erase(dead->seq, dead->has_state);
    }
    end_claim(dead->claim);
  }
  if (const auto* put = std::get_if<PutDeliveryState>(&change)) {
    end_claim(put->claim);
    if (const auto found = entries.find(put->seq); found != entries.end()) {
      found->second.state =
          as_read(queue::decode_delivery_state(as_bytes(queue::encode_delivery_state(put->state))));
    } else if (!never_stored.contains(put->seq)) {
      mistake = "a delivery state without an entry";
    }
  }
  if (const auto* it = std::get_if<ClaimRecord>(&change)) {
    if (!entries.contains(it->claim.seq) && !never_stored.contains(it->claim.seq))
      mistake = "a claim without an entry";
    for (const auto& [lease, other] : claims)
      if (other.seq == it->claim.seq) mistake = "two claims of one entry";
    const auto record = as_read(queue::decode_claim(as_bytes(queue::encode_claim(
        {.queue = queue::named_queue(1), .seq = it->claim.seq, .deliveries = it->claim.deliveries}))));
    claims[it->lease] = {.consumer = it->claim.consumer, .seq = record.seq, .deliveries = record.deliveries};
  }
  if (const auto* end = std::get_if<SessionEnd>(&change))
    std::erase_if(claims, [&](const auto& one) {
      const bool is_its = one.second.consumer == end->consumer;
      if (is_its) ended_.insert(one.first);
      return is_its;
    });
  if (const auto* ids = std::get_if<EraseMessageIds>(&change))
    for (const std::uint64_t number : ids->numbers)
      if (message_ids.erase(number) == 0) mistake = "a message identifier is erased that the store has not";
  return {};
}

std::uint64_t StoredQueue::bytes() const {
  std::uint64_t sum = 0;
  for (const auto& [seq, stored] : entries) sum += stored.entry.message->size();
  return sum;
}

}  // namespace hermod::model
