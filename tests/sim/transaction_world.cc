#include "tests/sim/transaction_world.h"

#include <algorithm>
#include <utility>

#include "broker/shard.h"
#include "wire/property_writer.h"

namespace hermod::test {

using namespace std::chrono_literals;
using wire::PacketType;
using wire::QoS;
using wire::ReasonCode;

namespace {

constexpr std::size_t kAnything = std::size_t{1} << 30;
constexpr std::size_t kOpenAtOnce = 4;
/// "sure" is stored by a queue that has to be asked, "plain" by one that has not; "other" by none.
constexpr const char* kTopics[] = {"shop/plain", "shop/sure", "shop/other"};
constexpr const char* kQueues[] = {"plain", "sure"};

}  // namespace

broker::Options TransactionWorld::options() {
  broker::Options options;
  options.threads = 2;
  options.allow_anonymous = true;
  options.session.queue.max_messages = 8;
  options.store.max_size = std::uint64_t{64} << 20;
  options.transactions.max_open_per_client = 3;
  options.transactions.max_messages = 6;
  options.transactions.check_max = 2;
  for (const char* name : kQueues) {
    queue::QueueDefinition definition;
    definition.name = name;
    definition.bind = {std::string("shop/") + name};
    definition.max_length = 4;
    definition.order = queue::QueueDefinition::Order::None;
    if (definition.name == "sure") definition.dedup_window = 1h;
    options.queues.configured.push_back(std::move(definition));
  }
  return options;
}

TransactionWorld::TransactionWorld(std::uint64_t seed) : random_(seed) {
  start();
}

void TransactionWorld::start() {
  broker_ = std::make_unique<SteppedBroker>(options(), ground());
  connect_all();
}

void TransactionWorld::say_wrong(const std::string& what) {
  if (fault_.empty()) fault_ = what;
}

FakeClient TransactionWorld::login(const std::string& client_id, std::size_t shard) {
  auto peer = broker_->connect(shard);
  peer->make_room(kAnything);
  FakeClient client(std::move(peer), wire::Version::Mqtt5);
  wire::Connect packet;
  packet.version = wire::Version::Mqtt5;
  packet.client_id = client_id;
  packet.clean_start = false;
  wire::PropertyWriter properties;
  properties.add(wire::PropertyId::SessionExpiryInterval, std::uint32_t{1'000'000});
  packet.properties = properties.properties();
  client.connect(packet);
  return client;
}

void TransactionWorld::connect_all() {
  producers_.clear();
  reader_.clear();
  for (std::size_t i = 0; i < 2; ++i) producers_.push_back(login("producer" + std::to_string(i), i));
  reader_.push_back(login("reader", 1));
  broker_->settle();
  if (seen_.empty()) reader_.back().subscribe({1}, {{"shop/#", QoS::AtLeastOnce}});
  settle();
}

/// Everything that can happen has, and the reader has acknowledged what it got.
void TransactionWorld::settle() {
  broker_->settle();
  read();
}

void TransactionWorld::read() {
  if (reader_.empty()) return;
  for (bool is_more = true; is_more;) {
    is_more = false;
    for (const Arrived& one : reader_.back().receive()) {
      if (one.type != PacketType::Publish) continue;
      if (seen_.try_emplace(one.payload, seen_.size() + 1).second) note("seen " + one.payload);
      reader_.back().ack(PacketType::Puback, one.id);
      is_more = true;
    }
    broker_->settle();
  }
}

// --- what happens ---

void TransactionWorld::step() {
  const std::size_t what = random_.below(100);
  if (what < 45) {
    prepare(/*is_cut=*/random_.chance(4));
  } else if (what < 72) {
    end(/*is_cut=*/random_.chance(12));
  } else if (what < 77) {
    crash(std::chrono::seconds(random_.below(3) * 100));
  } else if (what < 81) {
    break_store();
  } else if (what < 84) {
    drain(random_.pick(kQueues));
  } else if (what < 92) {
    if (reader_.empty()) {
      reader_.push_back(login("reader", random_.below(2)));
    } else {
      reader_.back().peer().drop(0);
      reader_.clear();
    }
  } else {
    constexpr std::chrono::seconds kTimes[] = {1s, 6s, 30s, 120s, 1000s};
    broker_->pass(random_.pick(kTimes), 10s);
    count("time passed");
  }
  settle();
  look();
}

/// One that is known; mostly one that its producer still works on.
std::string TransactionWorld::pick_id() {
  std::vector<std::string> open;
  std::vector<std::string> all;
  for (const auto& [id, transaction] : transactions_) {
    all.push_back(id);
    if (!transaction.is_decided) open.push_back(id);
  }
  const std::vector<std::string>& from = !open.empty() && random_.chance(80) ? open : all;
  return from.empty() ? std::string() : from[random_.below(from.size())];
}

void TransactionWorld::prepare(bool is_cut) {
  std::string id = pick_id();
  // Under an id that may be forgotten another one would begin.
  if (!id.empty() && !transactions_[id].messages.empty() && !is_remembered(transactions_[id])) id.clear();
  const auto open = static_cast<std::size_t>(std::count_if(
      transactions_.begin(), transactions_.end(), [](const auto& one) { return !one.second.is_decided; }));
  if (id.empty() || (open < kOpenAtOnce && random_.chance(40))) id = "t" + std::to_string(++named_);
  Transaction& transaction = transactions_[id];
  const std::string topic = random_.pick(kTopics);
  const std::string payload = id + "." + std::to_string(transaction.messages.size()) + "." + topic.substr(5);
  // A transaction is of one producer.
  const std::size_t producer = id.back() % 2 == 0 ? 0 : 1;
  const QoS qos = random_.chance(50) ? QoS::AtLeastOnce : QoS::ExactlyOnce;
  const std::string where = "$tx/" + id + "/prepare/" + topic;
  if (is_cut) {
    transaction.messages.push_back({topic, payload});
    say_and_crash(producer, where, payload, qos);
    if (qos == QoS::AtLeastOnce) return count("prepare cut");
    // At QoS 2 it is sent again, and is there once.
    const std::uint16_t id_again = packet_id_;
    wire::Publish packet;
    packet.topic = where;
    packet.payload = as_bytes(payload);
    packet.qos = qos;
    packet.dup = true;
    packet.id = wire::PacketId{id_again};
    producers_[producer].publish(packet);
    const Answer answer = answer_of(producers_[producer], id_again, qos);
    Message& message = transaction.messages.back();
    if (!answer) return say_wrong("no answer to " + payload + " sent again");
    message.is_sure = *answer == ReasonCode::Success;
    if (message.is_sure) {
      transaction.prepared_at = clock_.now();
    } else {
      transaction.messages.pop_back();
    }
    return count("prepare sent again");
  }
  const Answer answer = say(producer, where, payload, qos);
  if (!answer) return say_wrong("no answer to " + payload);
  if (*answer == ReasonCode::Success) {
    if (transaction.ended && is_remembered(transaction)) say_wrong("prepared behind the end: " + payload);
    transaction.messages.push_back({topic, payload, /*is_sure=*/true});
    transaction.prepared_at = clock_.now();
    count("prepared");
  } else {
    count("prepare refused");
  }
}

void TransactionWorld::end(bool is_cut) {
  const std::string id = pick_id();
  if (id.empty()) return;
  const End wanted = random_.chance(65) ? End::Commit : End::Rollback;
  Transaction& transaction = transactions_[id];
  transaction.is_decided = true;
  if (is_cut) {
    say_and_crash(random_.below(2), "$tx/" + id + (wanted == End::Commit ? "/commit" : "/rollback"), {},
                  QoS::AtLeastOnce);
    return count("end cut");
  }
  take_note(id, wanted, say_end(id, wanted));
}

TransactionWorld::Answer TransactionWorld::say_end(const std::string& id, End end) {
  const QoS qos = random_.chance(70) ? QoS::AtLeastOnce : QoS::ExactlyOnce;
  return say(random_.below(2), "$tx/" + id + (end == End::Commit ? "/commit" : "/rollback"), {}, qos);
}

/// What was said once stays so, as long as it is remembered.
void TransactionWorld::take_note(const std::string& id, End wanted, Answer answer) {
  Transaction& transaction = transactions_.at(id);
  if (!answer) return;
  const bool is_done = *answer == ReasonCode::Success;
  const std::string what = wanted == End::Commit ? "commit" : "rollback";
  count(what + (is_done ? " done" : *answer == ReasonCode::QuotaExceeded ? " refused, full" : " refused"));
  if (transaction.ended && is_remembered(transaction) && is_done != (*transaction.ended == wanted))
    say_wrong(what + " of " + id + " was answered otherwise before");
  if (!is_done || transaction.ended) return;
  transaction.ended = wanted;
}

bool TransactionWorld::is_remembered(const Transaction& transaction) const {
  return clock_.now() - transaction.prepared_at < 59min;
}

void TransactionWorld::crash(std::chrono::seconds down) {
  disk_.cut_power();
  broker_.reset();
  disk_.lose();
  clock_.advance(down);
  disk_.open();
  start();
  count("crash");
}

/// The next batch fails, and is on the disk all the same or is not; then somebody wants to end something.
void TransactionWorld::break_store() {
  const std::string id = pick_id();
  if (id.empty()) return;
  const bool is_hidden = random_.chance(50);
  disk_.journal().fail_after(0, Errc::Io,
                             is_hidden ? FaultyJournal::Trace::Whole : FaultyJournal::Trace::None);
  const std::size_t failures = disk_.journal().failures();
  const End wanted = random_.chance(80) ? End::Commit : End::Rollback;
  transactions_[id].is_decided = true;
  const Answer answer = say_end(id, wanted);
  if (disk_.journal().failures() == failures) {  // there was nothing to store
    disk_.journal().fail_after(~std::size_t{0});
    return take_note(id, wanted, answer);
  }
  const bool is_known = transactions_[id].ended && is_remembered(transactions_[id]);
  if (answer == ReasonCode::Success && !is_known) say_wrong("a store that failed said yes to " + id);
  if (random_.chance(50)) {
    crash(0s);
    return count("store failed, crash");
  }
  const auto next = disk_.store().reopen_journal();
  if (!next) return say_wrong("the journal cannot be opened again");
  broker_->committer().resume(*next);
  broker_->pass(2s);
  connect_all();
  count("store failed, mended");
}

/// Takes all that a queue has, for good.
void TransactionWorld::drain(const std::string& queue) {
  FakeClient worker = login("worker", random_.below(2));
  broker_->settle();
  worker.subscribe({1}, {{"$queue/" + queue, QoS::AtLeastOnce}});
  for (bool is_more = true; is_more;) {
    is_more = false;
    broker_->settle();
    for (const Arrived& one : worker.receive()) {
      if (one.type != PacketType::Publish) continue;
      ++taken_[queue][one.payload];
      note("taken " + one.payload);
      worker.ack(PacketType::Puback, one.id);
      is_more = true;
    }
  }
  worker.unsubscribe({2}, {"$queue/" + queue});
  broker_->settle();
  worker.disconnect();
  broker_->settle();
  count("drained");
}

TransactionWorld::Answer TransactionWorld::say(std::size_t producer, const std::string& topic,
                                               const std::string& payload, QoS qos) {
  wire::Publish packet;
  packet.topic = topic;
  packet.payload = as_bytes(payload);
  packet.qos = qos;
  packet.id = wire::PacketId{++packet_id_};
  note(topic + " " + payload);
  producers_[producer].publish(packet);
  return answer_of(producers_[producer], packet_id_, qos);
}

TransactionWorld::Answer TransactionWorld::answer_of(FakeClient& client, std::uint16_t id, QoS qos) {
  const PacketType wanted = qos == QoS::AtLeastOnce ? PacketType::Puback : PacketType::Pubrec;
  broker_->settle();
  Answer answer;
  for (const Arrived& one : client.receive())
    if (one.type == wanted && one.id.v == id) answer = one.reason;
  if (answer && *answer == ReasonCode::Success && qos == QoS::ExactlyOnce) {
    client.ack(PacketType::Pubrel, wire::PacketId{id});
    broker_->settle();
    client.receive();
  }
  return answer;
}

/// The broker crashes when it has come so far as chance says.
void TransactionWorld::say_and_crash(std::size_t producer, const std::string& topic,
                                     const std::string& payload, QoS qos) {
  wire::Publish packet;
  packet.topic = topic;
  packet.payload = as_bytes(payload);
  packet.qos = qos;
  packet.id = wire::PacketId{++packet_id_};
  note(topic + " " + payload + ", and a crash");
  producers_[producer].publish(packet);
  for (std::size_t left = random_.below(16); left > 0; --left) {
    switch (random_.below(3)) {
      case 0:
        broker_->settle_shards();
        break;
      case 1:
        broker_->pages().answer();
        break;
      default:
        broker_->commit();
        break;
    }
  }
  crash(0s);
}

// --- what has to be true ---

void TransactionWorld::look() {
  if (reader_.empty()) return;
  for (const auto& [id, transaction] : transactions_) look_at(id, transaction);
}

/// The reader has read all there is for it: of a transaction that is all of it, in order, or nothing.
void TransactionWorld::look_at(const std::string& id, const Transaction& transaction) {
  std::size_t last = 0;
  bool is_any = false;
  for (const Message& message : transaction.messages) {
    const auto found = seen_.find(message.payload);
    if (found == seen_.end()) continue;
    is_any = true;
    if (found->second < last) say_wrong("out of order: " + message.payload);
    last = found->second;
  }
  if (transaction.ended == End::Rollback && is_any) say_wrong("rolled back and seen: " + id);
  if (transaction.ended == End::Commit && !is_any && !transaction.messages.empty() &&
      std::any_of(transaction.messages.begin(), transaction.messages.end(),
                  [](const Message& message) { return message.is_sure; }))
    say_wrong("committed and not seen: " + id);
  if (!is_any) return;
  for (const Message& message : transaction.messages)
    if (message.is_sure && !seen_.contains(message.payload)) say_wrong("half seen: " + message.payload);
}

/// Some are ended by their producers, of the others nothing is heard.
void TransactionWorld::finish() {
  if (reader_.empty()) reader_.push_back(login("reader", 0));
  settle();
  const bool is_silent = random_.chance(30);
  if (is_silent) {
    broker_->pass(20min, 10s);
    settle();
    if (broker_->transactions().open() != 0) say_wrong("one of which nothing is heard does not end");
  }
  for (auto& [id, transaction] : transactions_) {
    for (const char* queue : kQueues) drain(queue);
    if (transaction.ended) continue;
    Answer answer = say_end(id, End::Commit);
    take_note(id, End::Commit, answer);
    // The first commit behind a message that was refused is refused too.
    for (int again = 0; again < 2 && !transaction.ended && answer == ReasonCode::ImplementationSpecificError;
         ++again) {
      answer = say_end(id, End::Commit);
      take_note(id, End::Commit, answer);
    }
    settle();
    if (answer == ReasonCode::QuotaExceeded) take_note(id, End::Rollback, say_end(id, End::Rollback));
  }
  for (const char* queue : kQueues) drain(queue);
  settle();
  look();
  if (broker_->transactions().open() != 0) say_wrong("one is open at the end");
  for (const auto& [id, transaction] : transactions_) check_end(id, transaction);
}

/// Queues have it exactly once, or not at all.
void TransactionWorld::check_end(const std::string& id, const Transaction& transaction) {
  const bool is_seen = std::any_of(transaction.messages.begin(), transaction.messages.end(),
                                   [&](const Message& message) { return seen_.contains(message.payload); });
  for (const Message& message : transaction.messages) {
    const std::string queue = message.topic.substr(5);
    if (queue == "other") continue;
    const int times = taken_[queue].contains(message.payload) ? taken_[queue].at(message.payload) : 0;
    const int wanted = seen_.contains(message.payload) ? 1 : 0;
    if (times != wanted)
      say_wrong(message.payload + " is " + std::to_string(times) + " times in its queue, and not " +
                std::to_string(wanted));
  }
  if (transaction.ended == End::Commit && !transaction.messages.empty() && !is_seen &&
      transaction.messages.front().is_sure)
    say_wrong("committed, and nobody has " + id);
}

}  // namespace hermod::test
