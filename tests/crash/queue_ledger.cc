#include "tests/crash/queue_ledger.h"

#include <algorithm>

namespace hermod::crash {

namespace {

std::string name_of(const std::string& topic, std::uint64_t number) {
  return topic + " " + std::to_string(number);
}

}  // namespace

void QueueLedger::add(QueueRules rules) {
  const std::lock_guard lock(mutex_);
  const std::string name = rules.name;
  queues_[name].rules = std::move(rules);
}

std::uint64_t QueueLedger::life() const {
  const std::lock_guard lock(mutex_);
  return life_;
}

void QueueLedger::begin_life() {
  const std::lock_guard lock(mutex_);
  ++life_;
  live_.clear();
  for (auto& [name, queue] : queues_) {
    queue.highest.clear();
    // A lease at QoS 2 is on the disk.
    if (!queue.rules.exactly_once) queue.leases.clear();
  }
}

std::uint64_t QueueLedger::connected() {
  const std::lock_guard lock(mutex_);
  live_.insert(++last_connection_);
  return last_connection_;
}

void QueueLedger::left(std::uint64_t connection) {
  const std::lock_guard lock(mutex_);
  live_.erase(connection);
  for (auto& [name, queue] : queues_) {
    if (!queue.rules.exactly_once)
      std::erase_if(queue.leases, [&](const auto& one) { return one.second.connection == connection; });
    queue.next.erase(connection);
  }
}

void QueueLedger::sent(const std::string& topic, std::uint8_t qos, std::uint64_t number) {
  const std::lock_guard lock(mutex_);
  Topic& about = topics_[topic];
  about.qos = qos;
  if (about.messages.size() <= number) about.messages.resize(number + 1);
  Published& message = about.messages[number];
  if (message.sends++ == 0) message.first_sent = support::Clock::now();
}

void QueueLedger::acknowledged(const std::string& topic, std::uint64_t number) {
  const std::lock_guard lock(mutex_);
  Published& message = topics_.at(topic).messages.at(number);
  if (std::exchange(message.is_acknowledged, true)) return;
  ++acknowledged_;
  for (auto& [name, queue] : queues_)
    if (queue.rules.takes(topic, number)) ++queue.acknowledged;
}

void QueueLedger::refused(const std::string& topic, std::uint64_t number) {
  const std::lock_guard lock(mutex_);
  topics_.at(topic).messages.at(number).is_refused = true;
  tried_.insert("refusal");
}

void QueueLedger::told_duplicate(const std::string& topic, std::uint64_t number) {
  const std::lock_guard lock(mutex_);
  const Published& message = topics_.at(topic).messages.at(number);
  tried_.insert("duplicate");
  if (message.sends == 1)
    broken_.push_back(name_of(topic, number) + " was sent once and is called a duplicate");
}

void QueueLedger::told_stored(const std::string& topic, std::uint64_t number) {
  const std::lock_guard lock(mutex_);
  const Published& message = topics_.at(topic).messages.at(number);
  if (message.is_acknowledged)
    broken_.push_back(name_of(topic, number) + " was acknowledged before and is stored again");
}

bool QueueLedger::may_refuse(const std::string& topic) const {
  const std::lock_guard lock(mutex_);
  return std::any_of(queues_.begin(), queues_.end(), [&](const auto& one) {
    const QueueRules& rules = one.second.rules;
    return rules.max_length != 0 && rules.overflow == QueueRules::Overflow::Reject && rules.takes(topic, 0);
  });
}

void QueueLedger::narrow(const std::string& consumer, std::uint64_t part) {
  const std::lock_guard lock(mutex_);
  parts_[consumer] = part;
}

void QueueLedger::arrived(const Arrival& it) {
  const std::lock_guard lock(mutex_);
  Queue& queue = queues_.at(it.queue);
  const auto about = topics_.find(it.topic);
  if (about == topics_.end() || it.number >= about->second.messages.size())
    return say(it, "which nobody sent");
  if (!queue.rules.takes(it.topic, it.number)) say(it, "which is not for it");
  const auto part = parts_.find(it.consumer);
  if (part != parts_.end() && part->second != plan::part_of(it.number))
    say(it, "which its consumer does not want");
  Item& item = item_of(queue, {it.topic, it.number});
  Entry* const entry = it.offset ? &entry_of(queue, item, it) : nullptr;
  check_repetition(queue, item, entry, it);
  check_death(queue, it);
  if (entry != nullptr) check_count(queue, *entry, it);
  check_order(queue, it);
  check_lease(queue, it);
  note(queue, it);
  if (!std::exchange(item.has_come, true)) ++arrived_;
}

void QueueLedger::note(const Queue& queue, const Arrival& it) {
  const QueueRules& rules = queue.rules;
  if (!it.death_reason.empty()) tried_.insert(rules.dead_of.empty() ? "redrive" : it.death_reason);
  if (it.count > 1) tried_.insert(rules.lapses ? "ack_timeout" : "retry");
  if (rules.exactly_once && it.is_resent) tried_.insert("QoS 2 sent again");
}

void QueueLedger::answering(const Arrival& it, Answer answer) {
  const std::lock_guard lock(mutex_);
  Queue& queue = queues_.at(it.queue);
  Item& item = item_of(queue, {it.topic, it.number});
  Entry* const entry = it.offset ? &queue.entries.at(*it.offset) : nullptr;
  const bool is_last = it.count >= queue.rules.max_deliveries;
  switch (answer) {
    case Answer::Done:
      item.is_done = true;
      if (entry != nullptr) entry->done_by = it.connection;
      break;
    case Answer::Later:
      if (entry != nullptr) entry->later = it.count;
      item.is_spent = item.is_spent || is_last;
      break;
    case Answer::Reject:
      item.is_rejected = true;
      break;
  }
  const bool ends = answer == Answer::Reject || (answer == Answer::Later && is_last);
  if (entry != nullptr && ends) entry->is_dead = true;
  if (ends || answer == Answer::Done) settle(queue, item);
  const auto lease = queue.leases.find(order_key(queue.rules, {it.topic, it.number}));
  if (lease != queue.leases.end() && lease->second.consumer == it.consumer) queue.leases.erase(lease);
}

QueueLedger::Item& QueueLedger::item_of(Queue& queue, const Key& message) {
  std::vector<Item>& items = queue.items[message.first];
  if (items.size() <= message.second) items.resize(message.second + 1);
  return items[message.second];
}

const QueueLedger::Item* QueueLedger::find(const Queue& queue, const std::string& topic,
                                           std::uint64_t number) {
  const auto items = queue.items.find(topic);
  return items != queue.items.end() && number < items->second.size() ? &items->second[number] : nullptr;
}

std::string QueueLedger::order_key(const QueueRules& rules, const Key& message) {
  return rules.order == QueueRules::Order::Key ? plan::key_of(message.first, message.second) : std::string();
}

void QueueLedger::say(const Arrival& it, const std::string& what) {
  broken_.push_back(it.queue + " gave " + it.consumer + " " + name_of(it.topic, it.number) +
                    (it.offset ? " at offset " + std::to_string(*it.offset) : std::string()) + ", delivery " +
                    std::to_string(it.count) + ", life " + std::to_string(it.life) + ", " + what);
}

void QueueLedger::settle(Queue& queue, Item& item) {
  if (!std::exchange(item.is_settled, true)) ++queue.settled;
}

bool QueueLedger::is_stored_once(const Queue& queue, const std::string& topic) const {
  return queue.rules.dedup || topics_.at(topic).qos == 2;
}

QueueLedger::Entry& QueueLedger::entry_of(Queue& queue, Item& item, const Arrival& it) {
  const Key message{it.topic, it.number};
  const auto [at, is_new] = queue.entries.try_emplace(*it.offset);
  if (is_new) {
    at->second.message = message;
    check_new_entry(queue, item, it);
    item.offsets.push_back(*it.offset);
  } else if (at->second.message != message) {
    say(it, "where " + name_of(at->second.message.first, at->second.message.second) + " was");
  }
  return at->second;
}

/// A message whose publisher has an identifier for it is stored once in a queue, and once more each time it
/// is given back to it; and in the order in which it was published.
void QueueLedger::check_new_entry(Queue& queue, Item& item, const Arrival& it) {
  if (!is_stored_once(queue, it.topic)) return;
  if (!queue.rules.dead_of.empty()) {
    const Queue& origin = queues_.at(queue.rules.dead_of);
    const Item* const living = find(origin, it.topic, it.number);
    std::size_t deaths = 0;
    if (living != nullptr)
      deaths = static_cast<std::size_t>(
          std::count_if(living->offsets.begin(), living->offsets.end(),
                        [&](std::uint64_t offset) { return origin.entries.at(offset).is_dead; }));
    if (item.offsets.size() >= std::max<std::size_t>(deaths, 1)) say(it, "a dead letter twice");
    return;
  }
  for (const std::uint64_t offset : item.offsets)
    if (!queue.rules.redriven || !queue.entries.at(offset).is_dead)
      say(it, "which is at offset " + std::to_string(offset) + " too");
  if (!item.offsets.empty() || queue.rules.dedup || queue.rules.turns_away()) return;
  const Item* const before = it.number > 0 ? find(queue, it.topic, it.number - 1) : nullptr;
  const Item* const behind = find(queue, it.topic, it.number + 1);
  if ((before != nullptr && !before->offsets.empty() && before->offsets.front() > *it.offset) ||
      (behind != nullptr && !behind->offsets.empty() && behind->offsets.front() < *it.offset))
    say(it, "which is not where it was published");
}

/// A delivery has a number above all before it; a crash forgets those that were out, and no answer that was
/// followed by another delivery.
void QueueLedger::check_count(Queue& queue, Entry& entry, const Arrival& it) {
  if (it.count > queue.rules.max_deliveries) say(it, "which is more than max_deliveries");
  if (it.count < entry.least) say(it, "behind delivery " + std::to_string(entry.least));
  // What timed out on its way may be read behind the delivery to the next one.
  const bool may_cross = queue.rules.lapses && entry.connection != it.connection;
  if (entry.life == it.life && it.count <= entry.count && !it.is_resent && !may_cross)
    say(it, "behind delivery " + std::to_string(entry.count) + " in this life");
  if (entry.life == it.life && entry.later && *entry.later + 1 == it.count)
    entry.least = std::max(entry.least, it.count);
  if (entry.life < it.life || (entry.life == it.life && entry.count < it.count)) {
    entry.life = it.life;
    entry.count = it.count;
    entry.connection = it.connection;
  }
}

void QueueLedger::check_repetition(Queue& queue, const Item& item, const Entry* entry, const Arrival& it) {
  const QueueRules& rules = queue.rules;
  if (rules.is_session) {
    if (item.is_done && topics_.at(it.topic).qos == 2) say(it, "twice");
    return;
  }
  if (entry == nullptr || !entry->done_by) return;
  if (rules.exactly_once) return say(it, "which was done: twice");
  // At QoS 1 the acknowledgement may be lost with its connection.
  if (!rules.lapses && it.life == life_ && live_.contains(*entry->done_by))
    say(it, "which was acknowledged in this life");
}

void QueueLedger::check_order(Queue& queue, const Arrival& it) {
  const QueueRules& rules = queue.rules;
  if (rules.at_most_once) {
    const auto [at, is_first] = queue.next.try_emplace(it.connection, it.number);
    if (at->second != it.number) say(it, "where " + std::to_string(at->second) + " is next");
    at->second = it.number + 1;
  }
  // What an earlier life has sent may be read late.
  if (rules.order == QueueRules::Order::None || rules.lapses || it.life != life_ || !it.offset) return;
  std::uint64_t& highest = queue.highest[order_key(rules, {it.topic, it.number})];
  if (*it.offset < highest) say(it, "behind offset " + std::to_string(highest) + ": out of order");
  highest = std::max(highest, *it.offset);
}

/// Of a key, or of a queue in strict order, one message is out at a time.
void QueueLedger::check_lease(Queue& queue, const Arrival& it) {
  const QueueRules& rules = queue.rules;
  if (rules.order == QueueRules::Order::None || rules.lapses || rules.at_most_once) return;
  if (it.life != life_ && !rules.exactly_once) return;
  const Key message{it.topic, it.number};
  const auto [at, is_free] =
      queue.leases.try_emplace(order_key(rules, message), Lease{it.consumer, it.connection, message});
  if (is_free) return;
  const bool has_it_still =
      rules.exactly_once && at->second.consumer == it.consumer && at->second.message == message;
  if (!has_it_still)
    say(it, "while " + at->second.consumer + " has " +
                name_of(at->second.message.first, at->second.message.second));
  at->second = {it.consumer, it.connection, message};
}

void QueueLedger::check_death(Queue& queue, const Arrival& it) {
  const QueueRules& rules = queue.rules;
  const std::string origin_name = rules.dead_of.empty() ? rules.name : rules.dead_of;
  if (it.death_reason.empty()) {
    if (!rules.dead_of.empty() && it.offset) say(it, "and does not say why it is dead");
    return;
  }
  if (rules.dead_of.empty() && !rules.redriven) return say(it, "which has been dead");
  if (it.death_queue != origin_name) say(it, "which died in " + it.death_queue);
  if (!rules.reasons.contains(it.death_reason)) return say(it, "which is " + it.death_reason);
  Queue& origin = queues_.at(origin_name);
  Item& item = item_of(origin, {it.topic, it.number});
  if (it.death_reason == "rejected" && !item.is_rejected) say(it, "which nobody rejected");
  if (it.death_reason == "delivery_limit" && !item.is_spent) say(it, "which was not delivered so often");
  const Published& message = topics_.at(it.topic).messages[it.number];
  // Clocks are not the same: half of the time is enough to be no accident.
  if (it.death_reason == "expired" && support::Clock::now() - message.first_sent < origin.rules.ttl / 2)
    say(it, "which expired before its time");
  const std::uint64_t behind = topics_.at(it.topic).messages.size() - it.number - 1;
  if (it.death_reason == "maxlen" && behind == 0) say(it, "which nothing new had to come in for");
  if (rules.dead_of.empty()) return;
  settle(origin, item);
  if (find(queue, it.topic, it.number)->offsets.size() == 1) ++dead_;
}

}  // namespace hermod::crash
