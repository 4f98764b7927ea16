#include "net/websocket_link.h"

#include <libwebsockets.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <string>
#include <utility>

#include "base/assert.h"
#include "net/socket.h"

namespace hermod::net {
namespace {

/// Payload bytes the library holds per connection before it hands them on, and the most it reads at once.
constexpr std::size_t kReceive = 2048;

std::string request_for(const WebSocketUpgrade& upgrade) {
  std::string out =
      "GET / HTTP/1.1\r\nHost: hermod\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
      "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: " +
      upgrade.key + "\r\n";
  if (!upgrade.subprotocol.empty()) out += "Sec-WebSocket-Protocol: " + upgrade.subprotocol + "\r\n";
  return out + "\r\n";
}

}  // namespace

/// What the library calls back, inside a call of ours.
struct WebSocketLink::Library {
  static int on_event(lws* wsi, lws_callback_reasons reason, void*, void* in, std::size_t size) {
    if (reason == LWS_CALLBACK_HTTP) return -1;  // a page, which there is none of
    const bool concerns_link = reason == LWS_CALLBACK_ESTABLISHED || reason == LWS_CALLBACK_RECEIVE ||
                               reason == LWS_CALLBACK_WSI_DESTROY;
    if (!concerns_link) return 0;
    auto* link = static_cast<WebSocketLink*>(lws_get_opaque_user_data(wsi));
    if (link == nullptr) return 0;
    if (reason == LWS_CALLBACK_ESTABLISHED) {
      link->is_open_ = true;
    } else if (reason == LWS_CALLBACK_RECEIVE) {
      const auto* bytes = static_cast<const std::uint8_t*>(in);
      std::vector<std::uint8_t>& payload = link->guest_.payload();
      payload.insert(payload.end(), bytes, bytes + size);
    } else {
      link->wsi_ = nullptr;
    }
    return 0;
  }
};

const lws_protocols* WebSocketLink::subprotocols() {
  static const std::array<lws_protocols, 3> kProtocols = [] {
    std::array<lws_protocols, 3> made{};  // the last one ends the list
    made[0].name = "mqtt";
    made[1].name = "mqttv3.1";
    for (std::size_t i = 0; i < 2; ++i) {
      made.at(i).callback = Library::on_event;
      made.at(i).rx_buffer_size = kReceive;
      made.at(i).tx_packet_size = WebSocketGuest::kFrame + LWS_PRE;  // a frame is written at once
    }
    return made;
  }();
  return kProtocols.data();
}

Result<std::unique_ptr<WebSocketLink>> WebSocketLink::open(WebSocketGuest& guest,
                                                           const WebSocketUpgrade& upgrade, WriteQueue& out) {
  std::unique_ptr<WebSocketLink> link(new WebSocketLink(guest));
  std::array<int, 2> ends{};
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends.data()) != 0)
    return tl::unexpected(socket_error(errno, "make", "a WebSocket"));
  link->near_ = Fd(ends[0]);
  link->far_ = ends[1];
  if (!link->adopt()) return failure(Errc::NoSpace, "libwebsockets takes no more connections");
  const std::string request = request_for(upgrade);
  static_cast<void>(link->push(as_bytes(request)) && link->serve(POLLIN) && link->take(out));
  if (!link->is_open_ || link->wsi_ == nullptr) return failure(Errc::Io, "libwebsockets refuses the request");
  return link;
}

bool WebSocketLink::adopt() {
  lws_adopt_desc_t info{};
  info.vh = guest_.host_;
  info.type = static_cast<lws_adoption_type>(LWS_ADOPT_SOCKET | LWS_ADOPT_HTTP);
  info.fd.sockfd = far_;
  info.opaque = this;
  wsi_ = lws_adopt_descriptor_vhost_via_info(&info);  // which has closed it when it fails
  return wsi_ != nullptr;
}

/// A socket that hangs up is closed at once, with no word to anybody.
WebSocketLink::~WebSocketLink() {
  if (wsi_ == nullptr) return;
  lws_set_opaque_user_data(wsi_, nullptr);
  pollfd ready{.fd = far_, .events = 0, .revents = POLLHUP};
  lws_service_fd(guest_.context_.get(), &ready);
}

bool WebSocketLink::serve(short events) {
  if (wsi_ == nullptr) return false;
  pollfd ready{.fd = far_, .events = events, .revents = events};
  lws_service_fd(guest_.context_.get(), &ready);
  return wsi_ != nullptr;
}

bool WebSocketLink::push(Bytes bytes) {
  const ssize_t sent = ::send(near_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
  return sent == static_cast<ssize_t>(bytes.size());
}

bool WebSocketLink::take(WriteQueue& out) {
  const std::span<std::uint8_t> room = guest_.room();
  while (true) {
    const ssize_t got = ::recv(near_.get(), room.data(), room.size(), 0);
    if (got < 0) return errno == EAGAIN || errno == EWOULDBLOCK;
    if (got == 0) return false;
    const auto size = static_cast<std::size_t>(got);
    out.append(room.first(size));
    if (size < room.size()) return true;
  }
}

/// In pieces that the library reads at once, so that nothing stays between the two ends.
bool WebSocketLink::feed(Bytes frames) {
  while (!frames.empty()) {
    const Bytes piece = frames.first(std::min(frames.size(), kReceive));
    if (!push(piece) || !serve(POLLIN)) return false;
    frames = frames.subspan(piece.size());
  }
  return true;
}

bool WebSocketLink::answer_ping(WriteQueue& out) {
  return serve(POLLOUT) && take(out);
}

bool WebSocketLink::write_data(WriteQueue& from, WriteQueue& out) {
  constexpr std::size_t kMaxPieces = 64;
  if (wsi_ == nullptr) return false;
  std::array<iovec, kMaxPieces> pieces;
  const std::size_t count = from.gather(pieces.data(), pieces.size());
  const std::span<std::uint8_t> frame = guest_.frame();
  std::size_t filled = 0;
  for (std::size_t i = 0; i < count && filled < frame.size(); ++i) {
    const std::size_t size = std::min(pieces.at(i).iov_len, frame.size() - filled);
    std::memcpy(frame.data() + filled, pieces.at(i).iov_base, size);
    filled += size;
  }
  from.consume(filled);
  if (filled == 0) return true;
  return lws_write(wsi_, frame.data(), filled, LWS_WRITE_BINARY) >= 0 && take(out);
}

bool WebSocketLink::write_ping(WriteQueue& out) {
  return wsi_ != nullptr && lws_write(wsi_, guest_.frame().data(), 0, LWS_WRITE_PING) >= 0 && take(out);
}

bool WebSocketLink::write_close(CloseCode code, std::string_view why, WriteQueue& out) {
  constexpr std::size_t kMaxWhy = 123;
  HERMOD_ASSERT(why.size() <= kMaxWhy);
  if (wsi_ == nullptr) return false;
  std::string reason(why);
  lws_close_reason(wsi_, static_cast<lws_close_status>(code), reinterpret_cast<std::uint8_t*>(reason.data()),
                   reason.size());
  lws_set_timeout(wsi_, PENDING_TIMEOUT_USER_OK, LWS_TO_KILL_SYNC);  // says why before it closes
  return serve(POLLOUT) && take(out);
}

}  // namespace hermod::net
