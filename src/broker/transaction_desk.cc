#include "broker/transaction_desk.h"

#include <algorithm>
#include <chrono>
#include <utility>
#include <vector>

#include "base/assert.h"
#include "base/log.h"
#include "broker/reason_for.h"
#include "broker/shard.h"
#include "queue/control_transaction.h"
#include "topic/limits.h"
#include "topic/topic_name.h"
#include "wire/property_writer.h"

namespace hermod::broker {

using queue::TransactionOutcome;
using queue::TransactionRefusal;

namespace {

constexpr std::string_view kGivenUpEvent = "txn/rolled-back";
/// Transactions whose producers are asked in one tick, and ends that are forgotten.
constexpr std::size_t kChecksOfTick = 64;
constexpr std::size_t kForgottenOfTick = 256;
/// What commits under way may have in memory; one goes on whatever it has.
constexpr std::uint64_t kMostUnderWay = std::uint64_t{16} << 20;

/// Without space nothing is left of a batch. After any other failure it may be whole on the disk until the
/// journal is opened again, so nobody knows.
TransactionRefusal refusal_of(Errc error) {
  return {reason_for(error, wire::PacketType::Puback), "it could not be stored", error != Errc::NoSpace};
}

queue::TransactionFacts facts_of(std::string_view id, const queue::TransactionTable::Open& open,
                                 MonotonicTime now) {
  return {id, open.group, open.messages.size(),
          std::chrono::duration_cast<std::chrono::seconds>(now - open.begun)};
}

/// What a check has besides its payload: where its answer goes, and what it is an answer to.
std::string check_properties(std::string_view id) {
  wire::PropertyWriter said;
  said.add(wire::PropertyId::PayloadFormatIndicator, std::uint32_t{1});
  said.add(wire::PropertyId::ContentType, std::string_view("application/json"));
  said.add(wire::PropertyId::ResponseTopic, "$tx/" + std::string(id) + "/outcome");
  said.add(wire::PropertyId::CorrelationData, as_bytes(id));
  std::string out;
  wire::append_forwarded(said.properties().raw(), out);
  return out;
}

}  // namespace

TransactionDesk::TransactionDesk(Shard& shard, std::unique_ptr<queue::TransactionTable> table)
    : shard_(shard), table_(std::move(table)) {}

void TransactionDesk::adopt(std::unique_ptr<queue::TransactionTable> table) {
  table_ = std::move(table);
  go_on();
}

void TransactionDesk::on_told(ToTransactions& told) {
  if (const auto* ask = std::get_if<AskTransaction>(&told.message)) {
    take(*ask);
  } else if (auto* stored = std::get_if<TransactionPrepared>(&told.message)) {
    take(*stored);
  } else {
    const auto& failed = std::get<TransactionNotPrepared>(told.message);
    table_->on_not_prepared(failed.id, failed.size);
  }
  go_on();
}

void TransactionDesk::take(const AskTransaction& ask) {
  using Verb = queue::TransactionVerb;
  if (ask.verb == Verb::Prepare) {
    auto refusal = table_->prepare(ask.id, *ask.group, ask.client_id, ask.size, shard_.moment());
    if (refusal) shard_.counters_.add(Counter::TransactionsRefused);
    return shard_.tell(shard_of(ask.waiter), TransactionAnswered{ask.waiter, std::move(refusal)});
  }
  table_->end(ask.id,
              ask.verb == Verb::Commit ? TransactionOutcome::Committed : TransactionOutcome::RolledBack,
              ask.group, ask.waiter, shard_.moment(), ask.has_gap);
}

/// Its message is left to the store, where that can be read.
void TransactionDesk::take(TransactionPrepared& stored) {
  shard_.counters_.add(Counter::TransactionsPrepared);
  const std::string id = stored.prepared->id;
  const std::uint64_t size = stored.prepared->size();
  queue::TransactionTable::Prepared prepared{.seq = stored.seq};
  if (shard_.shared_.reader == nullptr) prepared.held = std::move(stored.prepared);
  table_->on_prepared(id, std::move(prepared), size);
}

/// What can be done now; a refusal may let others go on.
void TransactionDesk::go_on() {
  for (auto ready = table_->take_ready(); !ready.empty(); ready = table_->take_ready())
    for (const queue::TransactionTable::Ready& one : ready)
      one.wanted == TransactionOutcome::Committed ? commit(one.id) : roll_back(one.id);
  tell_answers();
  shard_.shared_.transactions.set_open(table_->open());
  shard_.schedule_deadlines();
}

void TransactionDesk::tell_answers() {
  for (queue::TransactionTable::Answer& answer : table_->take_answers()) {
    if (answer.refusal) shard_.counters_.add(Counter::TransactionsRefused);
    if (commands_.erase(answer.waiter) == 0) {
      shard_.tell(shard_of(answer.waiter), TransactionAnswered{answer.waiter, std::move(answer.refusal)});
      continue;
    }
    answer_command(ControlId{answer.waiter.v}, answer.refusal);
  }
}

// --- end ---

void TransactionDesk::roll_back(const std::string& id) {
  const queue::TransactionTable::Open& open = *table_->find(id);
  TransactionEnded work{.id = id, .outcome = TransactionOutcome::RolledBack};
  work.messages = static_cast<std::uint32_t>(open.messages.size());
  store::WriteBatch batch;
  for (const queue::TransactionTable::Prepared& one : open.messages)
    queue::erase_transaction_record(batch, one.seq);
  queue::append_transaction_end(batch, {id, work.outcome, shard_.wall()});
  shard_.submit(std::move(batch), std::nullopt, SessionId{}, std::move(work));
}

void TransactionDesk::commit(const std::string& id) {
  const bool fits = line_.empty() && bytes_ + table_->find(id)->bytes <= kMostUnderWay;
  fits || commits_.empty() ? begin_commit(id) : line_.push_back(id);
}

void TransactionDesk::begin_commit(const std::string& id) {
  const queue::TransactionTable::Open& open = *table_->find(id);
  bytes_ += open.bytes;
  auto begun = std::make_unique<TransactionCommit>(shard_, index_, id, open);
  TransactionCommit& commit = *commits_.emplace(id, std::move(begun)).first->second;
  follow(commit, commit.begin());
}

void TransactionDesk::follow(TransactionCommit& commit, TransactionCommit::Step step) {
  if (step != TransactionCommit::Step::Refused) return;
  const std::unique_ptr<TransactionCommit> refused = end_commit(commit.id());
  table_->on_not_ended(refused->id(), refused->refusal(), shard_.moment());
}

/// Who waits has its turn. One that is refused at once comes by here again, and whoever is at it goes on.
std::unique_ptr<TransactionCommit> TransactionDesk::end_commit(const std::string& id) {
  const auto found = commits_.find(id);
  HERMOD_ASSERT(found != commits_.end());
  std::unique_ptr<TransactionCommit> ended = std::move(found->second);
  bytes_ -= ended->bytes();
  commits_.erase(found);
  if (std::exchange(is_shortening_line_, true)) return ended;
  while (!line_.empty()) {
    const std::string next = line_.front();
    if (!commits_.empty() && bytes_ + table_->find(next)->bytes > kMostUnderWay) break;
    line_.pop_front();
    begin_commit(next);
  }
  is_shortening_line_ = false;
  return ended;
}

bool TransactionDesk::on_admission_answered(QueueId queue, AdmissionAnswered& answer) {
  const auto found = index_.waiters.find(answer.waiter);
  if (found == index_.waiters.end()) return false;
  TransactionCommit& commit = *found->second;
  follow(commit, commit.on_answer(queue, answer));
  go_on();
  return true;
}

bool TransactionDesk::on_go_on(queue::WaiterId waiter) {
  const auto found = index_.waiters.find(waiter);
  if (found == index_.waiters.end()) return false;
  TransactionCommit& commit = *found->second;
  follow(commit, commit.on_go_on(waiter));
  go_on();
  return true;
}

/// Of a commit that has been refused meanwhile nobody waits for the rest.
void TransactionDesk::on_page(PageRead& page) {
  const auto found = index_.reads.find(page.from);
  if (found == index_.reads.end()) return;
  const TransactionCommit::Index::Read read = found->second;
  index_.reads.erase(found);
  follow(*read.commit, read.commit->on_page(page, read.end));
  go_on();
}

void TransactionDesk::on_ended(TransactionEnded& work, std::optional<Errc> error) {
  const bool is_commit = work.outcome == TransactionOutcome::Committed;
  if (error) {
    for (const PublishCommit& one : work.publications)
      if (one.delayed) shard_.shared_.delayed.give_back();
    if (is_commit) end_commit(work.id);
    table_->on_not_ended(work.id, refusal_of(*error), shard_.moment());
    return go_on();
  }
  for (PublishCommit& one : work.publications) {
    shard_.voice_.drop(one.left);
    for (NumberedFor& each : one.numbered)
      shard_.tell_queue(each.queue, MessageNumbered{std::move(each.message)});
  }
  const bool is_given_up = !is_commit && table_->is_given_up(work.id);
  if (is_given_up) {
    const auto facts = facts_of(work.id, *table_->find(work.id), shard_.now());
    log::event(log::Level::Warning, "transaction.given_up",
               {{"transaction", work.id}, {"group", facts.group}, {"messages", facts.messages}});
    shard_.counters_.add(Counter::TransactionsGivenUp);
    shard_.voice_.tell(kGivenUpEvent, queue::given_up_text(facts));
  }
  shard_.counters_.add(is_commit ? Counter::TransactionsCommitted : Counter::TransactionsRolledBack);
  shard_.voice_.drop(work.expired);
  if (is_commit) end_commit(work.id);
  table_->on_ended(work.id, work.outcome, work.record, shard_.moment());
  go_on();
}

// --- what is due ---

bool TransactionDesk::run_due() {
  const auto next = table_->next();
  if (shard_.stopping_ || !next || *next > shard_.now()) return false;
  const auto checks = table_->take_checks(shard_.moment(), kChecksOfTick);
  for (const queue::TransactionTable::Check& check : checks) ask_producers(check);
  forget_ends();
  go_on();
  const auto left = table_->next();
  return left && *left <= shard_.now();
}

/// One of those that have subscribed and are there, another one each time.
void TransactionDesk::ask_producers(const queue::TransactionTable::Check& check) {
  const queue::TransactionTable::Open& open = *table_->find(check.id);
  const std::string topic = "$tx/check/" + open.group;
  if (!topic::TopicName::parse(topic, {.levels = topic::kMaxTopicBytes})) return;  // of a damaged record
  const std::string properties = check_properties(check.id);
  const std::string text = queue::check_text(facts_of(check.id, open, shard_.now()), check.number);
  const std::uint64_t version = shard_.match(topic, SessionId{});
  const queue::MessagePtr message = queue::Message::create({.topic = topic,
                                                            .payload = as_bytes(text),
                                                            .forwarded_properties = as_bytes(properties),
                                                            .qos = wire::QoS::AtLeastOnce,
                                                            .matched_version = version,
                                                            .stored_at = shard_.wall()});
  shard_.find_targets(message, {});
  shard_.queue_targets_.clear();
  std::vector<Target>& members = shard_.targets_;
  std::erase_if(members, [](const Target& one) { return !one.where.online || !one.delivery.message; });
  if (!members.empty()) {
    Target chosen = std::move(members[check.number % members.size()]);
    members.clear();
    members.push_back(std::move(chosen));
    shard_.counters_.add(Counter::TransactionChecks);
  }
  shard_.publish_for_nobody(message);
}

void TransactionDesk::forget_ends() {
  const std::vector<Seq> records = table_->take_forgotten(shard_.moment(), kForgottenOfTick);
  if (records.empty()) return;
  store::WriteBatch batch;
  for (const Seq seq : records) queue::erase_transaction_record(batch, seq);
  shard_.erase_records(std::move(batch));
}

}  // namespace hermod::broker
