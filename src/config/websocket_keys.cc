#include "config/websocket_keys.h"

#include <array>

#include "config/text_list.h"

namespace hermod::config {
namespace {

constexpr std::array<std::string_view, 2> kSubprotocols{"required", "optional"};

/// Those of a listener without WebSocket are the defaults.
net::WebSocketOptions websocket_of(const net::ListenerOptions& listener) {
  return listener.websocket.value_or(net::WebSocketOptions{});
}

SocketKey subprotocol() {
  return {
      .key = {.name = "subprotocol",
              .kind = Kind::Choice,
              .choices = kSubprotocols,
              .doc = "Whether a client must ask for the WebSocket subprotocol mqtt (or mqttv3.1), as MQTT "
                     "wants it, or may ask for none."},
      .where = SocketKey::Where::WebSocket,
      .read = [](const net::ListenerOptions& l) -> Value {
        return std::string(kSubprotocols.at(websocket_of(l).requires_subprotocol ? 0 : 1));
      },
      .write =
          [](net::ListenerOptions& l, const Value& v) {
            if (l.websocket) l.websocket->requires_subprotocol = std::get<std::string>(v) == kSubprotocols[0];
          }};
}

SocketKey origins() {
  return {
      .key = {.name = "origins",
              .kind = Kind::Text,
              .is_list = true,
              .doc =
                  "Who may connect, by the Origin that browsers send: https://example.org, "
                  "https://*.example.org for all hosts below, loopback for pages from localhost, 127.0.0.1 "
                  "or [::1], null for pages without an origin (from a file), absent for programs that are "
                  "no browsers and send none, * for everybody."},
      .where = SocketKey::Where::WebSocket,
      .read = [](const net::ListenerOptions& l) -> Value { return list_text(websocket_of(l).origins); },
      .write =
          [](net::ListenerOptions& l, const Value& v) {
            if (l.websocket) l.websocket->origins = split_list(std::get<std::string>(v));
          }};
}

SocketKey compression() {
  return {.key = {.name = "compression",
                  .kind = Kind::Switch,
                  .doc = "Whether messages are compressed with clients that offer it (permessage-deflate, as "
                         "browsers do). It costs processor time, and its size can tell something about a "
                         "message that holds both a secret and what somebody else chose."},
          .where = SocketKey::Where::WebSocket,
          .read = [](const net::ListenerOptions& l) -> Value { return websocket_of(l).compresses; },
          .write =
              [](net::ListenerOptions& l, const Value& v) {
                if (l.websocket) l.websocket->compresses = std::get<bool>(v);
              }};
}

}  // namespace

std::vector<SocketKey> websocket_keys() {
  return {subprotocol(), origins(), compression()};
}

}  // namespace hermod::config
