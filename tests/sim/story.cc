#include "tests/sim/story.h"

#include <algorithm>
#include <utility>

#include "broker/shard.h"

namespace hermod::sim {

using namespace std::chrono_literals;

namespace {

constexpr std::size_t kMostCrashesOfStory = 3;
constexpr unsigned kStepsPerCheckpointOfStory = 200;
/// Rounds in which a story must come to rest, and of rest.
constexpr int kMostRoundsOfStory = 600;
constexpr int kQuietRoundsOfStory = 3;
constexpr std::chrono::milliseconds kRoundOfStory{300};

}  // namespace

Story::Story(std::uint64_t seed, Trouble trouble, std::size_t steps, Report& report,
             broker::Options (*options)(Random&))
    : random_(seed),
      report_(report),
      trouble_(trouble),
      stage_(options(random_), trouble, random_, report),
      steps_(steps) {
  if (trouble_.disk_fails) stage_.plan_failure();
  if (!trouble_.broker_crashes) return;
  for (std::size_t count = 1 + random_.below(kMostCrashesOfStory); count > 0; --count)
    crash_at_.push_back(1 + random_.below(steps_));
  std::sort(crash_at_.rbegin(), crash_at_.rend());
}

broker::Options Story::random_options(Random& random) {
  static constexpr std::uint32_t kBuffersOfStory[] = {1024, 8192, 1U << 20};
  static constexpr std::uint16_t kInFlight[] = {1, 3, 100};
  static constexpr std::chrono::milliseconds kWaits[] = {0ms, 2ms};
  static constexpr store::Flush kFlushesOfStory[] = {
      {}, {}, {store::Flush::When::Interval, 100ms}, {store::Flush::When::Memory, {}}};
  broker::Options options;
  options.allow_anonymous = true;
  options.threads = static_cast<std::uint16_t>(1 + random.below(3));
  options.limits.outbound_buffer = random.pick(kBuffersOfStory);
  options.session.max_inflight = random.pick(kInFlight);
  options.session.receive_maximum = 10;
  options.session.takeovers_per_minute = 100'000;
  options.store.max_size = std::uint64_t{64} << 20;
  options.store.max_group_bytes = random.chance(50) ? 512 : std::size_t{1} << 20;
  options.store.elide_wait = random.pick(kWaits);
  options.store.flush = random.pick(kFlushesOfStory);  // a crash leaves what is written
  return options;
}

StoryClient& Story::add_client(const std::string& id, bool is_durable) {
  clients_.push_back(std::make_unique<StoryClient>(id, is_durable, *this, report_));
  return *clients_.back();
}

bool Story::run() {
  begin();
  while (report_.moment().step < steps_ && !report_.has_violation()) {
    ++report_.moment().step;
    random_step();
    watch_store();
    look();
  }
  if (!report_.has_violation()) come_to_rest();
  if (!report_.has_violation()) check();
  if (!report_.has_violation() && stage_.broker().counted(Counter::ProtocolErrors) != 0)
    report_.violation("a correct client was accused");
  return !report_.has_violation();
}

void Story::random_step() {
  if (trouble_.broker_crashes && random_.below(kStepsPerCheckpointOfStory) == 0) stage_.checkpoint();
  if (!crash_at_.empty() && crash_at_.back() <= report_.moment().step) {
    crash_at_.pop_back();
    return crash();
  }
  const std::size_t what = random_.below(100);
  if (what < 50) return stage_.move();
  if (what < 54) return pass_time();
  act();
}

void Story::pass_time() {
  static constexpr std::int64_t kMillisecondsOfStory[] = {1, 10, 100, 100, 1000, 3000, 12'000};
  stage_.pass(std::chrono::milliseconds(random_.pick(kMillisecondsOfStory)));
}

void Story::watch_store() {
  if (!stage_.has_failed() || stage_.is_healthy() || !random_.chance(5)) return;
  stage_.repair();
  refused_.clear();
  if (random_.chance(50)) stage_.plan_failure();
}

/// Some hear that they were refused with the last bytes of the connection.
void Story::crash() {
  const bool may_hide = stage_.may_hide();
  ++crashes_;
  stage_.crash();
  for (const auto& client : clients_) client->lose_broker();
  if (may_hide)
    for (const std::size_t number : refused_) told_[number].fate = Fate::Uncertain;
  refused_.clear();
  if (trouble_.disk_fails && random_.chance(50)) stage_.plan_failure();
  on_crashed();
}

void Story::let_act(StoryClient& client) {
  if (!client.has_connection()) {
    if (random_.chance(60)) client.connect(stage_.connect());
    return;
  }
  const std::size_t what = random_.below(100);
  if (what < 50) return client.receive(random_.chance(50) ? 1 + random_.below(200) : std::string::npos);
  if (what < 96) return client.answer(1 + random_.below(4));
  if (what < 98) return client.drop(random_.below(300));
  if (client.is_up()) client.connect(stage_.connect());  // takes its own session over
}

std::size_t Story::begin_message(std::size_t writer, wire::QoS qos) {
  told_.push_back({.writer = writer, .qos = qos});
  return told_.size() - 1;
}

std::string Story::name_of(std::size_t number) const {
  return "message " + std::to_string(number) + " of writer " + std::to_string(told_[number].writer) +
         " at QoS " + std::to_string(static_cast<int>(told_[number].qos));
}

void Story::on_answered(std::size_t number, bool is_taken) {
  report_.note(is_taken ? "is acknowledged" : "is refused", static_cast<std::int64_t>(number));
  Told& told = told_[number];
  told.fate = is_taken ? Fate::Taken : told.again > 0 ? Fate::Uncertain : Fate::Refused;
  if (is_taken) ++taken_;
  if (!is_taken) refused_.push_back(number);
  if (!is_taken && !trouble_.disk_fails) report_.violation(name_of(number) + " was refused");
}

void Story::on_sent_again(std::size_t number) {
  ++told_[number].again;
}

void Story::on_abandoned(std::size_t number) {
  if (told_[number].fate == Fate::Open) told_[number].fate = Fate::Uncertain;
}

void Story::come_to_rest() {
  report_.note("the story comes to rest");
  const auto is_at_rest = [&] {
    return !stage_.broker().has_commits_in_flight() && !stage_.broker().owes_records() &&
           stage_.broker().pages().asked() == 0 && is_over() &&
           std::all_of(clients_.begin(), clients_.end(), [](const auto& client) {
             return client->is_up() && client->in_flight() == 0 && client->unanswered() == 0;
           });
  };
  int quiet = 0;
  for (int round = 0; round < kMostRoundsOfStory && quiet < kQuietRoundsOfStory; ++round) {
    ++report_.moment().step;
    if (!stage_.is_healthy()) {
      stage_.repair();
      refused_.clear();
    }
    for (const auto& client : clients_)
      if (!client->has_connection()) client->connect(stage_.connect());
    stage_.settle();
    for (const auto& client : clients_) {
      client->receive(std::string::npos);
      client->answer(std::string::npos);
    }
    stage_.settle();
    stage_.pass(kRoundOfStory);
    look();
    if (report_.has_violation()) return;
    quiet = is_at_rest() ? quiet + 1 : 0;
  }
  if (quiet == kQuietRoundsOfStory) return;
  std::string who;
  for (const auto& client : clients_)
    if (!client->is_up() || client->in_flight() + client->unanswered() > 0)
      who += " " + client->id() + (client->is_up() ? "" : " (down)");
  report_.violation("it does not come to rest:" + who);
}

}  // namespace hermod::sim
