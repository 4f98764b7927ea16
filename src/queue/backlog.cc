#include "queue/backlog.h"

#include <algorithm>
#include <vector>

#include "base/assert.h"
#include "queue/text_key.h"

namespace hermod::queue {

Backlog::Entry& Backlog::named(std::string_view key) {
  if (!by_key_) key = {};
  if (const auto found = keys_.find(text_key(key)); found != keys_.end()) return *found;
  return *keys_.emplace(std::string(key), Key{}).first;
}

Backlog::Entry& Backlog::known(std::string_view key) {
  if (!by_key_) key = {};
  const auto found = keys_.find(text_key(key));
  HERMOD_ASSERT(found != keys_.end());
  return *found;
}

bool Backlog::is_above_half() const {
  return waiting_.messages * 2 > limits_.messages || waiting_.bytes * 2 > limits_.bytes;
}

/// Behind one that is out nothing is needed; it is kept while there is much room.
bool Backlog::has_share(const Key& key) const {
  return key.waiting < limits_.per_key && !(is_held_up(key) && is_above_half());
}

void Backlog::list(Entry& entry, bool listed) {
  const Key& key = entry.second;
  if (!listed) {
    for (ByLeft* set : {&lefts_, &starving_, &hungry_}) set->erase({key.left_from, &entry});
    sheddable_.erase(&entry);
    return;
  }
  if (is_held_up(key) && key.waiting > 0) sheddable_.insert(&entry);
  if (key.left_from == kLevel) return;
  lefts_.insert({key.left_from, &entry});
  if (is_held_up(key)) return;
  if (key.waiting == 0) {
    starving_.insert({key.left_from, &entry});
  } else if (key.waiting * 2 <= limits_.per_key) {
    hungry_.insert({key.left_from, &entry});
  }
}

template <class Change>
void Backlog::update(Entry& entry, Change change) {
  list(entry, false);
  change(entry.second);
  const Key& key = entry.second;
  if (key.waiting == 0 && key.out == 0 && key.left_from == kLevel) {
    keys_.erase(entry.first);
  } else {
    list(entry, true);
  }
}

void Backlog::hold(Key& key, std::uint64_t size) {
  ++key.waiting;
  add_to(waiting_, size);
}

bool Backlog::offer(Seq seq, std::string_view key, std::uint64_t size) {
  HERMOD_ASSERT(last_ < seq);
  last_ = seq;
  if (front_ != kLevel) return false;
  Entry& entry = named(key);
  bool is_held = false;
  update(entry, [&](Key& it) {
    if (it.left_from != kLevel) return;
    is_held = !is_full() && has_share(it);
    if (is_held) return hold(it, size);
    if (!is_full() || it.waiting + it.out > 0) {
      it.left_from = seq;  // the others go on
    } else {
      front_ = seq;
    }
  });
  return is_held;
}

void Backlog::on_out(std::string_view key, std::uint64_t size) {
  update(known(key), [&](Key& it) {
    HERMOD_ASSERT(it.waiting > 0);
    --it.waiting;
    ++it.out;
    take_from(waiting_, size);
  });
}

void Backlog::on_back(std::string_view key, std::uint64_t size) {
  update(known(key), [&](Key& it) {
    HERMOD_ASSERT(it.out > 0);
    --it.out;
    hold(it, size);
  });
}

void Backlog::on_gone(std::string_view key, std::uint64_t size, bool was_out) {
  update(known(key), [&](Key& it) {
    HERMOD_ASSERT((was_out ? it.out : it.waiting) > 0);
    --(was_out ? it.out : it.waiting);
    if (!was_out) take_from(waiting_, size);
  });
}

std::optional<std::string_view> Backlog::key_to_shed() const {
  if (front_ == kLevel || !is_above_half() || sheddable_.empty()) return std::nullopt;
  return (*sheddable_.begin())->first;
}

void Backlog::leave(Seq seq, std::string_view key, std::uint64_t size) {
  update(known(key), [&](Key& it) {
    HERMOD_ASSERT(it.waiting > 0 && seq < it.left_from);
    --it.waiting;
    it.left_from = seq;
    take_from(waiting_, size);
  });
}

/// Null: no key wants anything, or there is no room for what it wants.
const Backlog::ByLeft* Backlog::keys_to_read() const {
  if (!starving_.empty()) return &starving_;
  return hungry_.empty() || is_full() ? nullptr : &hungry_;
}

/// For a key whose next is not in memory, or from the front; in turn, so that neither stops the other.
std::optional<Seq> Backlog::begin_page() {
  HERMOD_ASSERT(!is_reading());
  const bool wants_front = front_ != kLevel && !is_above_half();
  const ByLeft* keys = keys_to_read();
  if (!wants_front && keys == nullptr) return std::nullopt;
  const bool reads_front = wants_front && (is_front_next_ || keys == nullptr);
  is_front_next_ = !reads_front;
  reading_from_ = reads_front ? front_ : keys->begin()->first;
  asked_at_ = last_;
  is_front_stopped_ = false;
  return reading_from_;
}

bool Backlog::take(Seq seq, std::string_view key, std::uint64_t size) {
  HERMOD_ASSERT(is_reading());
  if (seq > last_) return false;  // it will be offered
  const bool is_behind_front = seq >= front_;
  if (is_behind_front && is_front_stopped_) return false;
  Entry& entry = named(key);
  bool is_held = false;
  update(entry, [&](Key& it) {
    const bool is_left = it.left_from <= seq;
    if ((!is_left && !is_behind_front) || it.is_stopped) return;
    if (is_left && it.left_from < *reading_from_) return;  // what is before it comes first
    is_held = has_share(it) && (!is_full() || (is_left && it.waiting == 0));
    if (is_held) return hold(it, size);
    if (is_left || it.waiting + it.out > 0) {
      it.left_from = seq;
      it.is_stopped = true;
    } else {
      front_ = seq;
      is_front_stopped_ = true;
    }
  });
  return is_held;
}

void Backlog::end_page(Seq end, bool to_end) {
  HERMOD_ASSERT(is_reading());
  if (to_end) end = std::max(end, Seq{asked_at_.v + 1});
  end = std::min(end, Seq{last_.v + 1});
  const bool reached_front = front_ != kLevel && *reading_from_ <= front_ && front_ < end;
  if (reached_front && !is_front_stopped_) front_ = last_ < end ? kLevel : end;
  const Seq limit = std::min(front_, Seq{last_.v + 1});
  std::vector<Entry*> passed;
  for (const auto& [from, entry] : lefts_) {
    if (from >= end) break;
    passed.push_back(entry);
  }
  for (Entry* entry : passed)
    update(*entry, [&](Key& it) {
      const bool was_read = !it.is_stopped && *reading_from_ <= it.left_from;
      if (was_read) it.left_from = std::max(it.left_from, end);
      it.is_stopped = false;
      if (it.left_from >= limit) it.left_from = kLevel;
    });
  cancel_page();
}

void Backlog::cancel_page() {
  reading_from_.reset();
}

}  // namespace hermod::queue
