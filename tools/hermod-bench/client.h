#pragma once
#include <cstdint>
#include <string>

#include "address.h"
#include "board.h"
#include "link.h"
#include "packet.h"

namespace hermod::bench {

/// One MQTT client of the load: its connection comes and goes, its session state stays. Owned by a worker,
/// touched by the worker's thread only.
class Client {
 public:
  enum class State { Closed, AwaitConnack, AwaitSuback, Ready };

  Client(ConnectSpec spec, Board& board) : spec_(std::move(spec)), board_(board) {}
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;
  virtual ~Client() = default;

  State state() const { return state_; }
  const std::string& client_id() const { return spec_.client_id; }
  Link& link() { return link_; }
  /// The next connects ask for the session that the first one made.
  void keep_session() { keeps_session_ = true; }

  /// Starts to connect and queues the CONNECT packet.
  Status connect(const Address& address, std::uint32_t source, int epoll, std::uint64_t token);
  /// Ends the connection; the session state stays.
  void disconnect(Link::Ending ending);
  /// Reads once and handles every complete packet. False: the connection is over, see ending().
  bool on_readable(std::uint8_t* scratch, std::size_t size);
  /// Why the last connection ended, for people.
  const std::string& ending() const { return ending_; }

  /// Sends what may be sent now, if this client publishes.
  virtual void pump(std::uint64_t now_ns) { static_cast<void>(now_ns); }
  /// True when the broker owes an answer for longer than `timeout_ns`.
  virtual bool is_overdue(std::uint64_t now_ns, std::uint64_t timeout_ns) const {
    static_cast<void>(now_ns);
    static_cast<void>(timeout_ns);
    return false;
  }

 protected:
  /// CONNACK with success. Ends in Ready or AwaitSuback through set_state().
  virtual void on_connected(const Connack& connack) = 0;
  /// Any packet but CONNACK and DISCONNECT. False: a violation of the protocol, told with board().fail().
  virtual bool on_frame(const Frame& frame) = 0;

  void set_state(State state);
  Board& board() { return board_; }
  const Board& board() const { return board_; }
  Version version() const { return spec_.version; }

 private:
  bool on_connack(const Frame& frame);

  ConnectSpec spec_;
  Board& board_;
  Link link_;
  State state_ = State::Closed;
  bool keeps_session_ = false;
  bool has_session_ = false;
  std::string ending_;
};

/// Connected, perhaps subscribed, and silent.
class IdleClient final : public Client {
 public:
  /// `filter` empty: no subscription.
  IdleClient(ConnectSpec spec, Board& board, std::string filter)
      : Client(std::move(spec), board), filter_(std::move(filter)) {}

 private:
  void on_connected(const Connack& connack) override;
  bool on_frame(const Frame& frame) override;

  std::string filter_;
};

}  // namespace hermod::bench
