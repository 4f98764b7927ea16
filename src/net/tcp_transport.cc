#include "net/tcp_transport.h"

#include <sys/socket.h>
#include <sys/uio.h>

#include <array>
#include <cerrno>
#include <utility>

#include "base/assert.h"

namespace hermod::net {

namespace {

/// Pieces of output per system call.
constexpr std::size_t kMaxPieces = 64;
/// Reads per readiness while input is thrown away; epoll brings us back for more.
constexpr int kMaxDiscards = 16;

bool would_block(int error) {
  return error == EAGAIN || error == EWOULDBLOCK || error == EINTR;
}

/// Returns the bytes taken by the socket, or -1 with errno.
ssize_t send_pieces(int fd, iovec* pieces, std::size_t count) {
  if (count == 1) return ::send(fd, pieces[0].iov_base, pieces[0].iov_len, MSG_NOSIGNAL);
  msghdr message{};
  message.msg_iov = pieces;
  message.msg_iovlen = count;
  return ::sendmsg(fd, &message, MSG_NOSIGNAL);
}

}  // namespace

/// The time limit of a close; exists only while one is under way.
class TcpTransport::CloseTimer final : private TimerHandler {
 public:
  explicit CloseTimer(TcpTransport& transport) : transport_(transport) {
    EventLoop& loop = transport.loop_;
    loop.timers().schedule(timer_, loop.now() + transport.options_.close_time);
  }

 private:
  void on_timer(Timer&) override { transport_.on_close_timeout(); }

