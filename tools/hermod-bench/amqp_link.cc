#include "amqp_link.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <unistd.h>

#include <array>
#include <cerrno>

namespace hermod::bench::amqp {
namespace {

constexpr std::string_view kProtocolHeader("AMQP\x00\x00\x09\x01", 8);
constexpr std::uint16_t kMostChannels = 16;
constexpr std::uint32_t kMostFrameBytes = 131072;

std::string error_text(const char* what) {
  return std::string(what) + ": " + std::strerror(errno);
}

std::string start_ok(const std::string& username, const std::string& password) {
  std::string arguments;
  ByteWriter writer(arguments);
  writer.u32(0);  // an empty table of properties
  put_short_text(arguments, "PLAIN");
  writer.sized32('\0' + username + '\0' + password);
  put_short_text(arguments, "en_US");
  return arguments;
}

std::string tune_ok() {
  std::string arguments;
  ByteWriter writer(arguments);
  writer.u16(kMostChannels);
  writer.u32(kMostFrameBytes);
  writer.u16(0);  // no heartbeats
  return arguments;
}

}  // namespace

AmqpLink::~AmqpLink() {
  if (fd_ >= 0) ::close(fd_);
}

Status AmqpLink::open(const Address& address, const std::string& username, const std::string& password) {
  fd_ = ::socket(address.storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd_ < 0) return failure(Errc::Invalid, error_text("socket"));
  const int on = 1;
  ::setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  if (::connect(fd_, reinterpret_cast<const sockaddr*>(&address.storage), address.size) != 0)
    return failure(Errc::Invalid, error_text(address.text.c_str()));
  out_.append(kProtocolHeader);
  if (const Status started = await(Method::ConnectionStart); !started) return started;
  put_method(out_, 0, Method::ConnectionStartOk, start_ok(username, password));
  if (const Status tuned = await(Method::ConnectionTune); !tuned) return tuned;
  put_method(out_, 0, Method::ConnectionTuneOk, tune_ok());
  std::string host;
  put_short_text(host, "/");
  put_short_text(host, "");
  host.push_back('\0');
  put_method(out_, 0, Method::ConnectionOpen, host);
  if (const Status opened = await(Method::ConnectionOpenOk); !opened) return opened;
  return call(Method::ChannelOpen, std::string_view("\0", 1), Method::ChannelOpenOk);
}

Status AmqpLink::call(Method method, std::string_view arguments, Method answer) {
  put_method(out_, kChannel, method, arguments);
  return await(answer);
}

Status AmqpLink::await(Method answer) {
  if (const Status sent = flush(); !sent) return sent;
  for (bool has_come = false; !has_come;) {
    const Status received = receive([&](const AmqpFrame& frame) {
      ByteReader reader(frame.payload);
      has_come |= frame.type == AmqpFrame::Type::Method && static_cast<Method>(reader.u32()) == answer;
    });
    if (!received) return received;
  }
  return {};
}

Status AmqpLink::flush() {
  for (std::size_t at = 0; at < out_.size();) {
    const ssize_t sent = ::send(fd_, out_.data() + at, out_.size() - at, MSG_NOSIGNAL);
    if (sent < 0) return failure(Errc::Invalid, error_text("send"));
    at += static_cast<std::size_t>(sent);
  }
  out_.clear();
  return {};
}

Status AmqpLink::read_some() {
  std::array<char, 262144> chunk;
  const ssize_t got = ::recv(fd_, chunk.data(), chunk.size(), 0);
  if (got < 0) return failure(Errc::Invalid, error_text("recv"));
  if (got == 0) return failure(Errc::Invalid, "the broker closed the connection");
  in_.append(chunk.data(), static_cast<std::size_t>(got));
  return {};
}

Status AmqpLink::check_close(const AmqpFrame& frame) {
  if (frame.type != AmqpFrame::Type::Method) return {};
  ByteReader reader(frame.payload);
  const auto method = static_cast<Method>(reader.u32());
  if (method != Method::ConnectionClose && method != Method::ChannelClose) return {};
  const unsigned code = reader.u16();
  return failure(Errc::Invalid, "closed by the broker: " + std::to_string(code) + " " +
                                    std::string(as_text(reader.bytes(reader.u8()))));
}

}  // namespace hermod::bench::amqp
