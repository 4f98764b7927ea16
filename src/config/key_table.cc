#include <array>

#include "config/binding.h"

// The one list of configuration keys. Parsing, suggestions, `hermod --print-config`, config/hermod.toml and
// docs/configuration.md all follow it.
namespace hermod::config {
namespace {

using namespace std::chrono_literals;
using binding::choice;
using binding::count;
using binding::duration;
using binding::Place;
using binding::size;
using binding::text;
using binding::toggle;

using Broker = broker::Options;
using MqttFields = broker::MqttOptions;
using LimitFields = broker::LimitOptions;
using SessionFields = session::Options;
using QueueFields = queue::Options;
using NamedQueueFields = queue::NamedQueueOptions;
using DelayedFields = queue::DelayedOptions;
using TransactionFields = queue::TransactionOptions;
using NetFields = net::Options;
using TlsFields = net::TlsLimits;
using WebSocketFields = net::WebSocketLimits;
using RetainFields = retain::Options;
using StoreFields = store::Options;
using AdminFields = admin::Options;

template <auto Field>
using OfBroker = Place<&Settings::broker, Field>;
template <auto Field>
using OfMqtt = Place<&Settings::broker, &Broker::mqtt, Field>;
template <auto Field>
using OfLimits = Place<&Settings::broker, &Broker::limits, Field>;
template <auto Field>
using OfSession = Place<&Settings::broker, &Broker::session, Field>;
template <auto Field>
using OfQueue = Place<&Settings::broker, &Broker::session, &SessionFields::queue, Field>;
template <auto Field>
using OfNamedQueues = Place<&Settings::broker, &Broker::queues, Field>;
template <auto Field>
using OfDelayed = Place<&Settings::broker, &Broker::delayed, Field>;
template <auto Field>
using OfTransactions = Place<&Settings::broker, &Broker::transactions, Field>;
template <auto Field>
using OfNet = Place<&Settings::broker, &Broker::net, Field>;
template <auto Field>
using OfTls = Place<&Settings::broker, &Broker::net, &NetFields::tls, Field>;
template <auto Field>
using OfWebSocket = Place<&Settings::broker, &Broker::net, &NetFields::websocket, Field>;
template <auto Field>
using OfRetain = Place<&Settings::broker, &Broker::retain, Field>;
template <auto Field>
using OfStore = Place<&Settings::broker, &Broker::store, Field>;
template <auto Field>
using OfAdmin = Place<&Settings::admin, Field>;
template <auto Field>
using OfLog = Place<&Settings::log, Field>;

constexpr std::array<std::string_view, 2> kReceiveMaximumModes{"strict", "lenient"};
constexpr std::array<std::string_view, 3> kOverflows{"reject", "drop-oldest", "drop-newest"};
constexpr std::array<std::string_view, 5> kLevels{"debug", "info", "notice", "warning", "error"};
constexpr std::array<std::string_view, 4> kFormats{"automatic", "text", "json", "journal"};
constexpr std::int64_t kMillion = 1'000'000;
constexpr std::int64_t kKiB = 1LL << 10;
constexpr std::int64_t kMiB = 1LL << 20;
constexpr std::int64_t kGiB = 1LL << 30;
constexpr std::int64_t kTiB = 1LL << 40;

Key live(Key key) {
  key.change = Change::Live;
  return key;
}

Key or_never(Key key) {
  key.never = key.most;
  return key;
}

void add_broker_and_auth(std::vector<Key>& keys) {
  keys.push_back(count<OfBroker<&Broker::threads>>(
      "broker.threads", 0, 256, "Threads that serve connections. 0: one per processor core."));
  keys.push_back(toggle<OfBroker<&Broker::allow_anonymous>>(
      "auth.allow_anonymous",
      "Whether clients may connect whom nothing gives a name. There are no accounts yet, so false lets in "
      "those alone whom a listener's identity names; others are refused, with 0x87 in MQTT 5 and return "
      "code 5 before. When it is not set, it follows the listeners: true while each of them is on loopback "
      "or names everybody, and otherwise the broker does not start until it is set. A reload that would turn "
      "it false is refused: that takes a restart."));
}

void add_mqtt(std::vector<Key>& keys) {
  keys.push_back(size<OfMqtt<&MqttFields::max_packet_size>>(
      "mqtt.max_packet_size", kKiB, 256 * kMiB,
      "The largest packet a client may send; MQTT 5 clients are told it as Maximum Packet Size."));
  keys.push_back(size<OfMqtt<&MqttFields::max_connect_size>>(
      "mqtt.max_connect_size", kKiB, 2 * kMiB,
      "The largest CONNECT packet: what a stranger can make us hold."));
  keys.push_back(duration<OfMqtt<&MqttFields::connect_timeout>>(
      "mqtt.connect_timeout", 1s, 5min, "How long a new connection may take to send its CONNECT."));
  keys.push_back(duration<OfMqtt<&MqttFields::max_keep_alive>>(
      "mqtt.max_keep_alive", 1s, 65535s,
      "The longest Keep Alive of an MQTT 5 client: one that asks for more, or for none, gets this as Server "
      "Keep Alive. MQTT 3 has no way to tell: such a client keeps what it asked for, and when it asked for "
      "none net.tcp_keep_alive finds out that it is gone."));
  keys.push_back(or_never(duration<OfSession<&SessionFields::max_expiry_interval>>(
      "mqtt.max_session_expiry", 0s, 4294967295s,
      "How long a session may outlive its connection at most. A client that asks for more gets this.")));
  keys.push_back(count<OfSession<&SessionFields::receive_maximum>>(
      "mqtt.receive_maximum", 1, 65535,
      "QoS 1 and 2 messages one client may have on the way to us; told as Receive Maximum."));
  keys.push_back(choice<OfSession<&SessionFields::lenient_receive_maximum>, kReceiveMaximumModes>(
      "mqtt.receive_maximum_mode",
      "What happens to a client that sends more than receive_maximum: strict closes its connection with "
      "0x93, "
      "lenient only counts."));
  keys.push_back(
      count<OfMqtt<&MqttFields::topic_alias_maximum>>("mqtt.topic_alias_maximum", 0, 65535,
                                                      "Topic aliases one client may use towards us; also the "
                                                      "most we use towards a client that allows more."));
  keys.push_back(count<OfMqtt<&MqttFields::max_topic_levels>>("mqtt.max_topic_levels", 1, 65535,
                                                              "Levels a topic name or filter may have."));
  keys.push_back(count<OfMqtt<&MqttFields::max_user_properties>>(
      "mqtt.max_user_properties", 0, kMillion,
      "User properties one packet of a client may have (a will's are counted apart); more are answered with "
      "0x97."));
  keys.push_back(count<OfMqtt<&MqttFields::max_filters>>(
      "mqtt.max_filters", 1, kMillion,
      "Topic filters one SUBSCRIBE or UNSUBSCRIBE may have; more are answered with 0x97."));
  keys.push_back(
      count<OfMqtt<&MqttFields::max_qos>>("mqtt.max_qos", 0, 2, "The highest QoS clients may publish with."));
  keys.push_back(toggle<OfMqtt<&MqttFields::retain_available>>("mqtt.retain_available",
                                                               "Whether retained messages are accepted."));
  keys.push_back(toggle<OfMqtt<&MqttFields::wildcard_available>>("mqtt.wildcard_subscriptions",
                                                                 "Whether filters may contain + and #."));
  keys.push_back(toggle<OfMqtt<&MqttFields::shared_available>>("mqtt.shared_subscriptions",
                                                               "Whether $share subscriptions are accepted."));
  keys.push_back(toggle<OfMqtt<&MqttFields::validate_payload_format>>(
      "mqtt.validate_payload_format",
      "Whether a payload that is marked as UTF-8 text and is not is refused with 0x99, that of a will at "
      "CONNECT."));
  keys.push_back(toggle<OfMqtt<&MqttFields::require_client_id>>(
      "mqtt.require_client_id",
      "Whether an empty client identifier is refused with 0x85 instead of replaced."));
  keys.push_back(text<OfMqtt<&MqttFields::server_reference>>(
      "mqtt.server_reference",
      "Where MQTT 5 clients are sent when this broker is full or stops: while limits.max_connections or "
      "limits.max_sessions is reached, and while it stops, CONNACK has 0x9C (Use another server) and this as "
      "Server Reference, and the DISCONNECT 0x8B of a stop names it too. Empty: nowhere; CONNACK then has "
      "0x97, or 0x88 at a stop."));
  keys.push_back(text<OfMqtt<&MqttFields::response_information>>(
      "mqtt.response_information", "The answer to a client's Request Response Information; empty: none."));
}

void add_limits(std::vector<Key>& keys) {
  keys.push_back(count<OfLimits<&LimitFields::max_connections>>("limits.max_connections", 1, 10 * kMillion,
                                                                "Connections at the same time."));
  keys.push_back(count<OfLimits<&LimitFields::max_connections_per_address>>(
      "limits.max_connections_per_address", 0, 10 * kMillion,
      "Connections at the same time from one IPv4 address, or one IPv6 network of 64 bits. 0: no limit."));
  keys.push_back(count<OfSession<&SessionFields::max_sessions>>(
      "limits.max_sessions", 1, 8 * kMillion, "Sessions, connected or waiting for their client."));
  keys.push_back(count<OfSession<&SessionFields::max_subscriptions>>(
      "limits.max_subscriptions_per_session", 1, 10 * kMillion, "Subscriptions one session may hold."));
  keys.push_back(count<OfSession<&SessionFields::takeovers_per_minute>>(
      "limits.takeovers_per_minute", 1, kMillion,
      "How often a minute one client identifier may take its session over before it is refused with 0x89."));
  keys.push_back(size<OfLimits<&LimitFields::outbound_buffer>>(
      "limits.outbound_buffer", 4 * kKiB, kGiB,
      "Output waiting for one slow client. From half of it on its publishers are paused, for "
      "slow_reader_patience at most; above it, QoS 0 messages for this client are dropped "
      "(docs/limits.md)."));
  keys.push_back(duration<OfLimits<&LimitFields::slow_reader_patience>>(
      "limits.slow_reader_patience", 0ms, 1min,
      "How long publishers are held back for the sake of one slow reader, one for whom half of "
      "outbound_buffer is waiting or whose queue grows."));
}

void add_session_and_retain(std::vector<Key>& keys) {
  keys.push_back(count<OfSession<&SessionFields::max_inflight>>(
      "session.max_inflight", 1, 65535, "QoS 1 and 2 messages on the way to one client at the same time."));
  keys.push_back(count<OfQueue<&QueueFields::max_messages>>("session.max_queued_messages", 1, 1000 * kMillion,
                                                            "Messages that may wait for one session."));
  keys.push_back(size<OfQueue<&QueueFields::max_bytes>>("session.max_queued_bytes", kKiB, kTiB,
                                                        "Bytes of messages that may wait for one session."));
  keys.push_back(choice<OfQueue<&QueueFields::overflow>, kOverflows>(
      "session.overflow",
      "What happens to a message for a full session: reject refuses it to its publisher with 0x97, "
      "drop-oldest makes "
      "room, drop-newest drops it for this session."));
  keys.push_back(count<OfRetain<&RetainFields::max_messages>>("retain.max_messages", 0, 1000 * kMillion,
                                                              "Retained messages. 0: none."));
  keys.push_back(size<OfRetain<&RetainFields::max_bytes>>(
      "retain.max_bytes", 0, kTiB, "Bytes of all retained messages with their topics. 0: none."));
}

void add_queue(std::vector<Key>& keys) {
  keys.push_back(toggle<OfNamedQueues<&NamedQueueFields::auto_create>>(
      "queue.auto_create",
      "Whether a subscription to $queue/NAME/FILTER makes the queue NAME, bound to FILTER and with the "
      "default of every option, when there is none. Otherwise it is refused with 0x8F. See queues.md."));
  keys.push_back(count<OfNamedQueues<&NamedQueueFields::max_queues>>(
      "queue.max_queues", 0, 10 * kMillion,
      "Named queues at the same time, dead-letter queues included. Those that are stored stay when it is "
      "lowered."));
}

Key delay_levels(std::string_view name, std::string_view doc) {
  using Member = OfDelayed<&DelayedFields::levels>;
  Key key{.name = name, .kind = Kind::Text, .doc = doc};
  key.forms = "durations in whole seconds with a space between them";
  key.check = [](std::string_view text) {
    return queue::parse_delay_levels(text).map([](const queue::DelayLevels&) {});
  };
  key.read = [](const Settings& s) -> Value { return queue::delay_levels_text(Member::of(s)); };
  key.write = [](Settings& s, const Value& v) {
    if (auto levels = queue::parse_delay_levels(std::get<std::string>(v))) Member::of(s) = *std::move(levels);
  };
  return key;
}

void add_delayed(std::vector<Key>& keys) {
  keys.push_back(count<OfDelayed<&DelayedFields::max_pending>>(
      "delayed.max_pending", 0, 1000 * kMillion,
      "Delayed messages that may wait at the same time; one more is refused to its publisher with 0x97. "
      "Those "
      "that are stored stay when it is lowered. See queues.md."));
  keys.push_back(delay_levels(
      "delayed.levels",
      "How long a message waits that has the user property delay-level: the first duration is level 1."));
}

void add_transactions(std::vector<Key>& keys) {
  keys.push_back(duration<OfTransactions<&TransactionFields::check_after>>(
      "txn.check_after", 100ms, 24h,
      "How long nothing may be heard of an open transaction before its producers are asked what becomes of "
      "it. "
      "See transactions.md."));
  keys.push_back(duration<OfTransactions<&TransactionFields::check_interval>>(
      "txn.check_interval", 100ms, 24h, "The time between two of these questions."));
  keys.push_back(count<OfTransactions<&TransactionFields::check_max>>(
      "txn.check_max", 0, 10'000,
      "How often producers are asked; after that, and another txn.check_interval, the transaction is rolled "
      "back. 0: nobody is asked, and it is rolled back after txn.check_after."));
  keys.push_back(duration<OfTransactions<&TransactionFields::remember>>(
      "txn.remember", 1s, 24h * 30,
      "How long the end of a transaction is remembered: who says it again is answered as the first time. Of "
      "more than a million ends the oldest are forgotten before."));
  keys.push_back(count<OfTransactions<&TransactionFields::max_open>>(
      "txn.max_open", 1, 10 * kMillion,
      "Transactions of all clients that may be open; who begins one more is refused with 0x97."));
  keys.push_back(count<OfTransactions<&TransactionFields::max_open_per_client>>(
      "txn.max_open_per_client", 1, kMillion, "The same for those that one client has begun."));
  keys.push_back(count<OfTransactions<&TransactionFields::max_messages>>(
      "txn.max_messages", 1, 10'000,
      "Messages of one transaction: all of them are one batch in the store. One more is refused with 0x97."));
  keys.push_back(size<OfTransactions<&TransactionFields::max_bytes>>(
      "txn.max_bytes", kKiB, 16 * kMiB,
      "Bytes of one transaction: topics, properties and payloads, and with each message the names of the "
      "transaction, the producer group and the client."));
}

void add_net(std::vector<Key>& keys) {
  keys.push_back(count<OfNet<&NetFields::backlog>>(
      "net.backlog", 1, 65535, "Connections the kernel holds for us; it caps this at net.core.somaxconn."));
  keys.push_back(count<OfNet<&NetFields::accept_batch>>(
      "net.accept_batch", 1, 65535, "New connections taken at once before others are served again."));
  keys.push_back(duration<OfNet<&NetFields::accept_pause>>(
      "net.accept_pause", 1ms, 1min,
      "Rest of a listener after the process ran out of descriptors or memory."));
  keys.push_back(
      toggle<OfNet<&NetFields::no_delay>>("net.no_delay", "TCP_NODELAY: send small packets at once."));
  keys.push_back(duration<OfNet<&NetFields::keep_alive_idle>>(
      "net.tcp_keep_alive", 0s, 9h,
      "Silence after which TCP probes its peer: with the two below, what ends the connection of a client "
      "that has no Keep Alive and is gone without a word. 0s: never."));
  keys.push_back(duration<OfNet<&NetFields::keep_alive_interval>>("net.tcp_keep_alive_interval", 1s, 1h,
                                                                  "Time between two such probes."));
  keys.push_back(count<OfNet<&NetFields::keep_alive_probes>>(
      "net.tcp_keep_alive_probes", 1, 127, "Unanswered probes after which a connection counts as lost."));
  keys.push_back(size<OfNet<&NetFields::send_buffer>>(
      "net.send_buffer", 0, kGiB, "The kernel's send buffer of a connection. 0B: its choice."));
  keys.push_back(size<OfNet<&NetFields::receive_buffer>>(
      "net.receive_buffer", 0, kGiB, "The kernel's receive buffer of a connection. 0B: its choice."));
  keys.push_back(duration<OfNet<&NetFields::close_time>>(
      "net.close_time", 0ms, 1min, "How long a closed connection may take to accept its last output."));
}

void add_tls(std::vector<Key>& keys) {
  keys.push_back(duration<OfTls<&TlsFields::handshake_timeout>>(
      "tls.handshake_timeout", 100ms, 5min,
      "How long a TLS handshake may take, its wait for a turn included; not longer than "
      "mqtt.connect_timeout."));
  keys.push_back(count<OfTls<&TlsFields::max_handshakes_per_second>>(
      "tls.max_handshakes_per_second", 0, kMillion,
      "TLS handshakes that may begin in a second, on all listeners together. More wait for their turn, and "
      "are "
      "refused when that would leave them less than half of handshake_timeout. 0: no limit."));
  keys.push_back(count<OfTls<&TlsFields::max_handshakes_per_second_per_address>>(
      "tls.max_handshakes_per_second_per_address", 0, kMillion,
      "The same for one IPv4 address, or one IPv6 network of 64 bits; more are refused. 0: no limit."));
  keys.push_back(duration<OfTls<&TlsFields::ticket_rotation>>(
      "tls.ticket_rotation", 1min, 24h,
      "How often the key of session tickets changes. The one before it is still accepted, so a client can "
      "resume for this long at least, and for twice as long at most."));
  keys.push_back(toggle<OfTls<&TlsFields::watch_files>>(
      "tls.watch_files",
      "Whether the files of TLS listeners are read again when they change, also by a rename or a link that "
      "leads elsewhere. Otherwise SIGHUP does it."));
}

void add_websocket(std::vector<Key>& keys) {
  keys.push_back(duration<OfWebSocket<&WebSocketFields::request_timeout>>(
      "websocket.request_timeout", 100ms, 5min,
      "How long a client may take to ask for its WebSocket, behind the TLS handshake of wss://; not longer "
      "than mqtt.connect_timeout."));
  keys.push_back(size<OfWebSocket<&WebSocketFields::max_request_size>>(
      "websocket.max_request_size", 1 * kKiB, 256 * kKiB,
      "The longest request for a WebSocket, with cookies and all other headers."));
  keys.push_back(duration<OfWebSocket<&WebSocketFields::ping_interval>>(
      "websocket.ping_interval", 0ms, 24h,
      "How often every WebSocket client gets a ping, so that proxies keep the connection. A client from "
      "which "
      "nothing came since the last one is disconnected. 0ms: no pings; MQTT has its own."));
}

Key flush_policy(std::string_view name, std::string_view doc) {
  using Member = OfStore<&StoreFields::flush>;
  Key key{.name = name, .kind = Kind::Text, .doc = doc};
  key.forms = store::kFlushPolicies;
  key.check = [](std::string_view text) { return store::Flush::parse(text).map([](const store::Flush&) {}); };
  key.read = [](const Settings& s) -> Value { return Member::of(s).text(); };
  key.write = [](Settings& s, const Value& v) {
    if (const auto flush = store::Flush::parse(std::get<std::string>(v))) Member::of(s) = *flush;
  };
  return key;
}

void add_store(std::vector<Key>& keys) {
  keys.push_back(text<OfStore<&StoreFields::path>>("store.data_dir",
                                                   "Folder of the store. Sessions, queued and retained "
                                                   "messages are kept here. Empty: in memory only, and a "
                                                   "restart loses everything."));
  keys.push_back(size<OfStore<&StoreFields::max_size>>(
      "store.max_size", 64 * kMiB, 16 * kTiB,
      "What the store may take on the disk. When it is full, publishers are refused and consumers go on."));
  keys.push_back(size<OfStore<&StoreFields::checkpoint_bytes>>(
      "store.checkpoint_size", kMiB, 16 * kGiB,
      "Bytes written to the journal after which the tables are brought up to date."));
  keys.push_back(duration<OfStore<&StoreFields::checkpoint_interval>>(
      "store.checkpoint_interval", 1s, 24h, "The same at the latest after this time."));
  keys.push_back(flush_policy(
      "store.flush",
      "When a QoS 1 message is safe from a power cut. sync: before it is acknowledged. interval:100: at the "
      "latest 100 ms after it was written, and it is acknowledged when it is written. memory: some time. "
      "Whatever it says, the end of the process takes nothing, and QoS 2, sessions, subscriptions and "
      "retained "
      "messages are synced at once. See durability.md."));
  keys.push_back(duration<OfStore<&StoreFields::elide_wait>>(
      "store.elide_wait", 0ms, 1s,
      "How long a QoS 1 message whose receivers are all connected may wait for their acknowledgements before "
      "it is written. When they come in time, it is never written. 0s: every message is written at once."));
  keys.push_back(size<OfStore<&StoreFields::max_bytes_in_flight>>(
      "store.max_bytes_in_flight", 64 * kKiB, 16 * kGiB,
      "Bytes one thread may have with the committer before it stops reading from its publishers."));
  keys.push_back(size<OfStore<&StoreFields::max_group_bytes>>(
      "store.max_group_size", 64 * kKiB, 64 * kMiB,
      "Size at which a commit group is closed and the next one begins."));
}

void add_admin_and_log(std::vector<Key>& keys) {
  keys.push_back(duration<OfAdmin<&AdminFields::sys_interval>>(
      "admin.sys_interval", 0s, 1h, "How often $SYS is brought up to date. 0s: there is no $SYS."));
  keys.push_back(
      live(choice<OfLog<&LogOptions::level>, kLevels>("log.level", "The least level that is written.")));
  keys.push_back(choice<OfLog<&LogOptions::format>, kFormats>(
      "log.format",
      "automatic: structured records to the journal under systemd, text to standard error otherwise."));
}

}  // namespace

const std::vector<Key>& keys() {
  static const std::vector<Key> kKeys = [] {
    std::vector<Key> all;
    add_broker_and_auth(all);
    add_mqtt(all);
    add_limits(all);
    add_session_and_retain(all);
    add_queue(all);
    add_delayed(all);
    add_transactions(all);
    add_net(all);
    add_tls(all);
    add_websocket(all);
    add_store(all);
    add_admin_and_log(all);
    return all;
  }();
  return kKeys;
}

}  // namespace hermod::config
