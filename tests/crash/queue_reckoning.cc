// What the ledger says of queues as a whole: while they are looked into, and at the end.

#include <algorithm>

#include "tests/crash/queue_ledger.h"

namespace hermod::crash {

void QueueLedger::holds(const std::string& name, std::uint64_t messages) {
  const std::lock_guard lock(mutex_);
  const std::uint64_t most = queues_.at(name).rules.max_length;
  if (most != 0 && messages > most)
    broken_.push_back(name + " holds " + std::to_string(messages) + " messages, and max_length is " +
                      std::to_string(most));
}

void QueueLedger::remains(const std::string& name, const std::vector<Content>& contents, std::uint64_t mark) {
  holds(name, contents.size());
  const std::lock_guard lock(mutex_);
  const Queue& queue = queues_.at(name);
  if (queue.rules.last_value) return check_last_values(queue, contents);
  std::map<std::string, std::vector<std::uint64_t>> numbers;
  for (const auto& [topic, about] : topics_)
    if (topic.starts_with(queue.rules.prefix)) numbers[topic];
  for (const Content& one : contents) numbers[one.topic].push_back(one.number);
  if (queue.rules.overflow == QueueRules::Overflow::Reject || numbers.size() != 1) return;
  check_dropped(queue, numbers.begin()->second, numbers.begin()->first, mark);
}

/// Nothing left for another reason than a new message: so what came since `mark` is there without gaps, from
/// the newest back, or, where the newest is dropped, from the oldest on; and what is not there found it full.
void QueueLedger::check_dropped(const Queue& queue, const std::vector<std::uint64_t>& numbers,
                                const std::string& topic, std::uint64_t mark) {
  const std::vector<Published>& all = topics_.at(topic).messages;
  std::uint64_t last = all.size();
  while (last > mark && !all[last - 1].is_acknowledged) --last;
  if (last <= mark) return;  // numbers below it are acknowledged
  const auto say_of = [&](const std::string& what) {
    std::string held;
    for (const std::uint64_t number : numbers) held += " " + std::to_string(number);
    broken_.push_back(queue.rules.name + " holds" + held + " of " + topic + ", where " +
                      std::to_string(last - 1) + " was acknowledged last and " + std::to_string(mark) +
                      " was the first that nothing was consumed of: " + what);
  };
  std::vector<std::uint64_t> since;
  std::copy_if(numbers.begin(), numbers.end(), std::back_inserter(since),
               [&](std::uint64_t number) { return number >= mark; });
  for (std::size_t i = 1; i < since.size(); ++i)
    if (since[i] != since[i - 1] + 1) return say_of("a gap");
  const bool is_full = numbers.size() == queue.rules.max_length;
  const std::uint64_t end = since.empty() ? mark : since.back() + 1;
  if (queue.rules.overflow == QueueRules::Overflow::DropNewest) {
    if (!since.empty() && since.front() != mark) return say_of("a gap in front");
    if (end < last && !is_full) say_of("it was not full");
    if (end < last) tried_.insert("drop-newest");
    return;
  }
  if (end < last) return say_of("the newest is not there");
  if (since.size() < end - mark && !is_full) return say_of("it was not full");
  if (since.size() < end - mark && since.size() != numbers.size()) say_of("older ones are there");
  if (since.size() < end - mark && queue.rules.drops()) tried_.insert("drop-oldest");
}

void QueueLedger::check_last_values(const Queue& queue, const std::vector<Content>& contents) {
  std::map<std::string, std::uint64_t> held;
  for (const auto& [topic, number] : contents) {
    const std::string key = plan::key_of(topic, number);
    const auto [at, is_first] = held.try_emplace(key, number);
    at->second = std::max(at->second, number);
    if (!is_first) broken_.push_back(queue.rules.name + " holds more than one message of " + key);
  }
  for (const auto& [topic, about] : topics_) {
    if (!topic.starts_with(queue.rules.prefix)) continue;
    for (std::uint64_t number = 0; number < about.messages.size(); ++number) {
      if (!about.messages[number].is_acknowledged || !is_last_of_key(about, topic, number)) continue;
      const auto one = held.find(plan::key_of(topic, number));
      if (one != held.end() && one->second >= number) continue;
      const Item* const item = find(queue, topic, number);
      if (item == nullptr || !item->is_done)
        broken_.push_back(queue.rules.name + " holds not what was acknowledged last of its key: " + topic +
                          " " + std::to_string(number));
    }
  }
}

/// Nothing of its key that is newer was acknowledged.
bool QueueLedger::is_last_of_key(const Topic& about, const std::string& topic, std::uint64_t number) const {
  const std::string key = plan::key_of(topic, number);
  for (std::uint64_t later = number + 1; later < about.messages.size(); ++later)
    if (about.messages[later].is_acknowledged && plan::key_of(topic, later) == key) return false;
  return true;
}

void QueueLedger::broken(const std::string& what) {
  const std::lock_guard lock(mutex_);
  broken_.push_back(what);
}

std::uint64_t QueueLedger::acknowledged_count() const {
  const std::lock_guard lock(mutex_);
  return acknowledged_;
}

bool QueueLedger::has_acknowledged(const std::string& topic) const {
  const std::lock_guard lock(mutex_);
  const auto about = topics_.find(topic);
  return about != topics_.end() && std::any_of(about->second.messages.begin(), about->second.messages.end(),
                                               [](const Published& one) { return one.is_acknowledged; });
}

std::uint64_t QueueLedger::arrived_count() const {
  const std::lock_guard lock(mutex_);
  return arrived_;
}

std::uint64_t QueueLedger::dead_count() const {
  const std::lock_guard lock(mutex_);
  return dead_;
}

std::vector<std::string> QueueLedger::untried() const {
  const std::lock_guard lock(mutex_);
  std::vector<std::string> all;
  for (const char* one :
       {"rejected", "delivery_limit", "expired", "maxlen", "redrive", "retry", "ack_timeout", "refusal",
        "duplicate", "drop-oldest", "drop-newest", "QoS 2 sent again"})
    if (!tried_.contains(one)) all.emplace_back(one);
  return all;
}

std::uint64_t QueueLedger::sent_count(const std::string& topic) const {
  const std::lock_guard lock(mutex_);
  const auto about = topics_.find(topic);
  return about == topics_.end() ? 0 : about->second.messages.size();
}

std::uint64_t QueueLedger::open_count(const std::string& name) const {
  const std::lock_guard lock(mutex_);
  const Queue& queue = queues_.at(name);
  std::uint64_t ended = queue.settled;
  // What is lost at QoS 0 is at its end, too: what came behind it was in order.
  if (queue.rules.at_most_once) {
    ended = 0;
    for (const auto& [topic, items] : queue.items) ended += items.size();
  }
  return queue.acknowledged - std::min(queue.acknowledged, ended);
}

std::vector<std::string> QueueLedger::broken_promises() const {
  const std::lock_guard lock(mutex_);
  return {broken_.begin(), broken_.begin() + static_cast<std::ptrdiff_t>(std::min(broken_.size(), kMost))};
}

const QueueLedger::Queue* QueueLedger::dead_letters_of(const std::string& name) const {
  for (const auto& [other, queue] : queues_)
    if (queue.rules.dead_of == name) return &queue;
  return nullptr;
}

/// It was consumed, is a dead letter that was, or had to go.
bool QueueLedger::is_at_end(const Queue& queue, const std::string& topic, std::uint64_t number) const {
  const Item* const item = find(queue, topic, number);
  if (item != nullptr && item->is_done) return true;
  if (const Queue* const dead = dead_letters_of(queue.rules.name)) {
    const Item* const letter = find(*dead, topic, number);
    if (letter != nullptr && letter->is_done) return true;
  }
  const Topic& about = topics_.at(topic);
  if (queue.rules.last_value) return !is_last_of_key(about, topic, number);
  const bool is_last =
      std::none_of(about.messages.begin() + static_cast<std::ptrdiff_t>(number) + 1, about.messages.end(),
                   [](const Published& p) { return p.is_acknowledged; });
  if (queue.rules.at_most_once) return !is_last;
  if (!queue.rules.drops()) return false;
  return queue.rules.overflow == QueueRules::Overflow::DropOldest ? !is_last
                                                                  : number >= queue.rules.max_length;
}

std::vector<std::string> QueueLedger::violations() const {
  std::vector<std::string> all = broken_promises();
  const std::lock_guard lock(mutex_);
  const auto say_of = [&](const Queue& queue, const std::string& topic, std::uint64_t number,
                          const char* what) {
    if (all.size() < kMost)
      all.push_back(queue.rules.name + ": " + topic + " " + std::to_string(number) + what);
  };
  for (const auto& [name, queue] : queues_) {
    if (!queue.rules.dead_of.empty()) continue;
    for (const auto& [topic, about] : topics_) {
      for (std::uint64_t number = 0; number < about.messages.size(); ++number) {
        if (!queue.rules.takes(topic, number)) continue;
        const Published& message = about.messages[number];
        const Item* const item = find(queue, topic, number);
        // At QoS 1 one that was stored is refused when it is sent again.
        if (message.is_refused && (about.qos == 2 || message.sends == 1) && item != nullptr && item->has_come)
          say_of(queue, topic, number, " came although it was refused");
        if (message.is_acknowledged && !is_at_end(queue, topic, number))
          say_of(queue, topic, number, " was acknowledged and is nowhere");
      }
    }
  }
  return all;
}

}  // namespace hermod::crash
