// What must be true of a queue at every step. The world's own account is a list of who has what; the rules
// below are written once more from the documents, without a look at how the room keeps them.

#include <algorithm>
#include <string>

#include "base/hash.h"
#include "tests/model/queue/queue_world.h"

namespace hermod::model {

using queue::Admission;
using queue::DeathReason;
using queue::Outcome;
using queue::Removal;
using Order = queue::QueueDefinition::Order;
using Overflow = queue::QueueDefinition::Overflow;
using Dispatch = queue::QueueDefinition::Dispatch;

namespace {

bool is_failure(const std::optional<Outcome>& outcome) {
  return outcome == Outcome::RetryLater || outcome == Outcome::TimedOut || outcome == Outcome::ConnectionLost;
}

/// Of a bucket that was full at the beginning.
bool is_within(const std::optional<queue::Rate>& rate, std::int64_t count, MonotonicTime::duration elapsed) {
  if (!rate) return true;
  const double seconds = std::chrono::duration<double>(elapsed).count();
  return static_cast<double>(count) <= rate->burst + rate->per_second * seconds + 1e-6;
}

}  // namespace

void QueueWorld::violated(const std::string& rule) {
  if (violation_.empty()) violation_ = rule;
}

int QueueWorld::number_of(const queue::Message& message) {
  return std::stoi(std::string(as_text(message.payload())));
}

std::uint32_t QueueWorld::lane_of(const Known& known) const {
  return static_cast<std::uint32_t>(stable_hash(known.key) % definition_.lanes);
}

bool QueueWorld::is_evicted(Seq seq) const {
  bool is_leaving = false;
  for_each_publication([&](const Publication& one) {
    for (const queue::Eviction& eviction : one.evictions) is_leaving = is_leaving || eviction.seq == seq;
  });
  return is_leaving || std::any_of(moves_.begin(), moves_.end(),
                                   [&](const Change& change) { return std::get<Move>(change).seq == seq; });
}

bool QueueWorld::is_unheld(Seq seq) const {
  for (const Client& client : clients_)
    for (const auto& [lease, held] : client.held)
      if (held.active && held.seq == seq) return false;
  return true;
}

/// Nobody has it, and it stays, as far as the owner has decided.
bool QueueWorld::is_free(Seq seq) const {
  return is_unheld(seq) && !is_evicted(seq) && !known(seq).settling;
}

/// With what is on its way. As the last start found it, or an operator has made it; it must not be more, and
/// must have become less when there is nothing to wait for.
bool QueueWorld::is_above_limits() const {
  queue::Amount all{stored_.entries.size(), stored_.bytes()};
  for_each_publication([&](const Publication& one) { add_to(all, one.entry.message->size()); });
  for (const auto& [seq, number] : in_queue_)
    if (known_.at(number).is_never_stored) add_to(all, never_stored_.at(seq)->size());
  return all.messages > definition_.max_length.value_or(~0ULL) ||
         all.bytes > definition_.max_bytes.value_or(~0ULL);
}

/// Also when max_deliveries was more at its last failure, which a start knows nothing of.
bool QueueWorld::is_given_up(const Known& message) const {
  return (is_failure(message.last) || !message.last) && message.deliveries >= definition_.max_deliveries;
}

/// It is done, and only the store does not know.
bool QueueWorld::has_passed(Seq seq) const {
  return known(seq).settling && known(seq).last == Outcome::Done;
}

bool QueueWorld::follows_passed(Seq seq) const {
  return std::any_of(in_queue_.begin(), in_queue_.end(), [&](const auto& other) {
    return other.first < seq && is_same_turn(known(seq), known_.at(other.second)) && has_passed(other.first);
  });
}

bool QueueWorld::is_same_turn(const Known& a, const Known& b) const {
  return definition_.order == Order::Strict || (definition_.order == Order::Key && a.key == b.key);
}

/// Everything that has to go before it has gone, and nothing of its turn is out.
bool QueueWorld::is_in_turn(Seq seq) const {
  for (const auto& [other, number] : in_queue_)
    if (other < seq && !has_passed(other) && is_same_turn(known(seq), known_.at(number))) return false;
  for (const Client& client : clients_)
    for (const auto& [lease, held] : client.held)
      if (held.active && (held.seq == seq || is_same_turn(known(seq), known(held.seq)))) return false;
  return true;
}

bool QueueWorld::is_lane_free(Seq seq) const {
  for (const Client& client : clients_)
    for (const auto& [lease, held] : client.held)
      if (held.active && held.holds_lane && lane_of(known(held.seq)) == lane_of(known(seq))) return false;
  return true;
}

void QueueWorld::check_delivery(const Client& client, const queue::Deliver& delivery) {
  if (!in_queue_.contains(delivery.seq)) return violated("what is delivered is in the queue");
  const Known& message = known(delivery.seq);
  expect(number_of(*delivery.message) == in_queue_.at(delivery.seq), "an entry keeps its message");
  expect(client.is_attached && !is_paused_, "only who is there gets something");
  expect(delivery.attachment == client.attachment, "a delivery is for where its consumer is");
  expect(client.delivered < client.limit, "nobody gets more than its credit");
  expect(client.held.size() < definition_.max_inflight, "nobody has more than max_inflight");
  expect(client.options.filter.matches(delivery.message->forwarded_properties()), "a filter is kept");
  expect(delivery.is_claimed == (client.options.qos == wire::QoS::ExactlyOnce), "QoS 2 claims");
  expect(delivery.deliveries == message.deliveries + 1, "deliveries are counted");
  expect(delivery.deliveries <= definition_.max_deliveries, "max_deliveries is the most");
  expect(now_.steady >= message.not_before, "a pause is kept");
  expect(now_.steady < message.expires_at, "what is expired goes to nobody");
  expect(!is_evicted(delivery.seq), "what leaves goes to nobody");
  expect(!message.settling, "what is on its way to the store goes to nobody");
  expect(!delivery.is_claimed || !follows_passed(delivery.seq), "a claim is behind what was acknowledged");
  expect(is_in_turn(delivery.seq), "of a key one is out, the oldest");
  if (definition_.order != Order::None)
    for (const Client& other : clients_)
      for (const auto& [lease, held] : other.held)
        if (other.id != client.id && held.active && held.holds_lane)
          expect(definition_.order != Order::Strict && lane_of(known(held.seq)) != lane_of(message),
                 "a lane changes hands only when everything of it is settled");
  expect(is_within(definition_.rate_out, delivered_ + 1, now_.steady - out_since_), "rate_out is kept");
  ++seen_[delivery.deliveries == 1 ? "first delivery" : "redelivery"];
}

void QueueWorld::check_state(const queue::PutDeliveryState& put) {
  if (!in_queue_.contains(put.seq)) return violated("a state belongs to an entry");
  const Known& message = known(put.seq);
  expect(!message.is_never_stored, "what was refused does not wait for another try");
  expect(is_failure(message.last), "only a delivery that failed is tried again");
  expect(put.state.last == message.last, "the state says how it ended");
  expect(put.state.deliveries == message.deliveries, "the state has the count");
  expect(put.state.deliveries < definition_.max_deliveries, "the last delivery is not tried again");
  expect(put.state.pause == message.pause && put.state.due == now_.wall + message.pause,
         "the pause is the one of the schedule");
  ++seen_["retry"];
}

void QueueWorld::check_end(Seq seq, Removal why) {
  if (!in_queue_.contains(seq)) return violated("what is erased is in the queue");
  expect(is_free(seq), "what somebody has stays");
  const Known& message = known(seq);
  const bool has_target = !definition_.dead_letter_target().empty();
  const bool has_newer = std::any_of(known_.begin(), known_.end(), [&](const auto& other) {
    return seq < other.second.seq && other.second.key == message.key;
  });
  switch (why) {
    case Removal::Acknowledged:
      ++seen_["acknowledged"];
      return expect(message.done, "only who has a message acknowledges it");
    case Removal::Replaced:
      ++seen_["replaced"];
      return expect(definition_.last_value && has_newer, "only a newer one of its key replaces");
    case Removal::Purged:
      return expect(seen_["purge"] > 0, "nobody purged");
    case Removal::NeverStored:
      ++seen_["never stored, and came back"];
      return expect(message.is_never_stored, "what is stored stays");
    case Removal::Rejected:
      ++seen_["rejected for good"];
      return expect(!has_target && message.last == Outcome::Rejected,
                    "rejected without a place for dead letters");
    case Removal::Expired:
      ++seen_["expired for good"];
      return expect(!has_target && message.expires_at <= now_.steady,
                    "expired without a place for dead letters");
    case Removal::DeliveryLimit:
      ++seen_["failed for good"];
      return expect(!has_target && is_given_up(message), "given up without a place for dead letters");
    case Removal::MaxLength:
      ++seen_["trimmed"];
      return expect(is_above_limits(), "what has to leave for another leaves with it");
  }
}

void QueueWorld::check_dead_letter(const queue::MoveToDeadLetters& dead) {
  if (!in_queue_.contains(dead.seq)) return violated("what dies is in the queue");
  const Known& message = known(dead.seq);
  expect(is_free(dead.seq), "what somebody has does not die");
  expect(!definition_.dead_letter_target().empty(), "dead letters need a place");
  expect(dead.entry.message || memory_ > 0, "without a message it is in the store alone");
  if (dead.entry.message) {
    expect(number_of(*dead.entry.message) == in_queue_.at(dead.seq), "a dead letter is the message");
    expect(dead.entry.message->expires_at() == queue::Message::kNever, "a dead letter is kept");
  }
  expect(dead.entry.key == message.key && dead.entry.moved_at == now_.wall, "it says where it was");
  if (dead.entry.deaths.size() != 1) return violated("a death is in the history");
  const queue::Death& death = dead.entry.deaths.back();
  expect(death.queue == "q" && death.deliveries == message.deliveries && death.at == now_.wall,
         "the history says where, when and after how much");
  ++seen_["dead: " + std::string(name_of(death.reason))];
  switch (death.reason) {
    case DeathReason::Rejected:
      return expect(message.last == Outcome::Rejected, "rejected is who was rejected");
    case DeathReason::Expired:
      return expect(message.expires_at <= now_.steady, "expired is who is expired");
    case DeathReason::DeliveryLimit:
      return expect(is_given_up(message), "delivery_limit is who failed too often");
    case DeathReason::MaxLength:
      ++seen_["trimmed"];
      return expect(is_above_limits(), "maxlen comes with the one it made room for");
  }
}

void QueueWorld::check_admission(const Admission& admission, const queue::Message& message,
                                 const queue::Amount& before, const Known& arriving) {
  const std::string& message_id = arriving.message_id;
  const bool takes_oldest =
      definition_.overflow == Overflow::DropOldest || definition_.overflow == Overflow::DeadLetter;
  const auto fits = [&](const queue::Amount& freed) {
    const std::uint64_t messages = before.messages + (freed.messages == 0 ? 1 : 0);
    const std::uint64_t more_bytes = message.size() - std::min(freed.bytes, message.size());
    return (messages <= definition_.max_length.value_or(~0ULL) || messages == before.messages) &&
           (before.bytes + more_bytes <= definition_.max_bytes.value_or(~0ULL) || more_bytes == 0);
  };
  const auto admitted_at = admitted_ids_.find(message_id);
  switch (admission.what) {
    case Admission::What::Duplicate:
      ++seen_["duplicate"];
      return expect(
          admitted_at != admitted_ids_.end() && now_.steady < admitted_at->second + definition_.dedup_window,
          "a duplicate is of something that is stored");
    case Admission::What::DuplicatePending:
      ++seen_["pending duplicate"];
      return expect(has_publication([&](const Publication& one) {
                      return one.admission == admission.id && one.message_id == message_id;
                    }),
                    "a pending duplicate is of something on its way");
    case Admission::What::RateLimited:
      ++seen_["rate limited"];
      if (!definition_.rate_in) return violated("without rate_in nothing is too fast");
      return expect(has_another_rate_in_ || admitted_ >= std::int64_t{definition_.rate_in->burst},
                    "rate_in refuses what is too fast");
    case Admission::What::Busy: {
      ++seen_["busy"];
      const bool is_on_the_way = !moves_.empty() || has_publication([](const Publication&) { return true; });
      const bool is_settling =
          std::any_of(known_.begin(), known_.end(), [](const auto& one) { return one.second.settling; });
      const bool is_read = memory_ > 0 && definition_.overflow == Overflow::DeadLetter;
      return expect(takes_oldest && (is_on_the_way || is_settling || is_read),
                    "busy is what will be otherwise");
    }
    case Admission::What::Gone:
      return expect(is_closing_, "only what is deleted is gone");
    case Admission::What::Dropped:
    case Admission::What::Full: {
      ++seen_[admission.what == Admission::What::Full ? "full" : "dropped newest"];
      expect((admission.what == Admission::What::Dropped) == (definition_.overflow == Overflow::DropNewest),
             "overflow says what happens");
      queue::Amount freed;  // what could leave now, or when the store has taken what is on its way
      if (takes_oldest) freed = before;
      for (const auto& [seq, number] : in_queue_) {
        const std::uint64_t size = message_in_store(seq).size();
        if (takes_oldest && !is_unheld(seq)) take_from(freed, size);
        if (!takes_oldest && definition_.last_value && is_free(seq) && known(seq).key == arriving.key)
          add_to(freed, size);
      }
      const bool is_too_large = definition_.max_bytes && message.size() > *definition_.max_bytes;
      return expect(is_too_large || !fits(freed), "only a full queue is full");
    }
    case Admission::What::Admitted:
      break;
  }
  queue::Amount freed;
  for (const queue::Eviction& eviction : admission.evictions) {
    if (!in_queue_.contains(eviction.seq)) return violated("what leaves is in the queue");
    expect(is_free(eviction.seq), "what somebody has does not leave for another");
    freed.messages += 1;
    freed.bytes += message_in_store(eviction.seq).size();
    if (eviction.why == Removal::Replaced) {
      expect(definition_.last_value, "only last_value replaces");
      continue;
    }
    ++seen_[eviction.dead_letter ? "dead: maxlen" : "dropped oldest"];
    expect(takes_oldest && eviction.why == Removal::MaxLength, "only what may be dropped is");
    expect(!fits({}), "nothing leaves while there is room");
    expect(eviction.dead_letter.has_value() == (definition_.overflow == Overflow::DeadLetter),
           "overflow dead-letter makes dead letters");
    if (eviction.dead_letter)
      expect(eviction.dead_letter->deaths.back().reason == DeathReason::MaxLength, "maxlen is who had to go");
    const auto leaves = [&](Seq seq) {
      return std::any_of(admission.evictions.begin(), admission.evictions.end(),
                         [&](const queue::Eviction& one) { return one.seq == seq; });
    };
    for (const auto& [older, number] : in_queue_)
      expect(eviction.seq <= older || !is_free(older) || leaves(older), "the oldest leave first");
  }
  expect(fits(freed), "limits are hard");
  expect(is_within(definition_.rate_in, admitted_ + 1, now_.steady - in_since_), "rate_in is kept");
  expect((admission.message_id_number != 0) == (definition_.dedup_window.count() > 0 && !message_id.empty()),
         "an identifier is kept with its message");
  if (!message_id.empty() && definition_.dedup_window.count() > 0 && admitted_at != admitted_ids_.end())
    expect(admitted_at->second + definition_.dedup_window <= now_.steady,
           "an identifier comes once in a window");
}

/// Everybody who waits for it, and nobody else.
void QueueWorld::check_waiters(queue::AdmissionId id, const std::vector<queue::WaiterId>& answered) {
  for (const queue::WaiterId waiter : answered) {
    const auto found = waiters_.find(waiter);
    if (found == waiters_.end() || found->second != id) return violated("who is answered waits for it");
    waiters_.erase(found);
    ++seen_["answered duplicate"];
  }
  for (const auto& [waiter, its] : waiters_) expect(its != id, "who waits is answered");
}

/// The store has just taken it.
void QueueWorld::check_stored(const Publication& publication) {
  if (publication.message_id_number != 0) {
    admitted_ids_[publication.message_id] = publication.admitted_at.steady;
    id_of_record_[publication.message_id_number] = publication.message_id;
  }
  check_limits();
}

/// Whatever was acknowledged to a publisher is in the store, or left it by a rule.
void QueueWorld::check_nothing_is_lost() {
  if (!stored_.mistake.empty()) return violated(stored_.mistake);
  std::set<int> there;
  for (const auto& [seq, stored] : stored_.entries) there.insert(number_of(*stored.entry.message));
  std::set<int> dead;
  for (const queue::QueueEntry& entry : stored_.dead_letters) dead.insert(number_of(*entry.message));
  dead.insert(dying_.begin(), dying_.end());
  for (const auto& [number, message] : known_) {
    if (!message.acknowledged) continue;
    expect(there.contains(number) || message.left.has_value(), "what was acknowledged is kept");
    if (message.left == "dead") expect(dead.contains(number), "a dead letter is kept");
  }
  expect(group_->entries() == in_queue_.size(), "the group knows every entry");
}

void QueueWorld::check_limits() {
  const auto within = [](std::uint64_t held, const std::optional<std::uint64_t>& limit, std::uint64_t found) {
    return !limit || held <= std::max(*limit, found);
  };
  const auto& max_length = definition_.max_length;
  const auto& max_bytes = definition_.max_bytes;
  expect(within(group_->amount().messages, max_length, found_.messages), "max_length is hard");
  expect(within(group_->amount().bytes, max_bytes, found_.bytes), "max_bytes is hard");
  expect(within(stored_.entries.size(), max_length, found_.messages), "max_length is hard on the disk");
  expect(within(stored_.bytes(), max_bytes, found_.bytes), "max_bytes is hard on the disk");
  found_ = {std::min<std::uint64_t>(found_.messages, group_->amount().messages),
            std::min(found_.bytes, group_->amount().bytes)};
}

/// Of each key one at most that nobody has, with last_value.
void QueueWorld::check_last_values() {
  if (!definition_.last_value) return;
  std::set<std::string> keys;
  for (const auto& [seq, number] : in_queue_)
    if (is_free(seq)) expect(keys.insert(known(seq).key).second, "last_value keeps the newest");
}

/// No message waits that somebody could have.
void QueueWorld::check_nobody_waits() {
  if (is_paused_ || definition_.rate_out || definition_.dispatch == Dispatch::KeyHash || !violation_.empty())
    return;
  if (!reads_.empty() || !pages_.empty()) return;  // it is on its way
  if (memory_ > 0 && !sequenced_.empty()) return;  // what is not in memory is read when it is durable
  for (const auto& [seq, number] : in_queue_) {
    if (!is_free(seq) || known(seq).not_before > now_.steady || !is_in_turn(seq)) continue;
    if (definition_.order == Order::Key && !is_lane_free(seq)) continue;
    const Bytes properties = message_in_store(seq).forwarded_properties();
    for (const Client& client : clients_)
      expect(!client.is_attached || client.delivered >= client.limit ||
                 client.held.size() >= definition_.max_inflight ||
                 !client.options.filter.matches(properties) ||
                 (client.options.qos == wire::QoS::ExactlyOnce && follows_passed(seq)),
             "nothing waits that somebody could have");
  }
}

}  // namespace hermod::model
