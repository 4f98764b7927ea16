#pragma once
#include <cstddef>
#include <memory>
#include <string_view>

#include "base/buffer.h"
#include "base/bytes.h"
#include "base/result.h"
#include "net/fd.h"
#include "net/websocket_guest.h"
#include "net/websocket_request.h"
#include "net/websocket_scanner.h"

struct lws;
struct lws_protocols;

namespace hermod::net {

/// One WebSocket as libwebsockets sees it: a socket that the library adopted, the other end of which is ours.
/// Everything happens inside the calls: what goes in was read by the transport, what comes out is handed to
/// it. Owned by its transport, on the shard's thread; the guest outlives it.
class WebSocketLink {
 public:
  /// Lets the library answer an upgrade; the answer is appended to `out`. It sees a request of our making,
  /// with no byte of the client's but the checked key and subprotocol. Errors: Io, NoSpace.
  static Result<std::unique_ptr<WebSocketLink>> open(WebSocketGuest& guest, const WebSocketUpgrade& upgrade,
                                                     WriteQueue& out);
  WebSocketLink(const WebSocketLink&) = delete;
  WebSocketLink& operator=(const WebSocketLink&) = delete;
  ~WebSocketLink();

  /// Takes frames, or parts of them, that the scanner found good. What they hold is appended to the guest's
  /// payload, at the end of a frame or when the library's buffer is full. False: the library gave up.
  bool feed(Bytes frames);
  /// Lets the library answer the ping that ended what was fed last.
  bool answer_ping(WriteQueue& out);

  /// One binary frame with up to WebSocketGuest::kFrame bytes from the front of `from`. False: the library
  /// gave up.
  bool write_data(WriteQueue& from, WriteQueue& out);
  bool write_ping(WriteQueue& out);
  /// `why` has at most 123 bytes.
  bool write_close(CloseCode code, std::string_view why, WriteQueue& out);

 private:
  friend class WebSocketGuest;
  struct Library;

  /// The subprotocols as the library wants them. Both are the same to us; a client without one gets the
  /// first.
  static const lws_protocols* subprotocols();

  explicit WebSocketLink(WebSocketGuest& guest) : guest_(guest) {}

  bool adopt();
  bool push(Bytes bytes);
  bool serve(short events);
  /// What the library has written.
  bool take(WriteQueue& out);

  WebSocketGuest& guest_;
  lws* wsi_ = nullptr;  ///< null when the library has closed it
  Fd near_;
  int far_ = -1;  ///< the library's, which closes it
  bool is_open_ = false;
};

}  // namespace hermod::net
