#pragma once
#include <cstdint>
#include <string>

#include "packet.h"
#include "tls_client.h"

namespace hermod::bench {

/// Who talks to whom.
enum class Shape {
  Pair,     ///< publisher i to subscriber i
  Fan,      ///< one publisher, every subscriber gets every message
  FanIn,    ///< every publisher to one subscriber
  Shared,   ///< every publisher to one shared subscription with several members
  Queue,    ///< every publisher into one named queue with several consumers
  Stream,   ///< every publisher into one stream, every reader gets every message and looks for holes
  Publish,  ///< publishers alone
  Listen,   ///< subscribers alone
};

/// What frees a publisher's window.
enum class WindowBy {
  Receipt,  ///< the message reached its subscribers
  Acks,     ///< the broker acknowledged it
  Both,
};

/// One load, completely described. `publishers` and `subscribers` are already what the shape needs.
struct Scenario {
  std::string name = "pair";
  Shape shape = Shape::Pair;
  std::string broker = "127.0.0.1:1883";
  int broker_pid = 0;  ///< 0: the broker is not measured
  Version version = Version::V5;
  bool is_amqp = false;  ///< QoS 1 then means confirms and acknowledgements
  std::string username;
  std::string password;
  TlsSettings tls;  ///< for a broker with mqtts://

  std::uint32_t publishers = 10;
  std::uint32_t subscribers = 10;
  int qos = 0;
  std::size_t payload_size = 64;
  std::string topic = "bench";
  bool topic_per_pair = true;  ///< "<topic>/<i>"; else "<topic>" for all
  std::uint16_t window = 100;
  WindowBy window_by = WindowBy::Receipt;
  std::uint64_t messages = 0;  ///< per publisher; 0: by time
  double seconds = 5;
  double warmup_seconds = 0.5;  ///< not counted; only when by time
  double rate = 0;              ///< messages a second of all publishers together; 0: as fast as it goes
  std::uint32_t threads = 1;
  /// Above 0 the generator looks at its sockets at most once in so many microseconds: it gathers more per
  /// system call and is not woken for every packet of a broker that writes them one by one.
  std::uint32_t turn_us = 0;
  std::uint16_t receive_maximum = 65535;

  std::string queue = "bench";       ///< of Shape::Queue, and the stream of Shape::Stream
  std::uint32_t keys = 0;            ///< of each publisher, in the user property key; 0: none
  std::uint32_t slow_consumers = 0;  ///< the first so many acknowledge late
  std::uint32_t slow_keys = 0;       ///< so many keys of the first publisher are acknowledged late
  double slow_ms = 1000;             ///< how late

  double churn_ms = 0;  ///< 0: nobody is disconnected
  bool reconnect = false;
  std::uint32_t session_expiry_seconds = 0;  ///< above 0: sessions survive a disconnect
  double ack_timeout_seconds = 10;           ///< without an answer for so long, the client connects anew
  double stall_seconds = 2;                  ///< a closed window without receipts for so long is opened
  double drain_seconds = 5;                  ///< without any receipt for so long, the rest counts as lost
  std::uint64_t seed = 1;
  std::string client_prefix = "bench";

  bool is_persistent() const { return session_expiry_seconds > 0; }
  /// Whether this message is acknowledged late by that consumer.
  bool is_slow(std::uint32_t consumer, std::uint32_t publisher, std::uint64_t sequence) const {
    return consumer < slow_consumers || (slow_keys > 0 && publisher == 0 && sequence % keys < slow_keys);
  }
  bool has_publishers() const { return shape != Shape::Listen; }
  bool has_subscribers() const { return shape != Shape::Publish; }
  /// How many subscribers get one message of one publisher.
  std::uint32_t receivers_per_message() const {
    if (shape == Shape::Fan || shape == Shape::Stream) return subscribers;
    return shape == Shape::Publish ? 0 : 1;
  }
  std::string topic_of_publisher(std::uint32_t index) const {
    return topic_per_pair ? topic + "/" + std::to_string(index) : topic;
  }
  std::string filter_of_subscriber(std::uint32_t index) const {
    if (shape == Shape::Shared) return "$share/bench/" + topic;
    if (shape == Shape::Queue) return "$queue/" + queue;
    if (shape == Shape::Stream) return "$stream/" + queue;
    return topic_per_pair ? topic + "/" + std::to_string(index) : topic;
  }
};

}  // namespace hermod::bench
