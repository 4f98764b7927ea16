#pragma once
#include <chrono>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "tests/sim/ledger.h"
#include "tests/sim/report.h"
#include "tests/sim/subscription_book.h"
#include "tests/support/fake_client.h"
#include "wire/types.h"

namespace hermod::sim {

/// As the expiry of a session: it stays for ever. [MQTT 5.0 section 3.1.2.11.2]
constexpr std::uint32_t kNever = 0xFFFFFFFF;

/// What a client is, for the whole schedule.
struct Profile {
  std::string client_id;
  wire::Version version = wire::Version::Mqtt5;
  bool durable = true;       ///< asks for its old session
  std::uint32_t expiry = 0;  ///< seconds; MQTT 5; one connection may ask for less
  std::uint16_t receive_maximum = 65535;
  std::uint16_t topic_alias_maximum = 0;
  std::uint16_t keep_alive = 0;  ///< seconds
  bool leaves_will = false;
  std::uint32_t will_delay = 0;  ///< seconds; MQTT 5
  wire::QoS will_qos = wire::QoS::ExactlyOnce;
};

/// A client that keeps every rule of MQTT: its half of the session state survives connections, it sends again
/// with DUP and the same packet identifier, it recognises QoS 2 messages it has seen, it answers in order and
/// respects Receive Maximum. What it sees it reports to the ledger; what breaks a rule is a violation.
class ModelClient {
 public:
  struct Publication {
    std::string topic;
    wire::QoS qos{};
    bool retain = false;
    bool clears = false;
    std::size_t size = 0;
    std::optional<std::uint32_t> expiry;  ///< seconds
  };

  ModelClient(std::size_t index, Profile profile, Ledger& ledger, Report& report);

  const Profile& profile() const { return profile_; }
  const SubscriptionBook& book() const { return book_; }
  bool has_connection() const { return connection_.has_value(); }
  bool is_up() const { return connection_ && connection_->up; }
  bool has_requests() const { return connection_ && !connection_->requests.empty(); }
  /// Nothing is left to do for this client itself.
  bool is_at_rest() const;
  /// Why it is not at rest, for people.
  std::string unrest() const;

  /// Begins a connection. One that is still there is left as it is, with everything that is on its way.
  /// Timers of all shards have run up to `timers`.
  void connect(std::shared_ptr<test::FakePeer> peer, bool clean, std::uint32_t expiry,
               std::chrono::nanoseconds timers);
  /// The same with a Clean Start and without a session behind it, whatever the profile says.
  void connect_for_the_last_time(std::shared_ptr<test::FakePeer> peer);
  /// The network breaks; `arriving` bytes of what was sent still reach the broker.
  void drop(std::size_t arriving);
  /// Ends the stream without DISCONNECT.
  void hang_up();
  /// DISCONNECT, with the will or without, then the end of the stream. Precondition: is_up().
  void leave(bool with_will);
  /// Looks whether the broker noticed the ends of connections, or ended one itself; called after everything
  /// that may tell it.
  void watch_ends();
  /// The broker crashed at that moment and has started again now. What happened up to the step `durable` was
  /// on the disk; bytes that it wrote may still be there to be read.
  void broker_crashed(const Moment& crashed, std::uint64_t durable);

  // Preconditions: is_up().
  void publish(const Publication& publication);
  void subscribe(const Stay& wanted, wire::RetainHandling handling);
  void unsubscribe(std::string_view filter);
  /// From now on it answers first and sends its own unfinished messages again when go_on() says so. A client
  /// of MQTT 3 that is cut off for a full queue would else be cut off again before it could empty its own.
  void be_patient() { patient_ = true; }
  /// Precondition: is_up().
  void go_on();
  void ping() { connection_->client.ping(); }

  /// The client can take more bytes. Precondition: has_connection().
  void make_room(std::size_t bytes) { connection_->peer->make_room(bytes); }
  /// Takes up to `most` bytes of what the broker wrote and reads the packets.
  void receive(std::size_t most);
  /// Sends up to `most` answers that were held back, in order.
  void answer(std::size_t most);
  std::size_t answers_held_back() const { return connection_ ? connection_->answers.size() : 0; }

 private:
  /// An exchange in which the client is the sender.
  struct Outgoing {
    std::size_t number = 0;
    wire::PacketId id;
    wire::QoS qos{};
    bool released = false;
    bool sent_again = false;
    std::string payload;
    bool retain = false;
    std::optional<std::uint32_t> expiry;
  };
  struct Request {
    wire::PacketId id;
    std::vector<std::string> filters;
    bool unsubscribe = false;
  };
  struct Answer {
    wire::PacketType type{};
    wire::PacketId id;
  };
  struct Connection {
    test::FakeClient client;
    std::shared_ptr<test::FakePeer> peer;
    bool clean = false;
    std::uint32_t expiry = 0;
    bool up = false;
    bool resumed = false;  ///< what was unfinished was sent again
    std::uint16_t send_quota = 65535;
    std::set<wire::PacketId> unanswered;  ///< received on this connection and not answered to the end
    std::deque<Answer> answers;
    std::vector<Request> requests;
    std::optional<std::size_t> will;
    std::optional<Moment> closed;  ///< by the broker, which the client need not know yet
    bool crashed = false;          ///< with the broker, which has it nowhere on record
  };
  /// A connection that ended here, with a will, and whose broker's end may not know yet.
  struct Ended {
    std::shared_ptr<test::FakePeer> peer;
    std::size_t will = 0;
    bool said_goodbye = false;  ///< DISCONNECT was the last packet, and nothing before it can be refused
    std::optional<Moment> noticed;
    bool crashed = false;  ///< its end is nowhere on record: the broker counts from its last start
  };

  // model_client.cc
  wire::PacketId free_id();
  void send_outgoing(const Outgoing& out, bool dup);
  void send_waiting();
  void send_connect();
  void judge_overdue_will(std::chrono::nanoseconds timers);
  void end_connection();
  void lose_session();
  void end_without_goodbye();

  // model_client_packets.cc
  void on_packet(const test::Arrived& packet);
  void on_connack(const test::Arrived& packet);
  void judge_session_present(bool present);
  void judge_will_of_last_connection(bool present);
  void resume();
  void on_publish(const test::Arrived& packet);
  void on_ack(const test::Arrived& packet);
  void on_pubrel(const test::Arrived& packet);
  void on_request_answer(const test::Arrived& packet);
  void on_disconnect(const test::Arrived& packet);
  void finish(std::size_t position, wire::ReasonCode reason);
  std::string who(const std::string& what) const { return profile_.client_id + ": " + what; }

  const std::size_t index_;
  Profile profile_;
  Ledger& ledger_;
  Report& report_;
  SubscriptionBook book_;

  // The client's half of the session state.
  std::vector<Outgoing> outgoing_;
  std::deque<Publication> waiting_;
  std::set<wire::PacketId> received_;  ///< QoS 2, not released yet
  std::uint32_t session_ = 0;
  std::uint16_t last_id_ = 0;

  std::optional<Connection> connection_;
  bool patient_ = false;
  std::vector<Ended> ended_;
  bool must_have_session_ = false;  ///< and must: CONNACK said so, and nothing ended it
  bool must_be_new_ = false;        ///< the session ended with its connection, and the broker started since
  bool wants_clean_ = false;        ///< a Clean Start was sent and not answered
  std::optional<Moment> last_end_;  ///< of the last connection that was up
  std::optional<std::size_t> last_will_;
  std::size_t attempts_ = 0;          ///< CONNECTs since then
  std::uint32_t session_expiry_ = 0;  ///< in force
};

}  // namespace hermod::sim
