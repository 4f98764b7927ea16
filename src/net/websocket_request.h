#pragma once
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/bytes.h"
#include "net/options.h"
#include "net/websocket_origin.h"

namespace hermod::net {

/// What a listener asks of a request for a WebSocket. Made from its options once, then immutable; shared by
/// the shards.
class WebSocketRules {
 public:
  /// `proxies` may say for whom they connect; those that put a PROXY header in front (`send_header`) pass
  /// their clients' requests on, so that only proxies whom it names are believed about the request.
  /// `listener` is the name by which refusals speak of it. Errors: Invalid, naming the origin that is none.
  static Result<WebSocketRules> from(const WebSocketOptions& options, std::vector<AddressRange> proxies = {},
                                     std::string_view listener = "NAME", bool send_header = false);

  bool is_path(std::string_view path) const { return path == path_; }
  const std::string& path() const { return path_; }
  bool requires_subprotocol() const { return requires_subprotocol_; }
  /// Whether a client that offers compression gets it.
  bool compresses() const { return compresses_; }
  const OriginList& origins() const { return origins_; }
  /// The key of the configuration that lists them.
  const std::string& origins_key() const { return origins_key_; }
  const std::vector<AddressRange>& proxies() const { return proxies_; }
  bool proxies_send_header() const { return proxies_send_header_; }

 private:
  std::string path_;
  bool requires_subprotocol_ = true;
  bool compresses_ = false;
  OriginList origins_;
  std::string origins_key_;
  std::vector<AddressRange> proxies_;
  bool proxies_send_header_ = false;
};

/// A request that may have its WebSocket.
struct WebSocketUpgrade {
  std::string key{};            ///< of Sec-WebSocket-Key
  std::string subprotocol{};    ///< "mqtt", "mqttv3.1", or empty when the client asked for none
  std::string extensions{};     ///< what is agreed on: compression; empty: nothing is
  std::string forwarded_for{};  ///< the client's address by a trusted proxy; empty: it is the peer's
  /// The whole answer; empty when the system has no memory for it.
  std::string answer() const;
};

/// A request that gets an answer instead, and then the end of the connection.
struct WebSocketRefusal {
  int status = 0;
  std::string why{};     ///< for people: the text of the answer, and of the log
  std::string extra{};   ///< further header lines, each with its end
  bool has_text = true;  ///< false: HEAD asked, whose answer ends with its head
  /// The whole answer as it is sent.
  std::string answer() const;
};

/// The size of the request's head at the front of `bytes`, with the empty line that ends it; 0: it is not
/// complete. `looked_at` bytes were looked at before and are not looked at again.
std::size_t request_size(std::string_view bytes, std::size_t looked_at);

/// What becomes of a request: pure. `head` is complete, `peer` is the address of the one who sent it.
std::variant<WebSocketUpgrade, WebSocketRefusal> judge_request(std::string_view head, std::string_view peer,
                                                               const WebSocketRules& rules);

}  // namespace hermod::net
