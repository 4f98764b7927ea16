// What becomes durable, in which order, what fails, and what a kill leaves.

#include <algorithm>
#include <utility>

#include "tests/model/queue/queue_world.h"

namespace hermod::model {

using queue::QueueGroup;
using namespace std::chrono_literals;
using std::chrono::milliseconds;

namespace {

Change as_change(const queue::StoreChange& settlement) {
  return std::visit([](const auto& one) { return Change(one); }, settlement);
}

}  // namespace

bool QueueWorld::is_everything_durable() const {
  const auto is_empty = [](const Journal& journal) { return journal.empty(); };
  return moves_.empty() && sequenced_.empty() &&
         std::all_of(publications_.begin(), publications_.end(), is_empty) &&
         std::all_of(sessions_.begin(), sessions_.end(), is_empty) && line_.is_empty();
}

/// The oldest batch of some submitter is durable, and everybody hears of it. False: nothing is submitted.
bool QueueWorld::commit_one() {
  const std::size_t submitters = kPublishers + kClients + 2;
  const std::size_t first = chance_.below(submitters);
  if (memory_ > 0 && chance_.chance(40) && read_one()) return true;
  if (chance_.chance(70) ? sequence_one() : chance_.chance(50) && commit_sequenced()) return true;
  for (std::size_t i = 0; i < submitters; ++i) {
    const std::size_t which = (first + i) % submitters;
    const bool committed = which < kPublishers              ? commit_one_of(publications_[which])
                           : which < kPublishers + kClients ? commit_one_of(sessions_[which - kPublishers])
                           : which < submitters - 1         ? commit_one_of(moves_)
                                                            : commit_settlements();
    if (committed) return true;
  }
  return commit_sequenced() || read_one();
}

/// The committer takes some publisher's next, and gives it a sequence.
bool QueueWorld::sequence_one() {
  Journal& journal = publications_[chance_.below(kPublishers)];
  if (journal.empty()) return false;
  Sequenced next{.seq = stored_.next, .publication = std::get<Publication>(std::move(journal.front()))};
  journal.pop_front();
  ++stored_.next.v;
  if (next.publication.admission.v == 0 && QueueGroup::takes_early(definition_) && chance_.chance(80)) {
    next.is_told = true;
    ++seen_["told early"];
  }
  sequenced_.push_back(std::move(next));
  if (!sequenced_.back().is_told) return true;
  const Sequenced& told = sequenced_.back();
  come_in_early();
  group_->on_sequenced(told.seq, queue::QueueEntry(told.publication.entry), now_);
  return true;
}

/// What may come in before it is durable: everything is there that stands in front of it.
void QueueWorld::come_in_early() {
  for (Sequenced& one : sequenced_) {
    if (one.has_come) continue;
    if (!one.is_told || one.seq != next_to_come_) return;
    one.has_come = true;
    note_entry(one.seq, one.publication);
    next_to_come_ = Seq{one.seq.v + 1};
  }
}

/// The oldest of what has a sequence is durable.
bool QueueWorld::commit_sequenced() {
  if (sequenced_.empty()) return false;
  const Sequenced one = std::move(sequenced_.front());
  sequenced_.pop_front();
  stored_.apply(one.publication, one.seq);
  next_to_come_ = std::max(next_to_come_, Seq{one.seq.v + 1});
  if (!one.is_told) {
    on_durable(one.publication, one.seq);
  } else {
    check_stored(one.publication);
    if (!one.has_come) note_entry(one.seq, one.publication);
    known(one.seq).acknowledged = true;
  }
  come_in_early();
  if (one.is_told) group_->on_durable(one.seq, now_);
  return true;
}

/// Whatever else becomes durable was submitted behind it.
void QueueWorld::commit_all_sequenced() {
  while (violation_.empty() && commit_sequenced()) carry_out();
}

/// A group fails, with all that is behind it and claims any of it.
void QueueWorld::fail_sequenced() {
  while (!sequenced_.empty() && violation_.empty()) {
    const Sequenced one = std::move(sequenced_.front());
    sequenced_.pop_front();
    if (!one.is_told) {
      fail(one.publication);
      continue;
    }
    next_to_come_ = std::max(next_to_come_, Seq{one.seq.v + 1});
    ++seen_["never stored"];
    stored_.never_stored.insert(one.seq);
    never_stored_[one.seq] = one.publication.entry.message;
    if (one.has_come) {
      Known& message = known(one.seq);
      if (is_free(one.seq)) {
        in_queue_.erase(one.seq);
        message.left = "never came";
      } else {
        ++seen_["never stored, and a consumer has it"];
        message.is_never_stored = true;
      }
    } else {
      known_.at(number_of(*one.publication.entry.message)).left = "never came";
    }
    come_in_early();
    group_->on_never_stored(one.seq, now_);
    carry_out();
    while (fail_claim_of(one.seq)) carry_out();
  }
}

/// A page is looked up, or what was looked up before is heard of: meanwhile anything may have happened.
bool QueueWorld::read_one() {
  if (!pages_.empty() && (reads_.empty() || chance_.chance(50))) {
    Page page = std::move(pages_.front());
    pages_.pop_front();
    ++seen_["page read"];
    const std::vector<Seq> lost =
        group_->on_read(page.asked.purpose, std::move(page.messages), page.asked.from, page.end, now_);
    expect(lost.empty(), "what is in the queue is in the store");
    return true;
  }
  if (reads_.empty()) return false;
  Page page{reads_.front(), {}, reads_.front().from};
  reads_.pop_front();
  auto it = stored_.entries.lower_bound(page.asked.from);
  for (; it != stored_.entries.end() && page.messages.size() < group_->page().messages; ++it) {
    page.messages.push_back({it->first, it->second.entry.message});
    page.end = Seq{it->first.v + 1};
  }
  if (it == stored_.entries.end()) page.end = Seq{~0ULL};
  pages_.push_back(std::move(page));
  return true;
}

/// Of the batch that is under way, before it is made.
void QueueWorld::read_dead_letters() {
  line_.batch();
  while (const auto missing = line_.missing()) {
    ++seen_["dead letter read"];
    const auto read = [this](Seq seq) {
      const auto found = stored_.entries.find(seq);
      return found != stored_.entries.end() ? found->second.entry.message : queue::MessagePtr{};
    };
    const std::vector<Seq> unreadable = line_.fill(read, *missing, Seq{missing->v + 1});
    expect(std::all_of(unreadable.begin(), unreadable.end(),
                       [this](Seq seq) { return group_->is_never_stored(seq); }),
           "what dies is in the store until it is dead");
  }
}

bool QueueWorld::commit_one_of(Journal& journal) {
  if (journal.empty()) return false;
  commit_all_sequenced();
  if (journal.empty() || !violation_.empty()) return true;
  const Change change = std::move(journal.front());
  journal.pop_front();
  const Seq seq = stored_.apply(change);
  if (const auto* publication = std::get_if<Publication>(&change)) {
    on_durable(*publication, seq);
  } else if (const auto* claim = std::get_if<ClaimRecord>(&change)) {
    Client& client = client_with(claim->claim.consumer);
    const auto it = std::find_if(client.held.begin(), client.held.end(), [&](const auto& one) {
      const auto record = claim_of_.find(one.first);
      return record != claim_of_.end() && record->second == claim->lease;
    });
    if (it == client.held.end()) return true;
    const queue::LeaseId lease = it->first;
    it->second.is_sent = true;
    it->second.deadline = now_.steady + definition_.ack_timeout;
    if (is_closing_) lapse(client, it);
    group_->sent(lease, now_);
  } else if (const auto* end = std::get_if<SessionEnd>(&change)) {
    on_durable(*end);
  } else if (const auto* move = std::get_if<Move>(&change)) {
    known(move->seq).left = "moved";
    in_queue_.erase(move->seq);
    group_->on_moved(move->seq, now_);
  }
  return true;
}

/// The other queue has no room.
void QueueWorld::fail_move() {
  if (moves_.empty()) return;
  const Seq seq = std::get<Move>(moves_.front()).seq;
  moves_.pop_front();
  ++seen_["failed move"];
  group_->on_not_moved(seq, now_);
}

void QueueWorld::on_durable(const Publication& publication, Seq seq) {
  check_stored(publication);
  for (const queue::Eviction& eviction : publication.evictions) {
    known(eviction.seq).left = "evicted";
    in_queue_.erase(eviction.seq);
  }
  note_entry(seq, publication);
  known(seq).acknowledged = true;
  next_to_come_ = std::max(next_to_come_, Seq{seq.v + 1});
  if (publication.admission.v == 0) {
    return group_->on_stored({.entry = publication.entry}, seq, now_);
  }
  check_waiters(publication.admission, group_->on_stored(publication.admission, seq, now_));
}

/// It is in the group from now on.
void QueueWorld::note_entry(Seq seq, const Publication& publication) {
  const int number = number_of(*publication.entry.message);
  in_queue_[seq] = number;
  Known& message = known_[number];
  message.seq = seq;
  message.not_before = now_.steady;
  if (publication.admission.v == 0) message.expires_at = expiry_of(*publication.entry.message);
}

/// Or on its way there.
const queue::Message& QueueWorld::message_in_store(Seq seq) const {
  for (const Sequenced& one : sequenced_)
    if (one.seq == seq) return *one.publication.entry.message;
  const auto never = never_stored_.find(seq);
  return never != never_stored_.end() ? *never->second : *stored_.entries.at(seq).entry.message;
}

void QueueWorld::on_durable(const SessionEnd& end) {
  Client& client = client_with(end.consumer);
  for (auto& [lease, held] : client.held) held.is_sent ? give_back(client, held) : forget_unsent(held);
  client.held.clear();
  client.is_ending = false;
  group_->leave(client.id, now_);
}

/// The owner's batch, made whole; the next one begins.
bool QueueWorld::commit_settlements() {
  if (line_.batch().empty()) return false;
  commit_all_sequenced();
  check_batch();
  read_dead_letters();
  const std::vector<queue::StoreChange> batch = line_.batch();
  for (const queue::StoreChange& settlement : batch) stored_.apply(as_change(settlement));
  const std::vector<Seq> settled = line_.made();
  for (const queue::StoreChange& settlement : batch) on_durable(settlement);
  for (const Seq seq : settled) group_->on_settled(seq, now_);
  return true;
}

void QueueWorld::on_durable(const queue::StoreChange& settlement) {
  if (const auto* put = std::get_if<queue::PutDeliveryState>(&settlement)) {
    known(put->seq).settling = false;
  } else if (const auto* gone = std::get_if<queue::EraseEntry>(&settlement)) {
    in_queue_.erase(gone->seq);
  } else if (const auto* dead = std::get_if<queue::MoveToDeadLetters>(&settlement)) {
    dying_.erase(in_queue_.at(dead->seq));
    in_queue_.erase(dead->seq);
  }
}

void QueueWorld::check_batch() {
  std::size_t changes = 0;
  std::uint64_t bytes = 0;
  for (const queue::StoreChange& change : line_.batch()) {
    const auto* ids = std::get_if<queue::EraseMessageIds>(&change);
    changes += ids == nullptr ? 1 : ids->numbers.size();
    bytes += batch_bytes(change);
  }
  expect(changes <= kSmallBatch.changes, "a batch has so many changes at most");
  expect(bytes <= kSmallBatch.bytes || line_.batch().size() == 1, "a batch has so many bytes at most");
  if (line_.waiting() > 0) ++seen_["batch full"];
}

/// One batch with a message is refused. (A sequence that it may have been given is never filled.)
void QueueWorld::fail_publication() {
  if (!sequenced_.empty() && chance_.chance(70)) return fail_sequenced();
  Journal& journal = publications_[chance_.below(kPublishers)];
  if (journal.empty()) return;
  const auto publication = std::get<Publication>(journal.front());
  journal.pop_front();
  fail(publication);
}

void QueueWorld::fail(const Publication& publication) {
  known_.at(number_of(*publication.entry.message)).left = "never came";
  ++seen_["failed publication"];
  if (!publication.evictions.empty()) ++seen_["failed eviction"];
  if (publication.admission.v == 0) {
    group_->room()->give_back({1, publication.entry.message->size()});
    return group_->on_room_given_back();
  }
  --admitted_;  // its token is given back
  check_waiters(publication.admission, group_->on_failed(publication.admission, now_));
}

/// The owner's batch is refused, and submitted again as it was.
void QueueWorld::fail_settlements() {
  if (!line_.batch().empty()) ++seen_["failed settlement"];
}

/// A claim is refused: it is not sent.
bool QueueWorld::fail_claim() {
  return fail_claim_of(Seq{});
}

/// Of this entry; zero: of any.
bool QueueWorld::fail_claim_of(Seq seq) {
  const auto has_claim = [seq](const Journal& journal) {
    if (journal.empty()) return false;
    const auto* const claim = std::get_if<ClaimRecord>(&journal.front());
    return claim != nullptr && (seq.v == 0 || claim->claim.seq == seq);
  };
  const auto journal = std::find_if(sessions_.begin(), sessions_.end(), has_claim);
  if (journal == sessions_.end()) return false;
  const ClaimRecord claim = std::get<ClaimRecord>(journal->front());
  journal->pop_front();
  Client& client = client_with(claim.claim.consumer);
  const auto held = std::find_if(client.held.begin(), client.held.end(), [&](const auto& one) {
    const auto record = claim_of_.find(one.first);
    return record != claim_of_.end() && record->second == claim.lease;
  });
  ++seen_["failed claim"];
  if (held != client.held.end()) hand_back(client, {held->first});
  return true;
}

void QueueWorld::apply_in_crash(const Change& change, Seq given) {
  const Seq seq = stored_.apply(change, given);
  if (const auto* move = std::get_if<Move>(&change)) known(move->seq).left = "moved";
  const auto* publication = std::get_if<Publication>(&change);
  if (publication == nullptr) return;
  check_stored(*publication);
  for (const queue::Eviction& eviction : publication->evictions) known(eviction.seq).left = "evicted";
  known_[number_of(*publication->entry.message)].seq = seq;
}

/// And what is behind that, of each submitter from its front on.
void QueueWorld::crash_behind_sequenced() {
  for (std::size_t durable = chance_.below(12); durable > 0; --durable) {
    const std::size_t which = chance_.below(kPublishers + kClients + 2);
    if (which == kPublishers + kClients) {
      read_dead_letters();
      for (const queue::StoreChange& settlement : line_.batch()) apply_in_crash(as_change(settlement));
      if (line_.is_under_way()) line_.made();
      continue;
    }
    Journal& journal = which < kPublishers              ? publications_[which]
                       : which < kPublishers + kClients ? sessions_[which - kPublishers]
                                                        : moves_;
    if (journal.empty()) continue;
    apply_in_crash(journal.front());
    journal.pop_front();
  }
}

/// The broker is killed. Of what was not durable some may be; nobody has heard of it.
void QueueWorld::crash() {
  ++seen_["crash"];
  for (std::size_t durable = chance_.below(sequenced_.size() + 2); durable > 0 && !sequenced_.empty();
       --durable) {
    apply_in_crash(sequenced_.front().publication, sequenced_.front().seq);
    sequenced_.pop_front();
  }
  if (sequenced_.empty()) crash_behind_sequenced();
  sequenced_.clear();
  next_to_come_ = {};
  never_stored_.clear();
  for (Journal& journal : publications_) journal.clear();
  for (Journal& journal : sessions_) journal.clear();
  moves_.clear();
  line_ = queue::SettlementLine(kSmallBatch);
  dying_.clear();
  stored_.next.v += chance_.below(3);  // sequences of entries that never came
  now_.steady = MonotonicTime{std::chrono::seconds(chance_.below(10'000))};
  const milliseconds off(chance_.below(100));
  now_.wall += off;
  if (chance_.chance(15)) change_limits();
  start_group();
}

/// Of a queue that has some. The operator says it in the configuration, and starts the broker.
void QueueWorld::change_limits() {
  if (definition_.max_length) definition_.max_length = 1 + chance_.below(8);
  if (definition_.max_bytes) definition_.max_bytes = 30 + chance_.below(120);
}

/// A group from what the store has, and the world's own account of it.
void QueueWorld::start_group() {
  group_ = std::make_unique<QueueGroup>(definition_, now_);
  if (memory_ > 0) {
    constexpr std::uint64_t kTwoMessages = 40;
    group_->limit_held({memory_, chance_.chance(50) ? 100'000 : kTwoMessages});
    line_.bound_memory();
  }
  reads_.clear();
  pages_.clear();
  is_paused_ = false;
  in_since_ = out_since_ = now_.steady;
  has_another_rate_in_ = false;
  admitted_ = delivered_ = 0;
  in_queue_.clear();
  waiters_.clear();
  busy_.clear();
  recalls_.clear();
  for (Client& client : clients_) {
    client.is_connected = client.is_attached = client.is_ending = false;
    client.inbox.clear();
    client.held.clear();
  }
  for (const auto& [seq, stored] : stored_.entries) {
    const int number = number_of(*stored.entry.message);
    Known& message = known_[number];
    in_queue_[seq] = number;
    message.deliveries = stored.state ? stored.state->deliveries : 0;
    message.last.reset();
    message.is_open = false;
    message.left.reset();
    message.settling = false;
    message.expires_at = expiry_of(*stored.entry.message);
    message.not_before = now_.steady;
    if (stored.state && stored.state->due > now_.wall)
      message.not_before += std::min<WallTime::duration>(stored.state->due - now_.wall, stored.state->pause);
    const bool is_claimed = std::any_of(stored_.claims.begin(), stored_.claims.end(),
                                        [wanted = seq](const auto& one) { return one.second.seq == wanted; });
    group_->restore(seq, stored.entry, stored.state, now_, is_claimed);
  }
  restore_claims();
  id_of_record_.clear();
  admitted_ids_.clear();
  for (const auto& [number, record] : stored_.message_ids) {
    id_of_record_[number] = record.id;
    const WallTime::duration age =
        std::clamp<WallTime::duration>(now_.wall - record.admitted_at, 0ms, definition_.dedup_window);
    admitted_ids_[record.id] = now_.steady - age;
    group_->restore_message_id(number, record.id, record.admitted_at, now_);
  }
  found_ = {stored_.entries.size(), stored_.bytes()};
  group_->resume(now_);
  carry_out();
}

void QueueWorld::restore_claims() {
  std::vector<queue::Claim> claims;
  for (const auto& [record, claim] : stored_.claims) claims.push_back(claim);
  const queue::RestoredClaims restored = group_->restore_claims(claims, now_);
  for (const queue::RestoredClaims::Lost& lost : restored.lost) {
    expect(stored_.never_stored.contains(lost.claim.seq), "no kill leaves a claim that is not true");
    std::erase_if(stored_.claims, [&](const auto& one) { return one.second == lost.claim; });
  }
  claim_of_.clear();
  for (const auto& [claim, lease] : restored.kept) {
    ++seen_["restored claim"];
    known(claim.seq).deliveries = claim.deliveries;
    client_with(claim.consumer).held[lease] = {.seq = claim.seq,
                                               .deadline = now_.steady + definition_.ack_timeout,
                                               .is_sent = true,
                                               .holds_lane = false};
    for (const auto& [record, stored] : stored_.claims)
      if (stored == claim) claim_of_[lease] = record;
  }
}

}  // namespace hermod::model
