#pragma once
#include <absl/container/btree_map.h>
#include <absl/container/node_hash_map.h>

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/ids.h"
#include "queue/stream_window.h"

namespace hermod::queue {

/// Of a stream with last_value: which entry is the newest of each key, and which have an older one to leave
/// for it. What was stored before it knew of it is read from the store, once and in order, page by page; what
/// is stored from then on it is told. An entry without a key is nobody's older one.
///
/// Takes memory by the key. Owned by the stream's owner, same thread; decides, and stores nothing. ADR 0036.
class StreamCompaction {
 public:
  /// From the first sequence up to the second it has to read.
  StreamCompaction(Seq first, Seq end) : read_next_(first), read_end_(end) {}

  /// An entry is durable. What is going to be read, or was, is known from there.
  void on_stored(Seq seq, std::string_view key, std::size_t size);

  /// Where it has to read on; nothing: it knows everything.
  std::optional<Seq> to_read() const;
  /// Entries in rising order; in front of `to` the store has no others from where they were asked for.
  void on_read(std::span<const StreamEntry> page, Seq to);

  /// What is before has left with the retention.
  void retire(Seq first);

  /// An entry that has a newer one of its key.
  struct Older {
    Seq seq;
    std::size_t size = 0;
    friend bool operator==(const Older&, const Older&) = default;
  };
  /// So many of these at most, each once.
  std::vector<Older> take_older(std::size_t most);
  std::size_t older() const { return older_.size(); }
  std::size_t keys() const { return keys_.size(); }

 private:
  void add(Seq seq, std::string_view key, std::size_t size);

  struct Newest {
    Seq seq;
    std::size_t size = 0;
  };
  using Keys = absl::node_hash_map<std::string, Newest>;

  Seq read_next_;
  Seq read_end_;
  Seq first_{};  ///< what is before has left
  Keys keys_;
  absl::btree_map<Seq, Keys::value_type*> by_seq_;  ///< the same in the order of the stream
  std::deque<Older> older_;
};

}  // namespace hermod::queue
