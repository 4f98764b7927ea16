// What happens in the world, and how. Consumers are in queue_consumers.cc, what becomes durable is in
// queue_durability.cc, how a message moves and the queue ends is in queue_operators.cc, what must be true in
// queue_witness.cc.

#include "tests/model/queue/queue_world.h"

#include <algorithm>
#include <utility>

namespace hermod::model {

using namespace std::chrono_literals;
using queue::Admission;
using queue::ConsumerId;
using queue::Outcome;
using queue::QueueDefinition;
using queue::QueueGroup;
using std::chrono::milliseconds;
using wire::QoS;

namespace {

constexpr std::size_t kKeys = 5;
constexpr milliseconds kPauses[] = {0ms, 20ms, 50ms, 200ms};

template <class T>
T pick_of(sim::Random& chance, std::initializer_list<T> items) {
  return *(items.begin() + chance.below(items.size()));
}

/// A user property, so that consumers have something to filter by: n=0 or n=1.
std::string number_property(int number) {
  std::string block;
  ByteWriter out(block);
  out.u8(38);
  out.sized16("n");
  out.sized16(number % 2 == 0 ? "0" : "1");
  return block;
}

QueueDefinition some_definition(sim::Random& chance) {
  using D = QueueDefinition;
  D definition;
  definition.name = "q";
  definition.bind = {"t"};
  definition.order = pick_of(chance, {D::Order::None, D::Order::Key, D::Order::Key, D::Order::Strict});
  definition.lanes = static_cast<std::uint32_t>(1 + chance.below(4));
  definition.dispatch = static_cast<D::Dispatch>(chance.below(5));
  definition.max_inflight = static_cast<std::uint16_t>(1 + chance.below(5));
  definition.ack_timeout = milliseconds(50 + chance.below(100));
  definition.max_deliveries = static_cast<std::uint32_t>(1 + chance.below(5));
  std::vector<milliseconds> pauses;
  for (std::size_t i = chance.below(4); i > 0; --i) pauses.push_back(chance.pick(kPauses));
  definition.retry = queue::RetryPolicy(std::move(pauses));
  if (chance.chance(30)) definition.dead_letter = "none";
  if (chance.chance(25)) definition.ttl = milliseconds(100 + chance.below(400));
  if (chance.chance(50)) definition.max_length = 1 + chance.below(8);
  if (chance.chance(30)) definition.max_bytes = 30 + chance.below(120);
  definition.overflow = static_cast<D::Overflow>(chance.below(4));
  if (definition.dead_letter_target().empty() && definition.overflow == D::Overflow::DeadLetter)
    definition.overflow = D::Overflow::DropOldest;
  if (chance.chance(40)) definition.dedup_window = milliseconds(50 + chance.below(400));
  definition.last_value = definition.order != D::Order::Strict && chance.chance(25);
  if (chance.chance(15)) definition.rate_in = queue::Rate{50, 3};
  if (chance.chance(40)) {  // nobody has to ask
    definition.dedup_window = {};
    definition.rate_in.reset();
    definition.last_value = false;
    definition.overflow = D::Overflow::Reject;
  }
  if (chance.chance(15)) definition.rate_out = queue::Rate{50, 3};
  return definition;
}

}  // namespace

QueueWorld::QueueWorld(std::uint64_t seed) : chance_(seed) {
  definition_ = some_definition(chance_);
  if (chance_.chance(50)) memory_ = 1 + chance_.below(chance_.chance(50) ? 2 : 6);
  now_ = {MonotonicTime{1h}, WallTime{400'000h}};
  for (std::size_t i = 0; i < kClients; ++i) {
    Client client;
    client.id = ConsumerId{i + 1};
    client.options.qos =
        pick_of(chance_, {QoS::AtMostOnce, QoS::AtLeastOnce, QoS::AtLeastOnce, QoS::ExactlyOnce});
    clients_.push_back(std::move(client));
  }
  start_group();
}

std::string QueueWorld::run(int steps) {
  for (int i = 0; i < steps && violation_.empty(); ++i) step();
  if (!violation_.empty()) return violation_;
  chance_.chance(10) ? close() : calm_down();
  return violation_;
}

void QueueWorld::step() {
  const auto is_lent = [this](const Sequenced& one) { return one.has_come && !is_unheld(one.seq); };
  if (std::any_of(sequenced_.begin(), sequenced_.end(), is_lent) && chance_.chance(15)) fail_sequenced();
  const std::size_t what = chance_.below(100);
  Client& client = clients_[chance_.below(kClients)];
  if (what < 25) {
    publish();
  } else if (what < 50) {
    commit_one();
  } else if (what < 54) {
    moves_.empty() ? fail_publication() : fail_move();
  } else if (what < 55) {
    if (!fail_claim()) fail_settlements();
  } else if (what < 62) {
    settle_one();
  } else if (what < 73) {
    receive(client);
  } else if (what < 85) {
    move_client(client);
  } else if (what < 86) {
    is_paused_ = !is_paused_;
    group_->set_paused(is_paused_, now_);
  } else if (what < 96) {
    pass_time(milliseconds(chance_.below(chance_.chance(20) ? 200 : 20)));
  } else if (what < 97) {
    move_message();
  } else if (what < 99) {
    crash();
  } else if (chance_.chance(50)) {
    set_clock();
  } else if (chance_.chance(20)) {
    ++seen_["purge"];
    group_->purge(now_);
  } else {
    change_definition();
  }
  carry_out();
  check_nothing_is_lost();
  check_limits();
  check_last_values();
  check_nobody_waits();
}

void QueueWorld::publish() {
  const int number = static_cast<int>(known_.size()) + 1;
  Known message;
  message.key = std::string(1, static_cast<char>('a' + chance_.below(kKeys)));
  if (chance_.chance(60)) {
    const bool again = !used_ids_.empty() && chance_.chance(40);
    message.message_id = again ? used_ids_[chance_.below(used_ids_.size())] : "id" + std::to_string(number);
    if (!again) used_ids_.push_back(message.message_id);
  }
  const std::string properties = number_property(number);
  const std::string payload = std::to_string(number) + std::string(chance_.below(20), ' ');
  queue::Message::Fields fields;
  fields.topic = "t";
  fields.payload = as_bytes(payload);
  fields.forwarded_properties = as_bytes(properties);
  fields.qos = QoS::AtLeastOnce;
  fields.stored_at = now_.wall;
  if (chance_.chance(20)) fields.expires_at = now_.wall + milliseconds(50 + chance_.below(500));
  const queue::MessagePtr it = queue::Message::create(fields);
  message.expires_at = expiry_of(*it);

  // What admit() itself ends by the clock is ended first, so that the check sees the room as it did.
  group_->advance(now_);
  carry_out();
  if (!definition_.asks_before_publish() && chance_.chance(50)) return publish_unasked(it, number, message);
  const queue::Amount before = group_->amount();
  const queue::Arrival arrival{.entry = {.message = it, .key = message.key},
                               .message_id = message.message_id,
                               .waiter = queue::WaiterId{++last_waiter_}};
  const Admission admission = group_->admit(arrival, now_);
  check_admission(admission, *it, before, message);
  if (admission.what == Admission::What::Busy) busy_.insert(arrival.waiter);
  if (admission.what == Admission::What::DuplicatePending) waiters_[arrival.waiter] = admission.id;
  if (admission.what != Admission::What::Admitted) return;
  ++admitted_;
  if (admission.message_id_number != 0) admitted_ids_.erase(message.message_id);  // an older one is past
  known_[number] = message;
  publications_[chance_.below(kPublishers)].emplace_back(
      Publication{.admission = admission.id,
                  .entry = {.message = it, .key = message.key},
                  .message_id = message.message_id,
                  .message_id_number = admission.message_id_number,
                  .admitted_at = now_,
                  .evictions = admission.evictions});
}

/// Its publisher's shard takes the room itself.
void QueueWorld::publish_unasked(const queue::MessagePtr& it, int number, const Known& message) {
  const queue::Amount before = group_->amount();
  const bool fits = before.messages < definition_.max_length.value_or(~0ULL) &&
                    before.bytes + it->size() <= definition_.max_bytes.value_or(~0ULL);
  const bool is_taken = group_->room()->take({1, it->size()});
  expect(is_taken == fits, "who does not ask finds the same limits");
  ++seen_[is_taken ? "not asked" : "full"];
  if (!is_taken) return;
  known_[number] = message;
  Publication publication;
  publication.entry = {.message = it, .key = message.key};
  publication.admitted_at = now_;
  publications_[chance_.below(kPublishers)].emplace_back(std::move(publication));
}

void QueueWorld::pass_time(milliseconds time) {
  now_.steady += time;
  now_.wall += time;
  end_overdue();
  group_->advance(now_);
}

/// In the world's account.
void QueueWorld::end_overdue() {
  for (Client& client : clients_) {
    for (auto it = client.held.begin(); it != client.held.end();) {
      Held& held = it->second;
      const bool may_end = held.active && held.is_sent && client.options.qos != QoS::AtMostOnce;
      if (!may_end || held.deadline > now_.steady) {
        ++it;
        continue;
      }
      ++seen_[client.options.qos == QoS::ExactlyOnce ? "claim timed out" : "timed out"];
      it = lapse(client, it);
    }
  }
}

/// It is not the client's any more, who may still answer.
std::map<queue::LeaseId, QueueWorld::Held>::iterator QueueWorld::lapse(
    Client& client, std::map<queue::LeaseId, Held>::iterator it) {
  it->second.active = false;
  Known& message = known(it->second.seq);
  message.last = Outcome::TimedOut;
  message.is_open = true;
  message.pause = definition_.retry.pause_before(message.deliveries);
  message.not_before = now_.steady + message.pause;
  return client.is_connected ? std::next(it) : client.held.erase(it);  // who is away cannot answer
}

/// The operator edits what can be another while there are messages.
void QueueWorld::change_definition() {
  ++seen_["changed"];
  QueueDefinition to = some_definition(chance_);
  to.order = definition_.order;
  to.lanes = definition_.lanes;
  to.last_value = definition_.last_value;
  if (!(to.rate_in == definition_.rate_in)) {
    in_since_ = now_.steady;
    has_another_rate_in_ = true;
    admitted_ = 0;
  }
  if (!(to.rate_out == definition_.rate_out)) {
    out_since_ = now_.steady;
    delivered_ = 0;
  }
  for (Client& client : clients_)
    for (auto& [lease, held] : client.held) held.deadline += to.ack_timeout - definition_.ack_timeout;
  definition_ = to;
  for (const auto& [seq, number] : in_queue_) known_.at(number).expires_at = expiry_of(message_in_store(seq));
  for_each_publication([&](const Publication& one) {
    known_.at(number_of(*one.entry.message)).expires_at = expiry_of(*one.entry.message);
  });
  end_overdue();
  found_ = group_->amount();
  expect(group_->change(to, now_).has_value(), "what can change changes");
}

/// From the records, which have the wall's time; never longer than it was to live.
MonotonicTime QueueWorld::expiry_of(const queue::Message& message) const {
  MonotonicTime end = MonotonicTime::max();
  const auto lower = [&](WallTime::duration life) {
    const WallTime::duration left = message.stored_at() + life - now_.wall;
    end = std::min(end, now_.steady + std::min(left, life));
  };
  if (message.expires_at() != queue::Message::kNever) lower(message.expires_at() - message.stored_at());
  if (definition_.ttl) lower(*definition_.ttl);
  return end;
}

/// Somebody sets the clock on the wall: nothing that waits in memory is concerned.
void QueueWorld::set_clock() {
  now_.wall += milliseconds(chance_.below(4'000)) - 2s;
  ++seen_["clock set"];
  group_->advance(now_);
}

QueueWorld::Client& QueueWorld::client_with(ConsumerId id) {
  return clients_[id.v - 1];
}

/// Does what the group wants done, in its order; what is called back one by one behind it.
void QueueWorld::carry_out() {
  while ((group_->has_effects() || !recalls_.empty()) && violation_.empty()) {
    for (queue::QueueEffect& effect : group_->take_effects()) {
      if (!violation_.empty()) return;
      carry_out(effect);
    }
    if (recalls_.empty()) continue;
    const queue::Recall recall = recalls_.front();
    recalls_.pop_front();
    Client& client = client_with(recall.consumer);
    const auto in_inbox = std::find_if(client.inbox.begin(), client.inbox.end(),
                                       [&](const auto& one) { return one.lease == recall.lease; });
    if (in_inbox == client.inbox.end() || chance_.chance(30)) continue;
    client.inbox.erase(in_inbox);
    ++seen_["called back"];
    hand_back(client, {recall.lease});
  }
}

void QueueWorld::carry_out(queue::QueueEffect& effect) {
  if (auto* delivery = std::get_if<queue::Deliver>(&effect)) {
    Client& client = client_with(delivery->consumer);
    check_delivery(client, *delivery);
    ++delivered_;
    ++client.delivered;
    ++known(delivery->seq).deliveries;
    client.held[delivery->lease] = {.seq = delivery->seq, .attachment = delivery->attachment};
    client.inbox.push_back(*delivery);
  } else if (const auto* recall = std::get_if<queue::Recall>(&effect)) {
    const auto& held = client_with(recall->consumer).held;
    const auto found = held.find(recall->lease);
    expect(found != held.end() && !found->second.is_sent, "only what is not sent is called back");
    recalls_.push_back(*recall);
  } else if (auto* put = std::get_if<queue::PutDeliveryState>(&effect)) {
    check_state(*put);
    known(put->seq).settling = true;
    end_claim(put->seq, put->claim);
    line_.push(*put);
  } else if (auto* gone = std::get_if<queue::EraseEntry>(&effect)) {
    check_end(gone->seq, gone->why);
    known(gone->seq).settling = true;
    end_claim(gone->seq, gone->claim);
    known(gone->seq).left = "erased";
    line_.push(*gone);
  } else if (auto* dead = std::get_if<queue::MoveToDeadLetters>(&effect)) {
    check_dead_letter(*dead);
    known(dead->seq).settling = true;
    end_claim(dead->seq, dead->claim);
    known(dead->seq).left = "dead";
    dying_.insert(in_queue_.at(dead->seq));
    line_.push(std::move(*dead));
  } else if (const auto* again = std::get_if<queue::AskAgain>(&effect)) {
    for (const queue::WaiterId waiter : again->waiters)
      expect(busy_.erase(waiter) == 1, "who asks again was told that there is no room yet");
    ++seen_["asks again"];
  } else if (const auto* read = std::get_if<queue::ReadEntries>(&effect)) {
    expect(memory_ > 0, "what is in memory is not read");
    reads_.push_back(*read);
  } else if (auto* ids = std::get_if<queue::EraseMessageIds>(&effect)) {
    for (const std::uint64_t number : ids->numbers) {
      const std::string& id = id_of_record_.at(number);
      const bool has_newer = std::any_of(id_of_record_.upper_bound(number), id_of_record_.end(),
                                         [&](const auto& one) { return one.second == id; });
      if (has_newer) continue;
      const auto admitted_at = admitted_ids_.find(id);
      expect(
          admitted_at == admitted_ids_.end() || admitted_at->second + definition_.dedup_window <= now_.steady,
          "an identifier is kept as long as its window");
      admitted_ids_.erase(id);
    }
    line_.push(std::move(*ids));
  }
}

/// From here on it is the store's record.
void QueueWorld::end_claim(Seq seq, queue::EndedClaim& claim) {
  if (claim.lease.v == 0) return;
  const Known& message = known(seq);
  expect(claim.is_released == (message.last == Outcome::Done || message.is_open),
         "a claim is released when its client may have the message");
  expect(static_cast<bool>(claim.unanswered) == message.is_open,
         "who has not answered is sent the message once more");
  claim.lease = claim_of_.at(claim.lease);
}

/// Everybody comes, wants everything and acknowledges it: nothing may be left.
void QueueWorld::calm_down() {
  is_calm_ = true;
  for (Client& client : clients_) {
    if (client.is_connected) lose_connection(client);
    carry_out();
  }
  while (violation_.empty() && commit_one()) carry_out();
  for (Client& client : clients_) connect(client);
  group_->set_paused(false, now_);
  is_paused_ = false;
  carry_out();
  for (int round = 0; round < 2'000 && violation_.empty(); ++round) {
    if (is_everything_durable() && in_queue_.empty()) break;
    while (violation_.empty() && commit_one()) carry_out();
    for (Client& client : clients_) {
      while (!client.inbox.empty() && violation_.empty()) {
        receive(client);
        carry_out();
      }
      while (!client.held.empty() && client.held.begin()->second.is_sent && violation_.empty()) {
        settle(client, client.held.begin()->first, Outcome::Done);
        carry_out();
      }
      grant(client);
      carry_out();
    }
    const auto due = group_->next_due(now_);
    if (due)
      pass_time(std::chrono::ceil<milliseconds>(std::max(*due - now_.steady, MonotonicTime::duration{0})));
    carry_out();
    check_nothing_is_lost();
    check_nobody_waits();
  }
  expect(waiters_.empty() && busy_.empty(), "nobody waits for ever");
  expect(in_queue_.empty() && stored_.entries.empty(), "what is acknowledged leaves in the end");
  check_nothing_is_lost();
}

}  // namespace hermod::model
