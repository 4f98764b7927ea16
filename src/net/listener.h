#pragma once
#include <sys/socket.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/result.h"
#include "net/entrance.h"
#include "net/event_loop.h"
#include "net/fd.h"
#include "net/listen_socket.h"
#include "net/options.h"
#include "net/proxy_reception.h"
#include "net/socket.h"
#include "net/timer_wheel.h"
#include "net/transport.h"

namespace hermod::net {

/// Takes over accepted connections, on the shard's thread.
class AcceptHandler {
 public:
  virtual ~AcceptHandler() = default;
  /// Call transport->set_handler() before returning; reading starts with the next poll(). The listener's
  /// options outlive the call only.
  virtual void on_accepted(std::unique_ptr<Transport> transport, const ListenerOptions& listener) = 0;
};

/// Accepts connections on one socket for one shard, a bounded batch per readiness; one at a time from a
/// socket that shards share, so that all of them get some. Out of descriptors it keeps one in reserve to
/// refuse with, and rests instead of spinning. Owned by the shard, on its thread; loop, options, handler and
/// entrance outlive it.
class Listener final : private IoHandler, private TimerHandler, private ProxyReception::Owner {
 public:
  /// `socket` comes from open_listener(). What is accepted follows the rules of `entrance`.
  Listener(EventLoop& loop, ListenSocket socket, const Options& options, AcceptHandler& handler,
           Entrance& entrance);
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;
  ~Listener() override;

  /// Starts listening. Errors: Busy (somebody else, alone on this address, was faster), Io.
  Status start();
  /// Closes the socket; connections not accepted yet are refused by the kernel, unless somebody else has the
  /// socket too, and those whose PROXY header is not there yet end. May be called at any time.
  void stop();

  /// The real port, also when port 0 was asked for; 0 after stop().
  std::uint16_t bound_port() const { return local_port(socket_.fd.get()); }

 private:
  void on_ready(std::uint32_t events) override;
  void on_timer(Timer& timer) override;
  void on_header(ProxyReception& reception) override;
  void on_no_header(ProxyReception& reception, Counter counter, std::string_view reason,
                    std::string_view why) override;

  /// One connection; false when there is none for now.
  bool accept_one();
  void receive(Fd connection, const sockaddr_storage& raw);
  void await_header(Fd connection, const SocketAddress& proxy, Place place);
  void hand_over(Fd connection, Caller caller, Place place);
  void refuse(const std::string& address, std::string_view why);
  std::string sender(const SocketAddress& peer) const;
  /// Refuses one waiting connection by means of the reserve descriptor; false when that did not work.
  bool refuse_one();
  /// Stops accepting for a moment.
  void rest(int error_number);
  /// Errors: Io when the system has no memory for it.
  Status watch();
  void stop_watching();
  std::unique_ptr<ProxyReception> take(ProxyReception& reception);

  EventLoop& loop_;
  ListenSocket socket_;
  const Options& options_;
  AcceptHandler& handler_;
  Entrance& entrance_;
  std::string path_;  ///< of a Unix socket
  Fd reserve_;
  Timer rest_timer_{*this};
  std::unordered_map<ProxyReception*, std::unique_ptr<ProxyReception>> receptions_;
  bool watched_ = false;
};

}  // namespace hermod::net
