// The end of a schedule: everything comes to rest, then the promises are checked.

#include <algorithm>
#include <string>

#include "broker/shard.h"
#include "tests/sim/schedule.h"

namespace hermod::sim {

namespace {

/// Rounds in which a broker with nothing new to do must come to rest.
constexpr int kMostRounds = 4000;
/// Rounds without any change that count as rest.
constexpr int kQuietRounds = 5;
constexpr std::chrono::milliseconds kRound{20};
/// After this time a shard has read again what it could not read.
constexpr std::chrono::seconds kReadAgain{2};

}  // namespace

void Schedule::watch_ends() {
  for (const auto& client : clients_) client->watch_ends();
  if (broker_->counted(Counter::PublishRefused) + broker_->counted(Counter::DroppedQueueFull) > 0)
    ledger_.expect_refusals();
  if (!broker_->has_commits_in_flight() && !broker_->owes_records()) durable_ = report_.moment().step;
}

/// Client 0 subscribes to every will before anything else happens.
void Schedule::begin_watching() {
  ModelClient& watcher = *clients_.front();
  connect(watcher, false);
  Stay stay;
  stay.filter = stay.bare = "w/#";
  stay.qos = wire::QoS::ExactlyOnce;
  for (int round = 0; round < 3; ++round) {
    ++report_.moment().step;
    broker_->settle();
    watcher.make_room(10'000);
    broker_->settle();
    watcher.receive(std::string::npos);
    if (round == 0) watcher.subscribe(stay, wire::RetainHandling::DoNotSend);
  }
}

bool Schedule::poll_all() {
  bool any = false;
  for (const auto& peer : network_.alive()) {
    if (!peer->has_finished()) peer->make_room(std::size_t{1} << 16);
    any |= peer->transport()->on_ready();
  }
  return any;
}

void Schedule::round_of_rest(ModelClient& client) {
  if (!client.has_connection()) connect(client, false);
  client.receive(std::string::npos);
  client.answer(1000);
  if (!client.is_up()) return;
  if (random_.chance(2)) client.go_on();
  if (client.profile().keep_alive != 0 && report_.moment().step % 101 == 0) client.ping();
  for (const Stay& stay : client.book().stays()) {
    if (stay.left || !stay.leaving || client.has_requests()) continue;
    client.unsubscribe(stay.filter);  // the first one was lost with its connection
    break;
  }
}

bool Schedule::is_at_rest() const {
  return !broker_->has_commits_in_flight() && !broker_->owes_records() && broker_->pages().asked() == 0 &&
         std::all_of(clients_.begin(), clients_.end(),
                     [](const auto& client) { return client->is_at_rest(); });
}

bool Schedule::come_to_rest() {
  report_.note("the schedule comes to rest");
  for (const auto& client : clients_) client->be_patient();
  // A shard may only just hear that a page could not be read.
  const auto earliest = now() + (some_page_failed_ ? kReadAgain : std::chrono::seconds{0});
  int quiet = 0;
  for (int round = 0; round < kMostRounds && !report_.has_violation(); ++round) {
    ++report_.moment().step;
    poll_all();
    for (std::size_t i = 0; i < broker_->shard_count(); ++i) {
      broker_->run_timers(i);
      broker_->step(i);
      timers_run_[i] = now();
    }
    broker_->commit();
    broker_->pages().answer();
    if (!broker_->committer().healthy()) {
      ledger_.disturb();
      open_journal_again();
    }
    watch_ends();
    for (const auto& client : clients_) round_of_rest(*client);
    broker_->clock().advance(kRound);
    report_.moment().time = now();
    quiet = now() >= earliest && is_at_rest() ? quiet + 1 : 0;
    if (quiet == kQuietRounds) return true;
  }
  std::string who;
  for (const auto& client : clients_) {
    if (!client->is_at_rest()) who += " " + client->profile().client_id + " (" + client->unrest() + ")";
    if (const auto session = broker_->directory().find(client->profile().client_id))
      who += " queue " + std::to_string(broker_->directory().slots().fill(*session).messages);
  }
  for (const Counter counter : {Counter::PublishRefused, Counter::DroppedQueueFull, Counter::ProtocolErrors,
                                Counter::ReceiveMaximumExceeded, Counter::ConnectionsRefused})
    who += ", " + std::string(counter_name(counter)) + " " + std::to_string(broker_->counted(counter));
  report_.violation("it does not come to rest:" + who);
  return false;
}

void Schedule::check_promises() {
  std::vector<const SubscriptionBook*> books;
  for (const auto& client : clients_) books.push_back(&client->book());
  const bool nothing_dropped = broker_->counted(Counter::DroppedQueueFull) == 0;
  const bool nothing_lost = nothing_dropped && !ledger_.is_disturbed();
  if (broker_->options().session.queue.overflow == queue::Overflow::Reject) {
    ledger_.check_everybody_got_everything(books);
    ledger_.check_groups(books);
  }
  ledger_.check_wills(0, nothing_lost);
  check_retained();
  if (nothing_lost) check_retained_arrived(books);
  check_queues();
  if (!ledger_.is_disturbed() && broker_->counted(Counter::StrayAcks) != 0)
    report_.violation("an answer of a correct client was called stray");
  if (broker_->counted(Counter::ProtocolErrors) + broker_->counted(Counter::ReceiveMaximumExceeded) != 0)
    report_.violation("a correct client was accused");
}

/// Nothing waits, so no queue may count anything.
void Schedule::check_queues() {
  for (const auto& client : clients_) {
    const auto session = broker_->directory().find(client->profile().client_id);
    if (!session) {
      report_.violation(client->profile().client_id + " is connected and has no session");
      continue;
    }
    const auto fill = broker_->directory().slots().fill(*session);
    if (fill.messages != 0 || fill.bytes != 0)
      report_.violation("the empty queue of " + client->profile().client_id + " counts " +
                        std::to_string(fill.messages) + " messages, " + std::to_string(fill.bytes) +
                        " bytes");
  }
  std::size_t sessions = 0;
  for (std::size_t i = 0; i < broker_->shard_count(); ++i) sessions += broker_->shard(i).session_count();
  if (sessions != clients_.size() || broker_->directory().count() != clients_.size())
    report_.violation(std::to_string(sessions) + " sessions for " + std::to_string(clients_.size()) +
                      " clients");
}

void Schedule::check_retained() {
  for (const std::string& topic : ledger_.retained_topics()) {
    const queue::MessagePtr message = broker_->retained().find(topic);
    ledger_.check_retained(topic,
                           message ? std::optional(std::string(as_text(message->payload()))) : std::nullopt);
  }
}

void Schedule::check_retained_arrived(const std::vector<const SubscriptionBook*>& books) {
  for (const std::string& topic : ledger_.retained_topics())
    if (const queue::MessagePtr message = broker_->retained().find(topic))
      ledger_.check_retained_arrived(topic, std::string(as_text(message->payload())), books);
}

/// Every client asks for a clean session that ends with its connection: then the broker holds nothing more.
void Schedule::end_all_sessions() {
  for (const auto& client : clients_) {
    client->connect_for_the_last_time(network_.add(broker_->connect(random_.below(broker_->shard_count()))));
  }
  const auto is_busy = [&] { return broker_->directory().count() > 0 || broker_->has_commits_in_flight(); };
  for (int round = 0; round < 2000 && is_busy(); ++round) {
    poll_all();
    for (std::size_t i = 0; i < broker_->shard_count(); ++i) {
      broker_->run_timers(i);
      broker_->step(i);
    }
    broker_->commit();
    broker_->pages().answer();
    broker_->clock().advance(kRound);
    report_.moment().time = now();
    for (const auto& client : clients_) {
      client->receive(std::string::npos);
      if (client->is_up()) client->leave(false);
    }
  }
  if (broker_->directory().count() != 0) report_.violation("a session outlived its end");
  if (broker_->subscriptions().subscription_count() != 0)
    report_.violation("a subscription outlived its session");
  for (std::size_t i = 0; i < broker_->shard_count(); ++i)
    if (broker_->shard(i).has_commits_in_flight()) report_.violation("a commit was never answered");
}

}  // namespace hermod::sim
