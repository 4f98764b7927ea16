#include "broker/broker.h"

#include <algorithm>
#include <thread>
#include <utility>

#include "base/log.h"
#include "net/socket.h"

namespace hermod::broker {
namespace {

/// Fills in what depends on the machine or on other options.
Options completed(Options options) {
  if (options.threads == 0)
    options.threads = static_cast<std::uint16_t>(std::clamp(std::thread::hardware_concurrency(), 1U, 256U));
  // A transport tells that its output drained long before the client's limit is reached again.
  options.net.write_high_mark = options.limits.outbound_buffer / 4;
  options.net.write_low_mark = options.limits.outbound_buffer / 16;
  return options;
}

}  // namespace

Broker::Broker(Options options)
    : options_(completed(std::move(options))),
      counters_(options_.threads + std::size_t{1}),
      retained_(options_.retain),
      directory_({options_.session.max_sessions, options_.session.takeovers_per_minute}),
      addresses_(options_.limits.max_connections_per_address) {
  for (std::uint16_t i = 0; i < options_.threads; ++i) {
    shards_.push_back(std::make_unique<ShardThread>(ShardId{i}, options_, clock_, counters_.block(i)));
    mailboxes_.push_back(&shards_.back()->mailbox());
  }
  fanout_ = std::make_unique<CommitFanout>(mailboxes_, directory_.slots(), retained_, clock_,
                                           counters_.block(options_.threads));
  committer_ = std::make_unique<store::Committer>(options_.store, journal_, *fanout_, clock_);
  const Shared shared{options_,    clock_,     subscriptions_, retained_, directory_,
                      *committer_, mailboxes_, connections_,   addresses_};
  for (auto& shard : shards_) shard->build(shared);
}

Broker::~Broker() {
  stop();
}

Status Broker::start() {
  for (auto& shard : shards_)
    if (Status status = shard->status(); !status) return status;
  if (Status status = listen(); !status) return status;
  committer_->start();
  for (auto& shard : shards_) shard->start();
  running_ = true;
  for (std::size_t i = 0; i < ports_.size(); ++i) {
    log::event(log::Level::Notice, "listener.started",
               {{"address", options_.net.listen[i].host}, {"port", ports_[i]}, {"protocol", "mqtt"}});
  }
  return {};
}

Status Broker::listen() {
  for (const net::ListenAddress& address : options_.net.listen) {
    auto sockets = net::open_listen_sockets(address, shards_.size(), options_.net);
    if (!sockets) return tl::unexpected(sockets.error());
    for (std::size_t i = 0; i < shards_.size(); ++i)
      if (Status status = shards_[i]->listen(std::move((*sockets)[i])); !status) return status;
    ports_.push_back(shards_.front()->port(ports_.size()));
  }
  return {};
}

void Broker::stop(std::chrono::milliseconds patience) {
  if (!std::exchange(running_, false)) return;
  for (auto& shard : shards_) shard->request_stop(patience);
  for (auto& shard : shards_) shard->join();
  committer_->stop();
}

bool Broker::made_progress() {
  last_ticks_.resize(shards_.size());
  bool all = commit_watch_.moved(*committer_);
  for (std::size_t i = 0; i < shards_.size(); ++i) {
    shards_[i]->wake();
    const std::uint64_t ticks = shards_[i]->ticks();
    all = all && ticks != last_ticks_[i];
    last_ticks_[i] = ticks;
  }
  return all;
}

}  // namespace hermod::broker
