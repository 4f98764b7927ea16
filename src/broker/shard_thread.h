#pragma once
#include <atomic>
#include <cstddef>
#include <memory>
#include <thread>
#include <vector>

#include "broker/shard.h"
#include "net/event_loop.h"
#include "net/listener.h"

namespace hermod::broker {

/// One shard with its event loop, its listeners and the thread that runs them. Made, started and stopped by
/// the Broker; everything inside belongs to the thread.
class ShardThread {
 public:
  /// `undrained`: how many shards have something to end before they stop; it outlives them.
  ShardThread(ShardId id, const Options& options, const Clock& clock, CounterBlock& counters,
              std::atomic<std::size_t>& undrained);
  ShardThread(const ShardThread&) = delete;
  ShardThread& operator=(const ShardThread&) = delete;
  ~ShardThread();

  Status status() const { return loop_.status(); }
  ShardMailbox& mailbox() { return mailbox_; }

  /// Before start(): what all shards share is there now.
  void build(const Shared& shared);
  /// Before start(): a session that the store held lives on this shard.
  void adopt(std::unique_ptr<session::Session> session, std::vector<RetainedRead> retained_reads) {
    shard_->adopt(std::move(session), std::move(retained_reads));
  }
  void adopt_remains(SessionId ended, queue::QueueWindow queue) {
    shard_->adopt_remains(ended, std::move(queue));
  }
  void adopt_queue(std::unique_ptr<OwnedQueue> queue) { shard_->adopt_queue(std::move(queue)); }
  void adopt_delayed(std::unique_ptr<queue::DelayedMessages> delayed) {
    shard_->adopt_delayed(std::move(delayed));
  }
  void adopt_transactions(std::unique_ptr<queue::TransactionTable> table) {
    shard_->adopt_transactions(std::move(table));
  }
  /// Before start(), when every shard has its sessions.
  void catch_up() { shard_->catch_up(); }
  /// Before start(): serve connections of this listening socket too, by the rules of `entrance`.
  Status listen(net::ListenSocket socket, net::Entrance& entrance);

  void start();
  /// Stops accepting, tells every client, and ends the thread when they are gone or `patience` is over. Until
  /// the last shard is as far it still answers the others: what it owns may be asked for by their wills.
  void request_stop(std::chrono::milliseconds patience);
  void join();
  /// Makes the thread tick once, so that ticks() shows that it lives. Any thread.
  void wake() { loop_.wake(); }

  /// Ticks so far; grows while the thread makes progress. Any thread.
  std::uint64_t ticks() const { return ticks_.load(std::memory_order_relaxed); }

 private:
  void run();

  const ShardId id_;
  const Options& options_;
  const Clock& clock_;
  CounterBlock& counters_;
  net::EventLoop loop_;
  ShardMailbox mailbox_;
  std::unique_ptr<Shard> shard_;
  std::vector<std::unique_ptr<net::Listener>> listeners_;
  std::thread thread_;
  std::atomic<std::uint64_t> ticks_{0};
  std::atomic<std::int64_t> stop_patience_ms_{-1};
  std::atomic<std::size_t>& undrained_;
};

}  // namespace hermod::broker
