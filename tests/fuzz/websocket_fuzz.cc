// The first byte says whether a good request for a WebSocket comes in front, and offers compression, in
// pieces of how many bytes the rest arrives, and whether it comes from a proxy to a listener with a list of
// origins. Whatever the bytes are, nothing must crash, no more must be held than arrived, the answer to what
// is no good request must be one whole HTTP answer, the frames that come back must keep the rules of RFC
// 6455, and the client has a numeric address.
#include <sys/uio.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/assert.h"
#include "base/clock.h"
#include "base/log.h"
#include "net/event_loop.h"
#include "net/socket_address.h"
#include "net/websocket_transport.h"

namespace {

using namespace hermod;
using namespace hermod::net;

constexpr std::string_view kRequest =
    "GET /mqtt HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: "
    "13\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: mqtt\r\n\r\n";
constexpr std::string_view kOffer =
    "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n";

/// Turns in which a message may go on; a bomb goes on for much longer.
constexpr int kMostTurns = 8;

/// The stream below: what the fuzzer sends is shown, what is written is kept.
class Wire final : public Transport {
 public:
  explicit Wire(bool& closed) : closed_(closed) {}
  void request_flush() override {}
  void pause_reading(bool paused) override { is_paused_ = paused; }
  void close(CloseReason) override { closed_ = true; }
  Peer peer() const override { return {.address = "192.0.2.1", .port = 1}; }
  std::size_t buffered_bytes() const override { return input_.bytes().size(); }

  /// Also while it is paused, which is more than a stream may do.
  void deliver(std::string bytes) {
    input_.show(as_bytes(bytes));
    handler_->on_bytes(input_);
    input_.keep_rest();
  }
  /// Shows what was left when reading goes on.
  bool deliver_rest() {
    if (is_paused_ || input_.empty() || closed_) return false;
    deliver("");
    return true;
  }

 private:
  bool& closed_;
  bool is_paused_ = false;
  ReadBuffer input_;
};

/// Echoes what comes, and takes it in halves.
class Echo final : public TransportHandler {
 public:
  explicit Echo(Transport& transport) : transport_(transport) {}
  void on_bytes(ReadBuffer& buffer) override {
    const std::size_t size = (buffer.bytes().size() + 1) / 2;
    transport_.output().append(buffer.bytes().first(size));
    transport_.request_flush();
    buffer.consume(size);
  }
  void on_drained() override {}
  void on_closed(CloseReason) override {}

 private:
  Transport& transport_;
};

std::string take_all(WriteQueue& queue) {
  std::string out;
  while (!queue.empty()) {
    iovec piece{};
    queue.gather(&piece, 1);
    out.append(static_cast<const char*>(piece.iov_base), piece.iov_len);
    queue.consume(piece.iov_len);
  }
  return out;
}

/// Whole frames of a server, none behind a Close.
void check_frames(std::string_view bytes, bool is_compressing) {
  bool closed = false;
  while (!bytes.empty()) {
    HERMOD_ASSERT(!closed && bytes.size() >= 2);
    const auto first = static_cast<std::uint8_t>(bytes[0]);
    HERMOD_ASSERT(first == 0x82 || first == 0x88 || first == 0x8A || (first == 0xC2 && is_compressing));
    closed = first == 0x88;
    std::size_t size = static_cast<std::uint8_t>(bytes[1]);
    HERMOD_ASSERT(size <= 127);
    bytes.remove_prefix(2);
    if (size >= 126) {
      const std::size_t length_size = size == 126 ? 2 : 8;
      HERMOD_ASSERT(bytes.size() >= length_size);
      size = 0;
      for (std::size_t i = 0; i < length_size; ++i) size = size << 8 | static_cast<std::uint8_t>(bytes[i]);
      bytes.remove_prefix(length_size);
    }
    HERMOD_ASSERT(bytes.size() >= size);
    bytes.remove_prefix(size);
  }
}

void check_answer(std::string_view answer, bool closed) {
  const std::size_t head = answer.find("\r\n\r\n");
  if (answer.empty()) return;
  HERMOD_ASSERT(head != std::string_view::npos && answer.starts_with("HTTP/1.1 "));
  const std::string_view body = answer.substr(head + 4);
  if (answer.starts_with("HTTP/1.1 101 ")) {
    const bool is_compressing =
        answer.substr(0, head).find("\r\nSec-WebSocket-Extensions: permessage-deflate;") !=
        std::string_view::npos;
    return check_frames(body, is_compressing);
  }
  HERMOD_ASSERT(closed);
  const std::string length = "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n";
  HERMOD_ASSERT(answer.find(length) != std::string_view::npos);
}

/// Made once: the loop is dear, and keeps nothing of a connection.
struct Ground {
  Ground() { log::set_level(log::Level::Error); }
  SystemClock clock;
  EventLoop loop{clock};
  WebSocketRules rules = *WebSocketRules::from({.compresses = true});
  WebSocketRules strict = *WebSocketRules::from(
      {.requires_subprotocol = false, .origins = {"https://app.example.org", "https://*.example.com:8443"}},
      // Mapped into IPv6: 192.0.2.0/24.
      {AddressRange{.first = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF, 192, 0, 2, 0}, .bits = 120}});
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static Ground ground;
  if (size == 0) return 0;
  const std::size_t piece = data[0] < 0x80 ? 1U + (data[0] & 0x7FU) * 8U : 1U << 16;
  std::string input((data[0] & 1) != 0 ? kRequest : std::string_view{});
  if ((data[0] & 3) == 3) input.insert(input.size() - 2, kOffer);
  input.append(reinterpret_cast<const char*>(data + 1), size - 1);

  const Options options;
  bool closed = false;
  auto made = std::make_unique<Wire>(closed);
  Wire& wire = *made;
  const WebSocketRules& rules = (data[0] & 7) == 0 ? ground.strict : ground.rules;
  WebSocketTransport transport(std::move(made), ground.loop, rules, options,
                               ground.loop.now() + options.websocket.request_timeout);
  Echo echo(transport);
  transport.set_handler(&echo);
  for (std::size_t at = 0; at < input.size(); at += piece) {
    wire.deliver(input.substr(at, piece));
    ground.loop.flush_pending();
  }
  for (int turn = 0; turn < kMostTurns; ++turn) {
    ground.loop.poll(std::chrono::nanoseconds{0});
    const bool goes_on = wire.deliver_rest();
    ground.loop.flush_pending();
    HERMOD_ASSERT(wire.buffered_bytes() <= size + kRequest.size() + kOffer.size());
    if (!goes_on && turn > 0) break;
  }
  check_answer(take_all(wire.output()), closed);
  HERMOD_ASSERT(SocketAddress::parse(transport.peer().address, 1).has_value());
  return 0;
}
