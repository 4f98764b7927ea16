#pragma once
#include <string_view>

#include "base/counters.h"
#include "net/event_loop.h"
#include "net/fd.h"
#include "net/place.h"
#include "net/proxy_header.h"
#include "net/socket_address.h"
#include "net/timer_wheel.h"

namespace hermod::net {

/// Waits for the PROXY header of one accepted connection, and leaves what stands behind it in the socket.
/// Owned by its listener, on the shard's thread, until it has told how it ended.
class ProxyReception final : private IoHandler, private TimerHandler {
 public:
  /// Told once; may destroy the reception inside the call.
  class Owner {
   public:
    /// Its header() is there, and its socket is not watched any more.
    virtual void on_header(ProxyReception& reception) = 0;
    /// It is refused; `reason` is a word and `why` a sentence for people.
    virtual void on_no_header(ProxyReception& reception, Counter counter, std::string_view reason,
                              std::string_view why) = 0;

   protected:
    ~Owner() = default;
  };

  ProxyReception(EventLoop& loop, Owner& owner, Fd socket, const SocketAddress& proxy, Place place,
                 std::size_t max_size);
  ProxyReception(const ProxyReception&) = delete;
  ProxyReception& operator=(const ProxyReception&) = delete;
  ~ProxyReception() override;

  /// Errors: Io when the loop cannot watch the socket.
  Status start(MonotonicTime limit);

  const ProxyHeader& header() const { return reader_.header(); }
  const SocketAddress& proxy() const { return proxy_; }
  Fd take_socket() { return std::move(socket_); }
  Place take_place() { return std::move(place_); }

 private:
  void on_ready(std::uint32_t events) override;
  void on_timer(Timer& timer) override;
  void stop_watching();
  void refuse(Counter counter, std::string_view reason, std::string_view why);

  EventLoop& loop_;
  Owner& owner_;
  Fd socket_;
  const SocketAddress proxy_;
  Place place_;
  ProxyHeaderReader reader_;
  Timer timeout_{*this};
  bool watched_ = false;
};

}  // namespace hermod::net
