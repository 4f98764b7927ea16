#pragma once
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "base/clock.h"
#include "base/ids.h"
#include "broker/shard_message.h"

namespace hermod::broker {

/// Pages of named queues that the store could not give, until it does. Such a page is asked for again; when
/// it fails once more its entries are read one by one, so that the one that cannot be read does not keep back
/// the others. That one is given up when something else could be read meanwhile, for which the entry behind
/// it is asked for in turn: else it is the store that does not work. Owned by a shard, on its thread, as long
/// as that lives.
class FailedReads {
 public:
  struct Read {
    QueueId queue;
    PageRead::Purpose purpose{};
    Seq from;
    friend bool operator==(const Read&, const Read&) = default;
  };
  enum class Verdict : std::uint8_t {
    Again,      ///< take_due() gives what is to be read from then on
    Unreadable  ///< it was one entry alone, and others could be read: it is not asked for again
  };
  Verdict on_failed(Read read, MonotonicTime again_at);
  /// The store gave that page.
  void on_read(const Read& read);
  /// It gave another page of whatever.
  void on_read() { ++reads_; }
  /// One entry is to be read at once.
  bool reads_singly(QueueId queue, PageRead::Purpose purpose) const;
  /// The last read of that purpose has failed, and is asked for again.
  bool has_failed(QueueId queue, PageRead::Purpose purpose) const;
  /// There is no such queue any more.
  void forget(QueueId queue);

  std::optional<MonotonicTime> next_due() const;
  std::vector<Read> take_due(MonotonicTime now);

 private:
  using Key = std::pair<QueueId, PageRead::Purpose>;
  struct Trouble {
    Seq from{};                      ///< where the last read began that failed
    std::uint32_t failures = 0;      ///< of that one, in a row
    std::uint32_t singly = 0;        ///< so many entries are still read one by one
    std::uint64_t reads_before = 0;  ///< reads_ when that one failed alone for the first time
    bool is_looking_behind = false;  ///< the entry behind it is asked for, and not that one
  };
  bool has_failed_again(Trouble& trouble, Seq from) const;

  absl::flat_hash_map<Key, Trouble> troubles_;
  std::uint64_t reads_ = 0;  ///< pages that the store gave
  std::vector<Read> again_;
  MonotonicTime again_at_{};  ///< with again_
};

}  // namespace hermod::broker
