#pragma once
#include <cstddef>
#include <cstdint>
#include <vector>

#include "queue/queue_definition.h"
#include "queue/queue_window.h"
#include "queue/share.h"

namespace hermod::queue {

/// What the configuration says about named queues.
struct NamedQueueOptions {
  bool auto_create = false;            ///< by SUBSCRIBE to `$queue/<name>/<filter>`
  std::uint32_t max_queues = 100'000;  ///< dead-letter queues included
  /// The sections [queues.NAME], in the order of their names. Each has passed check().
  std::vector<QueueDefinition> configured;
  /// Of what waits in a queue so much is held in memory; the rest is left to the store, and read in pages of
  /// a quarter of it when it comes near.
  std::uint32_t held_messages = 1024;
  std::uint64_t held_bytes = 512ULL << 10;
  /// What is read at once for who looks, moves messages, has them examined or drives them out: it is no part
  /// of that, because one page of each is there at a time and does not stay.
  std::uint32_t page_messages = 256;
  std::uint64_t page_bytes = 128ULL << 10;
  /// What one reader of a stream has of it in memory; it is read in pages of half of that.
  std::uint32_t reader_messages = 2048;
  std::uint64_t reader_bytes = 1ULL << 20;
  /// And all that are connected to a shard together; but each may have some KiB, see reader_limit().
  std::uint64_t reader_bytes_together = 32ULL << 20;
  /// And of all queues of a shard together; but each may hold some KiB, see held_limit().
  std::uint64_t held_bytes_together = 32ULL << 20;
};

/// What a consumer group of a stream has in hand: as much again is read ahead.
inline Amount group_limit(const NamedQueueOptions& options) {
  return {options.reader_messages, options.reader_bytes};
}

/// What one of so many queues of a shard may hold.
inline Amount held_limit(const NamedQueueOptions& options, std::size_t queues) {
  return share_of(options.held_bytes_together, queues, {options.held_messages, options.held_bytes});
}

/// What one of so many readers of streams that are connected to a shard may have in memory.
inline Amount reader_limit(const NamedQueueOptions& options, std::size_t readers) {
  return share_of(options.reader_bytes_together, readers, {options.reader_messages, options.reader_bytes});
}

}  // namespace hermod::queue
