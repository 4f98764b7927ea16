#include "net/stream_transport.h"

#include <sys/socket.h>
#include <sys/uio.h>

#include <cerrno>
#include <utility>

#include "base/assert.h"

namespace hermod::net {

namespace {

/// Reads per readiness while input is thrown away; epoll brings us back for more.
constexpr int kMaxDiscards = 16;

bool would_block(int error) {
  return error == EAGAIN || error == EWOULDBLOCK || error == EINTR;
}

}  // namespace

/// The time limit of a close; exists only while one is under way.
class StreamTransport::CloseTimer final : private TimerHandler {
 public:
  explicit CloseTimer(StreamTransport& transport) : transport_(transport) {
    EventLoop& loop = transport.loop_;
    loop.timers().schedule(timer_, loop.now() + transport.options_.close_time);
  }

 private:
  void on_timer(Timer&) override { transport_.on_close_timeout(); }

  StreamTransport& transport_;
  Timer timer_{*this};
};

StreamTransport::StreamTransport(EventLoop& loop, Fd socket, Caller caller, const Options& options)
    : loop_(loop), options_(options), caller_(std::move(caller)), socket_(std::move(socket)) {}

Status StreamTransport::watch() {
  const std::uint32_t events = wanted_events();
  if (Status added = loop_.add(socket_.get(), events, this); !added) {
    socket_.reset();
    return added;
  }
  watched_events_ = events;
  return {};
}

StreamTransport::~StreamTransport() {
  if (socket_.valid()) loop_.remove(socket_.get(), this);
}

Peer StreamTransport::peer() const {
  loop_.check_thread();
  if (caller_.introduced != nullptr) return *caller_.introduced;
  return {.address = caller_.address.host(), .port = caller_.address.port()};
}

std::size_t StreamTransport::buffered_bytes() const {
  loop_.check_thread();
  return input_.size();
}

void StreamTransport::request_flush() {
  loop_.check_thread();
  if (blocked_ || state_ == State::Ended) return;
  loop_.flush_at_tick_end(*this);
}

void StreamTransport::pause_reading(bool paused) {
  loop_.check_thread();
  if (state_ != State::Open || paused_ == paused) return;
  paused_ = paused;
  if (paused) return;  // epoll is told when it reports the next bytes: most pauses end before
  update_watch();
  if (!input_.empty() || ends_next_) loop_.later(*this);
}

void StreamTransport::hold(bool held) {
  if (held_ == held) return;
  held_ = held;
  if (state_ == State::Open) update_watch();
}

void StreamTransport::close(CloseReason reason) {
  loop_.check_thread();
  if (state_ != State::Open) return;
  state_ = State::Flushing;
  close_reason_ = reason;
  vacate();
  input_.drop();
  loop_.flush_at_tick_end(*this);
}

void StreamTransport::on_ready(std::uint32_t events) {
  HERMOD_ASSERT(handler_ != nullptr);
  if (state_ == State::Open && blocked_ && (events & (EPOLLOUT | EPOLLERR | EPOLLHUP)) != 0) write_pending();
  if (state_ != State::Open) return continue_closing();
  if ((events & (EPOLLIN | EPOLLERR | EPOLLHUP)) == 0) return;
  if (paused_ || held_) return update_watch();
  if (Deferred::linked()) return;  // what arrived before is shown first, or the end of stream would drop it
  read_once();
}

void StreamTransport::on_flush() {
  if (state_ != State::Open) return continue_closing();
  if (ends_next_ && !paused_ && !Deferred::linked()) return end_with_peer();
  if (!output_.empty()) write_pending();
}

void StreamTransport::on_later() {
  if (state_ != State::Open || paused_) return;
  if (!input_.empty()) input_.show(*handler_, {});
  // At the end of the tick, behind what a transport on top of this one has to say to what was shown.
  if (ends_next_ && state_ == State::Open && !paused_) loop_.flush_at_tick_end(*this);
}

void StreamTransport::read_once() {
  const Arrival arrival = read();
  if (!arrival.bytes.empty()) input_.show(*handler_, arrival.bytes);
  if (state_ != State::Open) return;
  switch (arrival.what) {
    case Read::Bytes:
    case Read::Nothing:
      return;
    case Read::Ended:
      if (arrival.bytes.empty()) return end_with_peer();
      ends_next_ = true;  // what was paused inside on_bytes() is shown first
      hold(true);
      if (!paused_) loop_.later(*this);
      return;
    case Read::Broken:
      return end(CloseReason::PeerReset);
    case Read::Refused:
      close(CloseReason::ByBroker);
      return handler_->on_ending(CloseReason::ByBroker);
  }
}

void StreamTransport::end_with_peer() {
  // The peer may have closed its half only: it still gets what is ready now.
  if (!output_broken_) write_now(true);
  end(output_broken_ ? CloseReason::PeerReset : CloseReason::PeerClosed);
}

void StreamTransport::write_pending() {
  if (output_.size() >= options_.write_high_mark) wants_drained_ = true;
  if (!output_broken_ && !write_now(false)) {
    // What the peer sent before it went is still read; then recv() ends the transport. The shutdown makes
    // sure of that also for a send error that leaves the stream alive.
    output_broken_ = true;
    ::shutdown(socket_.get(), SHUT_RDWR);
  }
  if (output_broken_) output_.clear();
  if (wants_drained_ && output_.size() <= options_.write_low_mark) {
    wants_drained_ = false;
    handler_->on_drained();
  }
}

bool StreamTransport::write_now(bool ending) {
  const Written written = write(ending);
  set_blocked(written == Written::Blocked);
  return written != Written::Broken;
}

void StreamTransport::continue_closing() {
  if (state_ == State::Flushing) {
    if (output_broken_ || !write_now(true)) return end(close_reason_);
    if (!blocked_) {
      ::shutdown(socket_.get(), SHUT_WR);
      state_ = State::Lingering;
    }
  }
  if (!peer_finished_ && !discard_input()) return end(close_reason_);
  if (peer_finished_ && state_ == State::Lingering) return end(close_reason_);
  if (!close_timer_) close_timer_ = std::make_unique<CloseTimer>(*this);
  update_watch();
}

StreamTransport::Arrival StreamTransport::receive(std::span<std::uint8_t> room) {
  const ssize_t received = ::recv(socket_.get(), room.data(), room.size(), 0);
  if (received < 0) return {would_block(errno) ? Read::Nothing : Read::Broken};
  if (received == 0) return {Read::Ended};
  const auto size = static_cast<std::size_t>(received);
  loop_.count_read(size);
  return {Read::Bytes, room.first(size)};
}

ssize_t StreamTransport::send(iovec* pieces, std::size_t count) {
  ssize_t sent = -1;
  do {
    if (count == 1) {
      sent = ::send(socket_.get(), pieces[0].iov_base, pieces[0].iov_len, MSG_NOSIGNAL);
    } else {
      msghdr message{};
      message.msg_iov = pieces;
      message.msg_iovlen = count;
      sent = ::sendmsg(socket_.get(), &message, MSG_NOSIGNAL);
    }
  } while (sent < 0 && errno == EINTR);
  if (sent < 0 && !would_block(errno)) return -1;
  const ssize_t taken = sent > 0 ? sent : 0;
  loop_.count_write(static_cast<std::size_t>(taken));
  return taken;
}

bool StreamTransport::discard_input() {
  for (int i = 0; i < kMaxDiscards; ++i) {
    switch (receive(loop_.scratch()).what) {
      case Read::Bytes:
        continue;
      case Read::Ended:
        peer_finished_ = true;
        return true;
      case Read::Broken:
        return false;
      default:
        return true;
    }
  }
  return true;
}

void StreamTransport::on_close_timeout() {
  if (state_ == State::Flushing) {
    // The peer does not read: a reset frees the kernel's buffers now instead of after its retries.
    const linger abort{.l_onoff = 1, .l_linger = 0};
    ::setsockopt(socket_.get(), SOL_SOCKET, SO_LINGER, &abort, sizeof abort);
  }
  end(close_reason_);
}

void StreamTransport::end(CloseReason reason) {
  state_ = State::Ended;
  loop_.remove(socket_.get(), this);
  socket_.reset();
  Flushable::unlink();
  Deferred::unlink();
  close_timer_.reset();
  input_.drop();
  output_.clear();
  vacate();
  handler_->on_closed(reason);
}

void StreamTransport::set_blocked(bool blocked) {
  if (blocked_ == blocked) return;
  blocked_ = blocked;
  update_watch();
}

/// EPOLLERR and EPOLLHUP cannot be switched off; without interest in input they are asked for edge-triggered,
/// so that a broken stream that may not be read yet is reported once and does not spin.
std::uint32_t StreamTransport::wanted_events() const {
  const bool reading = state_ == State::Open ? !paused_ && !held_ : !peer_finished_;
  return (reading ? EPOLLIN : EPOLLET) | (blocked_ ? EPOLLOUT : 0U);
}

void StreamTransport::update_watch() {
  const std::uint32_t wanted = wanted_events();
  if (wanted == watched_events_) return;
  // Changing a watched descriptor cannot fail: epoll needs nothing new for it.
  const bool changed = loop_.modify(socket_.get(), wanted, this).has_value();
  HERMOD_ASSERT(changed);
  watched_events_ = wanted;
}

}  // namespace hermod::net
