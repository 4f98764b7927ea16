// Records that nobody waits for and that have to be right all the same: what could not be written is written
// when the store takes it again.

#include <utility>

#include "broker/shard.h"
#include "session/records.h"

namespace hermod::broker {

using session::Session;

namespace {

constexpr std::chrono::seconds kWriteAgain{1};

}  // namespace

/// The session as it is now.
void Shard::record(Session& session) {
  session.record_is_old = false;
  if (session.is_online()) session.reach_on();
  store::WriteBatch batch;
  session::record_session(batch, session);
  submit(std::move(batch), std::nullopt, session.id(), Recorded{.sent_before = session.sent_before()});
}

/// What is over leaves the store for good: with the next start it would be back. Precondition: the batch only
/// erases, and nothing in it is ever written again.
void Shard::erase_records(store::WriteBatch batch, Recorded work) {
  work.erases = std::make_unique<store::WriteBatch>(batch);
  submit(std::move(batch), std::nullopt, SessionId{}, std::move(work));
}

void Shard::finish(Connection*, Session* session, Recorded& work, std::optional<Errc> error) {
  if (!error && session != nullptr) {
    session->allow_before(work.sent_before);
    return pump(*session);
  }
  if (!error) {
    if (work.forgotten) tell_queue(*work.forgotten, SubscribersForgotten{});
    for (const QueueId owner : work.claim_owners)
      tell_queue(owner, ConsumerLeft{queue::ConsumerId{work.ended.v}});
    return;
  }
  if (session != nullptr) write_again_later(*session);
  if (work.erases) {
    not_taken_.erases.push_back(std::move(work));
    write_again_later();
  }
}

void Shard::write_again_later(Session& session) {
  session.record_is_old = true;
  not_taken_.records.push_back(session.id());
  write_again_later();
}

void Shard::write_again_later() {
  not_taken_.again_at = now() + kWriteAgain;
  schedule_deadlines();
}

void Shard::write_again() {
  if (!not_taken_.any() || now() < not_taken_.again_at) return;
  if (!shared_.committer.healthy()) return write_again_later();
  for (const SessionId id : std::exchange(not_taken_.records, {})) {
    Session* session = sessions_.find(id);
    if (session != nullptr && session->record_is_old) record(*session);
  }
  for (Recorded& work : std::exchange(not_taken_.erases, {})) {
    store::WriteBatch batch = std::move(*work.erases);
    erase_records(std::move(batch), std::move(work));
  }
  for (const QueueId id : std::exchange(not_taken_.settlements, {}))
    if (const auto found = owned_.all.find(id); found != owned_.all.end()) {
      found->second->waits_for_store = false;
      touch(*found->second);
    }
  for (const SessionId id : std::exchange(not_taken_.sequences, {}))
    if (Session* session = sessions_.find(id)) pump(*session);
}

}  // namespace hermod::broker
