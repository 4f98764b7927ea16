#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "client/property_option.h"
#include "client/tls_options.h"
#include "wire/types.h"

/// What the command lines of pub, sub and rr say, checked and with every default filled in. Plain values.
namespace hermod::client {

struct WillOption {
  std::string topic;
  std::string payload;
  wire::QoS qos = wire::QoS::AtMostOnce;
  bool retain = false;
};

/// How to reach the broker and who to be there.
struct SessionOptions {
  std::string host = "127.0.0.1";
  std::uint16_t port = 1883;
  std::string unix_path;     ///< not empty: instead of host and port
  std::string bind_address;  ///< empty: the system chooses
  std::optional<TlsOptions> tls;
  bool no_delay = false;
  std::string client_id;  ///< empty: the broker chooses
  std::optional<std::string> username;
  std::optional<std::string> password;
  wire::Version version = wire::Version::Mqtt311;
  bool clean_start = true;
  std::uint16_t keep_alive = 60;  ///< seconds; 0 = none
  std::optional<std::uint32_t> session_expiry;
  std::optional<WillOption> will;
  PropertyOptions properties;
  bool debug = false;
  bool quiet = false;
};

/// Where a message to publish comes from.
enum class Source { None, Text, File, Empty, Stdin, StdinLines };

struct MessageOptions {
  std::string topic;
  wire::QoS qos = wire::QoS::AtMostOnce;
  bool retain = false;
  Source source = Source::None;
  std::string text;  ///< the payload, or the file's name
};

struct PublishOptions {
  SessionOptions session;
  MessageOptions message;
  std::uint32_t repeat = 1;
  double repeat_delay = 0;           ///< seconds
  std::uint16_t max_in_flight = 20;  ///< QoS 1 and 2
};

/// How received messages are shown.
struct OutputOptions {
  std::string format{};  ///< empty: the payload, or with `verbose` topic and payload
  bool verbose = false;
  bool end_of_line = true;
  bool pretty = false;
};

struct SubscribeOptions {
  SessionOptions session;
  OutputOptions output;
  std::vector<std::string> filters;
  std::vector<std::string> unsubscribe;
  std::vector<std::string> filter_out;
  wire::QoS qos = wire::QoS::AtMostOnce;
  std::uint64_t count = 0;      ///< leave after so many messages; 0 = never
  double timeout_seconds = 0;   ///< leave after so long; 0 = never
  double random_percent = 100;  ///< of the messages are shown
  bool leave_when_subscribed = false;
  bool no_retained = false;
  bool retained_only = false;
  bool remove_retained = false;
  bool retain_as_published = false;
};

struct RequestOptions {
  SessionOptions session;
  MessageOptions message;
  OutputOptions output;
  std::string response_topic;
  double timeout_seconds = 0;
  bool no_retained = false;
};

}  // namespace hermod::client
