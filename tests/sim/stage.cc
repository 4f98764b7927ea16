#include "tests/sim/stage.h"

#include <utility>

#include "base/assert.h"
#include "broker/shard.h"

namespace hermod::sim {

namespace {

/// Groups that may still reach the disk in the commit in which the broker crashes.
constexpr std::size_t kMostLastGroups = 4;
/// Appends that succeed before the one that is to fail.
constexpr std::size_t kMostBeforeFailure = 40;
constexpr std::size_t kRoom = std::size_t{1} << 20;

}  // namespace

Stage::Stage(broker::Options options, Trouble trouble, Random& random, Report& report)
    : options_(std::move(options)),
      trouble_(trouble),
      random_(random),
      report_(report),
      counters_(options_.threads + std::size_t{1}),
      store_(options_.store, clock_) {
  start();
}

void Stage::start() {
  broker_ =
      std::make_unique<test::SteppedBroker>(options_, test::SteppedBroker::Ground{clock_, counters_, store_});
  failures_before_ = journal().failures();
  hides_ = false;
}

std::shared_ptr<test::FakePeer> Stage::connect() {
  const auto peer = network_.add(broker_->connect(any_shard()));
  peer->make_room(kRoom);
  return peer;
}

void Stage::move() {
  switch (random_.below(12)) {
    case 0:
    case 1:
    case 2:
    case 3:
      return poll_somebody();
    case 4:
    case 5:
    case 6:
      broker_->step(any_shard());
      return;
    case 7:
      return broker_->run_timers(any_shard());
    case 8:
    case 9:
      report_.note("commit", broker_->commit() ? 1 : 0);
      return;
    default:
      return read_page();
  }
}

void Stage::poll_somebody() {
  test::FakePeer* const peer = network_.any_ready(random_);
  if (peer == nullptr) return;
  peer->transport()->on_ready(random_.chance(30) ? 1 + random_.below(200) : std::string::npos);
}

void Stage::read_page() {
  test::PageDesk& pages = broker_->pages();
  if (random_.chance(30)) {
    pages.look_up();
  } else if (random_.chance(4)) {
    const bool was_asked = pages.fail();
    has_failed_page_ |= was_asked;
    report_.note("a page cannot be read", was_asked ? 1 : 0);
  } else {
    pages.answer();
  }
}

void Stage::pass(std::chrono::milliseconds time) {
  for (std::size_t i = 0; i < broker_->shard_count(); ++i) broker_->step(i);
  broker_->clock().advance(time);
  report_.moment().time = now();
  report_.note("time passes (ms)", time.count());
  for (std::size_t i = 0; i < broker_->shard_count(); ++i)
    if (!random_.chance(25)) broker_->run_timers(i);
}

void Stage::settle() {
  for (const auto& peer : network_.alive())
    if (!peer->has_finished()) peer->make_room(kRoom);
  broker_->settle();
}

void Stage::plan_failure() {
  hides_ = trouble_.broker_crashes && random_.chance(50);
  journal().fail_after(random_.below(kMostBeforeFailure), Errc::Io,
                       hides_ ? test::FaultyJournal::Trace::Whole : test::FaultyJournal::Trace::None);
}

/// Only when every shard has heard of the failure.
void Stage::repair() {
  report_.note("the journal is opened again");
  while (broker_->has_commits_in_flight()) {
    for (std::size_t i = 0; i < broker_->shard_count(); ++i) broker_->step(i);
    broker_->committer().hurry();  // no time passes here, and what may wait to be written would wait for ever
    broker_->commit();
  }
  failures_before_ = journal().failures();
  hides_ = false;
  const auto next = store_.store().reopen_journal();
  HERMOD_ASSERT(next.has_value());
  broker_->committer().resume(*next);
}

void Stage::checkpoint() {
  report_.note("checkpoint");
  if (!store_.store().checkpoint()) report_.violation("a checkpoint failed");
}

/// The last commits may be on the disk although nobody was told, and bytes that were written may still
/// arrive.
void Stage::crash() {
  const bool in_commit = random_.chance(50);
  const std::size_t groups = in_commit ? random_.below(kMostLastGroups) : 0;
  report_.note("the broker crashes (groups still written)", static_cast<std::int64_t>(groups));
  store_.cut_power(groups);
  if (in_commit) broker_->commit();
  store_.cut_power();
  network_.lose_broker(random_);
  broker_.reset();
  store_.lose();
  static constexpr std::int64_t kMilliseconds[] = {0, 0, 1, 100, 3000, 40'000};
  clock_.advance(std::chrono::milliseconds(random_.pick(kMilliseconds)));
  report_.moment().time = clock_.passed();
  store_.open();
  start();
  if (broker_->recovered().damaged != 0) report_.violation("records are damaged");
}

}  // namespace hermod::sim
