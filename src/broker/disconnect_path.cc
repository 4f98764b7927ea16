// How a connection ends, and what becomes of its session: will, expiry, successor.

#include "base/log.h"
#include "broker/answer.h"
#include "broker/reason_for.h"
#include "broker/shard.h"
#include "queue/event_text.h"

namespace hermod::broker {

using session::Session;
using wire::ReasonCode;

Ending ending_of_transport(net::CloseReason reason) {
  switch (reason) {
    case net::CloseReason::PeerClosed:
      return {"network", {}, "the client closed the connection without DISCONNECT"};
    case net::CloseReason::ByBroker:
    case net::CloseReason::Shutdown:
      return {"broker", {}, "the client broke a rule of its transport"};
    case net::CloseReason::PeerReset:
      break;
  }
  return {"network", {}, "the connection broke"};
}

/// The client says goodbye.
void Shard::on_disconnect(Connection& c, const wire::Disconnect& packet) {
  Session& session = *c.session();
  if (const auto interval = packet.properties.session_expiry_interval()) {
    if (session.expiry_interval() == 0 && *interval != 0)  // [MQTT-3.14.2-2]
      return disconnect(c, ReasonCode::ProtocolError, "a Session Expiry Interval of 0 cannot be raised");
    session.set_expiry_interval(std::min(*interval, shared_.options.session.max_expiry_interval));
  }
  const WillRule will = packet.reason == wire::kNormalDisconnection ? WillRule::Discard : WillRule::Publish;
  close_connection(c, will,
                   {"client", packet.reason, packet.properties.reason_string().value_or("DISCONNECT")});
  // [MQTT-3.14.4-3]
}

/// Ends a connection for a reason the client is told where its version can carry it. [MQTT-4.13.1-1]
void Shard::disconnect(Connection& c, ReasonCode reason, std::string_view why) {
  if (c.state() == Connection::State::Closing) return;
  if (c.state() != Connection::State::Connected) return refuse_connect(c, reason, why);
  HERMOD_LOG_LIMITED(log::Level::Notice, "client.disconnected_by_broker",
                     {"client", c.session()->client_id()}, {"reason", wire::name_of(reason)},
                     {"code", code_of(reason)}, {"why", why});
  if (c.agreement().is_v5()) {
    wire::PropertyWriter properties;
    if (reason == ReasonCode::ServerShuttingDown && !shared_.options.mqtt.server_reference.empty())
      properties.add(wire::PropertyId::ServerReference, shared_.options.mqtt.server_reference);
    answer(c, wire::Disconnect{reason, properties.properties()}, why);
  }
  close_connection(c, WillRule::Publish, {"broker", reason, why});
}

/// MQTT 3 has no code to refuse a PUBLISH with: the connection ends, but what came before is acknowledged
/// first, so that the client does not send that again and again.
void Shard::disconnect_behind_acks(Connection& c, ReasonCode reason) {
  if (c.pending_commits == 0) return disconnect(c, reason, wire::name_of(reason));
  c.ends_with = reason;
  c.pause(Connection::Pause::Ending);
}

void Shard::tell_disconnected(const Connection& c, const Session& session, const Ending& ending) {
  constexpr std::string_view kEvent = "client.disconnected";
  if (voice_.is_heard()) {
    const std::string address = c.peer_address();
    const std::string_view reason = ending.reason ? wire::name_of(*ending.reason) : std::string_view();
    voice_.tell("client/disconnected", queue::event_text({{"client", std::string_view(session.client_id())},
                                                          {"address", std::string_view(address)},
                                                          {"by", ending.by},
                                                          {"reason", reason},
                                                          {"why", ending.why}}));
  }
  if (!log::enabled(log::Level::Info)) return;
  if (!ending.reason)
    return log::event(log::Level::Info, kEvent,
                      {{"client", session.client_id()},
                       {"address", c.peer_address()},
                       {"by", ending.by},
                       {"why", ending.why}});
  log::event(log::Level::Info, kEvent,
             {{"client", session.client_id()},
              {"address", c.peer_address()},
              {"by", ending.by},
              {"reason", wire::name_of(*ending.reason)},
              {"code", code_of(*ending.reason)},
              {"why", ending.why}});
}

/// The connection ends here for the session; the transport follows when its last bytes are written.
void Shard::close_connection(Connection& c, WillRule will, const Ending& ending) {
  if (c.state() == Connection::State::Closing) return;
  const bool was_connected = c.state() == Connection::State::Connected;
  if (was_connected) counters_.add(Counter::ClientsDisconnected);
  c.set_state(Connection::State::Closing);
  // Before the client can see the end of the stream: whoever then comes in its place is let in.
  shared_.connections.fetch_sub(1, std::memory_order_relaxed);
  Session* session = c.session();
  if (session != nullptr && was_connected) tell_disconnected(c, *session, ending);
  c.set_session(nullptr);
  if (session != nullptr) keep_retained_reads(c, *session);
  c.close(stopping_ ? net::CloseReason::Shutdown : net::CloseReason::ByBroker);
  if (session != nullptr) leave_session(*session, will);
}

/// The client has said that it goes, or broke its stream: nothing more comes, and its will does not wait
/// until the transport is gone. [MQTT-3.1.2-8]
void Shard::on_connection_ending(Connection& c, net::CloseReason reason) {
  close_connection(c, WillRule::Publish, ending_of_transport(reason));
}

}  // namespace hermod::broker
