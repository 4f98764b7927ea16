// The story of a CONNECT: who is it, where is its session, hand it over, answer, go on where it stopped.

#include <algorithm>
#include <random>
#include <utility>
#include <vector>

#include "base/log.h"
#include "broker/answer.h"
#include "broker/payload_format.h"
#include "broker/pending_connect.h"
#include "broker/reason_for.h"
#include "broker/shard.h"
#include "queue/event_text.h"
#include "session/records.h"
#include "topic/topic_name.h"

namespace hermod::broker {

using session::Session;
using session::SessionDirectory;
using wire::ReasonCode;

namespace {

std::string assigned_client_id() {
  static constexpr std::string_view kLetters = "0123456789abcdefghijklmnopqrstuvwxyz";
  std::random_device random;
  std::string id = "auto-";
  for (int i = 0; i < 20; ++i) id += kLetters[random() % kLetters.size()];
  return id;
}

std::unique_ptr<session::Will> will_of(const wire::Connect& packet) {
  if (!packet.will) return nullptr;
  auto will = std::make_unique<session::Will>();
  will->topic = packet.will->topic;
  will->payload = as_text(packet.will->payload);
  will->qos = packet.will->qos;
  will->retain = packet.will->retain;
  will->delay = packet.will->properties.will_delay_interval().value_or(0);
  will->message_expiry_interval = packet.will->properties.message_expiry_interval();
  wire::append_forwarded(packet.will->properties.raw(), will->forwarded_properties);
  return will;
}

/// What a client hears that this broker has no place for: where there is another server, to use that for now
/// (4.11), and else what stands in the way.
ReasonCode elsewhere_or(ReasonCode reason, const MqttOptions& mqtt) {
  return mqtt.server_reference.empty() ? reason : ReasonCode::UseAnotherServer;
}

/// Fields about the proxy, TLS and the user stand only where there is something to tell.
void log_connected(Connection& c, const Session& session, bool session_present) {
  if (!log::enabled(log::Level::Info)) return;
  const net::Peer peer = c.transport().peer();
  std::vector<log::Field> fields{{"client", session.client_id()},
                                 {"address", peer.address},
                                 {"version", wire::name_of(c.version())},
                                 {"session_present", session_present ? "1" : "0"}};
  const std::pair<std::string_view, const std::string&> more[] = {{"proxy", peer.proxy},
                                                                  {"tls_version", peer.tls_version},
                                                                  {"tls_cipher", peer.tls_cipher},
                                                                  {"user", peer.identity}};
  for (const auto& [key, value] : more)
    if (!value.empty()) fields.emplace_back(key, value);
  log::event(log::Level::Info, "client.connected", fields);
}

}  // namespace

void Shard::on_connect(Connection& c, const wire::Connect& packet) {
  counters_.add(Counter::ConnectReceived);
  const MqttOptions& mqtt = shared_.options.mqtt;
  Agreement& agreement = c.agreement();
  agreement.version = packet.version;
  agreement.clean_start = packet.clean_start;
  agreement.receive_maximum = packet.properties.receive_maximum().value_or(65535);
  agreement.maximum_packet_size = packet.properties.maximum_packet_size().value_or(0xFFFFFFFF);
  agreement.topic_alias_maximum = packet.properties.topic_alias_maximum().value_or(0);
  agreement.request_problem_information = packet.properties.request_problem_information().value_or(true);

  // Without an account, whoever comes is a stranger; but a certificate that names the client makes it known.
  if (!shared_.options.allow_anonymous && c.transport().peer().identity.empty())
    return refuse_connect(c, ReasonCode::NotAuthorized, "auth.allow_anonymous is false");
  if (packet.properties.authentication_method())  // no method is configured [MQTT-4.12.0-1]
    return refuse_connect(c, ReasonCode::BadAuthenticationMethod,
                          "no extended authentication method is configured");
  if (stopping_) return refuse_connect(c, ReasonCode::ServerShuttingDown, "the broker is stopping");
  if (shared_.connections.load(std::memory_order_relaxed) > shared_.options.limits.max_connections)
    return refuse_connect(c, elsewhere_or(ReasonCode::QuotaExceeded, mqtt),
                          "limits.max_connections is reached");
  if (packet.client_id.empty() && (mqtt.require_client_id || (!agreement.is_v5() && !packet.clean_start)))
    return refuse_connect(c, ReasonCode::ClientIdentifierNotValid,
                          "an empty client identifier needs Clean Session");  // [MQTT-3.1.3-8] of 3.1.1
  if (packet.will) {
    const auto name = topic::TopicName::parse(packet.will->topic, {mqtt.max_topic_levels});
    if (!name || name->is_reserved())
      return refuse_connect(c, ReasonCode::TopicNameInvalid,
                            "the will topic is not a topic name clients may use");
    if (static_cast<std::uint8_t>(packet.will->qos) > mqtt.max_qos)
      return refuse_connect(c, ReasonCode::QoSNotSupported,
                            "the will's QoS is above mqtt.max_qos");  // [MQTT-3.2.2-12]
    if (packet.will->retain && !mqtt.retain_available)
      return refuse_connect(c, ReasonCode::RetainNotSupported,
                            "retained messages are switched off");  // [MQTT-3.2.2-13]
    if (mqtt.validate_payload_format && !is_as_indicated(packet.will->properties, packet.will->payload))
      return refuse_connect(c, ReasonCode::PayloadFormatInvalid,
                            "the will is marked as UTF-8 text and is not");
  }

  auto pending = std::make_unique<PendingConnect>();
  pending->client_id_assigned = packet.client_id.empty();
  pending->client_id = packet.client_id.empty() ? assigned_client_id() : std::string(packet.client_id);
  const std::uint32_t asked = agreement.is_v5()    ? packet.properties.session_expiry_interval().value_or(0)
                              : packet.clean_start ? 0
                                                   : Session::kNeverExpires;
  pending->asked_expiry_interval = asked;
  pending->expiry_interval = std::min(asked, shared_.options.session.max_expiry_interval);
  pending->will = will_of(packet);
  pending->response_information = packet.properties.request_response_information().value_or(false);
  agreement.keep_alive = packet.keep_alive;
  if (agreement.is_v5() && mqtt.max_keep_alive != 0 &&
      (packet.keep_alive == 0 || packet.keep_alive > mqtt.max_keep_alive)) {
    agreement.keep_alive = pending->server_keep_alive = mqtt.max_keep_alive;  // [MQTT-3.1.2-21]
  }
  c.pending_connect = std::move(pending);
  c.pending_connect->about_us = describe_server(c);
  if (!answer_fits(c, wire::Connack{false, ReasonCode::Success, c.pending_connect->about_us.properties()}))
    return refuse_connect(c, ReasonCode::PacketTooLarge, "CONNACK is above the client's Maximum Packet Size");
  c.set_state(Connection::State::Claiming);
  c.pause(Connection::Pause::Claim);
  claim_session(c);
}

/// Asks the directory whose session it is.
void Shard::claim_session(Connection& c) {
  const std::string& client_id = c.pending_connect->client_id;
  const auto claim = shared_.directory.claim(client_id, c.id(), now());
  switch (claim.kind) {
    case SessionDirectory::ClaimKind::Fresh:
      return begin_session(c, nullptr, claim.session);
    case SessionDirectory::ClaimKind::Ask: {
      TakeOver request{client_id, claim.session, c.id()};
      if (claim.owner == id_) return on_take_over(request);
      return outbox_.send(claim.owner, std::move(request));
    }
    case SessionDirectory::ClaimKind::Wait:
      return;
    case SessionDirectory::ClaimKind::Throttled:
      return refuse_connect(c, ReasonCode::ServerBusy, "this client identifier was taken over too often");
    case SessionDirectory::ClaimKind::Full:
      return refuse_connect(c, elsewhere_or(ReasonCode::QuotaExceeded, shared_.options.mqtt),
                            "limits.max_sessions is reached");
  }
}

/// Another connection wants a session of this shard: the old connection ends first. [MQTT-3.1.4-3]
void Shard::on_take_over(TakeOver& request) {
  Session* session = sessions_.find(request.session);
  if (session == nullptr) {  // ended since the request was sent
    const auto id = shared_.directory.find(request.client_id);
    HERMOD_ASSERT(id.has_value());
    SessionGranted granted{request.claimer, std::move(request.client_id), *id, nullptr};
    if (granted.claimer.shard == id_) return on_session_granted(granted);
    return outbox_.send(request.claimer.shard, std::move(granted));
  }
  session->set_successor(request.claimer);
  counters_.add(Counter::SessionsTakenOver);
  if (Connection* old = live(session->connection())) {
    if (old->state() == Connection::State::Claiming)
      return;  // it is answered first, see finish(SessionStored)
    disconnect(*old, ReasonCode::SessionTakenOver, "another connection uses this client identifier");
    if (sessions_.find(request.session) == nullptr) return;  // it ended with its connection and was handed on
  }
  if (!session->has_commits_in_flight()) hand_over(*session);
}

/// Something that held it on this shard is over.
void Shard::hand_over_if_wanted(SessionId id) {
  Session* const session = sessions_.find(id);
  if (session != nullptr && session->successor() && !session->is_online() &&
      !session->has_commits_in_flight())
    hand_over(*session);
}

/// Gives the session to its successor. Precondition: no connection, no commit in flight.
void Shard::hand_over(Session& session) {
  const ConnectionId claimer = *session.successor();
  session.clear_successor();
  SessionGranted granted{claimer, session.client_id(), session.id(), nullptr};
  if (session.congested_since) {
    session.congested_since.reset();
  }
  granted.retained_reads = take_kept_reads(session.id());
  granted.session = sessions_.take(session.id());
  granted.session->thread().release();
  if (claimer.shard == id_) return on_session_granted(granted);
  shared_.directory.slots().place(session.id(),
                                  {.shard = claimer.shard, .durable = granted.session->is_durable()});
  outbox_.send(claimer.shard, std::move(granted));
}

/// A session came here from another connection: what waited for it, and what its last shard could not erase,
/// is seen to here.
Session& Shard::take_in(std::unique_ptr<Session> arrived) {
  Session& session = sessions_.add(std::move(arrived));
  if (!gone_queues_.empty()) forget_gone_queues(session);
  take_early_messages(session);
  if (!session.finished().empty()) list_finished_entries(session);
  if (session.record_is_old) write_again_later(session);
  session.expiry_watch.reset();  // the deadline is with the last shard
  watch_expiry(session);
  return session;
}

/// The session (or the right to begin a fresh one) arrived for a connection of this shard.
void Shard::on_session_granted(SessionGranted& granted) {
  if (!granted.retained_reads.empty()) kept_reads_[granted.id] = std::move(granted.retained_reads);
  Connection* c = connections_.find(granted.claimer);
  if (c != nullptr && c->state() == Connection::State::Claiming)
    return begin_session(*c, std::move(granted.session), granted.id);

  // The claimer left meanwhile: the session waits for its client here, or is over.
  if (granted.session) {
    Session& session = take_in(std::move(granted.session));
    shared_.directory.slots().place(session.id(), {.shard = id_, .durable = session.is_durable()});
    if (const auto next = shared_.directory.arrived(session.client_id(), id_)) {
      session.set_successor(*next);
      return hand_over(session);
    }
    return set_absence_deadlines(session);
  }
  // It was ours to begin, and nobody is here to begin it. Owned for a moment, so that it can end.
  shared_.directory.give_up(granted.client_id);
  pass_on(granted.client_id);
}

/// Decides between the old session and a fresh one. [MQTT-3.1.2-4] [MQTT-3.1.2-5] [MQTT-3.1.2-6]
void Shard::begin_session(Connection& c, std::unique_ptr<Session> old, SessionId fresh_id) {
  const PendingConnect& pending = *c.pending_connect;
  bool present = false;
  bool ends_stored = false;
  Session* session = nullptr;
  if (old && !c.agreement().clean_start) {
    session = &take_in(std::move(old));
    present = true;
    counters_.add(Counter::SessionsResumed);
  } else {
    if (old) {
      Session& ending = sessions_.add(std::move(old));
      take_early_messages(ending);
      ends_stored = ending.is_durable();
      publish_will(ending);
      discard_session_state(ending, Counter::DroppedSessionEnded);
      sessions_.take(ending.id());
      fresh_id = shared_.directory.renew(pending.client_id, id_);
    }
    session = &sessions_.add(std::make_unique<Session>(fresh_id, pending.client_id,
                                                       pending.expiry_interval > 0, shared_.options.session));
    counters_.add(Counter::SessionsCreated);
  }
  finish_connect(c, *session, present, ends_stored);
}

/// `ends_stored`: the session takes the place of one whose end is on its way to the store.
void Shard::finish_connect(Connection& c, Session& session, bool session_present, bool ends_stored) {
  PendingConnect& pending = *c.pending_connect;
  session.set_expiry_interval(pending.expiry_interval);
  session.set_will(std::move(pending.will));
  const bool bounded = c.agreement().is_v5() && !shared_.options.session.lenient_receive_maximum;
  session.bind(c.id(), bounded ? shared_.options.session.receive_maximum : 65535,
               c.agreement().receive_maximum);
  limit_window(session);
  c.set_session(&session);
  shared_.directory.slots().place(session.id(),
                                  {.shard = id_, .online = true, .durable = session.is_durable()});
  const auto next = shared_.directory.arrived(session.client_id(), id_);
  if (session.is_group_member) tell_members_connected();

  c.outbound_aliases().set_maximum(
      std::min(c.agreement().topic_alias_maximum, shared_.options.mqtt.topic_alias_maximum));

  if (session.is_durable()) {
    store::WriteBatch batch;
    session::record_session(batch, session);
    submit(std::move(batch), c.id(), session.id(), SessionStored{session_present, session.sent_before()});
  } else if (ends_stored) {
    // After a crash that session would be there again, of which the client has heard that it is over.
    submit({}, c.id(), session.id(), SessionStored{session_present});
  } else {
    send_connack(c, session, session_present);
  }
  if (next) {  // somebody else asked while we waited: the last one wins
    TakeOver request{session.client_id(), session.id(), *next};
    on_take_over(request);
  }
}

/// What an MQTT 5 client is told about the broker and its session. Defaults are left out, and so is what the
/// client can do without when its Maximum Packet Size has no room for all.
wire::PropertyWriter Shard::describe_server(const Connection& c) const {
  using wire::PropertyId;
  wire::PropertyWriter out;
  if (!c.agreement().is_v5()) return out;
  const MqttOptions& mqtt = shared_.options.mqtt;
  const PendingConnect& pending = *c.pending_connect;
  if (pending.client_id_assigned)
    out.add(PropertyId::AssignedClientIdentifier, pending.client_id);  // [MQTT-3.1.3-7]
  if (pending.server_keep_alive != 0) out.add(PropertyId::ServerKeepAlive, pending.server_keep_alive);
  if (pending.expiry_interval != pending.asked_expiry_interval)
    out.add(PropertyId::SessionExpiryInterval, pending.expiry_interval);
  out.add(PropertyId::ReceiveMaximum, shared_.options.session.receive_maximum);
  out.add(PropertyId::MaximumPacketSize, mqtt.max_packet_size);
  if (mqtt.max_qos < 2) out.add(PropertyId::MaximumQoS, mqtt.max_qos);  // [MQTT-3.2.2-9]
  if (!mqtt.retain_available) out.add(PropertyId::RetainAvailable, 0);
  if (!mqtt.wildcard_available) out.add(PropertyId::WildcardSubscriptionAvailable, 0);
  if (!mqtt.shared_available) out.add(PropertyId::SharedSubscriptionAvailable, 0);
  wire::PropertyWriter in_full = out;
  if (mqtt.topic_alias_maximum != 0) in_full.add(PropertyId::TopicAliasMaximum, mqtt.topic_alias_maximum);
  if (pending.response_information && !mqtt.response_information.empty())
    in_full.add(PropertyId::ResponseInformation, mqtt.response_information);
  return answer_fits(c, wire::Connack{false, ReasonCode::Success, in_full.properties()}) ? in_full : out;
}

/// CONNACK, then everything that was unfinished, then what waits. [MQTT-3.2.0-1]
void Shard::send_connack(Connection& c, Session& session, bool session_present) {
  answer(c, wire::Connack{session_present, ReasonCode::Success,
                          c.pending_connect->about_us.properties()});  // [MQTT-3.2.2-2] [MQTT-3.2.2-3]
  log_connected(c, session, session_present);
  if (voice_.is_heard()) {
    const std::string address = c.peer_address();
    voice_.tell("client/connected", queue::event_text({{"client", std::string_view(session.client_id())},
                                                       {"address", std::string_view(address)},
                                                       {"version", wire::name_of(c.version())},
                                                       {"session_present", session_present ? 1U : 0U}}));
  }
  c.pending_connect.reset();
  c.set_state(Connection::State::Connected);
  counters_.add(Counter::ClientsConnected);
  start_keep_alive(c);
  resume_consuming(session);
  reading_.resume(session);
  pump(session);
  resume_retained_reads(c, session);
  c.resume(Connection::Pause::Claim, now());
}

/// CONNACK with the reason, then the end. MQTT 3 gets the nearest return code. [MQTT-3.1.4-2]
void Shard::refuse_connect(Connection& c, ReasonCode reason, std::string_view why) {
  counters_.add(Counter::ConnectionsRefused);
  HERMOD_LOG_LIMITED(log::Level::Notice, "client.refused", {"address", c.transport().peer().address},
                     {"client", c.pending_connect ? c.pending_connect->client_id : std::string()},
                     {"reason", wire::name_of(reason)}, {"code", code_of(reason)}, {"why", why});
  // CONNACK has no 0x8E and no 0x8B.
  if (reason == ReasonCode::SessionTakenOver) reason = ReasonCode::ServerBusy;
  if (reason == ReasonCode::ServerShuttingDown)
    reason = elsewhere_or(ReasonCode::ServerUnavailable, shared_.options.mqtt);
  wire::PropertyWriter properties;
  if (reason == ReasonCode::UseAnotherServer)
    properties.add(wire::PropertyId::ServerReference, shared_.options.mqtt.server_reference);
  answer(c, wire::Connack{false, reason, properties.properties()}, why);
  close_connection(c, WillRule::Discard, {"broker", reason, why});
}

}  // namespace hermod::broker
