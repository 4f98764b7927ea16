#include "net/websocket_request.h"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "base/text.h"
#include "net/http_token.h"
#include "net/websocket_accept.h"
#include "net/websocket_extension.h"
#include "net/websocket_forwarded.h"

namespace hermod::net {
namespace {

using Refusal = WebSocketRefusal;

constexpr std::string_view kEnd = "\r\n";
constexpr std::string_view kBlanks = " \t";
constexpr std::size_t kMaxHeaders = 100;
/// 16 bytes in base64.
constexpr std::size_t kKeySize = 24;

bool is_visible(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return c > 0x20 && c < 0x7F; });
}

/// Calls `use` with each element of a list with commas.
template <class Use>
void for_each_element(std::string_view list, Use use) {
  while (true) {
    const std::size_t comma = list.find(',');
    const std::string_view one = trimmed(list.substr(0, comma), kBlanks);
    if (!one.empty()) use(one);
    if (comma == std::string_view::npos) return;
    list.remove_prefix(comma + 1);
  }
}

bool list_has(std::string_view list, std::string_view word) {
  bool found = false;
  for_each_element(list, [&](std::string_view one) { found = found || same_word(one, word); });
  return found;
}

struct Header {
  std::string_view name;
  std::string_view value;
};

/// The head taken apart; views into it.
struct Request {
  std::string_view method;
  std::string_view target;
  std::string_view version;
  std::vector<Header> headers;

  bool has(std::string_view name) const { return first(name).has_value(); }
  std::optional<std::string_view> first(std::string_view name) const {
    for (const Header& one : headers)
      if (same_word(one.name, name)) return one.value;
    return std::nullopt;
  }
  std::size_t count(std::string_view name) const {
    return static_cast<std::size_t>(
        std::ranges::count_if(headers, [&](const Header& one) { return same_word(one.name, name); }));
  }
  /// Several lines of one name are one list (RFC 9110, 5.3).
  std::string list(std::string_view name) const {
    std::string out;
    for (const Header& one : headers) {
      if (!same_word(one.name, name)) continue;
      if (!out.empty()) out += ',';
      out += one.value;
    }
    return out;
  }
};

std::optional<Request> parse_request(std::string_view head) {
  const auto take_line = [&head]() -> std::optional<std::string_view> {
    const std::size_t end = head.find(kEnd);
    if (end == std::string_view::npos) return std::nullopt;
    const std::string_view line = head.substr(0, end);
    head.remove_prefix(end + kEnd.size());
    return line;
  };
  Request out;
  const auto first = take_line();
  if (!first) return std::nullopt;
  const std::size_t method_end = first->find(' ');
  const std::size_t target_end = first->rfind(' ');
  if (method_end == std::string_view::npos || target_end <= method_end) return std::nullopt;
  out.method = first->substr(0, method_end);
  out.target = first->substr(method_end + 1, target_end - method_end - 1);
  out.version = first->substr(target_end + 1);
  if (!is_token(out.method) || out.target.empty() || !is_visible(out.target)) return std::nullopt;
  if (!out.version.starts_with("HTTP/")) return std::nullopt;
  while (const auto line = take_line()) {
    if (line->empty()) return out;
    const std::size_t colon = line->find(':');
    if (colon == std::string_view::npos || !is_token(line->substr(0, colon))) return std::nullopt;
    if (out.headers.size() == kMaxHeaders) return std::nullopt;
    const std::string_view value = trimmed(line->substr(colon + 1), kBlanks);
    if (std::ranges::any_of(value, [](char c) { return (c >= 0 && c < 0x20 && c != '\t') || c == 0x7F; }))
      return std::nullopt;
    out.headers.push_back({line->substr(0, colon), value});
  }
  return std::nullopt;
}

bool is_key(std::string_view key) {
  if (key.size() != kKeySize || !key.ends_with("==")) return false;
  return std::ranges::all_of(key.substr(0, kKeySize - 2), [](char c) {
    return (c >= '0' && c <= '9') || (lower(c) >= 'a' && lower(c) <= 'z') || c == '+' || c == '/';
  });
}

