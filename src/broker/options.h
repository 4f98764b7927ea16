#pragma once
#include <chrono>
#include <cstdint>
#include <string>

#include "net/options.h"
#include "queue/delayed_options.h"
#include "queue/named_queue_options.h"
#include "queue/transaction_options.h"
#include "retain/options.h"
#include "session/options.h"
#include "store/options.h"

namespace hermod::broker {

/// What the broker grants to and asks of every client.
struct MqttOptions {
  std::uint32_t max_packet_size = 2U << 20;    ///< bytes; announced to MQTT 5 clients
  std::uint32_t max_connect_size = 64U << 10;  ///< bytes of the first packet
  std::chrono::seconds connect_timeout{10};
  std::uint16_t max_keep_alive = 65535;    ///< seconds; in MQTT 5 a longer one, or none, becomes this
  std::uint16_t topic_alias_maximum = 32;  ///< of the client towards us, and of us towards the client
  std::uint16_t max_topic_levels = 200;
  std::uint32_t max_user_properties = 256;  ///< in one packet of a client
  std::uint32_t max_filters = 4096;         ///< in one SUBSCRIBE or UNSUBSCRIBE
  std::uint8_t max_qos = 2;
  bool retain_available = true;
  bool wildcard_available = true;
  bool shared_available = true;
  bool validate_payload_format = false;  ///< refuse text that is not UTF-8 with 0x99
  bool require_client_id = false;        ///< refuse an empty client identifier with 0x85
  std::string server_reference;      ///< where clients are sent while there is no place for them, or at stop
  std::string response_information;  ///< answer to Request Response Information
};

/// What one client may cost.
struct LimitOptions {
  std::uint32_t max_connections = 1'000'000;
  std::uint32_t max_connections_per_address = 0;  ///< 0 = no limit
  std::uint32_t outbound_buffer = 1U << 20;       ///< bytes waiting for one client before QoS 0 is dropped
  std::chrono::milliseconds slow_reader_patience{2000};  ///< how long publishers wait for one slow reader
};

/// Everything the broker room needs; config/ fills it.
struct Options {
  std::uint16_t threads = 0;     ///< shards; 0 = one per core
  bool allow_anonymous = false;  ///< false refuses a CONNECT of somebody without net::Peer::identity
  MqttOptions mqtt;
  LimitOptions limits;
  session::Options session;
  queue::NamedQueueOptions queues;
  queue::DelayedOptions delayed;
  queue::TransactionOptions transactions;
  retain::Options retain;
  net::Options net;
  store::Options store;
};

}  // namespace hermod::broker
