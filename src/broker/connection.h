#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/ids.h"
#include "broker/address_limits.h"
#include "broker/pending_connect.h"
#include "broker/retained_read.h"
#include "broker/transaction_gaps.h"
#include "net/socket_address.h"
#include "net/timer_wheel.h"
#include "net/transport.h"
#include "wire/decoder.h"
#include "wire/encoder.h"
#include "wire/topic_alias.h"
#include "wire/types.h"

namespace hermod::session {
class Session;
}

namespace hermod::broker {

class Connection;

/// What a connection tells its shard. Called on the shard's thread.
class ConnectionEvents {
 public:
  /// False: its address has its share of connections.
  virtual bool on_introduced(Connection& connection) = 0;
  virtual void on_packet(Connection& connection, const wire::Packet& packet) = 0;
  virtual void on_protocol_error(Connection& connection, const wire::ProtocolError& error) = 0;
  virtual void on_connection_timer(Connection& connection) = 0;
  virtual void on_output_drained(Connection& connection) = 0;
  virtual void on_connection_ending(Connection& connection, net::CloseReason reason) = 0;
  virtual void on_connection_closed(Connection& connection, net::CloseReason reason) = 0;

 protected:
  ~ConnectionEvents() = default;
};

/// A Maximum Packet Size of a client that named none, bytes.
inline constexpr std::uint32_t kAnySize = 0xFFFFFFFF;

/// What CONNECT and CONNACK agreed on; of this connection only.
struct Agreement {
  wire::Version version = wire::Version::Mqtt311;
  std::uint16_t keep_alive = 0;                  ///< seconds in force; 0 = none
  std::uint32_t maximum_packet_size = kAnySize;  ///< what the client takes, bytes
  std::uint16_t receive_maximum = 65535;         ///< QoS 1/2 messages the client takes at once
  std::uint16_t topic_alias_maximum = 0;         ///< aliases the client takes
  bool request_problem_information = true;
  bool clean_start = true;

  bool is_v5() const { return version == wire::Version::Mqtt5; }
};

/// One network connection: its transport, its decoder, its topic aliases, its keep-alive. It survives
/// nothing. Owned by its shard, touched by its shard; lives until on_connection_closed().
class Connection final : public net::TransportHandler, private net::TimerHandler {
 public:
  enum class State : std::uint8_t {
    AwaitConnect,  ///< no CONNECT yet
    Claiming,      ///< CONNECT arrived; waits for its session
    Connected,     ///< CONNACK with success was sent
    Closing,       ///< nothing is read or sent any more
  };
  /// Why reading is paused; it goes on when no reason is left.
  enum class Pause : std::uint8_t {
    Claim = 1,
    Output = 2,
    SlowReader = 4,
    CommitBacklog = 8,
    Ending = 16,
    Admission = 32
  };

  Connection(ConnectionId id, ConnectionEvents& events, std::unique_ptr<net::Transport> transport,
             const wire::Limits& limits);
  ~Connection() override;

  ConnectionId id() const { return id_; }
  State state() const { return state_; }
  void set_state(State state) { state_ = state; }
  net::Transport& transport() { return *transport_; }
  std::string peer_address() const { return transport_->peer().address; }
  WriteQueue& output() { return transport_->output(); }
  /// Bytes that the client has not taken yet, those of output() among them.
  std::size_t unsent_bytes() const { return transport_->unsent_bytes(); }
  /// The output leaves at the end of the tick.
  void flush() { transport_->request_flush(); }

  /// Whether the client's Maximum Packet Size allows it; a topic alias may add three bytes. [MQTT-3.1.2-24]
  bool takes(const wire::OutboundPublish& out) const;

  Agreement& agreement() { return agreement_; }
  const Agreement& agreement() const { return agreement_; }
  wire::Version version() const { return agreement_.version; }

  session::Session* session() const { return session_; }
  void set_session(session::Session* session) { session_ = session; }

  wire::InboundTopicAliases& inbound_aliases() { return inbound_aliases_; }
  wire::OutboundTopicAliases& outbound_aliases() { return outbound_aliases_; }
  const wire::OutboundTopicAliases& outbound_aliases() const { return outbound_aliases_; }

  /// Commits whose answer this connection waits for; an answer that needs no commit waits behind them.
  std::uint32_t pending_commits = 0;
  /// Why the connection ends as soon as pending_commits is 0; nothing: it does not.
  std::optional<wire::ReasonCode> ends_with;
  /// Retained messages still to be delivered, in the order of the subscriptions; one read per filter.
  std::vector<RetainedRead> retained_reads;
  std::uint64_t retained_reads_planned = 0;
  /// It is among those its shard reads retained messages for.
  bool reads_retained = false;
  /// For which address AddressLimits counts it; nothing: for none.
  std::optional<net::SocketAddress> counted_address;
  /// Its listener's; null: none.
  AddressLimits::Own* own_limit = nullptr;
  TransactionGaps transaction_gaps;
  /// The CONNECT that waits for its session.
  std::unique_ptr<PendingConnect> pending_connect;

  void pause(Pause reason);
  /// When no reason is left, what waited is looked at next: until then the client's silence begins anew.
  void resume(Pause reason, MonotonicTime now);
  /// It is not read for a reason that is not its own: silence proves nothing.
  bool is_held_up() const { return (pauses_ & ~static_cast<unsigned>(Pause::Output)) != 0; }

  net::Timer& timer() { return timer_; }
  /// When the last whole packet arrived (bytes of an unfinished one do not count); the shard's tick time.
  MonotonicTime last_arrival() const { return last_arrival_; }
  void touch(MonotonicTime now) { last_arrival_ = now; }
  /// Ends the connection after what is queued was written. on_connection_closed() follows later.
  void close(net::CloseReason reason = net::CloseReason::ByBroker);

 private:
  bool on_introduced() override;
  void on_bytes(ReadBuffer& buffer) override;
  void on_drained() override;
  void on_ending(net::CloseReason reason) override;
  void on_closed(net::CloseReason reason) override;
  void on_timer(net::Timer& timer) override;

  const ConnectionId id_;
  ConnectionEvents& events_;
  std::unique_ptr<net::Transport> transport_;
  wire::Decoder decoder_;
  wire::InboundTopicAliases inbound_aliases_;
  wire::OutboundTopicAliases outbound_aliases_;
  Agreement agreement_;
  session::Session* session_ = nullptr;
  net::Timer timer_{*this};
  MonotonicTime last_arrival_{};
  State state_ = State::AwaitConnect;
  std::uint8_t pauses_ = 0;
};

}  // namespace hermod::broker
