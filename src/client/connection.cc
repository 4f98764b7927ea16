#include "client/connection.h"

#include <poll.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>

#include "client/endpoint.h"
#include "client/now.h"

namespace hermod::client {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kConnectPatience{10'000};
constexpr std::size_t kScratchSize = 64 * 1024;
/// Above this the command's input is left alone until the broker has read.
constexpr std::size_t kMuchUnsent = 1 << 20;

wire::Limits client_limits() {
  wire::Limits limits;
  limits.maximum_packet_size = wire::kLargestPacket;
  limits.maximum_user_properties = 65536;
  return limits;
}

tl::unexpected<Failure> lost(const std::string& why) {
  return fail(ExitCode::ConnectionLost, "the connection was lost: " + why);
}

int poll_timeout(std::optional<MonotonicTime> until) {
  if (!until) return -1;
  const auto left = std::chrono::ceil<milliseconds>(*until - now()).count();
  return static_cast<int>(std::clamp<long long>(left, 0, 3'600'000));
}

}  // namespace

Connection::Connection(const SessionOptions& options, int stop)
    : options_(options),
      stop_(stop),
      version_(options.version),
      debug_(options.debug),
      decoder_(client_limits(), wire::Role::Client),
      scratch_(kScratchSize) {
  decoder_.set_version(version_);
}

Outcome<void> Connection::open() {
  auto socket = connect_to_broker(options_, kConnectPatience, stop_);
  if (!socket) return tl::unexpected(socket.error());
  socket_ = std::move(*socket);
  if (options_.tls) {
    auto tls = TlsStream::open(socket_.number(), options_.host, *options_.tls, kConnectPatience, stop_);
    if (!tls) return tl::unexpected(tls.error());
    tls_ = std::move(*tls);
    if (debug_) std::fprintf(stderr, "%s\n", tls_->description().c_str());
  }
  last_sent_ = now();
  return {};
}

void Connection::show(const char* direction, const wire::Packet& packet) {
  std::fprintf(stderr, "%s%s\n", direction, packet_text(packet).c_str());
}

Outcome<bool> Connection::take_packet(wire::Packet& packet) {
  std::size_t consumed = 0;
  const wire::DecodeResult result = decoder_.next(input_.bytes(), consumed);
  input_.consume(consumed);
  if (const auto* error = std::get_if<wire::ProtocolError>(&result)) {
    send(wire::Disconnect{.reason = error->reason});
    static_cast<void>(flush());
    return fail(ExitCode::ProtocolError,
                std::string("the broker broke the protocol: ") + error->detail + " " + error->clause);
  }
  const auto* decoded = std::get_if<wire::Packet>(&result);
  if (decoded == nullptr) return false;
  packet = *decoded;
  if (debug_) show("received ", packet);
  if (std::holds_alternative<wire::Pingresp>(packet)) ping_sent_.reset();
  return true;
}

Outcome<void> Connection::flush_sealed() {
  while (!output_.empty()) {
    iovec piece{};
    output_.gather(&piece, 1);
    const auto step = tls_->write({static_cast<const std::uint8_t*>(piece.iov_base), piece.iov_len});
    if (step.progress == TlsStream::Progress::WouldBlock) return {};
    if (step.progress != TlsStream::Progress::Some) return lost(step.why);
    output_.consume(step.size);
    last_sent_ = now();
  }
  return {};
}

Outcome<void> Connection::flush() {
  if (tls_ != nullptr) return flush_sealed();
  while (!output_.empty()) {
    std::array<iovec, 64> pieces;
    msghdr message{};
    message.msg_iov = pieces.data();
    message.msg_iovlen = output_.gather(pieces.data(), pieces.size());
    const ssize_t sent = sendmsg(socket_.number(), &message, MSG_NOSIGNAL);
    if (sent < 0) {
      if (errno == EAGAIN || errno == EINTR) return {};
      return lost(std::strerror(errno));
    }
    output_.consume(static_cast<std::size_t>(sent));
    last_sent_ = now();
  }
  return {};
}

Outcome<void> Connection::receive_sealed() {
  const auto step = tls_->read(scratch_);
  switch (step.progress) {
    case TlsStream::Progress::Some:
      input_.show({scratch_.data(), step.size});
      return {};
    case TlsStream::Progress::WouldBlock:
      return {};
    case TlsStream::Progress::Ended:
      return lost("the broker closed it");
    case TlsStream::Progress::Broken:
      break;
  }
  return lost(step.why);
}

Outcome<void> Connection::receive() {
  if (tls_ != nullptr) return receive_sealed();
  const ssize_t received = recv(socket_.number(), scratch_.data(), scratch_.size(), 0);
  if (received == 0) return lost("the broker closed it");
  if (received < 0) {
    if (errno == EAGAIN || errno == EINTR) return {};
    return lost(std::strerror(errno));
  }
  input_.show({scratch_.data(), static_cast<std::size_t>(received)});
  return {};
}

std::optional<MonotonicTime> Connection::next_keep_alive() const {
  if (keep_alive_.count() == 0) return std::nullopt;
  return ping_sent_ ? *ping_sent_ + keep_alive_ : last_sent_ + keep_alive_;
}

Outcome<void> Connection::keep_alive(MonotonicTime time) {
  const auto due = next_keep_alive();
  if (!due || time < *due) return {};
  if (ping_sent_)
    return fail(ExitCode::KeepAlive,
                "no answer from the broker for " + std::to_string(keep_alive_.count()) + " seconds");
  send(wire::Pingreq{});
  ping_sent_ = time;
  return {};
}

Outcome<Connection::Wake> Connection::wait(std::optional<MonotonicTime> deadline, int input,
                                           wire::Packet& packet) {
  for (;;) {
    const auto taken = take_packet(packet);
    if (!taken) return tl::unexpected(taken.error());
    if (*taken) return Wake::Packet;
    input_.keep_rest();
    if (const auto kept = keep_alive(now()); !kept) return tl::unexpected(kept.error());
    if (const auto flushed = flush(); !flushed) return tl::unexpected(flushed.error());

    const bool watches_input = input >= 0 && output_.size() < kMuchUnsent;
    const short socket_events = output_.empty() ? POLLIN : POLLIN | POLLOUT;
    std::array<pollfd, 3> waits = {
        {{socket_.number(), socket_events, 0}, {stop_, POLLIN, 0}, {watches_input ? input : -1, POLLIN, 0}}};
    auto until = deadline;
    if (const auto due = next_keep_alive(); due && (!until || *due < *until)) until = due;
    const int ready = poll(waits.data(), waits.size(), poll_timeout(until));
    if (ready < 0 && errno != EINTR) return lost(std::strerror(errno));
    if (ready > 0 && waits[1].revents != 0) return Wake::Stop;
    if (ready > 0 && (waits[0].revents & ~POLLOUT) != 0) {
      if (const auto received = receive(); !received) return tl::unexpected(received.error());
      continue;
    }
    if (ready > 0 && waits[2].revents != 0) return Wake::Input;
    if (deadline && now() >= *deadline) return Wake::Time;
  }
}

Outcome<void> Connection::close(milliseconds patience) {
  const MonotonicTime deadline = now() + patience;
  while (!output_.empty() && now() < deadline) {
    if (auto flushed = flush(); !flushed) return flushed;
    pollfd wait{socket_.number(), POLLOUT, 0};
    if (!output_.empty()) poll(&wait, 1, poll_timeout(deadline));
  }
  if (tls_ != nullptr) tls_->finish();
  // The broker closes after DISCONNECT; closing first with unread bytes would reset what was sent.
  shutdown(socket_.number(), SHUT_WR);
  pollfd wait{socket_.number(), POLLIN, 0};
  while (now() < deadline && poll(&wait, 1, poll_timeout(deadline)) > 0 &&
         recv(socket_.number(), scratch_.data(), scratch_.size(), 0) > 0) {
  }
  tls_.reset();
  socket_ = Descriptor();
  return {};
}

}  // namespace hermod::client