/// Of a target, also one with scheme and host in front (RFC 9112, 3.2.2).
std::string_view path_of(std::string_view target) {
  target = target.substr(0, target.find('?'));
  for (const std::string_view scheme : {"http://", "https://", "ws://", "wss://"}) {
    if (!same_word(target.substr(0, scheme.size()), scheme)) continue;
    const std::size_t path = target.find('/', scheme.size());
    return path == std::string_view::npos ? "/" : target.substr(path);
  }
  return target;
}

Refusal malformed(std::string why) {
  return {.status = 400, .why = std::move(why)};
}

/// "mqtt" where it is offered [MQTT-6.0.0-4], else the name that clients of MQTT 3.1 use; "" for none of
/// them.
std::string_view choose_subprotocol(std::string_view offered) {
  std::string_view chosen;
  for_each_element(offered, [&](std::string_view one) {
    if (one == "mqtt" || (one == "mqttv3.1" && chosen.empty())) chosen = one;
  });
  return chosen;
}

std::string_view phrase(int status) {
  switch (status) {
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 408:
      return "Request Timeout";
    case 426:
      return "Upgrade Required";
    case 429:
      return "Too Many Requests";
    case 431:
      return "Request Header Fields Too Large";
    case 503:
      return "Service Unavailable";
    case 505:
      return "HTTP Version Not Supported";
    default:
      return "Bad Request";
  }
}

/// What is no request for a WebSocket; nothing when it is one.
std::optional<Refusal> refuse_other_requests(const Request& request, const WebSocketRules& rules) {
  if (request.version != "HTTP/1.1") {
    if (request.version == "HTTP/1.0") return malformed("a WebSocket needs HTTP/1.1");
    return Refusal{.status = 505, .why = "this port speaks HTTP/1.1, for WebSockets only"};
  }
  if (request.method != "GET")
    return Refusal{.status = 405,
                   .why = "a WebSocket begins with GET",
                   .extra = "Allow: GET\r\n",
                   .has_text = request.method != "HEAD"};
  if (request.count("host") != 1 || request.first("host")->empty())
    return malformed("there is no Host header, or more than one");
  const auto length = request.first("content-length");
  if (request.has("transfer-encoding") || request.count("content-length") > 1 || (length && *length != "0"))
    return malformed("a request for a WebSocket has no content");
  if (!list_has(request.list("upgrade"), "websocket")) {
    return Refusal{.status = 426,
                   .why =
                       "this is the port of an MQTT broker (hermod) for MQTT over WebSocket, not a web "
                       "page. Connect with an MQTT client for WebSockets, at the path " +
                       rules.path() + " with the subprotocol mqtt",
                   .extra = "Upgrade: websocket\r\n"};
  }
  return std::nullopt;
}

/// What is wrong with the request for a WebSocket as such (RFC 6455, 4.2.1).
std::optional<Refusal> refuse_handshake(const Request& request) {
  if (!list_has(request.list("connection"), "upgrade"))
    return malformed("the Connection header does not say Upgrade");
  if (request.first("sec-websocket-version") != "13") {
    return Refusal{.status = 426,
                   .why = "version 13 of the WebSocket protocol is spoken here",
                   .extra = "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"};
  }
  if (request.count("sec-websocket-key") != 1 || !is_key(*request.first("sec-websocket-key")))
    return malformed("Sec-WebSocket-Key is not 16 bytes in base64");
  return std::nullopt;
}

/// Says what to write where, so that nobody has to look for it.
std::optional<Refusal> refuse_origin(const Request& request, const WebSocketRules& rules) {
  constexpr std::size_t kLongestShown = 300;
  const auto origin = request.first("origin");
  if (request.count("origin") > 1) return malformed("there is more than one Origin header");
  if (rules.origins().allows(origin)) return std::nullopt;
  std::string why;
  if (!origin) {
    why = "programs that send no Origin may not connect: " + rules.origins_key() + " does not list absent";
  } else if (origin->empty() || origin->size() > kLongestShown || !is_visible(*origin)) {
    why = "what the Origin header says is no origin";
  } else {
    why = "pages from " + std::string(*origin) + " may not connect: " + rules.origins_key() +
          " does not list " + std::string(*origin);
  }
  return Refusal{.status = 403, .why = std::move(why)};
}

}  // namespace

