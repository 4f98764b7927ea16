#include "tests/support/stepped_broker.h"

#include <algorithm>
#include <utility>

#include "base/assert.h"
#include "broker/delayed_start.h"
#include "broker/queue_start.h"
#include "broker/shard.h"
#include "broker/transaction_start.h"
#include "tests/support/store_pages.h"

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
    : SteppedBroker(std::move(options), journal, nullptr) {}

SteppedBroker::SteppedBroker(broker::Options options, const Ground& ground)
    : SteppedBroker(std::move(options), nullptr, &ground) {}

SteppedBroker::SteppedBroker(broker::Options options, store::Journal* journal, const Ground* ground)
    : options_(completed(std::move(options))),
      clock_(ground != nullptr ? ground->clock : own_clock_),
      own_counters_(options_.threads + std::size_t{1}),
      counters_(ground != nullptr ? ground->counters : own_counters_),
      retained_(options_.retain),
      directory_({options_.session.max_sessions, options_.session.takeovers_per_minute}),
      queues_({options_.queues.max_queues}),
      delayed_(options_.delayed.max_pending),
      addresses_(options_.limits.max_connections_per_address, options_.net.listeners) {
  for (std::size_t i = 0; i < options_.threads; ++i) {
    mailboxes_.push_back(std::make_unique<broker::ShardMailbox>([this] { posted_ = true; }));
    mailbox_list_.push_back(mailboxes_.back().get());
    loops_.push_back(std::make_unique<FakeLoop>(clock_, options_.net));
  }
  fanout_ = std::make_unique<broker::CommitFanout>(mailbox_list_, directory_.slots(), retained_,
                                                   counters_.block(options_.threads));
  TemporaryStore* const disk = ground != nullptr ? &ground->store : nullptr;
  build_committer(journal, disk);
  build_shards(disk);
}

void SteppedBroker::build_committer(store::Journal* journal, TemporaryStore* disk) {
  if (disk != nullptr) {
    pages_ = std::make_unique<StorePages>(disk->store(), mailbox_list_);
    committer_ = std::make_unique<store::Committer>(options_.store, disk->journal(), *fanout_, clock_,
                                                    &disk->store().sink());
    committer_->resume(disk->store().next_group());
    return;
  }
  auto pages = std::make_unique<StreamStore>(mailbox_list_);
  streams_ = pages.get();
  committer_ = std::make_unique<store::Committer>(
      options_.store, journal != nullptr ? *journal : memory_journal_, *fanout_, clock_, pages.get());
  pages_ = std::move(pages);
}

/// As broker::Broker does it. Returns the number of this start.
std::uint64_t SteppedBroker::recover(TemporaryStore& disk, broker::Recovery::Living& living) {
  const broker::Recovery::Parts parts{options_,    subscriptions_, retained_,    directory_,
                                      *committer_, shards_.size(), clock_.wall()};
  const auto view = disk.store().view();
  broker::Recovery recovery(parts, *view, nullptr);
  const auto found = recovery.run(living);
  HERMOD_ASSERT(found.has_value());
  recovered_ = *found;
  return recovery.epoch();
}

void SteppedBroker::build_shards(TemporaryStore* disk) {
  shards_.resize(options_.threads);
  broker::Recovery::Living living;
  const std::uint64_t epoch = disk != nullptr ? recover(*disk, living) : 1;
  queue_ids_.begin(epoch);
  broker::QueueStart queues({options_,
                             subscriptions_,
                             queues_,
                             queue_ids_,
                             *committer_,
                             shards_.size(),
                             {clock_.now(), clock_.wall()}});
  const auto view = disk != nullptr ? disk->store().view() : nullptr;
  HERMOD_ASSERT(queues.run(view.get(), living).has_value());
  const broker::Shared shared{options_,     epoch,      clock_,   subscriptions_, retained_,   directory_,
                              queues_,      queue_ids_, delayed_, transactions_,  *committer_, mailbox_list_,
                              connections_, addresses_, nullptr,  pages_.get()};
  for (std::uint16_t i = 0; i < options_.threads; ++i) {
    shards_[i] = std::make_unique<broker::Shard>(ShardId{i}, shared, *mailboxes_[i], loops_[i]->timers(),
                                                 counters_.block(i));
  }
  for (auto& [home, session, reads] : living.sessions)
    shards_[home.v]->adopt(std::move(session), std::move(reads));
  for (auto& [home, ended, queue] : living.remains) shards_[home.v]->adopt_remains(ended, std::move(queue));
  for (broker::QueueStart::Home& home : queues.take())
    shards_[home.shard.v]->adopt_queue(std::move(home.queue));
  claims_ = std::move(living.claims);
  if (view) {
    broker::DelayedStart delayed(delayed_, {clock_.now(), clock_.wall()});
    HERMOD_ASSERT(delayed.run(*view).has_value());
    shards_[broker::kDelayedOwner.v]->adopt_delayed(delayed.take());
  }
  if (view) {
    broker::TransactionStart transactions(options_.transactions, {clock_.now(), clock_.wall()});
    HERMOD_ASSERT(transactions.run(*view).has_value());
    shards_[broker::kTransactionOwner.v]->adopt_transactions(transactions.take());
  }
  if (disk == nullptr) return;
  for (auto& shard : shards_) shard->catch_up();
  committer_->run_once();  // the number of this start, and what recovery has cleaned up
  HERMOD_ASSERT(committer_->healthy());
}

SteppedBroker::~SteppedBroker() {
  while (has_commits_in_flight()) {
    for (std::size_t i = 0; i < shards_.size(); ++i) step(i);
    committer_->hurry();
    commit();
  }
}

std::shared_ptr<FakePeer> SteppedBroker::connect(std::size_t index) {
  auto peer = std::make_shared<FakePeer>();
  peers_.push_back(peer);
  shards_[index]->on_accepted(std::make_unique<FakeTransport>(*loops_[index], peer),
                              options_.net.listeners.front());
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

bool SteppedBroker::owes_records() const {
  return std::any_of(shards_.begin(), shards_.end(),
                     [](const auto& shard) { return shard->has_to_write_again(); });
}

}  // namespace hermod::test
