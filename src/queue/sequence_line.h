#pragma once
#include <absl/container/inlined_vector.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <utility>

#include "base/assert.h"
#include "base/ids.h"

namespace hermod::queue {

/// Sequences in rising order, side by side. Most come at the end and leave from the front: that costs nothing
/// but their 8 bytes, and two of them no allocation. What leaves from the middle keeps its place until it is
/// at an end, or until there are more such places than sequences. What comes into the middle moves what is on
/// its shorter side, so it is cheap near an end. A value of one thread.
class SequenceLine {
 public:
  bool empty() const { return slots_.empty(); }
  std::size_t size() const { return slots_.size() - head_ - gone_; }
  /// Precondition of both: it is not empty.
  Seq front() const { return seq_in(slots_[head_]); }
  Seq back() const { return seq_in(slots_.back()); }
  bool contains(Seq seq) const {
    const std::size_t at = place_of(seq);
    return at < slots_.size() && slots_[at] == slot_for(seq);
  }
  /// Precondition: it is not there.
  void insert(Seq seq);
  /// Precondition: it is there.
  void erase(Seq seq);
  /// In their order.
  template <class Visit>
  void for_each(Visit visit) const {
    for (std::size_t at = head_; at < slots_.size(); ++at)
      if (!is_gone(slots_[at])) visit(seq_in(slots_[at]));
  }

 private:
  /// A sequence, and in the lowest bit whether it has left.
  using Slot = std::uint64_t;
  using Slots = absl::InlinedVector<Slot, 2>;
  static constexpr std::size_t kSmall = 64;  ///< room for so many is kept, whatever is there

  static Slot slot_for(Seq seq) { return seq.v << 1U; }
  static Seq seq_in(Slot slot) { return Seq{slot >> 1U}; }
  static bool is_gone(Slot slot) { return (slot & 1U) != 0; }
  Slots::iterator at(std::size_t place) { return slots_.begin() + static_cast<std::ptrdiff_t>(place); }
  /// Of the first that is not before it.
  std::size_t place_of(Seq seq) const {
    const auto begin = slots_.begin() + static_cast<std::ptrdiff_t>(head_);
    return static_cast<std::size_t>(std::lower_bound(begin, slots_.end(), slot_for(seq)) - slots_.begin());
  }
  void push_back(Seq seq);
  void insert_at(std::size_t place, Seq seq);
  void pack();

  Slots slots_;             ///< from head_ on; neither the first of them nor the last has left
  std::uint32_t head_ = 0;  ///< places in front of them
  std::uint32_t gone_ = 0;  ///< of them, those that have left
};

inline void SequenceLine::insert(Seq seq) {
  if (empty() || back() < seq) return push_back(seq);
  if (seq < front() && head_ > 0) {
    slots_[--head_] = slot_for(seq);
    return;
  }
  const std::size_t place = place_of(seq);
  HERMOD_ASSERT(slots_[place] != slot_for(seq));
  // The place of one that has left is as good on either side.
  for (const std::size_t free : {place, place - 1}) {
    if (free < head_ || free >= slots_.size() || !is_gone(slots_[free])) continue;
    slots_[free] = slot_for(seq);
    --gone_;
    return;
  }
  insert_at(place, seq);
}

inline void SequenceLine::push_back(Seq seq) {
  const bool is_full = slots_.size() == slots_.capacity();
  if (is_full && head_ > slots_.size() / 2) pack();  // rather than to grow
  slots_.push_back(slot_for(seq));
}

/// Nothing has left around it.
inline void SequenceLine::insert_at(std::size_t place, Seq seq) {
  const std::size_t before = place - head_;
  if (before > slots_.size() - place) {
    slots_.insert(at(place), slot_for(seq));
    return;
  }
  if (head_ == 0) {
    const std::size_t room = 1 + slots_.size() / 8;
    slots_.insert(slots_.begin(), room, Slot{0});
    head_ = static_cast<std::uint32_t>(room);
    place += room;
  }
  std::copy(at(head_), at(place), at(head_ - 1));
  --head_;
  slots_[place - 1] = slot_for(seq);
}

inline void SequenceLine::erase(Seq seq) {
  const std::size_t place = seq == front() ? head_ : place_of(seq);
  HERMOD_ASSERT(place < slots_.size() && slots_[place] == slot_for(seq));
  slots_[place] |= 1U;
  ++gone_;
  for (; head_ < slots_.size() && is_gone(slots_[head_]); --gone_) ++head_;
  for (; slots_.size() > head_ && is_gone(slots_.back()); --gone_) slots_.pop_back();
  const std::size_t left = size();
  if (left == 0 || gone_ > left || (slots_.capacity() > kSmall && left < slots_.capacity() / 8)) pack();
}

/// Only those that are there, and no more memory than they need.
inline void SequenceLine::pack() {
  const auto is_left = [](Slot slot) { return !is_gone(slot); };
  const bool shrinks = slots_.capacity() > kSmall && size() < slots_.capacity() / 4;
  if (shrinks) {
    Slots packed;
    packed.reserve(std::max(size() * 2, kSmall));
    std::copy_if(at(head_), slots_.end(), std::back_inserter(packed), is_left);
    slots_ = std::move(packed);
  } else {
    slots_.erase(std::copy_if(at(head_), slots_.end(), slots_.begin(), is_left), slots_.end());
  }
  head_ = gone_ = 0;
}

}  // namespace hermod::queue
