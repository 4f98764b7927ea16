#include "tests/sim/model_client.h"

#include <algorithm>
#include <utility>

namespace hermod::sim {

using wire::PacketId;
using wire::PacketType;
using wire::PropertyId;
using wire::QoS;
using wire::Version;

namespace {

/// Few identifiers, so that they are used again soon.
constexpr std::uint16_t kPacketIds = 24;
/// SUBSCRIBE and UNSUBSCRIBE on their way at once; PUBLISH leaves them room.
constexpr std::size_t kMostRequests = 8;
/// Publications a client prepares while its quota is used up.
constexpr std::size_t kMostWaiting = 40;

}  // namespace

ModelClient::ModelClient(std::size_t index, Profile profile, Ledger& ledger, Report& report)
    : index_(index), profile_(std::move(profile)), ledger_(ledger), report_(report) {}

bool ModelClient::is_at_rest() const {
  return is_up() && outgoing_.empty() && waiting_.empty() && received_.empty() &&
         connection_->answers.empty() && connection_->requests.empty() && connection_->unanswered.empty() &&
         connection_->peer->received() == 0 && connection_->peer->on_the_way() == 0;
}

std::string ModelClient::unrest() const {
  if (!is_up()) return "no connection";
  return "outgoing " + std::to_string(outgoing_.size()) + ", waiting " + std::to_string(waiting_.size()) +
         ", received " + std::to_string(received_.size()) + ", answers " +
         std::to_string(connection_->answers.size()) + ", requests " +
         std::to_string(connection_->requests.size()) + ", unanswered " +
         std::to_string(connection_->unanswered.size()) + ", unread " +
         std::to_string(connection_->peer->received()) + ", on the way " +
         std::to_string(connection_->peer->on_the_way());
}

void ModelClient::connect_for_the_last_time(std::shared_ptr<test::FakePeer> peer) {
  profile_.durable = false;
  profile_.leaves_will = false;
  waiting_.clear();
  connect(std::move(peer), true, 0, {});
}

void ModelClient::connect(std::shared_ptr<test::FakePeer> peer, bool clean, std::uint32_t expiry,
                          std::chrono::nanoseconds timers) {
  if (connection_) end_without_goodbye();
  judge_overdue_will(timers);
  wants_clean_ = wants_clean_ || clean || !profile_.durable;
  if (wants_clean_) {
    must_have_session_ = false;
    // The session that is there is ended by a Clean Start, and with it the delay of its will.
    if (last_will_) ledger_.at(*last_will_).will->not_before.reset();
  }
  // The broker may take this CONNECT even when its answer never comes back.
  if (profile_.version == Version::Mqtt5) session_expiry_ = std::min(session_expiry_, expiry);
  must_have_session_ = must_have_session_ && session_expiry_ > 0;
  test::FakeClient client(peer, profile_.version, profile_.topic_alias_maximum);
  connection_.emplace(Connection{std::move(client),
                                 std::move(peer),
                                 wants_clean_,
                                 expiry,
                                 false,
                                 false,
                                 65535,
                                 {},
                                 {},
                                 {},
                                 {},
                                 {},
                                 false});
  report_.note("client connects (client, clean, expiry)", static_cast<std::int64_t>(index_),
               wants_clean_ ? 1 : 0, expiry);
  send_connect();
}

/// A will whose delay was over for the broker before this CONNECT can be withdrawn no more.
void ModelClient::judge_overdue_will(std::chrono::nanoseconds timers) {
  if (attempts_++ > 0) {  // an earlier CONNECT may have been in time, and may have begun a session
    must_be_new_ = false;
    return;
  }
  for (const Ended& ended : ended_) {
    if (ended.will != last_will_ || ended.said_goodbye || !ended.noticed) continue;
    WillFate& will = *ledger_.at(ended.will).will;
    const std::chrono::seconds delay(std::min(will.delay, session_expiry_));
    if (ended.noticed->time + delay + std::chrono::milliseconds(5) < timers) will.due = true;
  }
}

void ModelClient::send_connect() {
  wire::Connect packet;
  packet.version = profile_.version;
  packet.client_id = profile_.client_id;
  packet.clean_start = wants_clean_;
  packet.keep_alive = profile_.keep_alive;
  wire::PropertyWriter properties;
  if (profile_.version == Version::Mqtt5) {
    if (connection_->expiry != 0) properties.add(PropertyId::SessionExpiryInterval, connection_->expiry);
    if (profile_.receive_maximum != 65535)
      properties.add(PropertyId::ReceiveMaximum, profile_.receive_maximum);
    if (profile_.topic_alias_maximum != 0)
      properties.add(PropertyId::TopicAliasMaximum, profile_.topic_alias_maximum);
    packet.properties = properties.properties();
  }
  std::string topic;
  std::string payload;
  wire::PropertyWriter will_properties;
  if (profile_.leaves_will) {
    topic = "w/" + profile_.client_id;
    Sent sent;
    sent.publisher = index_;
    sent.publisher_session = session_;
    sent.topic = topic;
    sent.qos = profile_.will_qos;
    sent.first_sent = report_.moment();
    sent.will.emplace();
    sent.will->delay = profile_.version == Version::Mqtt5 ? profile_.will_delay : 0;
    connection_->will = ledger_.begin(std::move(sent));
    payload = Ledger::payload(*connection_->will, 0);
    wire::Will will;
    will.topic = topic;
    will.payload = as_bytes(payload);
    will.qos = profile_.will_qos;
    if (profile_.will_delay != 0 && profile_.version == Version::Mqtt5) {
      will_properties.add(PropertyId::WillDelayInterval, profile_.will_delay);
      will.properties = will_properties.properties();
    }
    packet.will = will;
  }
  connection_->client.connect(packet);
}

/// A session that ends with its connection ends here too. And when the broker may have taken a CONNECT that
/// asked for a session of limited life, the next Session Present could speak of a session this client knows
/// nothing of.
void ModelClient::end_connection() {
  if (connection_->up) {
    last_end_ = connection_->closed.value_or(report_.moment());
    last_will_ = connection_->will;
    attempts_ = 0;
    if (session_expiry_ == 0) lose_session();
  } else if (profile_.version == Version::Mqtt5 && connection_->expiry != kNever) {
    wants_clean_ = true;
  }
  connection_.reset();
}

/// The will of the connection, if it was in force, is due sooner or later. A CONNECT that nobody has read yet
/// is lost: were it read after the next one, it would take the session over from that.
void ModelClient::end_without_goodbye() {
  if (!connection_->up) connection_->peer->drop(0);
  if (connection_->up && connection_->will) {
    WillFate& will = *ledger_.at(*connection_->will).will;
    const std::chrono::seconds delay(std::min(will.delay, session_expiry_));
    will.not_before = connection_->closed.value_or(report_.moment()).time + delay;
    if (delay.count() == 0) will.due = true;
    ended_.push_back({connection_->peer, *connection_->will, false, std::nullopt, connection_->crashed});
  }
  end_connection();
}

void ModelClient::drop(std::size_t arriving) {
  report_.note("connection drops (client, bytes that arrive)", static_cast<std::int64_t>(index_),
               static_cast<std::int64_t>(arriving));
  connection_->peer->drop(arriving);
  end_without_goodbye();
}

void ModelClient::hang_up() {
  report_.note("client hangs up (client)", static_cast<std::int64_t>(index_));
  connection_->peer->finish();
  end_without_goodbye();
}

void ModelClient::leave(bool with_will) {
  report_.note("client says goodbye (client, with will)", static_cast<std::int64_t>(index_),
               with_will ? 1 : 0);
  const bool publishes = with_will && profile_.version == Version::Mqtt5;
  connection_->client.disconnect(publishes ? wire::ReasonCode::DisconnectWithWillMessage
                                           : wire::kNormalDisconnection);
  connection_->peer->finish();
  if (publishes) return end_without_goodbye();
  if (connection_->will)
    ended_.push_back(
        {connection_->peer, *connection_->will, outgoing_.empty(), std::nullopt, connection_->crashed});
  end_connection();
  last_will_.reset();
}

void ModelClient::watch_ends() {
  if (connection_ && !connection_->closed) {
    const test::FakeTransport* transport = connection_->peer->transport();
    if (transport == nullptr || !transport->is_open()) connection_->closed = report_.moment();
  }
  std::erase_if(ended_, [&](Ended& ended) {
    if (ended.noticed) return last_will_ != ended.will;
    const test::FakeTransport* transport = ended.peer->transport();
    if (transport != nullptr && transport->is_open()) return false;
    ended.noticed = report_.moment();
    // Every byte was read while the connection was open, and then it closed: that was the DISCONNECT.
    if (ended.said_goodbye && ended.peer->is_read_to_end()) {
      WillFate& will = *ledger_.at(ended.will).will;
      will.withdrawn = true;
      will.goodbye = report_.moment().step;
    }
    return ended.said_goodbye;
  });
}

/// When the broker does not know any more since when its clients are away, it counts from its start.
void ModelClient::broker_crashed(const Moment& crashed, std::uint64_t durable) {
  const bool ends = session_expiry_ == 0 && !wants_clean_;
  if (connection_ && connection_->up ? ends : ends && last_end_ && !connection_ && attempts_ == 0)
    must_be_new_ = true;
  if (connection_) {
    connection_->crashed = !connection_->closed || connection_->closed->step > durable;
    if (!connection_->closed) connection_->closed = crashed;
  }
  std::erase_if(ended_, [](const Ended& ended) { return ended.said_goodbye; });
  for (Ended& ended : ended_) {
    ended.crashed |= !ended.noticed || ended.noticed->step > durable;
    if (ended.crashed) ended.noticed = report_.moment();
  }
  book_.broker_crashed(durable);
}

/// CONNACK said that there is no session: the client's half ends too. [MQTT-3.2.2-5]
void ModelClient::lose_session() {
  for (const Outgoing& out : outgoing_) ledger_.at(out.number).fate = Sent::Fate::Abandoned;
  outgoing_.clear();
  received_.clear();
  book_.session_lost(report_.moment().step);
  ++session_;
}

PacketId ModelClient::free_id() {
  for (;;) {
    last_id_ = static_cast<std::uint16_t>(last_id_ % kPacketIds + 1);
    const PacketId id{last_id_};
    const bool taken =
        std::any_of(outgoing_.begin(), outgoing_.end(), [&](const Outgoing& out) { return out.id == id; }) ||
        std::any_of(connection_->requests.begin(), connection_->requests.end(),
                    [&](const Request& request) { return request.id == id; });
    if (!taken) return id;
  }
}

void ModelClient::publish(const Publication& publication) {
  if (waiting_.size() >= kMostWaiting) return;
  waiting_.push_back(publication);
  send_waiting();
}

void ModelClient::send_waiting() {
  while (is_up() && connection_->resumed && !waiting_.empty()) {
    const Publication& next = waiting_.front();
    const bool needs_quota = next.qos != QoS::AtMostOnce;
    if (needs_quota && (connection_->send_quota == 0 || outgoing_.size() + kMostRequests >= kPacketIds))
      return;
    Sent sent;
    sent.publisher = index_;
    sent.publisher_session = session_;
    sent.topic = next.topic;
    sent.qos = next.qos;
    sent.retain = next.retain;
    sent.clears = next.clears;
    sent.expires = next.expiry.has_value();
    sent.first_sent = report_.moment();
    Outgoing out;
    out.number = ledger_.begin(std::move(sent));
    out.qos = next.qos;
    out.retain = next.retain;
    out.payload = next.clears ? std::string() : Ledger::payload(out.number, next.size);
    if (profile_.version == Version::Mqtt5) out.expiry = next.expiry;
    if (needs_quota) {
      out.id = free_id();
      --connection_->send_quota;
    }
    waiting_.pop_front();
    report_.note("client publishes (client, message, QoS)", static_cast<std::int64_t>(index_),
                 static_cast<std::int64_t>(out.number), static_cast<std::int64_t>(out.qos),
                 ledger_.at(out.number).topic);
    send_outgoing(out, false);
    if (needs_quota) outgoing_.push_back(std::move(out));
  }
}

void ModelClient::send_outgoing(const Outgoing& out, bool dup) {
  wire::Publish packet;
  packet.dup = dup;
  packet.qos = out.qos;
  packet.retain = out.retain;
  packet.id = out.id;
  packet.topic = ledger_.at(out.number).topic;
  packet.payload = as_bytes(out.payload);
  wire::PropertyWriter properties;
  if (out.expiry) properties.add(PropertyId::MessageExpiryInterval, *out.expiry);
  packet.properties = properties.properties();
  connection_->client.publish(packet);
}

void ModelClient::subscribe(const Stay& wanted, wire::RetainHandling handling) {
  const Stay* open = book_.open(wanted.filter);
  if (open != nullptr && open->leaving) return;  // first the answer to that UNSUBSCRIBE
  if (connection_->requests.size() >= kMostRequests) return;
  Stay stay = open != nullptr ? *open : wanted;  // a subscription is repeated with the same options
  stay.asked = report_.moment().step;
  const bool v5 = profile_.version == Version::Mqtt5;
  if (!v5) handling = wire::RetainHandling::SendAtSubscribe;
  book_.asked(stay, handling == wire::RetainHandling::SendAtSubscribe);
  if (stay.share_name.empty() && handling != wire::RetainHandling::DoNotSend) book_.retained_asked(stay.bare);
  const PacketId id = free_id();
  connection_->client.subscribe(id,
                                {{stay.filter, stay.qos, stay.no_local, stay.retain_as_published, handling}},
                                v5 ? stay.identifier : 0);
  connection_->requests.push_back({id, {stay.filter}, false});
  report_.note("client subscribes (client, packet id, QoS)", static_cast<std::int64_t>(index_), id.v,
               static_cast<std::int64_t>(stay.qos), stay.filter + (stay.no_local ? " no local" : ""));
}

void ModelClient::unsubscribe(std::string_view filter) {
  const bool asked = std::any_of(
      connection_->requests.begin(), connection_->requests.end(),
      [&](const Request& request) { return request.unsubscribe && request.filters.front() == filter; });
  if (asked || connection_->requests.size() >= kMostRequests) return;
  book_.leaving(filter, report_.moment().step);
  const PacketId id = free_id();
  connection_->client.unsubscribe(id, {filter});
  connection_->requests.push_back({id, {std::string(filter)}, true});
  report_.note("client unsubscribes (client, packet id)", static_cast<std::int64_t>(index_), id.v, -1,
               std::string(filter));
}

void ModelClient::answer(std::size_t most) {
  for (; connection_ && most > 0 && !connection_->answers.empty(); --most) {
    const Answer answer = connection_->answers.front();
    connection_->answers.pop_front();
    connection_->client.ack(answer.type, answer.id);
    report_.note("client answers (client, packet type, packet id)", static_cast<std::int64_t>(index_),
                 static_cast<std::int64_t>(answer.type), answer.id.v);
    if (answer.type == PacketType::Puback || answer.type == PacketType::Pubcomp)
      connection_->unanswered.erase(answer.id);
  }
}

}  // namespace hermod::sim
