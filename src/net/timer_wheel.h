#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <utility>

#include "base/clock.h"
#include "net/intrusive_list.h"

namespace hermod::net {

class Timer;
class TimerWheel;

/// Told when one of its timers is due, on the thread that advances the wheel. It may schedule, cancel and
/// destroy any timer inside the call, the fired one included.
class TimerHandler {
 public:
  virtual ~TimerHandler() = default;
  virtual void on_timer(Timer& timer) = 0;
};

/// One moment to be told about, embedded in its owner: scheduling allocates nothing and destruction cancels.
/// Same thread as its wheel; may outlive the wheel. 32 bytes.
class Timer : private ListNode {
 public:
  /// `handler` outlives the timer.
  explicit Timer(TimerHandler& handler) : handler_(&handler) {}

  bool scheduled() const { return linked(); }
  void cancel() { unlink(); }

 private:
  friend class TimerWheel;
  template <class T>
  friend class IntrusiveList;

  TimerHandler* handler_;
  std::uint64_t due_tick_ = 0;
};

/// A timer that calls a function; for owners with one rare timer.
class CallbackTimer final : public Timer, private TimerHandler {
 public:
  explicit CallbackTimer(std::function<void()> callback)
      : Timer(static_cast<TimerHandler&>(*this)), callback_(std::move(callback)) {}

 private:
  void on_timer(Timer&) override { callback_(); }

  std::function<void()> callback_;
};

/// Hierarchical timer wheel: seven levels of 64 slots, 1 ms per tick, 139 years in all. It reads no clock:
/// time is what advance() is given. Scheduling and cancelling cost O(1), a firing timer is moved down at
/// most six levels before it fires. Owned by one event loop, touched by its thread.
class TimerWheel {
 public:
  /// Time starts at `start`; earlier moments count as due.
  explicit TimerWheel(MonotonicTime start) : start_(start) {}

  /// Fires once at the first advance() that reaches `due`, never before it and at most one tick behind it.
  /// A timer that is already scheduled is moved. What is due already (also inside on_timer()) fires in
  /// the next advance(), so rescheduling to "now" cannot keep one advance() busy.
  void schedule(Timer& timer, MonotonicTime due);
  void cancel(Timer& timer) { timer.cancel(); }

  /// Fires everything due at `now`, earliest first; returns how many fired. Time that goes back is ignored.
  std::size_t advance(MonotonicTime now);

  /// When advance() has something to do next: never later than the earliest timer, and earlier only to move
  /// a far timer one level down. nullopt when nothing is scheduled. O(levels).
  std::optional<MonotonicTime> next_due();

 private:
  using TimerList = IntrusiveList<Timer>;
  static constexpr unsigned kSlotBits = 6;
  static constexpr std::size_t kSlots = std::size_t{1} << kSlotBits;
  static constexpr std::size_t kLevels = 7;
  static constexpr std::uint64_t kLastTick = (std::uint64_t{1} << (kSlotBits * kLevels)) - 1;

  struct Level {
    /// A set bit says that the slot may hold timers; it is cleared when the slot is found empty, so that
    /// cancelling needs no way back to the wheel.
    std::uint64_t occupied = 0;
    std::array<TimerList, kSlots> slots;
  };
  struct Position {
    std::size_t level;
    std::size_t slot;
    std::uint64_t tick;  ///< first tick of the slot
  };

  std::uint64_t tick_reached(MonotonicTime now) const;
  std::uint64_t tick_for(MonotonicTime due) const;
  /// Links by the highest digit in which the timer's tick differs from elapsed_.
  void place(Timer& timer);
  std::optional<Position> first_occupied();
  std::size_t fire(TimerList& due);

  MonotonicTime start_;
  std::uint64_t elapsed_ = 0;  ///< every earlier slot has been handled
  std::uint64_t now_ = 0;      ///< the tick of the last advance(); ahead of elapsed_ only inside it
  TimerList overdue_;
  std::array<Level, kLevels> levels_;
};

}  // namespace hermod::net
