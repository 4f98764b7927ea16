// The reader's side of a stream: a session reads from where it stands, page by page while it is behind and as
// entries are stored at the end, as far as its connection takes them. ADR 0029.

#include "broker/stream_reading.h"

#include <algorithm>
#include <string>
#include <utility>

#include "broker/consumed_queue.h"
#include "broker/page_reader.h"
#include "broker/queue_flush.h"
#include "queue/stream_form.h"
#include "queue/stream_records.h"
#include "wire/encoder.h"
#include "wire/property_writer.h"

namespace hermod::broker {

using session::Session;
using session::StreamReader;
using session::StreamReaders;
using wire::ReasonCode;

namespace {

/// Where readers stand is recorded at most once in this time.
constexpr std::chrono::seconds kRecordAfter{1};

queue::ConsumerId reader_of(const Session& session) {
  return queue::ConsumerId{session.id().v};
}

}  // namespace

Result<queue::StreamStart> start_in(const wire::Subscribe& packet) {
  for (const wire::UserProperty& property : packet.properties.user_properties())
    if (property.name == queue::kStreamOffset) return queue::StreamStart::parse(property.value);
  return queue::StreamStart{};
}

/// The granted QoS, or why not, which `why` says in words. At QoS 2 nothing would be gained: what a reader
/// gets is told by its offset, and can be read again. [MQTT-3.8.4-8]
ReasonCode StreamReading::grant(Granting& it) const {
  auto form = queue::StreamForm::parse(it.wanted.filter);
  if (!form) return it.refuse(ReasonCode::TopicFilterInvalid, form.error().detail);
  if (it.wanted.no_local)
    return it.refuse(ReasonCode::ImplementationSpecificError, "No Local means nothing for a stream");
  const queue::NamedQueuePtr there = shared_.queues.find(form->name);
  if (!there) return it.refuse(ReasonCode::TopicFilterInvalid, "there is no stream of this name");
  if (!there->stream)
    return it.refuse(ReasonCode::TopicFilterInvalid,
                     "this is a queue, which is consumed: subscribe to $queue/ and its name");
  const auto start = form->start ? Result<queue::StreamStart>(*form->start) : start_in(it.packet);
  if (!start)
    return it.refuse(ReasonCode::ImplementationSpecificError,
                     std::string(queue::kStreamOffset) + ": " + start.error().detail);
  if (!it.take_filter(std::move(form->properties))) return ReasonCode::TopicFilterInvalid;
  it.request.stream = there->id;
  it.request.position = there->stream->position(*start);
  const auto most = std::min(shared_.options.mqtt.max_qos, static_cast<std::uint8_t>(wire::QoS::AtLeastOnce));
  return static_cast<ReasonCode>(std::min(static_cast<std::uint8_t>(it.wanted.qos), most));
}

/// The session has subscribed, or again: it stands where that says.
void StreamReading::begin(Session& session, const SubscriptionRequest& request) {
  queue::NamedQueuePtr stream = shared_.queues.find(request.stream);
  if (!stream || !stream->stream) return;  // deleted, and its subscription with it
  StreamReaders& readers = session.make_readers();
  StreamReader* reader = readers.find(stream->id);
  if (reader == nullptr) {
    const queue::NamedQueueOptions& options = shared_.options.queues;
    reader = &readers.add(stream, {options.reader_messages, options.reader_bytes});
  }
  take_options(*reader, *session.subscriptions().find(request.filter));
  reader->begin(*request.position);
  reader->recorded = *request.position;
  if (session.is_online() && !reader->is_attached) attach(session, *reader);
}

/// For what is sent from now on.
void StreamReading::take_options(StreamReader& reader, const session::Subscription& subscription) {
  reader.qos = static_cast<wire::QoS>(subscription.options.granted_qos);
  reader.filter = wanted_by(subscription);
  reader.identifiers.clear();
  if (subscription.options.identifier != 0) reader.identifiers.push_back(subscription.options.identifier);
}

void StreamReading::attach(Session& session, StreamReader& reader) {
  session.readers()->attach(reader);
  ++attached_;
  host_.tell_queue(reader.stream->id, ConsumerJoined{reader_of(session), reader.attachment, {}, shard_});
}

/// It has unsubscribed. What is with the client ends as ever; another subscription of the session to the same
/// stream goes on.
void StreamReading::end(Session& session, std::string_view text) {
  const std::string_view name = queue::name_in_form(text);
  const queue::NamedQueuePtr stream = shared_.queues.find(name);
  if (!stream) return;
  for (const session::Subscription& other : session.subscriptions().items()) {
    if (!queue::is_stream_form(other.filter) || queue::name_in_form(other.filter) != name) continue;
    StreamReader* const reader = session.readers() != nullptr ? session.readers()->find(stream->id) : nullptr;
    if (reader != nullptr) take_options(*reader, other);
    return;
  }
  store::WriteBatch batch;
  forget(session, stream->id, batch);
  if (!batch.empty()) host_.erase_records(std::move(batch), {});
}

/// The session does not read the stream any more. How many records of that `batch` erases.
std::size_t StreamReading::forget(Session& session, QueueId stream, store::WriteBatch& batch) {
  StreamReaders* const readers = session.readers();
  StreamReader* const reader = readers != nullptr ? readers->find(stream) : nullptr;
  if (reader == nullptr) return 0;
  if (reader->is_attached) {
    --attached_;
    host_.tell_queue(stream, ConsumerDisconnected{reader_of(session), reader->attachment});
  }
  readers->remove(stream);
  if (!session.is_durable()) return 0;
  queue::erase_reader(batch, stream, session.id());
  return 1;
}

/// A connection has begun: each reader goes on where its client has acknowledged nothing.
void StreamReading::resume(Session& session) {
  if (session.readers() == nullptr) return;
  for (const session::Subscription& one : session.subscriptions().items()) {
    if (!queue::is_stream_form(one.filter)) continue;
    const queue::NamedQueuePtr stream = shared_.queues.find(queue::name_in_form(one.filter));
    StreamReader* const reader = stream ? session.readers()->find(stream->id) : nullptr;
    if (reader == nullptr) continue;
    take_options(*reader, one);
    if (!reader->is_attached) attach(session, *reader);
  }
}

/// The connection is gone, and with it every exchange: what was not acknowledged is read again.
void StreamReading::stop(Session& session) {
  StreamReaders& readers = *session.readers();
  readers.for_each([&](const StreamReader& reader) {
    if (!reader.is_attached) return;
    --attached_;
    host_.tell_queue(reader.stream->id, ConsumerDisconnected{reader_of(session), reader.attachment});
  });
  for (const Seq own : readers.disconnect()) session.outbound().abandon(own);
  if (session.outlives_connection()) record(session);
}

void StreamReading::on_grown(QueueId stream, const StreamGrew& grown) {
  Session* const session = sessions_.find(SessionId{grown.reader.v});
  StreamReaders* const readers = session != nullptr ? session->readers() : nullptr;
  StreamReader* const reader = readers != nullptr ? readers->find(stream) : nullptr;
  if (reader == nullptr || reader->attachment != grown.attachment) return;
  reader->window.offer(*grown.entries);
  host_.pump_soon(session->id());
}

/// Behind everything else that waits for the session.
void StreamReading::pump(Connection& c, Session& session) {
  if (c.state() != Connection::State::Connected) return;
  session.readers()->for_each([&](StreamReader& reader) {
    if (!reader.is_attached) return;
    while (const queue::StreamEntry* next = reader.window.next()) {
      if (!reader.filter.matches(next->message->forwarded_properties())) {
        counters_.add(Counter::StreamFiltered);
        record_later(session);
        reader.window.pop();
        continue;
      }
      if (c.unsent_bytes() >= shared_.options.limits.outbound_buffer) break;
      if (!send(c, session, reader, *next)) break;
      reader.window.pop();
    }
    read_ahead(session, reader);
  });
}

/// Asks for the next page while the one before is being sent. What the retention has taken away meanwhile the
/// reader does not get.
void StreamReading::read_ahead(const Session& session, StreamReader& reader) {
  const queue::StreamExtent& extent = *reader.stream->stream;
  const Seq end = extent.next();
  const queue::Amount limit = queue::reader_limit(shared_.options.queues, attached_);
  reader.window.set_limit(limit);
  if (!reader.window.should_read(end)) return;
  counters_.add(Counter::StreamPassedOver, reader.window.begin_at_least(extent.first(), extent.holes_from()));
  shared_.reader->read({.shard = shard_,
                        .session = SessionId{reader.stream->id.v},
                        .purpose = PageRead::Purpose::Stream,
                        .from = reader.window.begin_page(),
                        .most = {limit.messages / 2, limit.bytes / 2},
                        .reader = session.id(),
                        .stored = end});
}

/// A page for a reader that has gone, or stands elsewhere now, is nobody's. What cannot be read is tried
/// again.
void StreamReading::on_page(PageRead& page) {
  Session* const session = sessions_.find(page.stream->reader);
  StreamReaders* const readers = session != nullptr ? session->readers() : nullptr;
  StreamReader* const reader = readers != nullptr ? readers->find(QueueId{page.session.v}) : nullptr;
  if (reader == nullptr || !reader->window.expects(page.from)) return;
  if (page.failed) {
    reader->window.fail_page();
    return host_.read_again_later(session->id());
  }
  host_.tell_damaged(page, reader->stream->name());
  counters_.add(Counter::StreamPassedOver, load_page(reader->window, page, *reader->stream->stream));
  host_.pump(*session);
}

/// False: it has to wait.
bool StreamReading::send(Connection& c, Session& session, StreamReader& reader,
                         const queue::StreamEntry& entry) {
  const queue::Message& message = *entry.message;
  if (message.is_expired(host_.wall())) {
    counters_.add(Counter::DroppedExpired);  // for this reader; it stays where it is [MQTT-3.3.2-5]
    return true;
  }
  wire::OutboundPublish out = host_.publish_for(c, message, reader.qos);
  if (c.agreement().is_v5()) {
    out.subscription_identifiers = reader.identifiers;
    out.forwarded_properties =
        properties_.behind(message.forwarded_properties(), {.key = entry.key,
                                                            .queue = reader.stream->name(),
                                                            .offset = entry.seq,
                                                            .stored_at = message.stored_at()});
  }
  if (!c.takes(out)) {
    counters_.add(Counter::DroppedTooLarge);  // for this client alone [MQTT-3.1.2-25]
    return true;
  }
  if (reader.qos == wire::QoS::AtMostOnce) {
    host_.write_publish(c, out, entry.message);
    counters_.add(Counter::StreamDelivered);
    record_later(session);
    return true;
  }
  const auto exchange = host_.start_lent(session, reader.qos);
  if (!exchange) return false;
  out.id = exchange->id;
  host_.write_publish(c, out, entry.message);
  counters_.add(Counter::StreamDelivered);
  session.readers()->sent(reader, exchange->own, entry.seq);
  return true;
}

/// The client has answered an entry of a stream. False: it was none.
bool StreamReading::settle(Session& session, Seq own, const wire::Ack& packet) {
  StreamReaders* const readers = session.readers();
  if (readers == nullptr || !readers->acknowledge(own)) return false;
  session.outbound().on_erased(own);
  if (is_failure(packet.reason)) counters_.add(Counter::DroppedRefusedByReceiver);
  record_later(session);
  return true;
}

// --- where readers stand, for the next start ---

void StreamReading::record_later(Session& session) {
  if (!session.is_durable() || std::exchange(session.readers()->is_record_due, true)) return;
  if (to_record_.empty()) record_at_ = host_.now() + kRecordAfter;
  to_record_.push_back(session.id());
  host_.schedule_deadlines();
}

std::optional<MonotonicTime> StreamReading::next_record() const {
  if (to_record_.empty()) return std::nullopt;
  return record_at_;
}

void StreamReading::record_due() {
  if (to_record_.empty() || host_.now() < record_at_) return;
  for (const SessionId id : std::exchange(to_record_, {}))
    if (Session* const session = sessions_.find(id); session != nullptr && session->readers() != nullptr)
      record(*session);
}

/// A power cut may take the last of it, as it may take entries of the streams: then some come again.
void StreamReading::record(Session& session) {
  if (!session.is_durable()) return;
  StreamReaders& readers = *session.readers();
  readers.is_record_due = false;
  store::WriteBatch batch;
  StrictestFlush flush(shared_.options.store.flush);
  readers.for_each([&](StreamReader& reader) {
    if (readers.is_moving(reader.stream->id)) return;
    const queue::StreamPosition position = reader.position();
    if (position == reader.recorded) return;
    queue::record_reader(batch, reader.stream->id, session.id(), position);
    reader.recorded = position;
    // What the reader has of it may be from before it was changed.
    const queue::NamedQueuePtr stream = shared_.queues.find(reader.stream->id);
    flush.add(stream ? stream->definition.flush : std::nullopt);
  });
  if (!batch.empty())
    host_.submit(std::move(batch), std::nullopt, session.id(), Recorded{},
                 {.sync = false, .flush = flush.get()});
}

}  // namespace hermod::broker
