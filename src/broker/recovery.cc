#include "broker/recovery.h"

#include <algorithm>
#include <memory>
#include <string>
#include <utility>

#include "base/log.h"
#include "broker/page_reader.h"
#include "qos/packet_ids.h"
#include "queue/property_filter.h"
#include "queue/queue_id.h"
#include "queue/records.h"
#include "queue/stream_form.h"
#include "retain/records.h"

namespace hermod::broker {

using session::Session;
using store::Table;

namespace {

/// Records between two calls of Progress.
constexpr std::uint64_t kProgressEvery = 50'000;
/// In Table::Meta: how often the broker has started.
constexpr std::string_view kEpochKey = "broker.epoch";
/// Nobody gives sequences from here on: a queue that gets a million each second does not come so far. An
/// exchange (qos::InFlight) has room for them.
constexpr std::uint64_t kSequences = std::uint64_t{1} << 56;

bool cannot_be(Seq seq) {
  return seq.v == 0 || seq.v >= kSequences;
}

Error no_packet_id() {
  return {Errc::Corruption, "an exchange whose packet identifier another one has"};
}

/// Null: the subscription says nothing of messages. Errors: Invalid.
Result<std::unique_ptr<session::SubscriptionWish>> read_wish(const std::string& property_filter) {
  if (property_filter.empty()) return nullptr;
  if (const auto filter = queue::PropertyFilter::parse(property_filter); !filter)
    return tl::unexpected(filter.error());
  auto wish = std::make_unique<session::SubscriptionWish>();
  wish->property_filter = property_filter;
  return wish;
}

/// Identifiers of sessions that begin in this run differ from those of earlier ones.
constexpr unsigned kGenerationsPerEpoch = 12;

}  // namespace

Result<Recovered> Recovery::run(Living& living) {
  using Step = Status (Recovery::*)();
  for (const Step step : {&Recovery::read_epoch, &Recovery::read_sessions, &Recovery::read_subscriptions,
                          &Recovery::read_inbound_ids, &Recovery::read_streams, &Recovery::count_entries,
                          &Recovery::read_in_flight, &Recovery::read_retained})
    if (Status status = (this->*step)(); !status) return tl::unexpected(status.error());
  parts_.directory.finish_restoring();
  hand_over(living);
  parts_.committer.submit(std::move(cleaning_), nullptr);
  return found_;
}

void Recovery::hand_over(Living& living) {
  for (auto& [id, loaded] : sessions_) {
    loaded.session->queue().resume_at(loaded.next);
    // So that its clocks go on at the next start, and do not begin again.
    if (loaded.was_online) session::record_session(cleaning_, *loaded.session);
    living.sessions.push_back({home_of(id), std::move(loaded.session), std::move(loaded.retained_reads)});
  }
  living.claims = std::move(claims_);
  living.reserved = std::move(reserved_);
  for (auto& [id, remains] : remains_) {
    const Waiting& waiting = remains.waiting;
    if (waiting.amount.messages == 0) {
      orphan([id = id](store::WriteBatch& batch) { batch.erase_stream(StreamId{id.v}); });
      continue;
    }
    found_.remaining_messages += waiting.amount.messages;
    queue::QueueWindow queue;
    queue.restore_stored(waiting.first, waiting.last, waiting.amount);
    queue.resume_at(remains.next);
    living.remains.push_back({home_of(id), id, std::move(queue)});
  }
}

Status Recovery::read_epoch() {
  auto stored = view_.get(Table::Meta, as_bytes(kEpochKey));
  if (!stored) return tl::unexpected(stored.error());
  if (*stored) {
    ByteReader in(as_bytes(**stored));
    epoch_ = in.u64();
  }
  ++epoch_;
  std::string value;
  ByteWriter(value).u64(epoch_);
  cleaning_.put(Table::Meta, as_bytes(kEpochKey), as_bytes(value));
  parts_.directory.slots().begin_generations_at(static_cast<std::uint32_t>(epoch_ << kGenerationsPerEpoch));
  return {};
}

Status Recovery::read_sessions() {
  return view_.scan(Table::Sessions, {}, [&](Bytes key, Bytes value) {
    const auto id = session::decode_key(Table::Sessions, key);
    auto record = id ? session::decode_session(value) : tl::unexpected(id.error());
    if (!record) {
      damaged("sessions", record.error());
      return true;
    }
    end_older(id->session, record->client_id);
    if (!parts_.directory.restore(record->client_id, id->session, home_of(id->session))) {
      damaged("sessions", {Errc::Corruption, "a session identifier beyond all cells"});
      return true;
    }
    Loaded loaded;
    loaded.session = std::make_unique<Session>(id->session, std::move(record->client_id), /*durable=*/true,
                                               parts_.options.session);
    loaded.session->set_expiry_interval(record->expiry_interval);
    loaded.session->set_will(std::move(record->will));
    loaded.was_online = !record->absent_since;
    // The connection ended with the broker, and nobody knows when that was: the clocks begin now.
    loaded.session->set_absent_since(record->absent_since.value_or(parts_.now));
    loaded.sent_before = record->sent_before;
    parts_.directory.slots().place(id->session, {.shard = home_of(id->session), .durable = true});
    sessions_.emplace(id->session, std::move(loaded));
    ++found_.sessions;
    tell_progress();
    return true;
  });
}

/// Sessions come in the order of their identifiers, in which they began. Who has the client identifier, or
/// the cell, of a later one had ended before: only the erase of its record failed.
void Recovery::end_older(SessionId id, const std::string& client_id) {
  if (const auto older = parts_.directory.find(client_id)) end(*older);
  if (const auto older = parts_.directory.slots().in_cell_of(id)) end(*older);
}

/// Its subscriptions, identifiers and messages are met later in this start.
void Recovery::end(SessionId older) {
  const auto found = sessions_.find(older);
  HERMOD_ASSERT(found != sessions_.end());
  const Session& session = *found->second.session;
  orphan([&](store::WriteBatch& batch) { session::erase_session(batch, session, /*with_queue=*/false); });
  parts_.directory.forget(session.client_id());
  sessions_.erase(found);
  --found_.sessions;
}

Status Recovery::read_subscriptions() {
  return view_.scan(Table::Subscriptions, {}, [&](Bytes key, Bytes value) {
    const auto id = session::decode_key(Table::Subscriptions, key);
    const auto record = id ? session::decode_subscription(value) : tl::unexpected(id.error());
    if (!record) {
      damaged("subscriptions", record.error());
      return true;
    }
    Loaded* loaded = find(id->session);
    if (loaded == nullptr) {
      orphan([&](store::WriteBatch& batch) { session::erase_subscription(batch, id->session, id->number); });
      return true;
    }
    if (queue::is_named_form(record->filter)) {  // it is attached to its queue when its client is there
      auto wish = read_wish(record->property_filter);
      if (!wish) {
        damaged("subscriptions", wish.error());
        return true;
      }
      loaded->session->subscriptions().set(record->filter, record->options, id->number, *std::move(wish));
      ++found_.subscriptions;
      tell_progress();
      return true;
    }
    // A limit that was lowered meanwhile binds new subscriptions only.
    const auto target = topic::parse_subscription(record->filter, {});
    if (!target) {
      damaged("subscriptions", target.error());
      return true;
    }
    loaded->session->subscriptions().set(record->filter, record->options, id->number);
    if (target->is_shared()) loaded->session->is_group_member = true;
    const topic::SubscriptionChange change{topic::SubscriptionChange::Kind::Set, *target, id->session,
                                           record->options};
    const auto applied = parts_.subscriptions.apply({&change, 1});
    if (record->retained_due) {
      RetainedRead read;
      read.filter = record->filter;
      read.options = record->options;
      read.since_version = applied.version;
      read.is_recorded = true;
      loaded->retained_reads.push_back(std::move(read));
    }
    ++found_.subscriptions;
    tell_progress();
    return true;
  });
}

Status Recovery::read_inbound_ids() {
  return view_.scan(Table::InboundIds, {}, [&](Bytes key, Bytes) {
    const auto id = session::decode_key(Table::InboundIds, key);
    if (!id || id->number == 0) {
      damaged("inbound identifiers", id ? Error{Errc::Corruption, "packet identifier 0"} : id.error());
      return true;
    }
    const wire::PacketId packet{static_cast<std::uint16_t>(id->number)};
    Loaded* loaded = find(id->session);
    if (loaded == nullptr) {
      orphan([&](store::WriteBatch& batch) { session::erase_inbound_id(batch, id->session, packet); });
      return true;
    }
    loaded->session->inbound().restore(packet);
    ++found_.exchanges;
    return true;
  });
}

/// Sequences go on behind what is reserved on disk, never behind the last entry that is left: entries whose
/// exchange the client remembers may be gone.
Status Recovery::read_streams() {
  return view_.scan(Table::Streams, {}, [&](Bytes key, Bytes value) {
    ByteReader stream_in(key);
    ByteReader next_in(value);
    const StreamId stream{stream_in.u64()};
    const Seq next{next_in.u64()};
    if (!stream_in.ok() || !next_in.ok() || cannot_be(next)) {
      damaged("streams", {Errc::Corruption, "a record of another length, or a sequence that cannot be"});
      return true;
    }
    const SessionId id{stream.v};
    Loaded* loaded = find(id);  // first: see queue::is_named()
    if (loaded == nullptr && !queue::is_named(stream)) {
      remains_[id].next = next;
      return true;
    }
    if (loaded == nullptr) {
      reserved_.emplace_back(stream, next);
      return true;
    }
    loaded->next = next;
    parts_.committer.restore_next(stream, next);
    return true;
  });
}

/// What waits is only counted; its messages stay where they are until their client is there. Entries of named
/// queues are behind all others, and QueueStart reads them: they are not looked at twice.
Status Recovery::count_entries() {
  const bool ends_at_queues = std::none_of(sessions_.begin(), sessions_.end(), [](const auto& one) {
    return queue::is_named(StreamId{one.first.v});
  });
  return view_.scan_entries([&](const store::ReadView::EntryHead& entry) {
    if (ends_at_queues && queue::is_named(entry.stream)) return false;
    tell_progress();
    const SessionId id{entry.stream.v};
    if (Loaded* loaded = find(id)) {
      count_entry(*loaded, entry);
    } else if (!queue::is_named(entry.stream)) {
      count_remaining(id, entry);
    }
    return true;
  });
}

void Recovery::count_entry(Loaded& loaded, const store::ReadView::EntryHead& entry) {
  if (cannot_be(entry.seq)) return damaged("entries", {Errc::Corruption, "a sequence that cannot be"});
  if (entry.message.v == 0 && queue::is_released(entry.head)) {
    if (!loaded.has_packet_id(entry.seq)) return damaged("entries", no_packet_id());
    loaded.session->outbound().restore(entry.seq, wire::QoS::ExactlyOnce, /*released=*/true);
    ++found_.exchanges;
    return;
  }
  if (entry.message.v == 0 && queue::is_claim(entry.head)) return restore_claim(loaded, entry);
  if (entry.message.v == 0 && queue::is_unanswered_claim(entry.head)) {
    if (!loaded.has_packet_id(entry.seq)) return damaged("entries", no_packet_id());
    loaded.session->outbound().restore_held(entry.seq);
    loaded.unanswered.push_back(entry.seq);
    ++found_.exchanges;
    return;
  }
  const auto size = queue::message_size(entry.head, entry.value_size, entry.body_size);
  if (!size) return damaged("entries", size.error());
  parts_.directory.slots().reserve_anyway(loaded.session->id(), *size);
  ++found_.queued_messages;
  if (loaded.is_sent(entry.seq)) {
    loaded.sent_up_to = Seq{entry.seq.v + 1};
    ++loaded.sent.messages;
    loaded.sent.bytes += *size;
    return;
  }
  loaded.waiting.add(entry.seq, *size);
}

/// Its message is in a named queue, whose owner decides about the claim. Until then the client may hold its
/// packet identifier.
void Recovery::restore_claim(Loaded& loaded, const store::ReadView::EntryHead& entry) {
  const auto claim = queue::decode_claim(entry.head);
  if (!claim) return damaged("entries", claim.error());
  if (!loaded.has_packet_id(entry.seq)) return damaged("entries", no_packet_id());
  loaded.session->outbound().restore_held(entry.seq);
  ++found_.exchanges;
  claims_.push_back({loaded.session->id(), entry.seq, *claim});
}

/// Nothing is written before a PUBLISH is sent, but what is sent is below what the session's record says. It
/// may have reached the client, which waits for the end of the exchange: no rule of the queue takes it out.
bool Recovery::Loaded::is_sent(Seq seq) {
  return seq < sent_before && has_packet_id(seq);
}

/// Entries come in the order of their sequences, so the first of them that has an exchange decides.
bool Recovery::Loaded::has_packet_id(Seq seq) {
  if (first_exchange.v == 0) first_exchange = seq;
  return seq.v - first_exchange.v < qos::kPacketIdCount;  // beyond, its packet identifier was not free
}

void Recovery::count_remaining(SessionId ended, const store::ReadView::EntryHead& entry) {
  const auto found = remains_.find(ended);
  if (found == remains_.end()) return;  // its stream has no record, so nothing would end it again
  if (cannot_be(entry.seq)) return;
  if (entry.message.v == 0 && (queue::is_released(entry.head) || queue::is_claim(entry.head) ||
                               queue::is_unanswered_claim(entry.head)))
    return;
  if (const auto size = queue::message_size(entry.head, entry.value_size, entry.body_size))
    found->second.waiting.add(entry.seq, *size);
}

void Recovery::Waiting::add(Seq seq, std::size_t size) {
  if (amount.messages == 0) first = seq;
  last = seq;
  ++amount.messages;
  amount.bytes += size;
}

/// Messages that have to be sent again are in memory from the start.
Status Recovery::read_in_flight() {
  const queue::Options& options = parts_.options.session.queue;
  RecentMessages recent;
  for (auto& [id, loaded] : sessions_) {
    for (Seq from{0}; from < loaded.sent_up_to;) {
      const PageWanted wanted{{}, id, PageRead::Purpose::Window, from, {}};
      const auto slice =
          view_.read_stream(StreamId{id.v}, from, options.page_messages, std::size_t{options.page_bytes});
      if (!slice) return tl::unexpected(slice.error());
      PageRead page = page_from(wanted, *slice, recent);
      for (const PageRead::Damaged& one : page.damaged)
        HERMOD_LOG_LIMITED(log::Level::Error, "store.record_damaged", {"table", "entries"},
                           {"queue", loaded.session->client_id()}, {"sequence", one.seq.v}, {"why", one.why});
      for (queue::Entry& entry : page.entries)
        if (entry.seq < loaded.sent_up_to && !cannot_be(entry.seq)) restore_sent(loaded, entry);
      if (page.to_end) break;
      from = page.end;
    }
    // Those whose messages cannot be read any more.
    found_.damaged += loaded.sent.messages;
    parts_.directory.slots().release(id, static_cast<std::uint32_t>(loaded.sent.messages), loaded.sent.bytes);
    for (const Seq own : loaded.unanswered)
      if (Status status = restore_unanswered(*loaded.session, own); !status) return status;
    const Waiting& waiting = loaded.waiting;
    if (waiting.amount.messages > 0)
      loaded.session->queue().restore_stored(waiting.first, waiting.last, waiting.amount);
  }
  return {};
}

void Recovery::restore_sent(Loaded& loaded, queue::Entry& entry) {
  const wire::QoS qos = entry.delivery.qos;
  --loaded.sent.messages;
  loaded.sent.bytes -= entry.delivery.message->size();
  loaded.session->queue().restore(entry.seq, std::move(entry.delivery));
  loaded.session->queue().mark_sent(entry.seq);
  loaded.session->outbound().restore(entry.seq, qos, /*released=*/false);
}

/// Its queue has nothing to do with it any more. One that cannot be read ends with PUBREL: its client holds
/// the packet identifier.
Status Recovery::restore_unanswered(Session& session, Seq own) {
  const auto slice = view_.read_stream(session.stream(), own, 1, 1);
  if (!slice) return tl::unexpected(slice.error());
  const bool is_there = !slice->entries.empty() && slice->entries.front().seq == own;
  auto stored = is_there ? queue::decode_unanswered_claim(as_bytes(slice->entries.front().value))
                         : failure(Errc::Corruption, "unanswered claim: it is damaged");
  session.outbound().restore(own, wire::QoS::ExactlyOnce, /*released=*/!stored);
  if (!stored) {
    queue::record_released(cleaning_, session.stream(), own);
    damaged("entries", stored.error());
    return {};
  }
  session.make_consumers().restore_unanswered(own, {stored->claim.queue,
                                                    {.lease = {},
                                                     .consumer = queue::ConsumerId{session.id().v},
                                                     .attachment = {},
                                                     .seq = stored->claim.seq,
                                                     .deliveries = stored->claim.deliveries,
                                                     .is_claimed = true,
                                                     .message = std::move(stored->message)}});
  return {};
}

Status Recovery::read_retained() {
  return view_.scan(Table::Retained, {}, [&](Bytes key, Bytes value) {
    const auto number = retain::number_in(key);
    auto message = number ? queue::decode_message(value) : tl::unexpected(number.error());
    if (!message) {
      damaged("retained messages", message.error());
      return true;
    }
    parts_.retained.restore(std::move(*message), *number);
    ++found_.retained_messages;
    tell_progress();
    return true;
  });
}

Recovery::Loaded* Recovery::find(SessionId id) {
  const auto found = sessions_.find(id);
  return found == sessions_.end() ? nullptr : &found->second;
}

void Recovery::damaged(std::string_view table, const Error& error) {
  ++found_.damaged;
  HERMOD_LOG_LIMITED(log::Level::Error, "store.record_damaged", {"table", table}, {"why", error.detail});
}

/// What a session left behind that ended while its last records were on their way.
void Recovery::orphan(const std::function<void(store::WriteBatch&)>& erase) {
  ++found_.orphans;
  erase(cleaning_);
}

void Recovery::tell_progress() {
  if (progress_ && ++since_progress_ % kProgressEvery == 0) progress_(found_);
}

}  // namespace hermod::broker
