#include "broker/shard_thread.h"

#include <pthread.h>

#include <string>
#include <utility>

#include "base/assert.h"

namespace hermod::broker {

ShardThread::ShardThread(ShardId id, const Options& options, const Clock& clock, CounterBlock& counters,
                         std::atomic<std::size_t>& undrained)
    : id_(id),
      options_(options),
      clock_(clock),
      counters_(counters),
      loop_(clock, &counters),
      mailbox_([this] { loop_.wake(); }),
      undrained_(undrained) {}

ShardThread::~ShardThread() {
  HERMOD_ASSERT(!thread_.joinable());
}

void ShardThread::build(const Shared& shared) {
  shard_ = std::make_unique<Shard>(id_, shared, mailbox_, loop_.timers(), counters_);
}

Status ShardThread::listen(net::ListenSocket socket, net::Entrance& entrance) {
  listeners_.push_back(
      std::make_unique<net::Listener>(loop_, std::move(socket), options_.net, *shard_, entrance));
  return listeners_.back()->start();
}

void ShardThread::start() {
  thread_ = std::thread([this] { run(); });
  const std::string name = "shard-" + std::to_string(id_.v);
  pthread_setname_np(thread_.native_handle(), name.c_str());
}

void ShardThread::request_stop(std::chrono::milliseconds patience) {
  stop_patience_ms_.store(patience.count(), std::memory_order_release);
  mailbox_.post(StopServing{});
}

void ShardThread::join() {
  if (thread_.joinable()) thread_.join();
}

/// A tick: read sockets and fire timers, do what that caused, write sockets.
void ShardThread::run() {
  std::optional<MonotonicTime> end;
  bool more = false;
  bool is_counted = false;
  for (;;) {
    loop_.poll(more  ? std::chrono::nanoseconds{0}
               : end ? std::chrono::milliseconds{20}
                     : net::EventLoop::kForever);
    more = shard_->step();
    loop_.flush_pending();
    ticks_.fetch_add(1, std::memory_order_relaxed);
    const std::int64_t patience = stop_patience_ms_.load(std::memory_order_acquire);
    if (patience < 0) continue;
    if (!end) {
      end = clock_.now() + std::chrono::milliseconds(patience);
      for (auto& listener : listeners_) listener->stop();
    }
    if (shard_->has_commits_in_flight()) continue;
    if (clock_.now() >= *end) return;
    if (!shard_->is_drained()) continue;
    if (!std::exchange(is_counted, true)) undrained_.fetch_sub(1, std::memory_order_relaxed);
    if (undrained_.load(std::memory_order_relaxed) == 0) return;
  }
}

}  // namespace hermod::broker
