#include "broker/queue_start.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/assert.h"
#include "base/log.h"
#include "broker/consumed_queue.h"
#include "broker/queue_binding.h"
#include "broker/queue_flush.h"
#include "broker/queue_message.h"
#include "broker/queue_plan.h"
#include "queue/queue_changes.h"
#include "queue/queue_id.h"
#include "queue/records.h"
#include "queue/stream_form.h"
#include "queue/stream_records.h"
#include "session/records.h"

namespace hermod::broker {
namespace {

using queue::QueueDefinition;
using store::Table;

/// Entries that are read at once.
constexpr std::size_t kPageEntries = 512;
constexpr std::size_t kPageBytes = std::size_t{1} << 20;
/// Messages between two calls of Progress.
constexpr std::uint64_t kProgressAfter = 50'000;

}  // namespace

Result<QueueStart::Found> QueueStart::run(store::ReadView* view, Recovery::Living& living) {
  absl::flat_hash_map<SessionId, session::Session*> sessions;
  for (Recovery::Living::Claim& claim : living.claims) {
    claimed_.try_emplace(EntryKey{claim.record.queue, claim.record.seq});
    claims_[claim.record.queue].push_back(claim);
  }
  if (!living.claims.empty())
    for (const Recovery::Living::Home& home : living.sessions)
      sessions.emplace(home.session->id(), home.session.get());
  has_store_ = view != nullptr;
  if (view != nullptr)
    if (Status status = read_queues(*view); !status) return tl::unexpected(status.error());
  end_subscriptions(living);
  if (Status status = configure(); !status) return tl::unexpected(status.error());
  restore_sequences(living);
  if (view != nullptr)
    for (const auto step : {&QueueStart::read_states, &QueueStart::read_message_ids})
      if (Status status = (this->*step)(*view); !status) return tl::unexpected(status.error());
  std::vector<queue::NamedQueuePtr> all = parts_.queues.all();
  const queue::Amount held_limit =
      queue::held_limit(parts_.options.queues, (all.size() + parts_.shards - 1) / parts_.shards);
  for (queue::NamedQueuePtr& named : all) {
    if (const Status bound = bind_queue(parts_.subscriptions, *named); !bound)
      damaged("queues", named->name(), {}, bound.error().detail);
    const QueueId id = named->id;
    auto queue = std::make_unique<OwnedQueue>(std::move(named), parts_.now, queue::Amount{});
    if (view != nullptr) queue->group.limit_held(held_limit);
    queue->group.set_paused(paused_.contains(id), parts_.now);
    if (view != nullptr) {
      const Status status = queue->stream ? read_stream(*view, *queue->named) : read_entries(*view, *queue);
      if (!status) return tl::unexpected(status.error());
    }
    if (const auto ids = message_ids_.extract(id))
      for (const StoredMessageId& one : ids.mapped())
        queue->group.restore_message_id(one.number, one.record.id, one.record.admitted_at, parts_.now);
    if (auto claims = claims_.extract(id)) restore_claims(*queue, std::move(claims.mapped()), sessions);
    // Of those that follow the broker, its own warning says it.
    if (has_store_ && queue->named->definition.flush)
      warn_of_flush(*queue->named, parts_.options.store.flush);
    homes_.push_back({owner_of(id, parts_.shards), std::move(queue)});
    ++found_.queues;
  }
  for (const auto& [queue, ids] : message_ids_)
    for (const StoredMessageId& one : ids) {
      queue::erase_message_id(changes_, queue, one.number);
      ++found_.orphans;
    }
  for (const auto& [queue, claims] : claims_) {  // of queues that are not there
    for (const Recovery::Living::Claim& claim : claims) {
      session::Session& session = *sessions.at(claim.session);
      newer_queues_.contains(queue) ? hold_claim(claim, session) : lose_claim(claim, session);
    }
  }
  for (const auto& [entry, state] : states_) {  // nobody has asked for these
    if (unread_queues_.contains(entry.first) || unread_entries_.contains(entry)) continue;
    queue::erase_delivery_state(changes_, entry.first, entry.second);
    ++found_.orphans;
  }
  restore_readers(living);
  restore_groups();
  restore_group_filters(living);
  parts_.committer.submit(std::move(changes_), nullptr);
  return found_;
}

/// Two that made the same queue at the same time may both have recorded it. Only one of them was bound, so
/// who has messages is that one.
Status QueueStart::read_queues(store::ReadView& view) {
  Status status;
  const Status scanned = view.scan(Table::Queues, {}, [&](Bytes key, Bytes value) {
    const auto id = queue::decode_queue_key(Table::Queues, key);
    auto record = id ? queue::decode_queue(value) : tl::unexpected(id.error());
    if (!record) {
      if (id) unread_queues_.insert(id->queue);
      if (id && record.error().code == Errc::Unsupported) newer_queues_.insert(id->queue);
      const std::string number = id ? std::to_string(queue::number_of(id->queue)) : std::string();
      damaged("queues", number, {}, record.error().detail);
      return true;
    }
    if (record->is_ending) {
      log::event(log::Level::Notice, "queue.deleted", {{"queue", record->definition.name}, {"by", "start"}});
      queue::erase_queue(changes_, id->queue);
      ++found_.orphans;
      ended_.insert(std::move(record->definition.name));
      return true;
    }
    if (record->is_paused) paused_.insert(id->queue);
    const queue::NamedQueuePtr twin = parts_.queues.find(record->definition.name);
    QueueId needless = id->queue;
    if (twin) {
      const auto has_any = has_entries(view, id->queue);
      if (!has_any) {
        status = tl::unexpected(has_any.error());
        return false;
      }
      if (*has_any) {
        needless = twin->id;
        parts_.queues.remove(twin->id);
      }
    }
    if (needless != id->queue || !twin) {
      const auto restored = parts_.queues.restore(id->queue, std::move(record->definition));
      HERMOD_ASSERT(restored.has_value());
    }
    if (!twin) return true;
    queue::erase_queue(changes_, needless);
    ++found_.orphans;
    return true;
  });
  return scanned ? status : scanned;
}

/// Of queues whose deletion a crash has interrupted. While it was under way nobody made another of the name.
void QueueStart::end_subscriptions(Recovery::Living& living) {
  if (ended_.empty()) return;
  for (const Recovery::Living::Home& home : living.sessions) {
    std::vector<std::string> filters;
    for (const session::Subscription& one : home.session->subscriptions().items()) {
      if (queue::is_named_form(one.filter) && ended_.contains(std::string(queue::name_in_form(one.filter))))
        filters.push_back(one.filter);
    }
    for (const std::string& filter : filters) {
      if (const std::uint32_t number = home.session->subscriptions().number_of(filter); number != 0)
        session::erase_subscription(changes_, home.session->id(), number);
      home.session->subscriptions().remove(filter);
    }
  }
}

Result<bool> QueueStart::has_entries(store::ReadView& view, QueueId queue) const {
  const auto slice = view.read_stream(queue::stream_of(queue), Seq{}, 1, 1);
  if (!slice) return tl::unexpected(slice.error());
  return !slice->entries.empty() || !slice->damaged.empty();
}

Status QueueStart::configure() {
  for (const QueueDefinition& definition : parts_.options.queues.configured)
    if (Status status = declare(definition, /*is_configured=*/true); !status) return status;
  for (const QueueDefinition& definition : parts_.options.queues.configured)
    if (Status status = declare_dead_letters(definition); !status) return status;
  // Those of the store that no section is about: the configuration may have changed where their dead letters
  // go, and is wrong then. What the store alone says stops no start.
  for (const queue::NamedQueuePtr& stored : parts_.queues.all()) {
    if (stored->is_configured) continue;
    Status status = declare_dead_letters(stored->definition);
    if (status) continue;
    const queue::NamedQueuePtr target = parts_.queues.find(stored->definition.dead_letter_target());
    if (target && target->is_configured) return status;
    damaged("queues", stored->name(), {}, status.error().detail);
  }
  return {};
}

/// There is such a queue from now on. Its entries are not in memory yet, so whatever changes is right for
/// them.
Status QueueStart::declare(QueueDefinition definition, bool is_configured) {
  const queue::NamedQueuePtr old = parts_.queues.find(definition.name);
  const std::string name = definition.name;
  if (definition.is_stream() && !has_store_)
    return failure(Errc::Unsupported, "queues." + name + "." + kNoStoreForStream);
  if (old && old->definition.kind != definition.kind)
    return failure(Errc::Invalid,
                   "queues." + name + ".kind: the store has a " + (old->stream ? "stream" : "queue") +
                       " of this name, and it stays what it is; delete it first, or take another name");
  const bool is_same = old && old->definition == definition;
  const QueueId id = old ? old->id : parts_.ids.next();
  if (!is_same)
    queue::record_queue(changes_, id, {.definition = definition, .is_paused = paused_.contains(id)});
  const auto made = old ? parts_.queues.replace(std::move(definition), is_configured)
                        : parts_.queues.add(id, std::move(definition), is_configured);
  if (!made) return failure(made.error().code, "queues." + name + ": " + made.error().detail);
  return {};
}

/// The place for dead letters is made with its queue, when it has the usual name.
Status QueueStart::declare_dead_letters(const QueueDefinition& definition) {
  const std::string target = definition.dead_letter_target();
  if (target.empty()) return {};
  if (const queue::NamedQueuePtr there = parts_.queues.find(target)) {
    if (Status checked = queue::check_dead_letters(definition, there->definition); !checked)
      return failure(Errc::Invalid, "queues." + definition.name + "." + checked.error().detail);
    if (there->definition.asks_before_publish())
      return failure(Errc::Unsupported,
                     "queues." + target +
                         ": a queue for dead letters takes or refuses them; overflow, dedup_window, "
                         "last_value and rate_in are not available for it yet");
    return {};
  }
  QueueDefinition dead;
  dead.name = target;
  if (!dead.is_dead_letter_queue())
    return failure(Errc::Invalid, "queues." + definition.name + ".dead_letter: there is no queue " + target +
                                      "; give it a section of its own");
  return declare(std::move(dead), /*is_configured=*/false);
}

/// Sequences of a queue go on behind what is reserved, those of a stream behind its last entry, which
/// read_stream() finds.
void QueueStart::restore_sequences(const Recovery::Living& living) const {
  for (const auto& [stream, next] : living.reserved) {
    const queue::NamedQueuePtr named = parts_.queues.find(QueueId{stream.v});
    if (!named || !named->stream) parts_.committer.restore_next(stream, next);
  }
}

/// Its bodies stay where they are, but for one of each block, which says how old that is.
Status QueueStart::read_stream(store::ReadView& view, const queue::NamedQueue& named) {
  const StreamId id = queue::stream_of(named.id);
  queue::StreamExtent& extent = *named.stream;
  std::optional<Seq> last;
  Status status;
  const auto say_newest = [&] {
    const auto slice = view.read_stream(id, *last, 1, 1);
    if (!slice) {
      status = tl::unexpected(slice.error());
      return;
    }
    const auto entry = slice->entries.empty() ? failure(Errc::Corruption, "it is not there")
                                              : queue::queue_entry_from(slice->entries.front());
    if (entry) return extent.set_newest(entry->message->stored_at());
    extent.set_newest({});  // not older than the one before it
    damaged("entries", named.name(), *last, entry.error().detail);
  };
  bool is_open = false;
  Status scanned = view.scan_entries(id, [&](const store::ReadView::EntryHead& entry) {
    if (entry.stream != id) return false;
    if (entry.message.v == 0 && queue::is_released(entry.head)) {
      if (!last) extent.restore_mark(entry.seq);
      return true;
    }
    // One that is damaged keeps its place, and readers are told.
    const auto size = queue::queue_message_size(entry.head, entry.value_size, entry.body_size);
    last = entry.seq;
    is_open = !extent.restore(entry.seq, size.value_or(0));
    if (++found_.messages % kProgressAfter == 0 && progress_) progress_(found_);
    if (!is_open) say_newest();
    return status.has_value();
  });
  if (!scanned) return scanned;
  if (status && is_open) say_newest();
  parts_.committer.restore_gapless(id, extent.next());
  return status;
}

/// Who reads a stream that is not there any more, or does not read it, has no place in it.
void QueueStart::restore_readers(Recovery::Living& living) {
  absl::flat_hash_map<SessionId, session::Session*> sessions;
  if (!readers_.empty())
    for (const Recovery::Living::Home& home : living.sessions)
      sessions.emplace(home.session->id(), home.session.get());
  for (Reader& reader : readers_) {
    const auto found = sessions.find(reader.session);
    const auto reads = [&](const session::Subscription& one) {
      return queue::is_stream_form(one.filter) && queue::name_in_form(one.filter) == reader.stream->name();
    };
    const auto* const items = found != sessions.end() ? &found->second->subscriptions().items() : nullptr;
    if (items == nullptr || std::none_of(items->begin(), items->end(), reads)) {
      queue::erase_reader(changes_, reader.stream->id, reader.session);
      ++found_.orphans;
      continue;
    }
    const queue::NamedQueueOptions& options = parts_.options.queues;
    session::StreamReader& restored =
        found->second->make_readers().add(reader.stream, {options.reader_messages, options.reader_bytes});
    restored.begin(reader.position);
    restored.recorded = reader.position;
  }
}

/// Behind the streams, which their owners know first. Each reads when its first member comes. The latest
/// first: of two of a name the other was being deleted.
void QueueStart::restore_groups() {
  std::ranges::reverse(groups_);
  for (const Group& group : groups_) {
    const QueueId stream = group.stream->id;
    auto restored = parts_.queues.restore_group(stream, group.number, group.record.name,
                                                group.record.position, parts_.shards);
    if (!restored) {
      queue::erase_group(changes_, stream, group.number);
      ++found_.orphans;
      continue;
    }
    homes_.push_back({owner_of(stream, parts_.shards),
                      std::make_unique<OwnedQueue>(*std::move(restored), parts_.now,
                                                   queue::group_limit(parts_.options.queues))});
  }
}

/// What each takes is what its subscriptions say, and that is the same: who says something else comes from a
/// store that another program has written, and is told so.
void QueueStart::restore_group_filters(Recovery::Living& living) {
  for (const Recovery::Living::Home& home : living.sessions) {
    session::Session& session = *home.session;
    std::vector<std::string> members;
    for (const session::Subscription& one : session.subscriptions().items())
      if (queue::is_group_form(one.filter)) members.push_back(one.filter);
    for (const std::string& filter : members) {
      const auto form = queue::GroupForm::parse(filter);
      const queue::NamedQueuePtr stream = form ? parts_.queues.find(form->stream.name) : nullptr;
      if (!stream || !stream->stream) continue;
      const session::Subscription& one = *session.subscriptions().find(filter);
      auto hold = parts_.queues.group_filters().hold({stream->id, std::string(form->group)},
                                                     {session.id(), session.client_id(), filter},
                                                     wanted_by(one).text());
      if (!hold) {
        HERMOD_LOG_LIMITED(log::Level::Warning, "queue.member_ended", {"client", session.client_id()},
                           {"queue", stream->name()}, {"group", form->group}, {"why", hold.error().detail});
        session::erase_subscription(changes_, session.id(), one.number);
        session.subscriptions().remove(filter);
        continue;
      }
      hold->confirm();
      auto wish = std::make_unique<session::SubscriptionWish>();
      wish->property_filter = one.property_filter();
      wish->group = *std::move(hold);
      session.subscriptions().set(filter, one.options, one.number, std::move(wish));
    }
  }
}

Status QueueStart::read_states(store::ReadView& view) {
  return view.scan(Table::Deliveries, {}, [&](Bytes key, Bytes value) {
    const auto at = queue::decode_queue_key(Table::Deliveries, key);
    const queue::NamedQueuePtr named = at ? parts_.queues.find(at->queue) : nullptr;
    if (named && named->stream && queue::is_group(value)) {
      auto group = queue::decode_group(value);
      group ? groups_.push_back({named, at->number, *std::move(group)})
            : damaged("deliveries", named->name(), Seq{at->number}, group.error().detail);
      return true;
    }
    if (named && named->stream) {
      const auto position = queue::decode_stream_position(value);
      position ? readers_.push_back({named, SessionId{at->number}, *position})
               : damaged("deliveries", named->name(), Seq{at->number}, position.error().detail);
      return true;
    }
    const auto state = at ? queue::decode_delivery_state(value) : tl::unexpected(at.error());
    if (state) {
      states_.emplace(EntryKey{at->queue, Seq{at->number}}, *state);
    } else {
      damaged("deliveries", {}, at ? Seq{at->number} : Seq{}, state.error().detail);
    }
    return true;
  });
}

/// In the order of their numbers. Of a queue that forgets them they go.
Status QueueStart::read_message_ids(store::ReadView& view) {
  return view.scan(Table::MessageIds, {}, [&](Bytes key, Bytes value) {
    const auto at = queue::decode_queue_key(Table::MessageIds, key);
    auto record = at ? queue::decode_message_id(value) : tl::unexpected(at.error());
    if (!record) {
      damaged("message_ids", {}, {}, record.error().detail);
      return true;
    }
    const queue::NamedQueuePtr queue = parts_.queues.find(at->queue);
    if (unread_queues_.contains(at->queue)) return true;
    if (queue && queue->definition.dedup_window.count() > 0) {
      message_ids_[at->queue].push_back({at->number, std::move(*record)});
    } else {
      queue::erase_message_id(changes_, at->queue, at->number);
      ++found_.orphans;
    }
    return true;
  });
}

/// What cannot be read stays where it is, and is delivered to nobody.
Status QueueStart::read_entries(store::ReadView& view, OwnedQueue& queue) {
  const QueueId id = queue.named->id;
  for (Seq from{0};;) {
    auto slice = view.read_stream(queue::stream_of(id), from, kPageEntries, kPageBytes);
    if (!slice) return tl::unexpected(slice.error());
    for (const store::StoredEntry& stored : slice->entries) {
      from = Seq{stored.seq.v + 1};
      auto entry = queue::queue_entry_from(stored);
      if (!entry) {
        damaged("entries", queue.named->name(), stored.seq, entry.error().detail);
        unread_entries_.insert(EntryKey{id, stored.seq});
        if (entry.error().code == Errc::Unsupported) newer_entries_.insert(EntryKey{id, stored.seq});
        continue;
      }
      std::optional<queue::DeliveryState> state;
      if (auto found = states_.extract(EntryKey{id, stored.seq})) state = found.mapped();
      const auto claimed = claimed_.find(EntryKey{id, stored.seq});
      if (claimed != claimed_.end()) claimed->second = *entry;
      queue.group.restore(stored.seq, std::move(*entry), state, parts_.now, claimed != claimed_.end());
      if (++found_.messages % kProgressAfter == 0 && progress_) progress_(found_);
    }
    for (const store::Slice::Damaged& one : slice->damaged) {
      from = std::max(from, Seq{one.seq.v + 1});
      damaged("entries", queue.named->name(), one.seq, one.why);
      unread_entries_.insert(EntryKey{id, one.seq});
    }
    if (slice->end) return {};
  }
}

/// Each goes on when its client is there, or until ack_timeout.
void QueueStart::restore_claims(OwnedQueue& queue, std::vector<Recovery::Living::Claim> claims,
                                const absl::flat_hash_map<SessionId, session::Session*>& sessions) {
  const auto is_of = [](const Recovery::Living::Claim& stored, const queue::Claim& claim) {
    return stored.session.v == claim.consumer.v && stored.record.seq == claim.seq &&
           stored.record.deliveries == claim.deliveries;
  };
  const auto take = [&](const queue::Claim& claim) {
    const auto found =
        std::find_if(claims.begin(), claims.end(), [&](const auto& one) { return is_of(one, claim); });
    HERMOD_ASSERT(found != claims.end());
    const Recovery::Living::Claim stored = *found;
    claims.erase(found);
    return stored;
  };
  std::erase_if(claims, [&](const Recovery::Living::Claim& stored) {
    if (!newer_entries_.contains(EntryKey{queue.named->id, stored.record.seq})) return false;
    hold_claim(stored, *sessions.at(stored.session));
    return true;
  });
  std::vector<queue::Claim> wanted;
  wanted.reserve(claims.size());
  for (const Recovery::Living::Claim& stored : claims)
    wanted.push_back({queue::ConsumerId{stored.session.v}, stored.record.seq, stored.record.deliveries});
  const queue::RestoredClaims restored = queue.group.restore_claims(std::move(wanted), parts_.now);
  for (const queue::RestoredClaims::Kept& kept : restored.kept) {
    const Recovery::Living::Claim stored = take(kept.claim);
    const queue::QueueEntry& entry = *claimed_.at(EntryKey{queue.named->id, kept.claim.seq});
    session::Session& session = *sessions.at(stored.session);
    queue.claims[kept.lease] = {stored.session, stored.seq};
    session.outbound().restore(stored.seq, wire::QoS::ExactlyOnce, /*released=*/false);
    session.make_consumers().claimed(
        stored.seq,
        {queue.named->id,
         {.lease = kept.lease,
          .consumer = kept.claim.consumer,
          .attachment = {},
          .seq = kept.claim.seq,
          .deliveries = kept.claim.deliveries,
          .is_claimed = true,
          .key = entry.key,
          .first_death =
              entry.deaths.empty() ? nullptr : std::make_shared<const queue::Death>(entry.deaths.front()),
          .message = entry.message}},
        /*begun=*/false);
    ++found_.claims;
  }
  for (const queue::RestoredClaims::Lost& lost : restored.lost) {
    const Recovery::Living::Claim stored = take(lost.claim);
    lose_claim(stored, *sessions.at(stored.session));
  }
}

/// Of what a later version has written: it goes on when that can be read, and holds its packet identifier
/// until then. At last no other is free, so an operator has to know.
void QueueStart::hold_claim(const Recovery::Living::Claim& claim, const session::Session& session) {
  ++found_.held_claims;
  HERMOD_LOG_LIMITED(log::Level::Warning, "queue.claim_held", {"client", session.client_id()},
                     {"queue_number", queue::number_of(claim.record.queue)}, {"offset", claim.record.seq.v},
                     {"sequence", claim.seq.v});
}

/// The client may hold the identifier: PUBREL ends the exchange, when it comes back.
void QueueStart::lose_claim(const Recovery::Living::Claim& claim, session::Session& session) {
  session.outbound().restore(claim.seq, wire::QoS::ExactlyOnce, /*released=*/true);
  queue::end_claim(changes_, StreamId{claim.session.v}, claim.seq, /*is_released=*/true);
  ++found_.lost_claims;
}

void QueueStart::damaged(std::string_view table, std::string_view queue, Seq seq, std::string_view why) {
  ++found_.damaged;
  HERMOD_LOG_LIMITED(log::Level::Error, "store.record_damaged", {"table", table}, {"queue", queue},
                     {"sequence", seq.v}, {"why", why});
}

}  // namespace hermod::broker
