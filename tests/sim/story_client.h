#pragma once
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "tests/sim/report.h"
#include "tests/support/fake_client.h"
#include "wire/types.h"

namespace hermod::sim {

class StoryClient;

/// What happens to the clients of a story.
class StoryEvents {
 public:
  /// CONNACK. Without a session nothing is left of the one before.
  virtual void on_connected(StoryClient& client, bool session_present) = 0;
  /// The connection is gone. What came and was not answered is told by first_unanswered() for the last time.
  virtual void on_disconnected(StoryClient& client) = 0;
  virtual void on_subscribed(StoryClient& client, bool is_granted) = 0;
  /// The broker took the message, or refused it.
  virtual void on_answered(std::size_t number, bool is_taken) = 0;
  /// The client has sent the message once more.
  virtual void on_sent_again(std::size_t number) = 0;
  /// Its session was gone, and with it whatever was to be answered.
  virtual void on_abandoned(std::size_t number) = 0;
  /// At QoS 2 the first copy only.
  virtual void on_message(StoryClient& client, const test::Arrived& message) = 0;

 protected:
  ~StoryEvents() = default;
};

/// A client of MQTT 5.0 that keeps every rule: its half of the session survives connections, it sends again
/// what was not answered, knows the QoS 2 messages it holds, and answers in order. A packet identifier is
/// never used twice. Owned by a story.
class StoryClient {
 public:
  StoryClient(std::string id, bool is_durable, StoryEvents& events, Report& report)
      : id_(std::move(id)), is_durable_(is_durable), events_(events), report_(report) {}

  const std::string& id() const { return id_; }
  bool is_durable() const { return is_durable_; }
  bool has_connection() const { return client_.has_value(); }
  bool is_up() const { return is_up_; }
  std::size_t in_flight() const { return sent_.size(); }
  std::size_t unanswered() const { return to_answer_.size(); }
  /// The oldest PUBLISH that it has not acknowledged.
  const test::Arrived* first_unanswered() const;

  void connect(std::shared_ptr<test::FakePeer> peer);
  /// The network breaks; `arriving` bytes of what was sent still reach the broker.
  void drop(std::size_t arriving);
  /// The broker is gone; what it wrote may still arrive.
  void lose_broker();
  /// Precondition of these: is_up().
  void publish(std::size_t number, std::string topic, wire::QoS qos);
  void subscribe(std::string_view filter, wire::QoS qos, std::string_view stream_offset = {});
  void receive(std::size_t most);
  void answer(std::size_t most);

 private:
  struct Exchange {
    std::size_t number;
    wire::PacketId id;
    std::string topic;
    wire::QoS qos;
    bool is_released = false;
  };

  void end_connection();
  void on_packet(const test::Arrived& packet);
  void on_connack(const test::Arrived& packet);
  void on_publish(const test::Arrived& packet);
  void on_ack(const test::Arrived& packet);
  void send(const Exchange& exchange, bool is_again);

  const std::string id_;
  const bool is_durable_;
  StoryEvents& events_;
  Report& report_;
  std::optional<test::FakeClient> client_;
  bool is_up_ = false;
  std::uint16_t last_id_ = 0;
  std::deque<Exchange> sent_;
  std::deque<test::Arrived> to_answer_;  ///< PUBLISH and PUBREL
  std::set<std::uint16_t> held_;         ///< QoS 2 identifiers of the broker that were not released yet
};

}  // namespace hermod::sim
