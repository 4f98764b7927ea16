#include "tests/support/stepped_broker.h"

#include <algorithm>
#include <utility>

#include "base/assert.h"
#include "broker/shard.h"

namespace hermod::test {
namespace {

/// Rounds after which settle() calls a broker restless.
constexpr int kMostRounds = 100'000;

broker::Options completed(broker::Options options) {
  if (options.threads == 0) options.threads = 1;
  options.net.write_high_mark = options.limits.outbound_buffer / 4;
  options.net.write_low_mark = options.limits.outbound_buffer / 16;
  return options;
}

}  // namespace

SteppedBroker::SteppedBroker(broker::Options options, store::Journal* journal)
    : options_(completed(std::move(options))),
      counters_(options_.threads + std::size_t{1}),
      retained_(options_.retain),
      directory_({options_.session.max_sessions, options_.session.takeovers_per_minute}),
      addresses_(options_.limits.max_connections_per_address) {
  for (std::size_t i = 0; i < options_.threads; ++i) {
    mailboxes_.push_back(std::make_unique<broker::ShardMailbox>([this] { posted_ = true; }));
    mailbox_list_.push_back(mailboxes_.back().get());
    loops_.push_back(std::make_unique<FakeLoop>(clock_, options_.net));
  }
  fanout_ = std::make_unique<broker::CommitFanout>(mailbox_list_, directory_.slots(), retained_,
                                                   counters_.block(options_.threads));
  pages_ = std::make_unique<StreamStore>(mailbox_list_);
  committer_ = std::make_unique<store::Committer>(
      options_.store, journal != nullptr ? *journal : memory_journal_, *fanout_, clock_, pages_.get());
  constexpr std::uint64_t kEpoch = 1;
  const broker::Shared shared{options_,     kEpoch,     clock_,      subscriptions_,
                              retained_,    directory_, *committer_, mailbox_list_,
                              connections_, addresses_, nullptr,     pages_.get()};
  for (std::uint16_t i = 0; i < options_.threads; ++i) {
    shards_.push_back(std::make_unique<broker::Shard>(ShardId{i}, shared, *mailboxes_[i], loops_[i]->timers(),
                                                      counters_.block(i)));
  }
}

SteppedBroker::~SteppedBroker() {
  while (has_commits_in_flight()) {
    for (std::size_t i = 0; i < shards_.size(); ++i) step(i);
    commit();
  }
}

std::shared_ptr<FakePeer> SteppedBroker::connect(std::size_t index) {
  auto peer = std::make_shared<FakePeer>();
  peers_.push_back(peer);
  shards_[index]->on_accepted(std::make_unique<FakeTransport>(*loops_[index], peer));
  return peer;
}

bool SteppedBroker::step(std::size_t index) {
  const bool more = shards_[index]->step();
  loops_[index]->flush_pending();
  return more;
}

bool SteppedBroker::poll_transports() {
  bool any = false;
  std::erase_if(peers_, [](const std::weak_ptr<FakePeer>& peer) { return peer.expired(); });
  for (std::size_t i = 0; i < peers_.size(); ++i) {
    const auto peer = peers_[i].lock();
    if (peer->transport() != nullptr) any |= peer->transport()->on_ready();
  }
  return any;
}

/// True when a timer fired, a shard has more to do, something was put off, or somebody was told something.
bool SteppedBroker::run_shards() {
  posted_ = false;
  bool any = false;
  for (std::size_t i = 0; i < shards_.size(); ++i) {
    any |= loops_[i]->run_timers() > 0;
    any |= step(i);
    any |= !loops_[i]->is_idle();
  }
  return any || posted_;
}

void SteppedBroker::settle_shards() {
  int rounds = 0;
  // What a step wrote may let a transport go on, so both have to be idle one after the other.
  for (bool busy = true; busy;) {
    HERMOD_ASSERT(++rounds < kMostRounds);
    busy = poll_transports();
    busy |= run_shards();
  }
}

void SteppedBroker::settle() {
  for (int round = 0; round < kMostRounds; ++round) {
    settle_shards();
    const bool committed = commit();
    if (!pages_->answer() && !committed) return;
  }
  HERMOD_ASSERT(false);
}

void SteppedBroker::pass(std::chrono::nanoseconds time, std::chrono::nanoseconds resolution) {
  while (time.count() > 0) {
    const auto next = std::min(time, resolution);
    clock_.advance(next);
    time -= next;
    settle();
  }
}

bool SteppedBroker::has_commits_in_flight() const {
  return std::any_of(shards_.begin(), shards_.end(),
                     [](const auto& shard) { return shard->has_commits_in_flight(); });
}

}  // namespace hermod::test
