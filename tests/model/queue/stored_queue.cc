#include "tests/model/queue/stored_queue.h"

namespace hermod::model {

using queue::EraseEntry;
using queue::EraseMessageIds;
using queue::MoveToDeadLetters;
using queue::PutDeliveryState;

void StoredQueue::erase(Seq seq, bool has_state) {
  const auto found = entries.find(seq);
  if (found == entries.end()) {
    mistake = "an entry is erased that the store has not";
    return;
  }
  if (found->second.state.has_value() && !has_state) mistake = "a delivery state outlives its entry";
  entries.erase(found);
}

Seq StoredQueue::apply(const Change& change) {
  if (const auto* publication = std::get_if<Publication>(&change)) {
    for (const queue::Departure& departure : publication->departures) {
      if (departure.dead_letter) dead_letters.push_back(*departure.dead_letter);
      erase(departure.seq, departure.has_state);
    }
    if (publication->message_id_number != 0)
      message_ids[publication->message_id_number] = {publication->message_id, publication->admitted_at};
    entries[next] = {.entry = publication->entry, .state = {}, .claim = {}};
    return std::exchange(next, Seq{next.v + 1});
  }
  if (const auto* gone = std::get_if<EraseEntry>(&change)) erase(gone->seq, gone->has_state);
  if (const auto* dead = std::get_if<MoveToDeadLetters>(&change)) {
    dead_letters.push_back(dead->entry);
    erase(dead->seq, dead->has_state);
  }
  if (const auto* put = std::get_if<PutDeliveryState>(&change)) {
    if (!entries.contains(put->seq)) mistake = "a delivery state without an entry";
    entries[put->seq].state = put->state;
    entries[put->seq].claim.reset();
  }
  if (const auto* claim = std::get_if<ClaimRecord>(&change)) {
    if (!entries.contains(claim->seq)) mistake = "a claim without an entry";
    entries[claim->seq].claim = *claim;
  }
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