Result<WebSocketRules> WebSocketRules::from(const WebSocketOptions& options,
                                            std::vector<AddressRange> proxies, std::string_view listener,
                                            bool send_header) {
  WebSocketRules rules;
  rules.path_ = options.path;
  rules.requires_subprotocol_ = options.requires_subprotocol;
  rules.compresses_ = options.compresses;
  auto origins = OriginList::from(options.origins);
  if (!origins) return tl::unexpected(std::move(origins.error()));
  rules.origins_ = std::move(*origins);
  rules.origins_key_.append("listeners.").append(listener).append(".origins");
  rules.proxies_ = std::move(proxies);
  rules.proxies_send_header_ = send_header;
  return rules;
}

std::string WebSocketUpgrade::answer() const {
  const std::string accept = websocket_accept(key);
  if (accept.empty()) return {};
  std::string out =
      "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
      "Sec-WebSocket-Accept: " +
      accept + "\r\n";
  if (!subprotocol.empty()) out += "Sec-WebSocket-Protocol: " + subprotocol + "\r\n";
  if (!extensions.empty()) out += "Sec-WebSocket-Extensions: " + extensions + "\r\n";
  return out + "\r\n";
}

std::string WebSocketRefusal::answer() const {
  const std::string text = has_text ? why + ".\n" : "";
  // Who answers with Upgrade says so here too (RFC 9110, 7.8).
  const char* connection = status == 426 ? "upgrade, close" : "close";
  return "HTTP/1.1 " + std::to_string(status) + " " + std::string(phrase(status)) + "\r\n" + extra +
         "Content-Type: text/plain; charset=utf-8\r\n"
         "X-Content-Type-Options: nosniff\r\n"
         "Cache-Control: no-store\r\n"
         "Content-Length: " +
         std::to_string(text.size()) + "\r\nConnection: " + connection + "\r\n\r\n" + text;
}

std::size_t request_size(std::string_view bytes, std::size_t looked_at) {
  constexpr std::string_view kEmptyLine = "\r\n\r\n";
  const std::size_t from = looked_at < kEmptyLine.size() ? 0 : looked_at - kEmptyLine.size() + 1;
  const std::size_t end = bytes.find(kEmptyLine, from);
  return end == std::string_view::npos ? 0 : end + kEmptyLine.size();
}

std::variant<WebSocketUpgrade, WebSocketRefusal> judge_request(std::string_view head, std::string_view peer,
                                                               const WebSocketRules& rules) {
  const std::optional<Request> request = parse_request(head);
  if (!request) return malformed("this is not an HTTP request");
  if (auto refusal = refuse_other_requests(*request, rules)) return *std::move(refusal);
  if (!rules.is_path(path_of(request->target)))
    return Refusal{.status = 404, .why = "there is no WebSocket at this path"};
  if (auto refusal = refuse_handshake(*request)) return *std::move(refusal);
  if (auto refusal = refuse_origin(*request, rules)) return *std::move(refusal);

  WebSocketUpgrade upgrade{.key = std::string(*request->first("sec-websocket-key"))};
  const std::string offered = request->list("sec-websocket-protocol");
  upgrade.subprotocol = choose_subprotocol(offered);
  if (upgrade.subprotocol.empty() && (!offered.empty() || rules.requires_subprotocol()))
    return malformed("the subprotocol must be mqtt");  // [MQTT-6.0.0-3]
  if (rules.compresses())
    upgrade.extensions = answer_to_extensions(request->list("sec-websocket-extensions"));
  upgrade.forwarded_for = client_behind(rules.proxies(), peer, request->list("x-forwarded-for"));
  return upgrade;
}

}  // namespace hermod::net
