#pragma once
#include <atomic>
#include <cstdint>
#include <span>

#include "base/clock.h"
#include "broker/address_limits.h"
#include "broker/options.h"
#include "broker/outbox.h"
#include "broker/queue_ids.h"
#include "queue/delayed_room.h"
#include "queue/queue_catalog.h"
#include "queue/transaction_numbers.h"
#include "retain/retained_index.h"
#include "session/session_directory.h"
#include "store/committer.h"
#include "topic/subscription_index.h"

namespace hermod::broker {

class PageReader;
class StoreKeeper;

/// What all shards share. Each part outlives the shards and may be used from any of them.
struct Shared {
  const Options& options;
  std::uint64_t epoch;  ///< of this start; part of the ids of messages that several queues share
  const Clock& clock;
  topic::SubscriptionIndex& subscriptions;
  retain::RetainedIndex& retained;
  session::SessionDirectory& directory;
  queue::QueueCatalog& queues;
  QueueIds& queue_ids;
  queue::DelayedRoom& delayed;
  queue::TransactionNumbers& transactions;
  store::Committer& committer;
  std::span<ShardMailbox* const> mailboxes;
  std::atomic<std::uint32_t>& connections;  ///< of all shards, not ended yet: for limits.max_connections
  AddressLimits& addresses;
  StoreKeeper* keeper;  ///< null when there is no store on disk
  PageReader* reader;   ///< null when nothing can be read back: then windows hold everything
};

}  // namespace hermod::broker