  TcpTransport& transport_;
  Timer timer_{*this};
};

Result<std::unique_ptr<Transport>> TcpTransport::open(EventLoop& loop, Fd socket, const SocketAddress& peer,
                                                      const Options& options) {
  std::unique_ptr<TcpTransport> transport(new TcpTransport(loop, std::move(socket), peer, options));
  const std::uint32_t events = transport->wanted_events();
  if (Status added = loop.add(transport->socket_.get(), events, transport.get()); !added) {
    transport->socket_.reset();
    return tl::unexpected(std::move(added.error()));
  }
  transport->watched_events_ = events;
  return transport;
}

TcpTransport::TcpTransport(EventLoop& loop, Fd socket, const SocketAddress& peer, const Options& options)
    : loop_(loop), options_(options), peer_(peer), socket_(std::move(socket)) {}

TcpTransport::~TcpTransport() {
  if (socket_.valid()) loop_.remove(socket_.get(), this);
}

Peer TcpTransport::peer() const {
  loop_.check_thread();
  return {.address = peer_.host(), .port = peer_.port()};
}

std::size_t TcpTransport::buffered_bytes() const {
  loop_.check_thread();
  return input_.bytes().size();
}

void TcpTransport::request_flush() {
  loop_.check_thread();
  if (blocked_ || state_ == State::Ended) return;
  loop_.flush_at_tick_end(*this);
}

void TcpTransport::pause_reading(bool paused) {
  loop_.check_thread();
  if (state_ != State::Open || paused_ == paused) return;
  paused_ = paused;
  if (paused) return;  // epoll is told when it reports the next bytes: most pauses end before
  update_watch();
  if (!input_.empty()) loop_.later(*this);
}

void TcpTransport::close(CloseReason reason) {
  loop_.check_thread();
  if (state_ != State::Open) return;
  state_ = State::Flushing;
  close_reason_ = reason;
  if (!showing_) input_ = ReadBuffer{};
  loop_.flush_at_tick_end(*this);
}

void TcpTransport::on_ready(std::uint32_t events) {
  HERMOD_ASSERT(handler_ != nullptr);
  if (state_ == State::Open && blocked_ && (events & (EPOLLOUT | EPOLLERR | EPOLLHUP)) != 0) write_pending();
  if (state_ != State::Open) return continue_closing();
  if ((events & (EPOLLIN | EPOLLERR | EPOLLHUP)) == 0) return;
  if (paused_) return update_watch();
  if (Deferred::linked()) return;  // what arrived before is shown first, or the end of stream would drop it
  read_once();
}

void TcpTransport::on_flush() {
  if (state_ != State::Open) return continue_closing();
  if (!output_.empty()) write_pending();
}

void TcpTransport::on_later() {
  if (state_ == State::Open && !paused_ && !input_.empty()) show_to_handler({});
}

void TcpTransport::read_once() {
  const auto scratch = loop_.scratch();
  const ssize_t received = ::recv(socket_.get(), scratch.data(), scratch.size(), 0);
  if (received > 0) {
    loop_.count_read(static_cast<std::size_t>(received));
    show_to_handler(scratch.first(static_cast<std::size_t>(received)));
  } else if (received == 0) {
    // The peer may have closed its half only: it still gets what is ready now.
    if (!output_broken_) write_output();
    end(output_broken_ ? CloseReason::PeerReset : CloseReason::PeerClosed);
  } else if (!would_block(errno)) {
    end(CloseReason::PeerReset);
  }
}

void TcpTransport::show_to_handler(Bytes arrived) {
  showing_ = true;
  input_.show(arrived);
  handler_->on_bytes(input_);
  showing_ = false;
  if (state_ == State::Open) {
    input_.keep_rest();
  } else {
    input_ = ReadBuffer{};
  }
}

void TcpTransport::write_pending() {
  if (output_.size() >= options_.write_high_mark) above_high_mark_ = true;
  if (!output_broken_ && !write_output()) {
    // What the peer sent before it went is still read; then recv() ends the transport. The shutdown makes
    // sure of that also for a send error that leaves the stream alive.
    output_broken_ = true;
    ::shutdown(socket_.get(), SHUT_RDWR);
  }
  if (output_broken_) output_.clear();
  if (above_high_mark_ && output_.size() <= options_.write_low_mark) {
    above_high_mark_ = false;
    handler_->on_drained();
  }
}

bool TcpTransport::write_output() {
  while (!output_.empty()) {
    std::array<iovec, kMaxPieces> pieces;
    const std::size_t count = output_.gather(pieces.data(), pieces.size());
    std::size_t offered = 0;
    for (std::size_t i = 0; i < count; ++i) offered += pieces[i].iov_len;

    const ssize_t sent = send_pieces(socket_.get(), pieces.data(), count);
    if (sent < 0 && errno == EINTR) continue;
    if (sent < 0 && !would_block(errno)) {
      set_blocked(false);
      return false;
    }
    const std::size_t taken = sent > 0 ? static_cast<std::size_t>(sent) : 0;
    loop_.count_write(taken);
    output_.consume(taken);
    if (taken < offered) {
      set_blocked(true);
      return true;
    }
  }
  set_blocked(false);
  return true;
}

void TcpTransport::continue_closing() {
  if (state_ == State::Flushing) {
    if (output_broken_ || !write_output()) return end(close_reason_);
    if (output_.empty()) {
      ::shutdown(socket_.get(), SHUT_WR);
      state_ = State::Lingering;
    }
  }
  if (!peer_finished_ && !discard_input()) return end(close_reason_);
  if (peer_finished_ && state_ == State::Lingering) return end(close_reason_);
  if (!close_timer_) close_timer_ = std::make_unique<CloseTimer>(*this);
  update_watch();
}

bool TcpTransport::discard_input() {
  const auto scratch = loop_.scratch();
  for (int i = 0; i < kMaxDiscards; ++i) {
    const ssize_t received = ::recv(socket_.get(), scratch.data(), scratch.size(), 0);
    if (received < 0) return would_block(errno);
    if (received == 0) {
      peer_finished_ = true;
      return true;
    }
    loop_.count_read(static_cast<std::size_t>(received));
  }
  return true;
}

void TcpTransport::on_close_timeout() {
  if (state_ == State::Flushing) {
    // The peer does not read: a reset frees the kernel's buffers now instead of after its retries.
    const linger abort{.l_onoff = 1, .l_linger = 0};
    ::setsockopt(socket_.get(), SOL_SOCKET, SO_LINGER, &abort, sizeof abort);
  }
  end(close_reason_);
}

void TcpTransport::end(CloseReason reason) {
  state_ = State::Ended;
  loop_.remove(socket_.get(), this);
  socket_.reset();
  Flushable::unlink();
  Deferred::unlink();
  close_timer_.reset();
  input_ = ReadBuffer{};
  output_.clear();
  handler_->on_closed(reason);
}

void TcpTransport::set_blocked(bool blocked) {
  if (blocked_ == blocked) return;
  blocked_ = blocked;
  update_watch();
}

/// EPOLLERR and EPOLLHUP cannot be switched off; without interest in input they are asked for edge-triggered,
/// so that a broken stream that may not be read yet is reported once and does not spin.
std::uint32_t TcpTransport::wanted_events() const {
  const bool reading = state_ == State::Open ? !paused_ : !peer_finished_;
  return (reading ? EPOLLIN : EPOLLET) | (blocked_ ? EPOLLOUT : 0U);
}

void TcpTransport::update_watch() {
  const std::uint32_t wanted = wanted_events();
  if (wanted == watched_events_) return;
  // Changing a watched descriptor cannot fail: epoll needs nothing new for it.
  const bool changed = loop_.modify(socket_.get(), wanted, this).has_value();
  HERMOD_ASSERT(changed);
  watched_events_ = wanted;
}

}  // namespace hermod::net
