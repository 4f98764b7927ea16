#pragma once
#include <absl/container/flat_hash_map.h>

#include <chrono>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "queue/sequence_map.h"

namespace hermod::queue {

/// The `msg-id`s a queue was given within its dedup_window. An identifier counts from the moment its message
/// was admitted, and is stored or forgotten together with it. Each has a number, under which its record is
/// kept. Its time is the steady one, so that setting the clock neither shortens the window nor makes it
/// longer. Owned by a queue's group, same thread; memory is the identifiers of one window, and bounded.
class DedupWindow {
 public:
  enum class Found : std::uint8_t {
    Nothing,  ///< it is new
    Pending,  ///< its message is on its way to the store: who repeats it hears what becomes of that one
    Stored
  };
  struct Look {
    Found found = Found::Nothing;
    std::uint64_t number = 0;
  };

  /// How much is remembered at most. Beyond it the oldest are forgotten before their time, and counted: a
  /// message that repeats one of them is new.
  struct Bounds {
    std::size_t identifiers = 1'000'000;
    std::size_t bytes = 64U << 20;
  };

  explicit DedupWindow(std::chrono::milliseconds window) : window_(window) {}
  DedupWindow(std::chrono::milliseconds window, const Bounds& bounds) : window_(window), bounds_(bounds) {}
  /// From now on; what is in the window is judged by the new length.
  void set_window(std::chrono::milliseconds window) { window_ = window; }

  Look look(std::string_view id, MonotonicTime now) const;
  /// Precondition: look() finds nothing. Returns its number; never given again.
  std::uint64_t admit(std::string_view id, MonotonicTime now);
  /// The message is stored, and with it the record.
  void on_stored(std::uint64_t number);
  /// It was not stored, so the next one with this identifier is new.
  void on_failed(std::uint64_t number);
  /// After a restart: a record of the store, in the order of numbers.
  void restore(std::uint64_t number, std::string_view id, MonotonicTime admitted_at);
  /// Forgets what the window has passed and what is beyond the bounds, up to the first that is still pending
  /// and to `most`; returns the numbers whose records can be erased.
  std::vector<std::uint64_t> forget_old(MonotonicTime now,
                                        std::size_t most = std::numeric_limits<std::size_t>::max());
  /// When forget_old() has something to do; nothing while the oldest is pending.
  std::optional<MonotonicTime> next_end() const;
  std::size_t size() const { return by_id_.size(); }
  /// forget_old() is wanted now.
  bool is_beyond_bounds() const { return by_id_.size() > bounds_.identifiers || bytes_ > bounds_.bytes; }
  /// How many were forgotten before their time.
  std::uint64_t forgotten_early() const { return forgotten_early_; }

 private:
  struct Known {
    std::string id;
    MonotonicTime admitted_at;
    bool pending = true;
  };
  const Known* oldest() const;
  bool is_past(const Known& known, MonotonicTime now) const { return known.admitted_at + window_ <= now; }
  Known& known(std::uint64_t number);
  void remember(std::string_view id, std::uint64_t number);
  void forget(const std::string& id, std::uint64_t number);

  std::chrono::milliseconds window_;
  Bounds bounds_{};
  std::size_t bytes_ = 0;  ///< of what is in by_id_
  std::uint64_t forgotten_early_ = 0;
  absl::flat_hash_map<std::string, std::uint64_t> by_id_;
  SequenceMap<Known> known_;  ///< by number, without those that failed
  std::uint64_t next_ = 1;
};

}  // namespace hermod::queue
