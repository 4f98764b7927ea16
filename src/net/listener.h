#pragma once
#include <sys/socket.h>

#include <cstdint>
#include <memory>

#include "base/result.h"
#include "net/event_loop.h"
#include "net/fd.h"
#include "net/options.h"
#include "net/socket.h"
#include "net/timer_wheel.h"
#include "net/transport.h"

namespace hermod::net {

class TlsServer;
class WebSocketGuest;
class WebSocketRules;

/// What clients of a listener speak below MQTT. What it points to outlives every transport.
struct Speech {
  TlsServer* tls = nullptr;                   ///< with it: TLS
  const WebSocketRules* websocket = nullptr;  ///< with it: WebSocket, through `guest`
  WebSocketGuest* guest = nullptr;
};

/// Takes over accepted connections, on the shard's thread.
class AcceptHandler {
 public:
  virtual ~AcceptHandler() = default;
  /// Call transport->set_handler() before returning; reading starts with the next poll().
  virtual void on_accepted(std::unique_ptr<Transport> transport) = 0;
};

/// Accepts connections on one socket for one shard, a bounded batch per readiness. Out of descriptors it
/// keeps one in reserve to refuse with, and rests instead of spinning. Owned by the shard, on its thread;
/// loop, options and handler outlive it.
class Listener final : private IoHandler, private TimerHandler {
 public:
  /// `socket` comes from open_listen_sockets(), or from outside already listening.
  Listener(EventLoop& loop, Fd socket, const Options& options, AcceptHandler& handler, Speech speech = {});
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;
  ~Listener() override;

  /// Starts listening. Errors: Busy (somebody else, alone on this address, was faster), Io.
  Status start();
  /// Closes the socket; connections not accepted yet are refused by the kernel. May be called at any time.
  void stop();

  /// The real port, also when port 0 was asked for; 0 after stop().
  std::uint16_t bound_port() const { return local_port(socket_.get()); }

 private:
  void on_ready(std::uint32_t events) override;
  void on_timer(Timer& timer) override;
  /// One connection; false when there is none for now.
  bool accept_one();
  void hand_over(Fd connection, const sockaddr_storage& raw);
  /// Refuses one waiting connection by means of the reserve descriptor; false when that did not work.
  bool refuse_one();
  /// Stops accepting for a moment.
  void rest(int error_number);
  void watch(std::uint32_t events);

  EventLoop& loop_;
  Fd socket_;
  const Options& options_;
  AcceptHandler& handler_;
  const Speech speech_;
  Fd reserve_;
  Timer rest_timer_{*this};
  bool watched_ = false;
};

}  // namespace hermod::net
