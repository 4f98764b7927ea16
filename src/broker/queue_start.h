#pragma once
#include <absl/container/flat_hash_map.h>
#include <absl/container/flat_hash_set.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "base/ids.h"
#include "base/result.h"
#include "broker/options.h"
#include "broker/owned_queue.h"
#include "broker/queue_ids.h"
#include "broker/recovery.h"
#include "queue/group_records.h"
#include "queue/queue_catalog.h"
#include "queue/queue_effect.h"
#include "store/committer.h"
#include "store/read_view.h"
#include "topic/subscription_index.h"

namespace hermod::broker {

/// Named queues at a start: those of the store with their entries, and those of the configuration, which says
/// what a queue is also when the store says otherwise. Runs once, on the starting thread, behind Recovery and
/// before there is another thread; then it is thrown away.
class QueueStart {
 public:
  struct Parts {
    const Options& options;
    topic::SubscriptionIndex& subscriptions;
    queue::QueueCatalog& queues;
    QueueIds& ids;
    store::Committer& committer;
    std::size_t shards;
    queue::Moment now;
  };
  struct Found {
    std::uint64_t queues = 0;
    std::uint64_t messages = 0;
    std::uint64_t damaged = 0;  ///< records that could not be read, left where they are and logged
    std::uint64_t orphans = 0;  ///< records without their queue, erased now
    std::uint64_t claims = 0;
    std::uint64_t lost_claims = 0;  ///< of an entry that is gone or damaged, or that another has; released
    std::uint64_t held_claims = 0;  ///< of an entry or a queue that only a later version can read
  };
  struct Home {
    ShardId shard;
    std::unique_ptr<OwnedQueue> queue;
  };

  /// Told now and then how far it is, as Recovery::Progress.
  using Progress = std::function<void(const Found&)>;

  explicit QueueStart(const Parts& parts, Progress progress = {})
      : parts_(parts), progress_(std::move(progress)) {}

  /// `view`: null without a store; `living`: what Recovery found, whose claims are decided about. Errors: Io
  /// of the store; Invalid when the configuration contradicts itself.
  Result<Found> run(store::ReadView* view, Recovery::Living& living);
  /// Where they live from now on.
  std::vector<Home> take() { return std::move(homes_); }

 private:
  using EntryKey = std::pair<QueueId, Seq>;

  Status read_queues(store::ReadView& view);
  Result<bool> has_entries(store::ReadView& view, QueueId queue) const;
  void end_subscriptions(Recovery::Living& living);
  Status configure();
  Status declare(queue::QueueDefinition definition, bool is_configured);
  Status declare_dead_letters(const queue::QueueDefinition& definition);
  void restore_sequences(const Recovery::Living& living) const;
  Status read_states(store::ReadView& view);
  Status read_message_ids(store::ReadView& view);
  Status read_entries(store::ReadView& view, OwnedQueue& queue);
  Status read_stream(store::ReadView& view, const queue::NamedQueue& named);
  void restore_readers(Recovery::Living& living);
  void restore_groups();
  void restore_group_filters(Recovery::Living& living);
  void restore_claims(OwnedQueue& queue, std::vector<Recovery::Living::Claim> claims,
                      const absl::flat_hash_map<SessionId, session::Session*>& sessions);
  void hold_claim(const Recovery::Living::Claim& claim, const session::Session& session);
  void lose_claim(const Recovery::Living::Claim& claim, session::Session& session);
  void damaged(std::string_view table, std::string_view queue, Seq seq, std::string_view why);

  const Parts parts_;
  const Progress progress_;
  Found found_;
  bool has_store_ = false;
  std::vector<Home> homes_;
  struct StoredMessageId {
    std::uint64_t number = 0;
    queue::MessageIdRecord record;
  };
  absl::flat_hash_map<QueueId, std::vector<StoredMessageId>> message_ids_;
  absl::flat_hash_set<QueueId> paused_;     ///< until an operator says otherwise, whatever is configured
  absl::flat_hash_set<std::string> ended_;  ///< names of those that were being deleted, and are gone now
  /// There, and not to be read: what belongs to them stays as it is, for a broker that can.
  absl::flat_hash_set<QueueId> unread_queues_;
  absl::flat_hash_set<EntryKey> unread_entries_;
  /// Of those what is not damaged, but of a later version: who has a claim there waits for that.
  absl::flat_hash_set<QueueId> newer_queues_;
  absl::flat_hash_set<EntryKey> newer_entries_;
  /// Of each queue, and the entries that they are of.
  absl::flat_hash_map<QueueId, std::vector<Recovery::Living::Claim>> claims_;
  absl::flat_hash_map<EntryKey, std::optional<queue::QueueEntry>> claimed_;
  absl::flat_hash_map<EntryKey, queue::DeliveryState> states_;
  /// Where sessions stand in streams.
  struct Reader {
    queue::NamedQueuePtr stream;
    SessionId session;
    queue::StreamPosition position;
  };
  std::vector<Reader> readers_;
  struct Group {
    queue::NamedQueuePtr stream;
    std::uint64_t number = 0;
    queue::GroupRecord record;
  };
  std::vector<Group> groups_;  ///< of streams
  store::WriteBatch changes_;
};

}  // namespace hermod::broker
