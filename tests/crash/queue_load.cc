#include "tests/crash/queue_load.h"

#include <algorithm>

namespace hermod::crash {

using support::Settings;
using support::Version;

namespace {

using Order = QueueRules::Order;
using Overflow = QueueRules::Overflow;

constexpr std::uint64_t kMaxDeliveries = 3;
constexpr std::chrono::milliseconds kTtl{150};

/// Where the publisher of a watched queue sends to.
std::string topic_of(const std::string& watched) {
  return "only/" + watched;
}

}  // namespace

Settings QueueLoad::settings() {
  // What a start finds is partly in the tables and partly in the journal.
  Settings all{{"store.checkpoint_size", "1MiB"}};
  const auto add = [&](const std::string& queue, const std::string& bind, Settings more) {
    all.emplace_back("queues." + queue + ".bind", bind);
    for (auto& [key, value] : more) all.emplace_back("queues." + queue + "." + key, value);
  };
  const std::string deliveries = std::to_string(kMaxDeliveries);
  const std::string length = std::to_string(QueueLoad::kMaxLength);
  // What is not meant to time out never does, however slow the machine.
  const std::pair<std::string, std::string> never{"ack_timeout", "1h"};
  add("keyed", "many/#",
      {never, {"lanes", "4"}, {"retry", "10ms"}, {"max_deliveries", deliveries}, {"seq", "detect"}});
  add("free", "many/#",
      {never, {"order", "none"}, {"retry", "10ms"}, {"max_deliveries", "1000"}, {"flush", "sync"}});
  add("once", "many/#", {never, {"retry", "10ms"}, {"max_deliveries", deliveries}});
  add("picked", "many/#", {never, {"match", "all:tags=a&part<2"}, {"order", "none"}});
  add("strict", "strict/#", {never, {"order", "strict"}, {"retry", "5ms"}, {"max_deliveries", "1000"}});
  add("zero", "zero/#", {never, {"order", "strict"}});
  add("late", "late/#",
      {{"ack_timeout", "50ms"}, {"order", "none"}, {"retry", "5ms"}, {"max_deliveries", "1000"}});
  add("unique", "unique/#", {never, {"dedup_window", "1h"}, {"order", "none"}});
  add("brief", topic_of("brief"), {never, {"order", "none"}, {"ttl", std::to_string(kTtl.count()) + "ms"}});
  add("latest", topic_of("latest"), {never, {"last_value", "true"}});
  add("full", "full/#", {never, {"max_length", length}});
  for (const char* overflow : {"drop-oldest", "drop-newest", "dead-letter"})
    add(overflow, topic_of(overflow),
        {never, {"order", "strict"}, {"max_length", length}, {"overflow", overflow}});
  return all;
}

void QueueLoad::add_rules() {
  const auto add = [&](QueueRules rules) { ledger_.add(std::move(rules)); };
  const auto add_dead = [&](const std::string& of, const std::string& prefix, std::set<std::string> reasons) {
    ledger_.add({.name = of + ".dlq", .prefix = prefix, .dead_of = of, .reasons = std::move(reasons)});
  };
  add({.name = "session", .prefix = "many/", .is_session = true});
  add({.name = "keyed",
       .prefix = "many/",
       .order = Order::Key,
       .max_deliveries = kMaxDeliveries,
       .redriven = true,
       .reasons = {"rejected", "delivery_limit"}});
  add_dead("keyed", "many/", {"rejected", "delivery_limit"});
  add({.name = "free", .prefix = "many/"});
  add({.name = "once",
       .prefix = "many/",
       .order = Order::Key,
       .max_deliveries = kMaxDeliveries,
       .exactly_once = true});
  add_dead("once", "many/", {"rejected", "delivery_limit"});
  add({.name = "picked", .prefix = "many/", .only_tagged = true});
  add({.name = "strict", .prefix = "strict/", .order = Order::Strict});
  add({.name = "zero", .prefix = "zero/", .order = Order::Strict, .at_most_once = true});
  add({.name = "late", .prefix = "late/", .lapses = true});
  add({.name = "unique", .prefix = "unique/", .dedup = true});
  add({.name = "brief", .prefix = topic_of("brief"), .ttl = kTtl});
  add_dead("brief", topic_of("brief"), {"expired"});
  add({.name = "latest", .prefix = topic_of("latest"), .last_value = true});
  add({.name = "full", .prefix = "full/", .max_length = QueueLoad::kMaxLength});
  const auto add_full = [&](const char* name, Overflow overflow) {
    add({.name = name,
         .prefix = topic_of(name),
         .order = Order::Strict,
         .max_length = QueueLoad::kMaxLength,
         .overflow = overflow});
  };
  add_full("drop-oldest", Overflow::DropOldest);
  add_full("drop-newest", Overflow::DropNewest);
  add_full("dead-letter", Overflow::DeadLetter);
  add_dead("dead-letter", topic_of("dead-letter"), {"maxlen"});
}

const std::vector<std::string>& QueueLoad::watched() {
  static const std::vector<std::string> all{"brief", "latest", "drop-oldest", "drop-newest", "dead-letter"};
  return all;
}

const std::vector<std::string>& QueueLoad::queues() {
  static const std::vector<std::string> all{
      "keyed",  "keyed.dlq",   "free",        "free.dlq",    "once",           "once.dlq",  "picked",
      "strict", "zero",        "late",        "unique",      "brief",          "brief.dlq", "full",
      "latest", "drop-oldest", "drop-newest", "dead-letter", "dead-letter.dlq"};
  return all;
}

QueueSource& QueueLoad::publish(const std::string& id, QueueSource::Role role) {
  auto source = std::make_unique<QueueSource>(port_, id, std::move(role), ledger_);
  sources_.push_back(source.get());
  clients_.push_back(std::move(source));
  return *sources_.back();
}

QueueWorker& QueueLoad::consume(const std::string& id, QueueWorker::Role role) {
  auto worker = std::make_unique<QueueWorker>(port_, id, std::move(role), ledger_);
  workers_.push_back(worker.get());
  clients_.push_back(std::move(worker));
  return *workers_.back();
}

void QueueLoad::consume_in_turns(const std::string& queue) {
  in_turns_.push_back(&consume(queue + "-1", {.queue = queue, .filter = "$queue/" + queue}));
}

void QueueLoad::start() {
  add_rules();
  consume("session", {.queue = "session", .filter = "many/#", .qos = 2});
  for (const char* n : {"1", "2"}) {
    consume(std::string("keyed-") + n,
            {.queue = "keyed", .filter = "$queue/keyed", .returns = true, .rejects = true});
    consume(std::string("once-") + n,
            {.queue = "once", .filter = "$queue/once", .qos = 2, .returns = true, .rejects = true});
  }
  for (const std::uint64_t part : {0, 1}) {
    const std::string id = "free-" + std::to_string(part);
    ledger_.narrow(id, part);
    consume(id, {.queue = "free",
                 .filter = "$queue/free?part=" + std::to_string(part),
                 .returns = true,
                 .leaves = true});
  }
  consume("picked-1", {.queue = "picked", .filter = "$queue/picked"});
  consume("strict-1", {.queue = "strict", .filter = "$queue/strict", .returns = true, .leaves = true});
  consume("strict-2",
          {.queue = "strict", .filter = "$queue/strict", .version = Version::V311, .returns = true});
  consume("zero-1", {.queue = "zero", .filter = "$queue/zero", .qos = 0});
  consume("late-1", {.queue = "late", .filter = "$queue/late", .is_slow = true});
  consume("late-2", {.queue = "late", .filter = "$queue/late", .qos = 2, .is_slow = true});
  consume("unique-1", {.queue = "unique", .filter = "$queue/unique", .leaves = true});
  for (const std::string& queue : watched()) consume_in_turns(queue);
  consume_in_turns("full");
  for (const char* queue : {"once", "brief", "dead-letter"}) {
    const std::string dead = std::string(queue) + ".dlq";
    consume(dead + "-1", {.queue = dead, .filter = "$queue/" + dead});
  }
  // The other half of what is dead is given back.
  consume("keyed.dlq-1", {.queue = "keyed.dlq", .filter = "$queue/keyed.dlq?end=bury"});
  undertakers_.push_back(&consume("keyed.dlq-2", {.queue = "keyed.dlq", .filter = "$queue/keyed.dlq"}));
  undertakers_.back()->hold();
  for (auto& client : clients_) client->start();
}

bool QueueLoad::is_subscribed() const {
  return std::all_of(workers_.begin(), workers_.end(), [&](const QueueWorker* worker) {
    return worker->is_subscribed() ||
           std::find(undertakers_.begin(), undertakers_.end(), worker) != undertakers_.end();
  });
}

void QueueLoad::begin() {
  for (const char* n : {"0", "1", "2"})
    publish(std::string("many-") + n, {.topic = std::string("many/") + n,
                                       .qos = static_cast<std::uint8_t>(n[0] == '0' ? 1 : 2),
                                       .waits_for = {"keyed", "free", "once", "picked", "session"}});
  for (const auto& [name, repeats] :
       {std::pair("strict", false), {"late", false}, {"unique", true}, {"full", false}})
    for (const std::uint8_t qos : {std::uint8_t{1}, std::uint8_t{2}}) {
      const std::string n = std::to_string(qos);
      publish(name + ("-source-" + n),
              {.topic = name + ("/" + n), .qos = qos, .repeats = repeats, .waits_for = {name}, .pause = 2ms});
    }
  publish("zero-source", {.topic = "zero/2", .qos = 2, .waits_for = {"zero"}, .pause = 2ms});
  for (const std::string& queue : watched())
    watched_sources_[queue] =
        &publish(queue + "-source", {.topic = topic_of(queue), .qos = 2, .waits_for = {}, .pause = 5ms});
  for (QueueSource* source : sources_) source->start();
}

bool QueueLoad::has_begun() const {
  return std::all_of(sources_.begin(), sources_.end(),
                     [&](const auto* source) { return ledger_.has_acknowledged(source->topic()); });
}

void QueueLoad::hold_consumers() {
  for (QueueWorker* worker : in_turns_) worker->hold();
}

void QueueLoad::release_consumers() {
  for (QueueWorker* worker : in_turns_) worker->release();
}

void QueueLoad::pause_watched() {
  for (auto& [queue, source] : watched_sources_) source->finish();
}

bool QueueLoad::is_watched_quiet() const {
  return std::all_of(watched_sources_.begin(), watched_sources_.end(),
                     [](const auto& one) { return one.second->is_idle(); });
}

void QueueLoad::resume_watched() {
  for (auto& [queue, source] : watched_sources_) source->go_on();
}

std::uint64_t QueueLoad::next_of(const std::string& watched) const {
  return ledger_.sent_count(topic_of(watched));
}

void QueueLoad::finish() {
  for (QueueSource* source : sources_) source->finish();
}

bool QueueLoad::is_finished() const {
  return std::all_of(sources_.begin(), sources_.end(), [](const auto* source) { return source->is_idle(); });
}

void QueueLoad::empty_dead_letters() {
  for (QueueWorker* worker : undertakers_) worker->release();
}

void QueueLoad::stop() {
  for (auto& client : clients_) client->stop();
}

}  // namespace hermod::crash
