#include "options.h"

namespace hermod::bench {
namespace {

Version version_for(const std::string& text) {
  return text == "311" || text == "mqttv311" || text == "3.1.1" ? Version::V311 : Version::V5;
}

}  // namespace

Options::Options(CLI::App& app) {
  app.require_subcommand(1);
  add_shape(app, Shape::Pair, "pair", "N publishers to N subscribers, each pair on a topic of its own");
  add_shape(app, Shape::Fan, "fan", "One publisher, M subscribers");
  add_shape(app, Shape::FanIn, "fanin", "N publishers, one subscriber");
  add_shape(app, Shape::Shared, "shared", "N publishers, one shared subscription of M members");
  add_shape(app, Shape::Queue, "queue",
            "N publishers into a named queue that is there already, M consumers of it");
  add_shape(
      app, Shape::Stream, "verify",
      "N publishers that number their messages into a stream that is there already, M readers that look "
      "for holes");
  add_shape(app, Shape::Publish, "pub", "Publishers alone");
  add_shape(app, Shape::Listen, "sub", "Subscribers alone");
  add_amqp(app);
  add_connections(app);
  add_handshakes(app);
  add_compare(app);
}

void Options::add_broker(CLI::App& command) {
  command
      .add_option(
          "-b,--broker", scenario_.broker,
          "host:port, [v6]:port or unix:/path; with mqtts:// in front: TLS, ws:// or wss://: WebSocket")
      ->capture_default_str();
  add_tls(command);
  command.add_option("--broker-pid", scenario_.broker_pid, "Measure this process");
  command.add_option("-V,--mqtt", version_, "311 or 5")
      ->capture_default_str()
      ->check(CLI::IsMember({"311", "5", "3.1.1", "mqttv311", "mqttv5"}));
  command.add_option("-u,--username", scenario_.username);
  command.add_option("-P,--password", scenario_.password);
  command.add_option("-T,--threads", scenario_.threads, "Threads of the generator")
      ->capture_default_str()
      ->check(CLI::Range(1, 64));
  command.add_option("--id-prefix", scenario_.client_prefix, "Client ids start with this")
      ->capture_default_str();
  command.add_flag("--json", json, "One JSON object instead of a table");
}

void Options::add_tls(CLI::App& command) {
  TlsSettings& tls = scenario_.tls;
  const std::string group = "TLS";
  command.add_option("--cafile", tls.ca_file, "Check the broker's certificate with these authorities")
      ->group(group);
  command.add_option("--tls-version", tls.version, "1.2 or 1.3")
      ->check(CLI::IsMember({"1.2", "1.3"}))
      ->group(group);
  command.add_option("--ciphers", tls.ciphers, "Of TLS 1.2")->group(group);
  auto* const certificate = command.add_option("--cert", tls.certificate, "Of the clients")->group(group);
  command.add_option("--key", tls.key)->group(group)->needs(certificate);
}

void Options::add_load(CLI::App& command) {
  command.add_option("-q,--qos", scenario_.qos)->capture_default_str()->check(CLI::Range(0, 2));
  command.add_option("-s,--size", scenario_.payload_size, "Payload bytes, at least 24")
      ->capture_default_str();
  command.add_option("-w,--window", scenario_.window, "Messages in flight per publisher")
      ->capture_default_str()
      ->check(CLI::Range(1, 65535));
  command
      .add_option("--window-by", window_by_,
                  "receipt, acks or both. Default: receipt at QoS 0, both at QoS 1 and 2, acks with --churn")
      ->check(CLI::IsMember({"receipt", "acks", "both"}));
  command.add_option("-t,--topic", topic_, "Topic, or its first levels where every pair has its own");
  command.add_option("-m,--messages", scenario_.messages, "Per publisher; instead of --seconds");
  command.add_option("-d,--seconds", scenario_.seconds)->capture_default_str();
  command.add_option("--warmup", scenario_.warmup_seconds, "Seconds before measuring")->capture_default_str();
  command.add_option("--rate", scenario_.rate, "Messages a second of all publishers together");
  command
      .add_option("--turn-us", scenario_.turn_us, "Look at the sockets at most once in so many microseconds")
      ->capture_default_str();
  command.add_option("--receive-maximum", scenario_.receive_maximum, "Of the clients; 5.0 only");
  command.add_option(
      "--churn", scenario_.churn_ms,
      "Every so many milliseconds somebody is disconnected hard and comes back to its session");
  command.add_flag("--reconnect", scenario_.reconnect, "Come back when the broker ends a connection");
  command.add_option("--session-expiry", scenario_.session_expiry_seconds,
                     "Seconds; above 0 sessions survive a disconnect. Default with --churn: 3600");
  command.add_option("--ack-timeout", scenario_.ack_timeout_seconds, "Seconds")->capture_default_str();
  command
      .add_option("--stall", scenario_.stall_seconds, "Open a window after so many seconds without a receipt")
      ->capture_default_str();
  command.add_option("--drain", scenario_.drain_seconds, "Give up after so many seconds without a receipt")
      ->capture_default_str();
  command.add_option("--seed", scenario_.seed, "Of the choices of --churn")->capture_default_str();
}

void Options::add_shape(CLI::App& app, Shape shape, const char* name, const char* help) {
  CLI::App& command = *app.add_subcommand(name, help);
  add_broker(command);
  add_load(command);
  if (shape == Shape::Queue) add_queue(command);
  if (shape == Shape::Stream)
    command.add_option("--stream", scenario_.queue, "Its name; what is published to --topic is bound to it")
        ->capture_default_str();
  const bool has_many_publishers = shape == Shape::FanIn || shape == Shape::Shared || shape == Shape::Queue ||
                                   shape == Shape::Stream || shape == Shape::Publish;
  const bool has_many_subscribers = shape == Shape::Fan || shape == Shape::Shared || shape == Shape::Queue ||
                                    shape == Shape::Stream || shape == Shape::Listen;
  if (shape == Shape::Pair)
    command.add_option("-n,--pairs", pairs_)->capture_default_str()->check(CLI::PositiveNumber);
  if (has_many_publishers)
    command.add_option("-p,--publishers", scenario_.publishers)
        ->capture_default_str()
        ->check(CLI::PositiveNumber);
  if (has_many_subscribers)
    command.add_option("-n,--subscribers", scenario_.subscribers)
        ->capture_default_str()
        ->check(CLI::PositiveNumber);
  command.callback([this, shape, name, has_many_publishers, has_many_subscribers] {
    scenario_.shape = shape;
    scenario_.name = name;
    scenario_.topic_per_pair = shape == Shape::Pair || shape == Shape::Publish || shape == Shape::Listen;
    if (!has_many_publishers) scenario_.publishers = shape == Shape::Pair ? pairs_ : 1;
    if (!has_many_subscribers) scenario_.subscribers = shape == Shape::Pair ? pairs_ : 1;
  });
}

void Options::add_queue(CLI::App& command) {
  command
      .add_option("--queue", scenario_.queue,
                  "Its name; it is empty, and what is published to --topic is bound")
      ->capture_default_str();
  command.add_option("--keys", scenario_.keys, "Of each publisher, in turn, as user property key; 0: none")
      ->check(CLI::Range(0U, 0xfffffffU));
  command.add_option("--slow-consumers", scenario_.slow_consumers, "So many consumers acknowledge late");
  command.add_option("--slow-keys", scenario_.slow_keys,
                     "So many keys of the first publisher are acknowledged late");
  command.add_option("--slow-ms", scenario_.slow_ms, "How late, in steps of 20 ms")->capture_default_str();
}

void Options::add_amqp(CLI::App& app) {
  CLI::App& command = *app.add_subcommand(
      "amqp", "The load of queue over AMQP 0-9-1: a durable queue, persistent messages, confirms");
  command.add_option("-b,--broker", scenario_.broker, "host:port")->capture_default_str();
  command.add_option("--broker-pid", scenario_.broker_pid, "Measure this process");
  command.add_option("-u,--username", scenario_.username, "guest unless given");
  command.add_option("-P,--password", scenario_.password);
  command.add_option("--queue", scenario_.queue, "Is declared; it is empty")->capture_default_str();
  command.add_option("-p,--publishers", scenario_.publishers)
      ->capture_default_str()
      ->check(CLI::PositiveNumber);
  command.add_option("-n,--subscribers", scenario_.subscribers)
      ->capture_default_str()
      ->check(CLI::PositiveNumber);
  command.add_option("-s,--size", scenario_.payload_size, "Payload bytes, at least 24")
      ->capture_default_str();
  command
      .add_option("-w,--window", scenario_.window, "Messages in flight per publisher, and the prefetch count")
      ->capture_default_str()
      ->check(CLI::Range(1, 65535));
  command.add_option("-d,--seconds", scenario_.seconds)->capture_default_str();
  command.add_option("--warmup", scenario_.warmup_seconds, "Seconds before measuring")->capture_default_str();
  command.add_option("--drain", scenario_.drain_seconds, "Give up after so many seconds")
      ->capture_default_str();
  command.add_flag("--json", json, "One JSON object instead of a table");
  command.callback([this] { command_ = Command::Amqp; });
}

void Options::add_connections(CLI::App& app) {
  CLI::App& command = *app.add_subcommand("conn", "N connections that are opened and held in silence");
  add_broker(command);
  command.add_option("-n,--connections", connections_.connections)
      ->capture_default_str()
      ->check(CLI::PositiveNumber);
  command.add_flag("--subscribe", connections_.subscribes, "Each subscribes to a topic of its own");
  command.add_option("--rate", connections_.rate, "Connections a second");
  command.add_option("--hold", connections_.hold_seconds, "Seconds")->capture_default_str();
  command.add_option("-k,--keep-alive", connections_.keep_alive_seconds,
                     "Seconds, told to the broker; no pings are sent");
  command.callback([this] { command_ = Command::Connections; });
}

void Options::add_handshakes(CLI::App& app) {
  CLI::App& command = *app.add_subcommand("handshake", "TLS handshakes, one after the other on each thread");
  add_broker(command);
  command.add_option("-n,--handshakes", handshakes_.handshakes)
      ->capture_default_str()
      ->check(CLI::PositiveNumber);
  command.add_flag("--resume", handshakes_.resumes, "Each resumes the session of the one before it");
  command.callback([this] { command_ = Command::Handshakes; });
}

void Options::add_compare(CLI::App& app) {
  CLI::App& command =
      *app.add_subcommand("compare", "Two brokers in turn; prints a Markdown table of medians");
  add_tls(command);
  command
      .add_option("--a", contestant_a_,
                  "name=host:port@pid; mqtts://host:port for TLS, ws://host:port/path for WebSocket")
      ->required();
  command.add_option("--b", contestant_b_, "name=host:port@pid")->required();
  command.add_option("--rounds", rounds_)->capture_default_str()->check(CLI::Range(1, 100));
  command.add_option("-d,--seconds", scenario_.seconds, "Per run")->capture_default_str();
  command.add_option("-s,--size", scenario_.payload_size, "Payload bytes")->capture_default_str();
  command.add_option("-V,--mqtt", version_, "311 or 5")
      ->capture_default_str()
      ->check(CLI::IsMember({"311", "5"}));
  command.add_option("-T,--threads", scenario_.threads)->capture_default_str()->check(CLI::Range(1, 64));
  command
      .add_option("--turn-us", scenario_.turn_us, "Look at the sockets at most once in so many microseconds")
      ->capture_default_str();
  command.callback([this] { command_ = Command::Compare; });
}

Result<Scenario> Options::finished_scenario() const {
  Scenario scenario = scenario_;
  scenario.version = version_for(version_);
  if (!topic_.empty()) {
    scenario.topic = topic_;
    if (scenario.shape == Shape::Listen || scenario.shape == Shape::Publish) scenario.topic_per_pair = false;
  }
  if (scenario.churn_ms > 0) {
    scenario.reconnect = true;
    if (scenario.session_expiry_seconds == 0) scenario.session_expiry_seconds = 3600;
    if (scenario.qos == 0)
      return failure(Errc::Invalid,
                     "--churn: messages of QoS 0 are lost with a connection; use --qos 1 or 2");
  }
  if (scenario.shape == Shape::Stream && scenario.version != Version::V5)
    return failure(Errc::Invalid, "verify: offsets and seq are user properties; leave out --mqtt 311");
  if (scenario.keys > 0 && scenario.version != Version::V5)
    return failure(Errc::Invalid, "--keys: user properties are MQTT 5; leave out --mqtt 311");
  if (scenario.slow_keys > scenario.keys)
    return failure(Errc::Invalid, "--slow-keys: there are not so many; raise --keys");
  if (window_by_.empty())
    scenario.window_by = scenario.qos == 0       ? WindowBy::Receipt
                         : scenario.churn_ms > 0 ? WindowBy::Acks
                                                 : WindowBy::Both;
  else
    scenario.window_by = window_by_ == "receipt" ? WindowBy::Receipt
                         : window_by_ == "acks"  ? WindowBy::Acks
                                                 : WindowBy::Both;
  if (scenario.qos == 0 && scenario.window_by != WindowBy::Receipt)
    return failure(Errc::Invalid, "--window-by: at QoS 0 nothing is acknowledged; use receipt");
  return scenario;
}

ConnectionScenario Options::finished_connections() const {
  ConnectionScenario scenario = connections_;
  scenario.base = scenario_;
  scenario.base.version = version_for(version_);
  return scenario;
}

Scenario Options::finished_amqp() const {
  Scenario scenario = scenario_;
  scenario.name = "amqp";
  scenario.is_amqp = true;
  scenario.shape = Shape::Queue;
  scenario.qos = 1;
  return scenario;
}

HandshakeScenario Options::finished_handshakes() const {
  HandshakeScenario scenario = handshakes_;
  scenario.base = scenario_;
  return scenario;
}

Result<ComparePlan> Options::finished_plan() const {
  ComparePlan plan;
  auto a = parse_contestant(contestant_a_);
  if (!a) return tl::unexpected(a.error());
  auto b = parse_contestant(contestant_b_);
  if (!b) return tl::unexpected(b.error());
  plan.a = *a;
  plan.b = *b;
  plan.rounds = rounds_;
  plan.base = scenario_;
  plan.base.version = version_for(version_);
  return plan;
}

}  // namespace hermod::bench
