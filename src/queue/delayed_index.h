#pragma once
#include <absl/container/btree_set.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <utility>

#include "base/ids.h"
#include "queue/delayed_form.h"
#include "queue/moment.h"
#include "queue/sequence_map.h"

namespace hermod::queue {

/// Which delayed message is due when, earliest first; of two that are due together the one that was sent
/// first. It knows nothing else of them: some 30 bytes each. Delays and times of day are kept apart, each
/// held against its own clock, so setting the wall clock moves the times of day and nothing has to be done
/// for it. A value of one thread.
class DelayedIndex {
 public:
  /// Where one stands: microseconds of the clock that its kind is held against.
  struct Place {
    DelayedTime::Kind kind{};
    std::int64_t micros = 0;
  };
  /// Of what is stored, at this moment. A delay is never longer than it was when it was sent, whatever the
  /// wall clock says; of what is overdue the order is kept.
  static Place place_of(const DelayedTime& time, const Moment& now);
  /// Negative: it is overdue for so long.
  static std::chrono::microseconds left(const Place& place, const Moment& now);

  /// Precondition: it is not there.
  void add(Seq seq, const Place& place);
  /// Nothing: it was not there.
  std::optional<Place> remove(Seq seq);
  std::optional<Place> find(Seq seq) const;
  std::size_t size() const { return places_.size(); }
  bool empty() const { return places_.empty(); }

  struct First {
    Seq seq;
    Place place;
  };
  /// The one that is due before all others.
  std::optional<First> first(const Moment& now) const;

  /// Where somebody who goes through all of it in their order has come to. Both kinds are gone through side
  /// by side. What is added behind him is not seen: step_back() is for that.
  class Cursor {
   public:
    /// This one, and what is due behind it, is ahead again.
    void step_back(Seq seq, const Place& place);

   private:
    friend class DelayedIndex;
    using Key = std::pair<std::int64_t, std::uint64_t>;
    std::array<Key, 2> next_{Key{INT64_MIN, 0}, Key{INT64_MIN, 0}};
  };
  /// What is ahead of the cursor first; it stays ahead until passed.
  std::optional<First> ahead(const Cursor& cursor, const Moment& now) const;
  static void pass(Cursor& cursor, const First& passed);
  static bool is_behind(const Cursor& cursor, Seq seq, const Place& place);

 private:
  using Key = Cursor::Key;
  using Order = absl::btree_set<Key>;
  static std::size_t slot(DelayedTime::Kind kind) { return kind == DelayedTime::Kind::Delay ? 0 : 1; }
  static First first_of(std::size_t slot, const Key& key);
  static std::optional<First> earlier(std::optional<First> one, std::optional<First> other,
                                      const Moment& now);

  std::array<Order, 2> orders_;
  SequenceMap<std::int64_t> places_;  ///< twice the microseconds, and one more for a time of day
};

}  // namespace hermod::queue
