#pragma once
#include <absl/container/btree_set.h>
#include <absl/container/flat_hash_set.h>
#include <absl/container/node_hash_map.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "base/ids.h"
#include "queue/queue_window.h"

namespace hermod::queue {

/// Which entries of a named queue are in memory, and what is read next of the others, which are only in the
/// store. A queue has a front up to which it was read; of a key that has more in front of that than its
/// share, or is out with a consumer or pausing while others want the room, the rest is left and read again
/// when its turn comes. So what waits behind a slow key takes no room from the others, however much it is.
///
/// An entry in memory waits, or is out: lent, pausing, about to leave, or gone, but for the store. Only what
/// waits fills the window. The caller holds the entries and reads the pages, one at a time; everything that
/// was offered is in the store. Of a key what is left is behind all that is in memory, so a page that is
/// older than an erase brings nothing back. Owned by a queue's group, same thread. Memory is a name for each
/// key that has anything in memory or left in front of the front. Every call costs O(log n), and end_page()
/// as much for each key it passes.
class Backlog {
 public:
  struct Limits {
    std::uint64_t messages = 4096;
    std::uint64_t bytes = 1U << 20;
    std::uint64_t per_key = 64;
  };
  /// Without `by_key` all are of one key, and what is out holds up nothing that should be left for it: orders
  /// none and strict.
  Backlog(const Limits& limits, bool by_key)
      : limits_{limits.messages, limits.bytes, by_key ? limits.per_key : limits.messages}, by_key_(by_key) {}

  /// A new entry at the end. True: it is in memory and waits. False: it is left to the store.
  bool offer(Seq seq, std::string_view key, std::uint64_t size);
  /// What waits is out; what is out waits again; whatever is in memory has gone, from the store as well.
  /// Precondition: the entry is in memory.
  void on_out(std::string_view key, std::uint64_t size);
  void on_back(std::string_view key, std::uint64_t size);
  void on_gone(std::string_view key, std::uint64_t size, bool was_out);

  /// A key of which what waits should be left, from the last in memory on: it waits for what is out, and
  /// others want its room. Nothing when none need be.
  std::optional<std::string_view> key_to_shed() const;
  /// The caller has dropped an entry that waited, the last in memory of its key.
  void leave(Seq seq, std::string_view key, std::uint64_t size);

  /// Where a page should begin, if one is wanted; it is being read then. Precondition: !is_reading().
  std::optional<Seq> begin_page();
  bool is_reading() const { return reading_from_.has_value(); }
  /// The next entry of the page. True: it is in memory now, and waits.
  bool take(Seq seq, std::string_view key, std::uint64_t size);
  /// The page had everything up to `end`, and with `to_end` the store has nothing behind it.
  void end_page(Seq end, bool to_end);
  /// It could not be read.
  void cancel_page();

  /// Everything is in memory.
  bool is_level() const { return front_ == kLevel && lefts_.empty(); }
  const Amount& waiting() const { return waiting_; }
  std::size_t keys() const { return keys_.size(); }

 private:
  static constexpr Seq kLevel{~0ULL};
  struct Key {
    std::uint64_t waiting = 0;
    std::uint64_t out = 0;
    Seq left_from = kLevel;   ///< from here on everything of it is in the store only
    bool is_stopped = false;  ///< on the page that is being read
  };
  using Keys = absl::node_hash_map<std::string, Key>;
  using Entry = Keys::value_type;
  using ByLeft = absl::btree_set<std::pair<Seq, Entry*>>;

  Entry& named(std::string_view key);
  Entry& known(std::string_view key);
  bool is_full() const { return waiting_.messages >= limits_.messages || waiting_.bytes >= limits_.bytes; }
  bool is_above_half() const;
  bool is_held_up(const Key& key) const { return by_key_ && key.out > 0; }
  bool has_share(const Key& key) const;
  const ByLeft* keys_to_read() const;
  void hold(Key& key, std::uint64_t size);
  template <class Change>
  void update(Entry& entry, Change change);
  void list(Entry& entry, bool listed);

  const Limits limits_;
  const bool by_key_;
  Keys keys_;
  ByLeft lefts_;                           ///< by left_from
  ByLeft starving_;                        ///< those of them of which nothing waits in memory
  ByLeft hungry_;                          ///< and of which little does
  absl::flat_hash_set<Entry*> sheddable_;  ///< held up, with something that waits
  Amount waiting_;
  Seq front_ = kLevel;  ///< from here on nothing was read
  Seq last_{};          ///< offered
  std::optional<Seq> reading_from_;
  Seq asked_at_{};             ///< last_ then
  bool is_front_next_ = true;  ///< if both want a page
  bool is_front_stopped_ = false;
};

}  // namespace hermod::queue
