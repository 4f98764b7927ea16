#pragma once
#include <absl/container/btree_map.h>
#include <absl/container/flat_hash_map.h>

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/ids.h"
#include "queue/due_index.h"
#include "queue/message.h"
#include "queue/moment.h"
#include "queue/queue_effect.h"
#include "queue/transaction_options.h"
#include "queue/transaction_records.h"
#include "wire/types.h"

namespace hermod::queue {

/// Why something about a transaction is refused.
struct TransactionRefusal {
  wire::ReasonCode reason{};
  std::string why;
  /// The store has failed, so nobody knows before the next start whether it was carried out.
  bool is_unknown = false;
};

/// The rules of transactions: which are open and what is in them, who waits for their end, when their
/// producers are asked, and how others have ended. Of a message it knows the sequence and the size; what is
/// stored, read and published is its owner's. Owned by one shard, on its thread; reads no clock.
class TransactionTable {
 public:
  /// A message that is stored.
  struct Prepared {
    Seq seq;
    std::uint32_t size = 0;
    /// Null when it can be read from the store. Its client, then.
    std::shared_ptr<const PreparedMessage> held{};
  };
  /// What there is of an open one, in the order prepared.
  struct Open {
    std::string group;
    std::string client;  ///< who began it
    std::vector<Prepared> messages;
    std::uint64_t bytes = 0;    ///< also of what is on its way to the store,
    std::uint32_t pending = 0;  ///< which are so many messages
    std::uint32_t checks = 0;   ///< since anything was heard
    MonotonicTime begun{};

   private:
    friend class TransactionTable;
    struct Waiting {
      WaiterId waiter;  ///< zero: nobody is told
      TransactionOutcome wanted{};
    };
    std::deque<Waiting> waiting;  ///< the first says what is done
    bool is_ending = false;       ///< it is told by take_ready(), and not decided
    bool has_failed = false;      ///< a message of it was not stored, while somebody waited for that
    bool is_given_up = false;
    bool may_lack = false;  ///< a message of it may be lost
  };
  /// Who is told, and what: nothing, it is as he wanted.
  struct Answer {
    WaiterId waiter;
    std::optional<TransactionRefusal> refusal{};
  };
  using Answers = std::vector<Answer>;

  explicit TransactionTable(const TransactionOptions& options) : options_(options) {}

  // --- prepare ---

  /// Whether a message of `size` bytes may come in. When it may, on_prepared() or on_not_prepared() follows.
  std::optional<TransactionRefusal> prepare(std::string_view id, std::string_view group,
                                            std::string_view client, std::uint64_t size, Moment now);
  /// It is stored. In the order of sequences.
  void on_prepared(std::string_view id, Prepared prepared, std::uint64_t size);
  void on_not_prepared(std::string_view id, std::uint64_t size);

  // --- commit and rollback ---

  /// Somebody wants it to end so; `group`: he says that it is of this one. He is told by take_answers().
  /// `has_gap`: a message of his was refused, and he may not know: then it is not committed for him.
  void end(std::string_view id, TransactionOutcome wanted, std::optional<std::string_view> group,
           WaiterId waiter, Moment now, bool has_gap = false);
  struct Ready {
    std::string id;
    TransactionOutcome wanted{};
  };
  /// What is to be carried out now. Each is answered by on_ended() or on_not_ended().
  std::vector<Ready> take_ready();
  /// It is durable, its record is this entry, and its messages are gone.
  void on_ended(std::string_view id, TransactionOutcome outcome, Seq record, Moment now);
  /// It could not be: the transaction is as it was before.
  void on_not_ended(std::string_view id, const TransactionRefusal& why, Moment now);
  /// Who is to be told.
  Answers take_answers();

  // --- what is due ---

  /// When there is something to do that nothing else tells of.
  std::optional<MonotonicTime> next() const;
  struct Check {
    std::string id;
    std::uint32_t number = 0;  ///< from 1 on, since anything was heard
  };
  /// Of so many that are due those whose producers are to be asked. One that was asked often enough is given
  /// up: it is rolled back, and is_given_up() until that is done.
  std::vector<Check> take_checks(Moment now, std::size_t most);
  bool is_given_up(std::string_view id) const;
  /// Records of ends that nobody needs any more: they are to be erased.
  std::vector<Seq> take_forgotten(Moment now, std::size_t most);
  /// Of those, ends that would have been remembered for longer, had there been fewer.
  std::uint64_t forgotten_early() const { return forgotten_early_; }

  // --- look ---

  /// Null: there is none that is open.
  const Open* find(std::string_view id) const;
  /// The open ones by their ids, from this one on.
  using OpenById = absl::btree_map<std::string, std::unique_ptr<Open>>;
  OpenById::const_iterator from(std::string_view id) const { return open_.lower_bound(std::string(id)); }
  OpenById::const_iterator behind_last() const { return open_.end(); }
  std::size_t open() const { return open_.size(); }
  std::size_t remembered() const { return ends_.size(); }
  std::optional<TransactionOutcome> outcome_of(std::string_view id) const;

  // --- at the start, in the order of sequences; then resume() ---

  void restore(Seq seq, const PreparedMessage& prepared, std::uint64_t size, Moment now);
  void restore(Seq seq, TransactionEnd end, Moment now);
  /// Nobody was away because the broker was: what is open is asked for as if it had been heard of now.
  /// `lost`: records that cannot be read. Each may be a message of any that is open, so none of these is
  /// committed any more; and as long as one of them is open the records stay, for the next start.
  void resume(Moment now, const std::vector<Seq>& lost = {});

 private:
  /// How one has ended.
  struct Ended {
    TransactionOutcome outcome{};
    Seq record;
  };
  struct ToForget {
    std::string id;
    Seq record;
    MonotonicTime at{};
  };
  Open* find_open(std::string_view id);
  std::optional<TransactionRefusal> refusal_to_open(std::string_view client) const;
  void answer(WaiterId waiter, std::optional<TransactionRefusal> refusal = {});
  void heard_of(const std::string& id, Open& open, MonotonicTime now);
  void go_on(const std::string& id, Open& open);
  void forget_open(const std::string& id);
  void give_up_lost();

  const TransactionOptions options_;
  OpenById open_;
  absl::flat_hash_map<std::string, std::uint32_t> of_client_;  ///< how many each has begun
  DueIndex<MonotonicTime, std::string> checks_;
  absl::flat_hash_map<std::string, Ended> ends_;
  std::deque<ToForget> to_forget_;  ///< those of ends_, the oldest first
  std::vector<Seq> stale_;          ///< records that are good for nothing any more
  std::vector<Seq> lost_;           ///< and those that will be when none is open that may_lack
  std::size_t may_lack_ = 0;        ///< how many there are
  std::uint64_t forgotten_early_ = 0;
  std::vector<Ready> ready_;
  Answers answers_;
};

}  // namespace hermod::queue
