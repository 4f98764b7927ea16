#include "tests/sim/delayed_story.h"

#include <algorithm>
#include <string>
#include <utility>

namespace hermod::sim {

using namespace std::chrono_literals;
using wire::QoS;

namespace {

constexpr int kLongestDelay = 30;
/// The store has whole microseconds.
constexpr std::chrono::microseconds kRounding{1};

broker::Options with_room(broker::Options options, Random& random) {
  static constexpr std::uint32_t kWindowsOfDelayed[] = {2, 5, 500};
  options.session.queue.window_messages = random.pick(kWindowsOfDelayed);
  return options;
}

}  // namespace

DelayedStory::DelayedStory(std::uint64_t seed, Trouble trouble, std::size_t steps, Report& report)
    : Story(seed, trouble, steps, report,
            [](Random& random) { return with_room(random_options(random), random); }),
      sets_clock_(random_.chance(30)) {}

/// One receiver of each QoS; the first is for what must come once.
void DelayedStory::begin() {
  for (const char* name : {"at-qos-2", "at-qos-1", "at-qos-0"}) add_client(name, /*is_durable=*/true);
  senders_ = 1 + random_.below(3);
  for (std::size_t i = 0; i < senders_; ++i) add_client("sender-" + std::to_string(i), random_.chance(80));
  while (std::count(is_subscribed_.begin(), is_subscribed_.end(), true) < 3 && !report_.has_violation()) {
    for (std::size_t i = 0; i < 3; ++i) {
      if (!clients_[i]->has_connection()) clients_[i]->connect(stage_.connect());
      stage_.settle();
      clients_[i]->receive(std::string::npos);
    }
    if (!stage_.is_healthy()) stage_.repair();
  }
}

std::size_t DelayedStory::receiver_of(const StoryClient& client) const {
  return static_cast<std::size_t>(
      std::find_if(clients_.begin(), clients_.end(), [&](const auto& one) { return one.get() == &client; }) -
      clients_.begin());
}

void DelayedStory::on_connected(StoryClient& client, bool session_present) {
  const std::size_t receiver = receiver_of(client);
  if (receiver >= is_subscribed_.size()) return;
  if (is_subscribed_[receiver]) {
    if (!session_present) report_.violation(client.id() + " has lost its session");
    return;
  }
  client.subscribe("t/#", static_cast<QoS>(2 - receiver));
}

void DelayedStory::on_subscribed(StoryClient& client, bool is_granted) {
  const std::size_t receiver = receiver_of(client);
  is_subscribed_[receiver] = is_granted;
  if (!is_granted) client.subscribe("t/#", static_cast<QoS>(2 - receiver));
}

void DelayedStory::act() {
  if (sets_clock_ && random_.chance(1)) return set_clock();
  const std::size_t who = random_.below(clients_.size());
  StoryClient& client = *clients_[who];
  if (who >= is_subscribed_.size() && client.is_up() && random_.chance(30)) return send(who);
  let_act(client);
}

void DelayedStory::send(std::size_t sender) {
  StoryClient& client = *clients_[sender];
  if (client.in_flight() >= 8) return client.receive(std::string::npos);
  const auto qos = static_cast<QoS>(random_.below(3));
  Delayed one;
  one.sent = stage_.now();
  one.delay = std::chrono::seconds(random_.below(kLongestDelay + 1));
  one.crashes = crashes_;
  std::string time = std::to_string(one.delay.count());
  if (random_.chance(25)) {
    const auto now = std::chrono::floor<std::chrono::seconds>(stage_.broker().clock().wall());
    one.at = now + one.delay;
    time = std::to_string(one.at->time_since_epoch() / 1s);
  }
  delayed_.push_back(one);
  const std::size_t number = begin_message(sender, qos);
  report_.note("delays (message, seconds)", static_cast<std::int64_t>(number), one.delay.count());
  client.publish(number, "$delayed/" + time + "/t/" + std::to_string(sender), qos);
}

void DelayedStory::set_clock() {
  static constexpr int kJumps[] = {-100'000, -3600, -20, -5, 5, 20, 3600, 100'000};
  const std::chrono::seconds by(random_.pick(kJumps));
  report_.note("the wall clock is set (by seconds)", -1, -1, -1, std::to_string(by.count()));
  stage_.broker().clock().set_wall(by);
  settings_.push_back({stage_.now(), settings_.back().ahead + by});
}

void DelayedStory::on_crashed() {
  starts_.push_back(settings_.back().ahead);
}

void DelayedStory::look() {
  latest_ = std::max(latest_, stage_.broker().clock().wall());
}

void DelayedStory::on_answered(std::size_t number, bool is_taken) {
  delayed_[number].answered = stage_.now();
  Story::on_answered(number, is_taken);
}

void DelayedStory::on_message(StoryClient& client, const test::Arrived& message) {
  const std::size_t receiver = receiver_of(client);
  const std::size_t number = std::stoull(message.payload);
  Delayed& one = delayed_[number];
  const Told& told = told_[number];
  const std::string what = client.id() + " got " + name_of(number);
  if (told.fate == Fate::Refused) return report_.violation(what + ", which was refused");
  const Time due = one.sent + one.delay - may_be_early(one);
  if (one.at ? latest_ < *one.at : stage_.now() + kRounding < due)
    report_.violation(what + " before its time");
  if (!std::exchange(one.has_come[receiver], true)) order_[receiver].push_back(number);
  if (message.dup && message.qos == QoS::AtLeastOnce) return;
  const auto arrivals = ++one.arrivals[receiver];
  std::size_t most = 1;
  if (told.qos == QoS::AtLeastOnce) most += told.again;
  if (message.qos == QoS::AtLeastOnce) most += crashes_;  // the first copy may not have been seen to leave
  if (arrivals > most) report_.violation(what + " for the " + std::to_string(arrivals) + "th time");
}

/// Over a start a delay is held against the wall clock: as far as that was set ahead since the PUBLISH came,
/// the delay is shorter. When it came nobody knows here, but not before it was sent. A shard reads the clock
/// once in a tick: what comes behind the setting, in a tick that began before it, has the time before, as if
/// it had come before. So what was set at the very instant of the sending counts as well; a tick takes no
/// time here.
DelayedStory::Time DelayedStory::may_be_early(const Delayed& one) const {
  Time least = settings_.back().ahead;
  for (std::size_t i = settings_.size() - 1; i > 0 && settings_[i].at >= one.sent; --i)
    least = std::min(least, settings_[i - 1].ahead);
  Time early{};
  for (std::size_t i = one.crashes; i < starts_.size(); ++i) early = std::max(early, starts_[i] - least);
  return early;
}

bool DelayedStory::is_over() {
  set_clock_to_the_last();
  if (stage_.broker().delayed().taken() != 0) return false;
  const session::SessionDirectory& sessions = stage_.broker().directory();
  return std::all_of(clients_.begin(), clients_.begin() + 3, [&](const auto& receiver) {
    const auto session = sessions.find(receiver->id());
    return session && sessions.slots().fill(*session).messages == 0;
  });
}

/// Else what is due at a time of day might come in a day or so.
void DelayedStory::set_clock_to_the_last() {
  const WallTime now = stage_.broker().clock().wall();
  WallTime last = now;
  for (const Delayed& one : delayed_) last = std::max(last, one.at.value_or(now));
  if (last == now) return;
  stage_.broker().clock().set_wall(last - now);
  look();
}

void DelayedStory::check() {
  for (std::size_t number = 0; number < told_.size(); ++number) {
    if (told_[number].fate != Fate::Taken) continue;
    for (std::size_t receiver = 0; receiver < 2; ++receiver)
      if (!delayed_[number].has_come[receiver])
        report_.violation(clients_[receiver]->id() + " has not got " + name_of(number));
  }
  // A store that fails puts off some and not others, and so does a page that cannot be read.
  if (trouble_.disk_fails || stage_.has_failed_page() || settings_.size() > 1) return;
  for (std::size_t receiver = 0; receiver < order_.size(); ++receiver) check_order(receiver);
}

/// What was certainly stored before another was due, and was certainly due before it, comes before it. Of one
/// QoS, and of those that were sent once.
void DelayedStory::check_order(std::size_t receiver) {
  for (std::size_t i = 0; i < order_[receiver].size(); ++i) {
    const Delayed& later = delayed_[order_[receiver][i]];
    const Told& told = told_[order_[receiver][i]];
    if (later.at || told.again > 0) continue;
    for (std::size_t j = i + 1; j < order_[receiver].size(); ++j) {
      const std::size_t number = order_[receiver][j];
      const Delayed& earlier = delayed_[number];
      if (earlier.at || told_[number].fate != Fate::Taken || told_[number].again > 0) continue;
      if (told_[number].qos != told.qos) continue;
      const bool was_there = earlier.answered < later.sent + later.delay;
      if (was_there && earlier.answered + earlier.delay < later.sent + later.delay)
        report_.violation(clients_[receiver]->id() + " got " + name_of(order_[receiver][i]) + " before " +
                          name_of(number) + ", which was due earlier");
    }
  }
}

}  // namespace hermod::sim
