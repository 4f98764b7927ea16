#include "tests/sim/schedule.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/assert.h"

namespace hermod::sim {

using wire::QoS;
using wire::Version;
using namespace std::chrono_literals;

namespace {

/// Much more than a schedule writes.
constexpr std::uint64_t kStoreSize = std::uint64_t{256} << 20;

/// What a step may be. Each schedule weighs them anew, so that some live long without a commit, others drop
/// connections all the time.
enum Kind : std::size_t {
  Poll,
  Step,
  Timers,
  Commit,
  Time,
  Receive,
  Answer,
  Publish,
  Subscribe,
  Unsubscribe,
  Connect,
  Page,
  kKinds
};
constexpr std::array<unsigned, kKinds> kUsualWeights{30, 16, 4, 8, 2, 18, 14, 14, 3, 1, 3, 8};

/// Clients that stay, publish at QoS 1 and acknowledge before much time passes: most of it need not be
/// written.
constexpr std::array<unsigned, kKinds> kWeightsOfKeepingUp{60, 40, 2, 30, 1, 50, 50, 10, 1, 0, 1, 8};

constexpr std::string_view kTopics[] = {"p/0", "p/1", "p/0/x", "s/0", "s/1"};
constexpr std::string_view kFilters[] = {"p/#", "p/+", "p/0", "p/0/#", "p/+/x", "r/#", "r/+/1", "w/#"};
constexpr std::string_view kSharedFilters[] = {"s/#", "s/+", "s/0", "p/+"};
constexpr std::string_view kShareNames[] = {"g1", "g2"};

}  // namespace

Schedule::Schedule(std::uint64_t seed, Trouble trouble, std::size_t steps, Report& report)
    : random_(seed),
      report_(report),
      steps_(steps),
      trouble_(trouble),
      keeping_up_(random_.chance(25)),
      options_(random_options()),
      ledger_(report) {
  if (trouble_.broker_crashes) {
    disk_.emplace(options_);
    start_broker();
  } else {
    journal_ = std::make_unique<test::FaultyJournal>();
    broker_ = std::make_unique<test::SteppedBroker>(options_, journal_.get());
  }
  timers_run_.resize(broker_->shard_count());
  const std::size_t clients = 3 + random_.below(6);
  for (std::size_t i = 0; i < clients; ++i)
    clients_.push_back(std::make_unique<ModelClient>(i, random_profile(i), ledger_, report_));
  const auto& weights = keeping_up_ ? kWeightsOfKeepingUp : kUsualWeights;
  for (const unsigned weight : weights) {
    static constexpr unsigned kFactors[] = {1, 4, 4, 4, 12};
    weights_.push_back(weight * (keeping_up_ ? 1 : random_.pick(kFactors)));
  }
}

broker::Options Schedule::random_options() {
  static constexpr std::uint32_t kBuffers[] = {1024, 8192, 1U << 20};
  static constexpr std::uint32_t kQueues[] = {6, 60, 100'000};
  static constexpr std::uint16_t kWindows[] = {1, 2, 5, 100};
  static constexpr std::uint32_t kRooms[] = {1, 2, 5, 500};
  static constexpr std::size_t kBacklogs[] = {2048, 65536, std::size_t{16} << 20};
  static constexpr std::chrono::milliseconds kElideWaits[] = {0ms, 2ms, 2ms, 500ms};
  static constexpr store::Flush kFlushes[] = {{},
                                              {},
                                              {store::Flush::When::Interval, 2ms},
                                              {store::Flush::When::Interval, 100ms},
                                              {store::Flush::When::Memory, {}}};
  broker::Options options;
  options.allow_anonymous = true;
  options.threads = static_cast<std::uint16_t>(1 + random_.below(4));
  options.limits.outbound_buffer = random_.pick(kBuffers);
  options.session.queue.max_messages = random_.pick(kQueues);
  if (random_.chance(25))
    options.session.queue.overflow =
        random_.chance(50) ? queue::Overflow::DropOldest : queue::Overflow::DropNewest;
  options.session.queue.window_messages = random_.pick(kRooms);
  options.session.queue.page_messages = random_.pick(kRooms);
  if (random_.chance(25)) options.session.queue.page_bytes = options.session.queue.window_bytes = 100;
  options.session.max_inflight = random_.pick(kWindows);
  options.session.receive_maximum = random_.pick(kWindows);
  options.session.takeovers_per_minute = 100'000;
  options.mqtt.topic_alias_maximum = static_cast<std::uint16_t>(random_.below(4));
  options.store.max_bytes_in_flight = random_.pick(kBacklogs);
  options.store.max_group_bytes = random_.chance(50) ? 512 : std::size_t{1} << 20;
  options.store.max_size = kStoreSize;
  options.store.elide_wait = keeping_up_ ? 500ms : random_.pick(kElideWaits);
  options.store.flush =
      random_.pick(kFlushes);  // a crash leaves what is written, as the end of a process does
  return options;
}

/// Client 0 watches the wills and never leaves for good.
Profile Schedule::random_profile(std::size_t index) {
  static constexpr Version kVersions[] = {Version::Mqtt31, Version::Mqtt311, Version::Mqtt311,
                                          Version::Mqtt5,  Version::Mqtt5,   Version::Mqtt5};
  static constexpr std::uint32_t kExpiries[] = {kNever, kNever, 20, 300, 0};
  static constexpr std::uint16_t kWindows[] = {1, 2, 5, 65535};
  static constexpr std::uint32_t kDelays[] = {0, 0, 5, 60};
  Profile profile;
  profile.client_id = "c" + std::to_string(index);
  profile.version = random_.pick(kVersions);
  profile.durable = index == 0 || random_.chance(70);
  profile.expiry = index == 0 ? kNever : random_.pick(kExpiries);
  if (profile.version == Version::Mqtt5) {
    profile.receive_maximum = random_.pick(kWindows);
    profile.topic_alias_maximum = static_cast<std::uint16_t>(random_.below(3));
  }
  profile.keep_alive = static_cast<std::uint16_t>(random_.chance(20) ? 10 : 0);
  profile.leaves_will = random_.chance(50);
  profile.will_delay = random_.pick(kDelays);
  profile.will_qos = static_cast<QoS>(1 + random_.below(2));
  return profile;
}

bool Schedule::run() {
  begin_watching();
  if (trouble_.disk_fails) plan_failure();
  if (trouble_.broker_crashes) plan_crashes();
  while (report_.moment().step < steps_ && !report_.has_violation()) random_step();
  if (!report_.has_violation() && come_to_rest()) check_promises();
  if (!report_.has_violation()) end_all_sessions();
  return !report_.has_violation();
}

void Schedule::random_step() {
  ++report_.moment().step;
  if (trouble_.broker_crashes) random_trouble();
  std::size_t total = 0;
  for (const unsigned weight : weights_) total += weight;
  std::size_t at = random_.below(total);
  std::size_t kind = 0;
  while (at >= weights_[kind]) at -= weights_[kind++];
  const std::size_t shard = random_.below(broker_->shard_count());
  ModelClient& client = somebody();
  switch (kind) {
    case Poll:
      return poll_somebody();
    case Step:
      report_.note("shard steps", static_cast<std::int64_t>(shard));
      broker_->step(shard);
      return watch_ends();
    case Timers:
      report_.note("timers of shard", static_cast<std::int64_t>(shard));
      broker_->run_timers(shard);
      timers_run_[shard] = now();
      return watch_ends();
    case Commit:
      return commit();
    case Page:
      return read_page();
    case Time:
      return pass_time();
    case Receive:
      return receive(client);
    case Answer:
      return client.answer(1 + random_.below(4));
    case Publish:
      return client.is_up() ? publish(client) : change_connection(client);
    case Subscribe:
      return client.is_up() ? subscribe(client) : void();
    case Unsubscribe:
      return client.is_up() ? unsubscribe(client) : void();
    default:
      return change_connection(client);
  }
}

void Schedule::poll_somebody() {
  test::FakePeer* const peer = network_.any_ready(random_);
  if (peer == nullptr) return;
  const std::size_t most = random_.chance(50) ? 1 + random_.below(200) : std::string::npos;
  report_.note("poll (bytes on the way, at most)", static_cast<std::int64_t>(peer->on_the_way()),
               static_cast<std::int64_t>(most));
  peer->transport()->on_ready(most);
  watch_ends();
}

void Schedule::commit() {
  report_.note("commit");
  broker_->commit();
  if (journal().failures() == 0) return;
  ledger_.disturb();
  if (broker_->committer().healthy() || !random_.chance(30)) return;
  open_journal_again();
  if (random_.chance(50)) plan_failure();
}

/// A shard's oldest question is looked up, and answered then or later; seldom it cannot be.
void Schedule::read_page() {
  test::PageDesk& pages = broker_->pages();
  if (random_.chance(30)) {
    report_.note("a page is looked up", pages.look_up() ? 1 : 0);
  } else if (random_.chance(3)) {
    const bool asked = pages.fail();
    some_page_failed_ |= asked;
    report_.note("a page cannot be read", asked ? 1 : 0);
  } else {
    report_.note("a page is read", pages.answer() ? 1 : 0);
  }
}

/// What an operator's restart of the store does: only when every shard has heard of the failure.
void Schedule::open_journal_again() {
  report_.note("the journal is opened again");
  while (broker_->has_commits_in_flight()) {
    for (std::size_t i = 0; i < broker_->shard_count(); ++i) broker_->step(i);
    broker_->commit();
  }
  if (disk_) {
    const auto next = disk_->store.store().reopen_journal();
    HERMOD_ASSERT(next.has_value());
    return broker_->committer().resume(*next);
  }
  broker_->committer().resume(GroupNo{journal_->last().v + 1});
}

/// Between ticks only: a tick takes no time.
void Schedule::pass_time() {
  static constexpr std::int64_t kMilliseconds[] = {1, 10, 100, 100, 1000, 3000, 12'000, 40'000};
  const std::int64_t time = random_.pick(kMilliseconds);
  for (std::size_t i = 0; i < broker_->shard_count(); ++i) broker_->step(i);
  broker_->clock().advance(std::chrono::milliseconds(time));
  report_.moment().time = now();
  report_.note("time passes (ms)", time);
  for (std::size_t i = 0; i < broker_->shard_count(); ++i) {
    if (random_.chance(25)) continue;
    broker_->run_timers(i);
    timers_run_[i] = now();
  }
  watch_ends();
}

void Schedule::change_connection(ModelClient& client) {
  if (!client.has_connection()) return connect(client, random_.chance(5));
  const std::size_t what = random_.below(10);
  if (!client.is_up() && what < 8) return;
  if (what < 3) return connect(client, random_.chance(10));  // takes its own session over
  if (what < 6) {
    return client.drop(random_.below(300));
  }
  if (what < 8) {
    return client.leave(random_.chance(20));
  }
  client.hang_up();
}

void Schedule::connect(ModelClient& client, bool clean) {
  const std::size_t shard = random_.below(broker_->shard_count());
  const auto peer = network_.add(broker_->connect(shard));
  const Profile& profile = client.profile();
  const bool is_watcher = &client == clients_.front().get();
  std::uint32_t expiry = !is_watcher && random_.chance(10) ? 0 : profile.expiry;
  if (trouble_.broker_crashes && random_.chance(5)) {  // the old session ends, the new one is in memory only
    clean = true;
    expiry = is_watcher ? expiry : 0;
  }
  client.connect(peer, clean && !is_watcher, expiry,
                 *std::min_element(timers_run_.begin(), timers_run_.end()));
}

void Schedule::publish(ModelClient& client) {
  ModelClient::Publication publication;
  publication.qos = static_cast<QoS>(random_.below(3));
  publication.topic = random_.pick(kTopics);
  publication.size = random_.chance(10) ? random_.below(9000) : random_.below(60);
  if (keeping_up_ && random_.chance(90)) {
    publication.qos = QoS::AtLeastOnce;
  } else if (random_.chance(15)) {
    // A topic of its own and one QoS for it, so that the order of its retained messages is known.
    publication.topic =
        "r/" + client.profile().client_id + "/" + std::to_string(static_cast<int>(publication.qos));
    publication.retain = true;
    publication.clears = random_.chance(20);
  } else if (client.profile().version == Version::Mqtt5 && random_.chance(10)) {
    publication.expiry = static_cast<std::uint32_t>(1 + random_.below(20));
  }
  client.publish(publication);
}

void Schedule::subscribe(ModelClient& client) {
  Stay stay;
  stay.qos = static_cast<QoS>(random_.below(3));
  if (random_.chance(30)) {
    stay.share_name = random_.pick(kShareNames);
    stay.bare = random_.pick(kSharedFilters);
    stay.filter = "$share/" + stay.share_name + "/" + stay.bare;
  } else {
    stay.bare = random_.pick(kFilters);
    stay.filter = stay.bare;
  }
  if (client.profile().version == Version::Mqtt5) {
    stay.no_local = stay.share_name.empty() && random_.chance(20);
    stay.retain_as_published = random_.chance(20);
    stay.identifier = static_cast<std::uint32_t>(random_.below(4));
  }
  client.subscribe(stay, static_cast<wire::RetainHandling>(random_.below(3)));
}

void Schedule::unsubscribe(ModelClient& client) {
  std::vector<std::string> open;
  for (const Stay& stay : client.book().stays()) {
    const bool watched = &client == clients_.front().get() && stay.filter == "w/#";
    if (!stay.left && !watched) open.push_back(stay.filter);
  }
  if (!open.empty()) client.unsubscribe(open[random_.below(open.size())]);
}

void Schedule::receive(ModelClient& client) {
  if (!client.has_connection()) return;
  client.make_room(random_.chance(50) ? random_.below(100) : random_.below(5000));
  client.receive(random_.chance(50) ? 1 + random_.below(100) : std::string::npos);
}

}  // namespace hermod::sim
