#include "net/timer_wheel.h"

#include <algorithm>
#include <bit>
#include <chrono>

namespace hermod::net {

namespace {
constexpr std::chrono::nanoseconds kTick = std::chrono::milliseconds(1);
}  // namespace

std::uint64_t TimerWheel::tick_reached(MonotonicTime now) const {
  if (now <= start_) return 0;
  return std::min(static_cast<std::uint64_t>((now - start_) / kTick), kLastTick);
}

std::uint64_t TimerWheel::tick_for(MonotonicTime due) const {
  if (due <= start_) return 0;
  if (due >= start_ + kLastTick * kTick) return kLastTick;
  return static_cast<std::uint64_t>((due - start_ + kTick - std::chrono::nanoseconds(1)) / kTick);
}

void TimerWheel::schedule(Timer& timer, MonotonicTime due) {
  timer.unlink();
  timer.due_tick_ = tick_for(due);
  if (timer.due_tick_ <= now_) {
    overdue_.push_back(timer);
  } else {
    place(timer);
  }
}

void TimerWheel::place(Timer& timer) {
  const std::uint64_t differing = (timer.due_tick_ ^ elapsed_) | (kSlots - 1);
  const auto index = static_cast<std::size_t>(std::bit_width(differing) - 1) / kSlotBits;
  const std::size_t slot = (timer.due_tick_ >> (index * kSlotBits)) & (kSlots - 1);
  Level& level = levels_[index];
  level.slots[slot].push_back(timer);
  level.occupied |= std::uint64_t{1} << slot;
}

/// Every timer of a level shares all higher digits with elapsed_ and is ahead of it in the level's own
/// digit. So a lower level is always due before a higher one, and the lowest slot of a level is its earliest.
std::optional<TimerWheel::Position> TimerWheel::first_occupied() {
  for (std::size_t index = 0; index < kLevels; ++index) {
    Level& level = levels_[index];
    while (level.occupied != 0) {
      const auto slot = static_cast<std::size_t>(std::countr_zero(level.occupied));
      if (!level.slots[slot].empty()) {
        const std::size_t shift = index * kSlotBits;
        const std::uint64_t higher_digits = elapsed_ >> (shift + kSlotBits) << (shift + kSlotBits);
        return Position{index, slot, higher_digits | std::uint64_t{slot} << shift};
      }
      level.occupied &= level.occupied - 1;
    }
  }
  return std::nullopt;
}

std::size_t TimerWheel::fire(TimerList& due) {
  std::size_t fired = 0;
  while (Timer* timer = due.pop_front()) {
    ++fired;
    timer->handler_->on_timer(*timer);
  }
  return fired;
}

std::size_t TimerWheel::advance(MonotonicTime now) {
  now_ = std::max(now_, tick_reached(now));
  TimerList taken;
  taken.take_all(overdue_);
  std::size_t fired = fire(taken);
  for (auto next = first_occupied(); next && next->tick <= now_; next = first_occupied()) {
    elapsed_ = next->tick;
    taken.take_all(levels_[next->level].slots[next->slot]);
    if (next->level == 0) {
      fired += fire(taken);
    } else {
      while (Timer* timer = taken.pop_front()) place(*timer);
    }
  }
  elapsed_ = now_;
  return fired;
}

std::optional<MonotonicTime> TimerWheel::next_due() {
  if (!overdue_.empty()) return start_ + elapsed_ * kTick;
  const auto next = first_occupied();
  if (!next) return std::nullopt;
  return start_ + next->tick * kTick;
}

}  // namespace hermod::net
