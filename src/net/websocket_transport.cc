#include "net/websocket_transport.h"

#include <utility>
#include <variant>

#include "base/assert.h"
#include "base/log.h"
#include "net/websocket_forwarded.h"

namespace hermod::net {
namespace {

/// Bytes of pongs, or of what is before them, that are held for a client that asks and does not read.
constexpr std::size_t kPongsAhead = 4U << 10;
/// The longest message of ours. Packets may lie in several, and clients of browsers take any; others have
/// limits, of which this is the smallest that is usual.
constexpr std::size_t kLongestMessage = 64U << 10;
static_assert(kLongestMessage <= MessageDeflater::kLongest);
/// Bytes that are inflated or deflated in one turn: about what a client without compression says in one.
constexpr std::size_t kTurn = EventLoop::kScratchSize;
/// To read a compressed byte is as much work as to make so many.
constexpr std::size_t kEffortPerByte = 4;
/// And to begin a piece.
constexpr std::size_t kEffortPerPiece = 64;

}  // namespace

WebSocketTransport::WebSocketTransport(std::unique_ptr<Transport> stream, EventLoop& loop,
                                       const WebSocketRules& rules, const Options& options,
                                       MonotonicTime request_due)
    : loop_(loop), rules_(rules), options_(options), stream_(std::move(stream)) {
  stream_->set_handler(this);
  output_.keep_front_room(FrameHead::kMaxSize);
  loop.timers().schedule(timer_, request_due);
}

WebSocketTransport::~WebSocketTransport() = default;

Peer WebSocketTransport::peer() const {
  Peer peer = stream_->peer();
  if (!comes_by_proxy(peer)) return peer;
  peer.is_proxy = state_ == State::Request;
  peer.identity.clear();  // the certificate is the proxy's
  if (client_address_.empty()) return peer;
  peer.proxy = std::exchange(peer.address, client_address_);
  peer.port = 0;
  return peer;
}

bool WebSocketTransport::comes_by_proxy(const Peer& peer) const {
  // With a header that names nobody (UNKNOWN, LOCAL) the bytes may still be a stranger's.
  const bool is_its_own = !rules_.proxies_send_header() || !peer.proxy.empty();
  return is_its_own && is_in_any(rules_.proxies(), peer.address);
}

std::size_t WebSocketTransport::buffered_bytes() const {
  return input_.size() + stream_->buffered_bytes();
}

/// The stream comes right behind us in the list of the tick's end, so one tick does both.
void WebSocketTransport::request_flush() {
  loop_.check_thread();
  if (state_ == State::Ended) return output_.clear();  // nothing may follow the Close
  loop_.flush_at_tick_end(*this);
  stream_->request_flush();
}

void WebSocketTransport::pause_reading(bool paused) {
  loop_.check_thread();
  if (state_ == State::Closing || state_ == State::Ended || paused_ == paused) return;
  paused_ = paused;
  if (!paused) is_quiet_ = false;  // its answer was not read
  // First what is decoded already, then what the stream has: it could have its end to tell.
  if (!paused && (!input_.empty() || has_last_ || is_inflating())) return loop_.later(*this);
  stream_->pause_reading(paused);
}

void WebSocketTransport::close(CloseReason reason) {
  loop_.check_thread();
  end_with(reason, reason == CloseReason::Shutdown ? CloseCode::GoingAway : CloseCode::Normal, "");
}

void WebSocketTransport::end_with(CloseReason reason, CloseCode code, std::string_view why) {
  if (state_ == State::Closing || state_ == State::Ended) return;
  state_ = State::Closing;
  close_reason_ = reason;
  close_code_ = code;
  close_why_ = why;
  timer_.cancel();
  input_.drop();
  if (compression_ != nullptr) compression_->end();
  loop_.flush_at_tick_end(*this);
  stream_->request_flush();
}

void WebSocketTransport::end_by_itself(CloseReason reason, CloseCode code, std::string_view why) {
  if (state_ == State::Closing || state_ == State::Ended) return;
  end_with(reason, code, why);
  handler_->on_ending(reason);
}

/// The stream says itself what was wrong.
void WebSocketTransport::on_ending(CloseReason reason) {
  if (state_ == State::Closing || state_ == State::Ended) return;
  handler_->on_ending(reason);
}

void WebSocketTransport::on_flush() {
  if (state_ == State::Closing) return finish();
  if (state_ == State::Open) frame_output();
}

void WebSocketTransport::finish() {
  state_ = State::Ended;
  if (is_upgraded_) {
    put_data();
    std::string why;
    ByteWriter(why).u16(static_cast<std::uint16_t>(close_code_));
    why += close_why_;
    put_control(Opcode::Close, as_bytes(why));
  }
  output_.clear();
  stream_->close(close_reason_);
}

void WebSocketTransport::frame_output() {
  if (unsent_bytes() >= options_.write_high_mark) above_high_mark_ = true;
  // Above its high mark the stream tells us when it has room again.
  if (!has_room_below()) return;
  // One with each piece of data that waits anyway: then a slow reader gets it too.
  if (pong_ != nullptr && (below() < kPongsAhead || !output_.empty()))
    put_control(Opcode::Pong, as_bytes(*std::exchange(pong_, nullptr)));
  compression_ != nullptr ? put_some() : put_data();
  if (pong_ != nullptr) stream_->request_drained();
  stream_->request_flush();
}

void WebSocketTransport::put_data() {
  while (output_.size() > kLongestMessage) {
    WriteQueue message;
    message.take_some(output_, kLongestMessage);
    message.prepend(FrameHead(Opcode::Binary, message.size()).bytes());
    stream_->output().take_all(message);
  }
  if (output_.empty()) return;
  output_.prepend(FrameHead(Opcode::Binary, output_.size()).bytes());
  stream_->output().take_all(output_);
}

void WebSocketTransport::put_some() {
  std::size_t put = 0;
  while (!output_.empty() && put < kTurn && has_room_below()) {
    WriteQueue message;
    if (output_.size() > kLongestMessage) {
      message.take_some(output_, kLongestMessage);
    } else {
      message.take_all(output_);
    }
    put += message.size();
    put_message(message);
  }
  // The stream may have become less full than what it was given.
  if (!output_.empty() || above_high_mark_) stream_->request_drained();
}

void WebSocketTransport::put_message(WriteQueue& message) {
  const Bytes compressed = compression_->deflate(message);
  if (compressed.empty()) {
    message.prepend(FrameHead(Opcode::Binary, message.size()).bytes());
    stream_->output().take_all(message);
  } else {
    stream_->output().append(FrameHead(Opcode::Binary, compressed.size(), true).bytes());
    stream_->output().append(compressed);
  }
}

void WebSocketTransport::put_control(Opcode opcode, Bytes payload) {
  HERMOD_ASSERT(payload.size() <= kMaxControl);
  stream_->output().append(FrameHead(opcode, payload.size()).bytes());
  stream_->output().append(payload);
}

void WebSocketTransport::on_drained() {
  if (state_ != State::Open) return;
  frame_output();
  // With so much again, the stream will tell once more; and it may have been asked for something else.
  if (!above_high_mark_ || !output_.empty() || !has_room_below()) return;
  above_high_mark_ = false;
  handler_->on_drained();
}

void WebSocketTransport::on_bytes(ReadBuffer& raw) {
  is_quiet_ = false;
  if (state_ == State::Request && !take_request(raw)) return;
  if (compression_ != nullptr) return show_pieces(raw);
  if (state_ == State::Open && !has_last_) {
    const Bytes payload = decode(raw.writable());
    if (!payload.empty()) input_.show(*handler_, payload);
    obey_frames();
  }
  raw.consume(raw.bytes().size());
}

void WebSocketTransport::show_pieces(ReadBuffer& raw) {
  const auto goes_on = [this] { return state_ == State::Open && !has_last_; };
  std::size_t effort = 0;
  while (goes_on() && !paused_ && effort < kTurn) {
    if (compression_->is_waiting()) {
      show_inflated(raw, effort);
    } else if (!raw.empty()) {
      take_frames(raw);
    } else {
      break;
    }
  }
  if (!goes_on()) {
    raw.consume(raw.bytes().size());
    compression_->end();
    return obey_frames();
  }
  compression_->rest();
  if (paused_ || effort < kTurn) return;
  stream_->pause_reading(true);
  loop_.later(*this);
}

void WebSocketTransport::show_inflated(ReadBuffer& raw, std::size_t& effort) {
  const WebSocketCompression::Piece piece = compression_->inflate(raw.bytes());
  raw.consume(piece.taken);
  effort += piece.bytes.size() + piece.taken * kEffortPerByte + kEffortPerPiece;
  if (!piece.bytes.empty()) input_.show(*handler_, piece.bytes);
  if (piece.why == nullptr) return;
  heed({.what = WebSocketScanner::What::Fault, .code = piece.code, .why = piece.why});
}

void WebSocketTransport::take_frames(ReadBuffer& raw) {
  std::span<std::uint8_t> payload;
  const WebSocketScanner::Step step = scanner_.next(raw.writable(), payload);
  if (step.what == WebSocketScanner::What::Compressed) {
    raw.consume(step.taken - payload.size());  // it is inflated from where it lies
    return compression_->arrived(payload.size(), step.ends_message);
  }
  raw.consume(step.taken);
  if (!payload.empty()) input_.show(*handler_, payload);
  if (state_ == State::Open) heed(step);
}

bool WebSocketTransport::take_request(ReadBuffer& raw) {
  const std::string_view text = as_text(raw.bytes());
  const std::size_t limit = options_.websocket.max_request_size;
  const std::size_t size = request_size(text.substr(0, limit), looked_at_);
  if (size == 0) {
    looked_at_ = text.size();
    if (text.size() < limit) return false;
    refuse({.status = 431, .why = "the request is longer than websocket.max_request_size allows"});
  } else {
    const Peer sender = stream_->peer();
    auto answer = judge_request(text.substr(0, size), comes_by_proxy(sender) ? sender.address : "", rules_);
    raw.consume(size);
    if (const auto* upgrade = std::get_if<WebSocketUpgrade>(&answer)) return open(*upgrade);
    refuse(std::get<WebSocketRefusal>(answer));
  }
  raw.consume(raw.bytes().size());
  return false;
}

bool WebSocketTransport::open(const WebSocketUpgrade& upgrade) {
  const std::string answer = upgrade.answer();
  if (answer.empty()) {
    refuse({.status = 503, .why = "the system has no memory for the answer"});
    return false;
  }
  client_address_ = upgrade.forwarded_for;
  state_ = State::Open;
  if (!handler_->on_introduced()) {
    refuse({.status = 429,
            .why = "the limit of connections per address is reached (max_connections_per_address)"});
    return false;
  }
  stream_->output().append(as_bytes(answer));
  is_upgraded_ = true;
  if (!upgrade.extensions.empty()) {
    scanner_.take_compressed();
    compression_ = std::make_unique<WebSocketCompression>(loop_.compression(), [this] {
      fail(CloseCode::TryAgainLater, "too many clients are in the middle of a compressed message");
    });
  }
  loop_.count(Counter::WebSocketUpgrades);
  timer_.cancel();
  schedule_ping();
  request_flush();
  return true;
}

void WebSocketTransport::refuse(const WebSocketRefusal& refusal) {
  HERMOD_LOG_LIMITED(log::Level::Notice, "websocket.refused", {"address", stream_->peer().address},
                     {"status", refusal.status}, {"why", refusal.why});
  loop_.count(Counter::ConnectionsRefused);
  loop_.count(Counter::WebSocketFailed);
  stream_->output().append(as_bytes(refusal.answer()));
  output_.clear();
  end_by_itself(CloseReason::ByBroker, CloseCode::Normal, "");
}

Bytes WebSocketTransport::decode(std::span<std::uint8_t> frames) {
  std::span<std::uint8_t> payload;
  while (!frames.empty() && !has_last_) {
    const WebSocketScanner::Step step = scanner_.next(frames, payload);
    frames = frames.subspan(step.taken);
    heed(step);
  }
  return payload;
}

void WebSocketTransport::heed(const WebSocketScanner::Step& step) {
  using What = WebSocketScanner::What;
  if (step.what == What::Ping) {
    answer_ping(scanner_.take_ping());
  } else if (step.what != What::Frames) {
    last_ = step;
    has_last_ = true;
  }
}

/// A client that does not read gets an answer to its last ping only (RFC 6455, 5.5.3), in order to cost
/// nothing: it may be a stranger.
void WebSocketTransport::answer_ping(std::string payload) {
  pong_.reset();  // the newer answer stands for it
  if (below() < kPongsAhead) {
    put_control(Opcode::Pong, as_bytes(payload));
  } else {
    pong_ = std::make_unique<const std::string>(std::move(payload));
  }
  request_flush();
}

void WebSocketTransport::obey_frames() {
  if (!has_last_ || state_ != State::Open) return;
  if (last_.what == WebSocketScanner::What::Fault) return fail(last_.code, last_.why);
  if (paused_) return;  // first what came before the Close is shown, and what it waits for is answered
  end_by_itself(CloseReason::PeerClosed, last_.code, "");
}

void WebSocketTransport::fail(CloseCode code, std::string_view why) {
  HERMOD_LOG_LIMITED(log::Level::Notice, "websocket.broken", {"address", peer().address},
                     {"code", static_cast<int>(code)}, {"why", why});
  end_by_itself(CloseReason::ByBroker, code, why);
}

void WebSocketTransport::on_later() {
  if (state_ != State::Open || paused_) return;
  if (!input_.empty()) input_.show(*handler_, {});
  if (is_inflating()) {
    // The stream would not show that it has nothing left.
    ReadBuffer nothing;
    show_pieces(nothing);
  }
  obey_frames();
  if (state_ == State::Open && !paused_ && !Deferred::linked()) stream_->pause_reading(false);
}

void WebSocketTransport::on_timer(Timer&) {
  if (state_ == State::Request) return on_request_timer();
  if (state_ != State::Open) return;
  if (is_quiet_ && !paused_) {
    HERMOD_LOG_LIMITED(log::Level::Notice, "websocket.silent", {"address", peer().address});
    return end_by_itself(CloseReason::PeerReset, CloseCode::GoingAway, "no answer to a ping");
  }
  ping();
  schedule_ping();
}

/// The time begins behind the handshake, which has a limit of its own.
void WebSocketTransport::on_request_timer() {
  const MonotonicTime due =
      stream_->passable_since().value_or(loop_.now()) + options_.websocket.request_timeout;
  if (due > loop_.now()) return loop_.timers().schedule(timer_, due);
  refuse({.status = 408, .why = "the request took longer than websocket.request_timeout"});
}

/// Silence proves something when nothing was in front of the ping: a client on a slow link may not have it
/// yet.
void WebSocketTransport::ping() {
  if (!has_room_below()) return;
  is_quiet_ = stream_->output().empty() && output_.empty();
  put_control(Opcode::Ping, {});
  request_flush();
}

void WebSocketTransport::schedule_ping() {
  if (options_.websocket.ping_interval > options_.websocket.ping_interval.zero())
    loop_.timers().schedule(timer_, loop_.now() + options_.websocket.ping_interval);
}

void WebSocketTransport::on_closed(CloseReason reason) {
  state_ = State::Ended;
  timer_.cancel();
  Flushable::unlink();
  Deferred::unlink();
  pong_.reset();
  input_.drop();
  if (compression_ != nullptr) compression_->end();
  output_.clear();
  handler_->on_closed(reason);
}

}  // namespace hermod::net
