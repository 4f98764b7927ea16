#include "retain/retained_index.h"

#include <algorithm>
#include <compare>
#include <mutex>
#include <shared_mutex>

#include "base/assert.h"
#include "retain/topic_order.h"
#include "topic/text_hash.h"

namespace hermod::retain {

using queue::Message;
using queue::MessagePtr;
using topic::lookup;

RetainedIndex::TopicKey::TopicKey(std::string_view name) : topic(name), hash(topic::hash_text(name)) {}

bool RetainedIndex::InTopicOrder::operator()(const Entry* a, const Entry* b) const {
  return std::is_lt(compare_topics(a->message->topic(), b->message->topic()));
}

Status RetainedIndex::check(const Message& message) const {
  const TopicKey key(message.topic());
  const std::shared_lock lock(mutex_);
  return fits(message, by_topic_.find(key));
}

std::uint64_t RetainedIndex::number_for(std::string_view topic, bool is_kept) {
  const TopicKey key(topic);
  const std::unique_lock lock(mutex_);
  Pending& pending = pending_[std::string(topic)];
  const Entry* entry = by_topic_.find(key);
  pending.is_kept = pending.is_kept || is_kept;
  if (is_kept && entry == nullptr) set_takes_room(pending, true);
  if (pending.records++ > 0) return pending.number;
  pending.number = entry != nullptr && entry->number != 0 ? entry->number : next_number_++;
  return pending.number;
}

void RetainedIndex::settle(std::string_view topic) {
  const std::unique_lock lock(mutex_);
  const auto pending = pending_.find(lookup(topic));
  HERMOD_ASSERT(pending != pending_.end());
  if (--pending->second.records > 0) return;
  set_takes_room(pending->second, false);
  pending_.erase(pending);
}

RetainedIndex::Pending* RetainedIndex::pending_for(std::string_view topic) {
  if (pending_.empty()) return nullptr;
  const auto pending = pending_.find(lookup(topic));
  return pending == pending_.end() ? nullptr : &pending->second;
}

bool RetainedIndex::has_place(std::string_view topic) const {
  const auto pending = pending_.find(lookup(topic));
  return pending != pending_.end() && pending->second.takes_room;
}

void RetainedIndex::set_takes_room(Pending& pending, bool takes_room) {
  if (pending.takes_room == takes_room) return;
  pending.takes_room = takes_room;
  takes_room ? ++coming_ : --coming_;
}

Status RetainedIndex::set(MessagePtr message, std::uint64_t number) {
  const TopicKey key(message->topic());
  MessagePtr displaced;  // may be large: freed behind the lock
  const std::unique_lock lock(mutex_);
  Entry* const replaced = by_topic_.find(key);
  if (Status status = fits(*message, replaced); !status) return status;
  displaced = put(key, replaced, message, number);
  return {};
}

void RetainedIndex::restore(MessagePtr message, std::uint64_t number) {
  const TopicKey key(message->topic());
  MessagePtr displaced;
  const std::unique_lock lock(mutex_);
  next_number_ = std::max(next_number_, number + 1);
  displaced = put(key, by_topic_.find(key), message, number);
}

bool RetainedIndex::clear(std::string_view topic) {
  const TopicKey key(topic);
  MessagePtr displaced;
  const std::unique_lock lock(mutex_);
  Entry* const entry = by_topic_.find(key);
  if (entry == nullptr) return false;
  displaced = remove(*entry);
  return true;
}

MessagePtr RetainedIndex::find(std::string_view topic) const {
  const TopicKey key(topic);
  const std::shared_lock lock(mutex_);
  const Entry* entry = by_topic_.find(key);
  return entry == nullptr ? MessagePtr{} : entry->message;
}

Status RetainedIndex::fits(const Message& message, const Entry* replaced) const {
  if (message.payload().empty()) return {};
  const bool is_full = by_topic_.size() + coming_ >= options_.max_messages;
  if (replaced == nullptr && is_full && !has_place(message.topic())) {
    return failure(Errc::NoSpace, "too many retained messages");
  }
  const std::uint64_t others = bytes_ - (replaced == nullptr ? 0 : replaced->message->size());
  const bool grows = replaced == nullptr || message.size() > replaced->message->size();
  if (grows && others + message.size() > options_.max_bytes) {
    return failure(Errc::NoSpace, "retained messages take too many bytes");
  }
  return {};
}

MessagePtr RetainedIndex::put(const TopicKey& key, Entry* replaced, const MessagePtr& message,
                              std::uint64_t number) {
  if (message->payload().empty()) {  // [MQTT-3.3.1-6], [MQTT-3.3.1-7]
    return replaced == nullptr ? MessagePtr{} : remove(*replaced);
  }
  bytes_ += message->size();
  if (replaced == nullptr) {
    Entry& entry = by_topic_.insert(std::make_unique<Entry>(key, message));
    entry.number = number;
    if (Pending* pending = pending_for(key.topic)) set_takes_room(*pending, false);
    ordered_.insert(&entry);
    schedule_expiry(entry);
    return {};
  }
  forget_expiry(*replaced);
  replaced->number = number;
  MessagePtr displaced = std::exchange(replaced->message, message);
  bytes_ -= displaced->size();
  schedule_expiry(*replaced);
  return displaced;
}

MessagePtr RetainedIndex::remove(Entry& entry) {
  MessagePtr message = entry.message;
  forget_expiry(entry);
  bytes_ -= message->size();
  ordered_.erase(&entry);
  by_topic_.erase(entry);
  // Another one is on its way, and comes into a place of its own.
  if (Pending* pending = pending_for(message->topic()); pending != nullptr && pending->is_kept)
    set_takes_room(*pending, true);
  return message;
}

void RetainedIndex::schedule_expiry(Entry& entry) {
  if (entry.message->expires_at() != Message::kNever) by_expiry_.emplace(entry.message->expires_at(), &entry);
}

void RetainedIndex::forget_expiry(Entry& entry) {
  if (entry.message->expires_at() != Message::kNever) by_expiry_.erase({entry.message->expires_at(), &entry});
}

std::size_t RetainedIndex::collect(const topic::TopicFilter& filter, RetainedCursor& cursor,
                                   std::size_t max_topics, WallTime now, std::vector<MessagePtr>& out) const {
  HERMOD_ASSERT(max_topics > 0);
  if (cursor.done_) return 0;
  if (!filter.has_wildcard()) {
    cursor.done_ = true;
    if (MessagePtr message = find(filter.text()); message && !message->is_expired(now)) {
      out.push_back(std::move(message));
    }
    return 1;
  }
  FilterScan scan(filter);
  std::size_t looked_at = 0;
  const std::shared_lock lock(mutex_);
  auto at = ordered_.cbegin();
  if (cursor.started_) {
    // The topic looked at last may be gone or may be back with another message: go on behind its place.
    at = ordered_.lower_bound(Seek{Seek::To::AtLeast, cursor.last_});
    if (at != ordered_.cend() && (*at)->message->topic() == cursor.last_) {
      at = move_on(at, scan.look_at(cursor.last_).next);
    }
  } else {
    at = ordered_.lower_bound(scan.start());
  }
  std::string_view last;
  for (; at != ordered_.cend() && looked_at < max_topics; ++looked_at) {
    const MessagePtr& message = (*at)->message;
    last = message->topic();
    const FilterScan::Verdict verdict = scan.look_at(last);
    if (verdict.matches && !message->is_expired(now)) out.push_back(message);
    at = move_on(at, verdict.next);
  }
  cursor.started_ = true;
  cursor.done_ = at == ordered_.cend();
  cursor.last_ = last;
  return looked_at;
}

RetainedIndex::Ordered::const_iterator RetainedIndex::move_on(Ordered::const_iterator from,
                                                              const Seek& seek) const {
  if (seek.to == Seek::To::End) return ordered_.cend();
  // The next topic is often the one looked for, and is much cheaper than a search from the root.
  ++from;
  if (seek.to == Seek::To::Next || from == ordered_.cend() || !seek.is_before((*from)->message->topic())) {
    return from;
  }
  return ordered_.lower_bound(seek);
}

std::size_t RetainedIndex::purge_expired(WallTime now, std::size_t max, std::vector<Expired>& removed) {
  std::vector<Entry*> expired;
  const std::unique_lock lock(mutex_);
  for (const auto& [expires_at, entry] : by_expiry_) {
    if (expires_at > now || expired.size() == max) break;
    if (pending_.empty() || !pending_.contains(lookup(entry->message->topic()))) expired.push_back(entry);
  }
  for (Entry* entry : expired) {
    const std::uint64_t number = entry->number;
    removed.push_back({remove(*entry), number});
  }
  return expired.size();
}

std::size_t RetainedIndex::count() const {
  const std::shared_lock lock(mutex_);
  return by_topic_.size();
}

std::uint64_t RetainedIndex::bytes() const {
  const std::shared_lock lock(mutex_);
  return bytes_;
}

}  // namespace hermod::retain
