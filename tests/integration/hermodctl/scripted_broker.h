#pragma once
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "tests/support/loopback.h"
#include "tests/support/packet_bytes.h"
#include "tests/support/timing.h"

namespace hermod::integration {

/// Stands in for a broker on a port of 127.0.0.1: says what a test wants said to one client after the other.
/// Speaks MQTT 5 as far as hermodctl does; a thread of its own, which ends with it.
class ScriptedBroker {
 public:
  struct Script {
    std::uint8_t connack = 0;
    std::uint8_t suback = 1;
    std::uint8_t puback = 0;
    /// What is published to the topic of answers for a command with this payload; nothing: silence.
    std::function<std::vector<std::string>(const std::string& command)> answer{};
  };

  explicit ScriptedBroker(Script script) : script_(std::move(script)) {
    listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address = support::loopback_address(0);
    socklen_t size = sizeof address;
    if (::bind(listener_, reinterpret_cast<sockaddr*>(&address), size) != 0 || ::listen(listener_, 8) != 0 ||
        ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size) != 0)
      throw support::Unexpected("no port for the scripted broker");
    port_ = ntohs(address.sin_port);
    thread_ = std::jthread([this] { serve(); });
  }
  ScriptedBroker(const ScriptedBroker&) = delete;
  ScriptedBroker& operator=(const ScriptedBroker&) = delete;
  ~ScriptedBroker() {
    ::shutdown(listener_, SHUT_RDWR);  // ends accept()
    thread_.join();
    ::close(listener_);
  }

  std::uint16_t port() const { return port_; }
  /// Every command that came, in order.
  std::vector<std::string> commands() {
    const std::lock_guard lock(mutex_);
    return commands_;
  }
  /// What came in the last CONNECT, behind its fixed header.
  std::string connect() {
    const std::lock_guard lock(mutex_);
    return connect_;
  }

 private:
  void serve() {
    for (;;) {
      const int client = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
      if (client < 0) return;
      while (const auto packet = read_packet(client))
        if (!react(client, *packet)) break;
      ::close(client);
    }
  }

  static std::optional<std::string> read_bytes(int client, std::size_t size) {
    std::string bytes(size, '\0');
    for (std::size_t had = 0; had < size;) {
      pollfd one{client, POLLIN, 0};
      if (::poll(&one, 1, static_cast<int>(support::kPatience.count())) <= 0) return std::nullopt;
      const ssize_t got = ::recv(client, bytes.data() + had, size - had, 0);
      if (got <= 0) return std::nullopt;
      had += static_cast<std::size_t>(got);
    }
    return bytes;
  }
  static std::optional<support::Packet> read_packet(int client) {
    const auto first = read_bytes(client, 1);
    if (!first) return std::nullopt;
    std::size_t size = 0;
    for (int shift = 0; shift < 28; shift += 7) {
      const auto byte = read_bytes(client, 1);
      if (!byte) return std::nullopt;
      size |= static_cast<std::size_t>((*byte)[0] & 0x7F) << shift;
      if (((*byte)[0] & 0x80) == 0) break;
    }
    auto body = read_bytes(client, size);
    if (!body) return std::nullopt;
    const auto head = static_cast<std::uint8_t>((*first)[0]);
    return support::Packet{static_cast<support::Type>(head >> 4), static_cast<std::uint8_t>(head & 0x0F),
                           std::move(*body)};
  }

  static void say(int client, const std::string& bytes) {
    ::send(client, bytes.data(), bytes.size(), MSG_NOSIGNAL);
  }
  static std::string id_of(const support::Packet& packet) { return packet.body.substr(0, 2); }

  /// False: the connection ends.
  bool react(int client, const support::Packet& packet) {
    using support::packet_bytes;
    using support::Type;
    if (packet.type == Type::Connect) {
      const std::lock_guard lock(mutex_);
      connect_ = packet.body;
      say(client, packet_bytes(0x20, std::string{'\0', static_cast<char>(script_.connack), '\0'}));
      return script_.connack == 0;
    }
    if (packet.type == Type::Subscribe)
      say(client, packet_bytes(0x90, id_of(packet) + '\0' + static_cast<char>(script_.suback)));
    if (packet.type == Type::Publish) answer(client, support::parse_publish(support::Version::V5, packet));
    return packet.type != Type::Disconnect;
  }

  void answer(int client, const support::Message& command) {
    {
      const std::lock_guard lock(mutex_);
      commands_.push_back(command.payload);
    }
    if (script_.answer)
      for (const std::string& payload : script_.answer(command.payload))
        say(client,
            support::publish_bytes(support::Version::V5,
                                   {.topic = "$CONTROL/queue/v1/response", .payload = payload, .qos = 0}));
    say(client, support::ack_bytes(support::Type::Puback, command.packet_id, script_.puback));
  }

  const Script script_;
  int listener_ = -1;
  std::uint16_t port_ = 0;
  std::mutex mutex_;
  std::vector<std::string> commands_;
  std::string connect_;
  std::jthread thread_;
};

}  // namespace hermod::integration
