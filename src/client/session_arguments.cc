#include "client/session_arguments.h"

#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <random>

#include "client/topic_text.h"
#include "client/url.h"

namespace hermod::client {
namespace {

using wire::Version;

constexpr std::uint16_t kTlsPort = 8883;
constexpr std::uint32_t kNeverExpires = 0xFFFFFFFF;
constexpr std::size_t kLongestMqtt31Id = 23;

const std::map<std::string, Version> kVersions = {{"5", Version::Mqtt5},     {"mqttv5", Version::Mqtt5},
                                                  {"311", Version::Mqtt311}, {"mqttv311", Version::Mqtt311},
                                                  {"31", Version::Mqtt31},   {"mqttv31", Version::Mqtt31}};

const char* short_name(Version version) {
  return version == Version::Mqtt5 ? "5" : version == Version::Mqtt311 ? "311" : "31";
}

/// "hermod-" and 16 letters and digits: 23 characters, which every version allows.
std::string random_client_id() {
  constexpr std::string_view kAlphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
  std::random_device random;
  std::string id = "hermod-";
  while (id.size() < kLongestMqtt31Id) id += kAlphabet[random() % kAlphabet.size()];
  return id;
}

Outcome<std::uint32_t> parse_expiry(const std::string& text) {
  if (text == "-1" || text == "\xE2\x88\x9E") return kNeverExpires;
  std::uint32_t seconds = 0;
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, seconds);
  if (error != std::errc{} || stop != end)
    return fail(ExitCode::Usage,
                "-x: \"" + text + "\" is no time; use seconds from 0 to 4294967294, or -1 for never");
  return seconds;
}

}  // namespace

CLI::Option* add_qos(CLI::App& app, const std::string& name, int& qos, const std::string& help) {
  return app.add_option(name, qos, help)
      ->check(CLI::IsMember({"0", "1", "2"}).description(""))
      ->type_name("0|1|2");
}

SessionArguments::SessionArguments(CLI::App& app, std::string command, Version default_version)
    : command_(std::move(command)), version_(short_name(default_version)), tls_(app) {
  app.set_help_flag("--help", "Print this and leave");
  add_broker(app);
  add_identity(app);
  add_will(app);
  app.add_option("-D,--property",
                 "A property of MQTT 5: <command> <name> <value>, for user-property <command> "
                 "user-property <name> <value>; commands are connect, publish, subscribe, "
                 "unsubscribe, disconnect, will")
      ->type_name("WORDS...")
      ->group("MQTT 5");
  app.add_flag("-d,--debug", options_.debug, "Show every packet on stderr");
  app.add_flag("--quiet", options_.quiet, "Print no errors of the run");
}

void SessionArguments::add_broker(CLI::App& app) {
  const std::string group = "Broker";
  host_letter_ = app.add_option("-h,--host", options_.host, "Host or address; unix:/path for a Unix socket")
                     ->type_name("HOST")
                     ->capture_default_str()
                     ->group(group);
  app.add_option("-p,--port", port_, "Port; 1883, and 8883 with TLS, unless given")
      ->type_name("PORT")
      ->check(CLI::Range(1, 65535).description(""))
      ->group(group);
  app.add_option("--unix", options_.unix_path, "Unix socket instead of host and port")
      ->type_name("PATH")
      ->group(group);
  app.add_option("-L,--url", url_, "mqtt://[username[:password]@]host[:port]/topic, or mqtts:// for TLS")
      ->type_name("URL")
      ->group(group);
  app.add_option("-A", options_.bind_address, "Local address to connect from")
      ->type_name("ADDRESS")
      ->group(group);
  app.add_flag("--nodelay", options_.no_delay, "Send small packets at once (TCP_NODELAY)")->group(group);
  app.add_option("-V,--protocol-version", version_, "MQTT version: mqttv31, mqttv311, mqttv5 or 31, 311, 5")
      ->type_name("VERSION")
      ->capture_default_str()
      ->group(group);
}

void SessionArguments::add_identity(CLI::App& app) {
  const std::string group = "Session";
  auto* const id = app.add_option("-i,--id", options_.client_id, "Client id; without it one is made")
                       ->type_name("ID")
                       ->group(group);
  app.add_option("-I,--id-prefix", client_id_prefix_, "Client id is this and the process number")
      ->type_name("PREFIX")
      ->excludes(id)
      ->group(group);
  app.add_option("-u,--username", username_, "User name")->type_name("NAME")->group(group);
  app.add_option("-P,--pw", password_, "Password")->type_name("PASSWORD")->group(group);
  app.add_option("-k,--keepalive", options_.keep_alive, "Keep alive in seconds; 0 for none")
      ->type_name("SECONDS")
      ->check(CLI::Range(0, 65535).description(""))
      ->capture_default_str()
      ->group(group);
  app.add_flag("-c,--disable-clean-session", resumes_,
               "Resume the session and leave it at the broker; needs -i")
      ->group(group);
  app.add_option("-x,--session-expiry-interval", expiry_,
                 "Seconds the session outlives the connection, -1 for ever; MQTT 5")
      ->type_name("SECONDS")
      ->group(group);
}

void SessionArguments::add_will(CLI::App& app) {
  const std::string group = "Will";
  app.add_option("--will-topic", will_topic_, "Topic of the will")->type_name("TOPIC")->group(group);
  app.add_option("--will-payload", will_payload_, "Payload of the will")->type_name("TEXT")->group(group);
  add_qos(app, "--will-qos", will_qos_, "QoS of the will")->group(group);
  app.add_flag("--will-retain", will_retain_, "The will is retained")->group(group);
}

void SessionArguments::warn(const std::string& text) const {
  if (!options_.quiet) std::fprintf(stderr, "hermod %s: %s\n", command_.c_str(), text.c_str());
}

Outcome<std::optional<std::string>> SessionArguments::url_topic() const {
  if (url_.empty()) return std::optional<std::string>();
  const auto url = parse_url(url_);
  if (!url) return tl::unexpected(url.error());
  return std::optional(url->topic);
}

Outcome<void> SessionArguments::finish_address(SessionOptions& options) const {
  std::optional<Url> url;
  if (!url_.empty()) {
    auto parsed = parse_url(url_);
    if (!parsed) return tl::unexpected(parsed.error());
    url = std::move(*parsed);
    if (host_letter_->count() == 0) options.host = url->host;
    options.username = url->username;
    options.password = url->password;
  }
  auto tls = tls_.finished(url && url->is_tls);
  if (!tls) return tl::unexpected(tls.error());
  options.tls = std::move(*tls);
  options.port = port_ ? *port_ : url ? url->port : options.tls ? kTlsPort : options.port;
  if (options.host.starts_with("unix:")) options.unix_path = options.host.substr(5);
  if (!options.unix_path.empty() && options.tls)
    return fail(ExitCode::Usage, "--unix: a Unix socket needs no TLS; leave the options of TLS out");
  if (options.unix_path.empty() && options.host.empty())
    return fail(ExitCode::Usage, "-h: the host is empty; leave the option out for 127.0.0.1");
  return {};
}

Outcome<void> SessionArguments::finish_will(SessionOptions& options) const {
  const bool has_parts = !will_payload_.empty() || will_qos_ > 0 || will_retain_;
  if (will_topic_.empty()) {
    if (has_parts || !options.properties.will.empty())
      return fail(ExitCode::Usage, "the will has no topic; add --will-topic");
    return {};
  }
  if (!is_topic_name(will_topic_))
    return fail(ExitCode::Usage,
                "--will-topic: \"" + will_topic_ + "\" is no topic; + and # are for filters");
  if (will_payload_.size() > 65535)
    return fail(ExitCode::OversizePacket, "--will-payload is longer than 65535 bytes");
  options.will = WillOption{will_topic_, will_payload_, static_cast<wire::QoS>(will_qos_), will_retain_};
  return {};
}

Outcome<void> SessionArguments::finish_session(SessionOptions& options) const {
  const bool is_5 = options.version == Version::Mqtt5;
  if (!client_id_prefix_.empty()) options.client_id = client_id_prefix_ + std::to_string(getpid());
  options.clean_start = !resumes_;
  if (resumes_ && options.client_id.empty())
    return fail(ExitCode::Usage, "-c: a session is found by its client id; add -i");
  if (options.client_id.empty() && !is_5) options.client_id = random_client_id();
  if (options.client_id.size() > 65535 || options.username.value_or("").size() > 65535 ||
      options.password.value_or("").size() > 65535)
    return fail(ExitCode::Usage, "-i, -u and -P take at most 65535 bytes each");
  if (options.password && !options.username && !is_5)  // [MQTT-3.1.2-22] of 3.1.1
    return fail(ExitCode::Usage, "-P: MQTT before 5 has no password without a user name; add -u");

  if (!expiry_.empty()) {
    const auto seconds = parse_expiry(expiry_);
    if (!seconds) return tl::unexpected(seconds.error());
    options.session_expiry = *seconds;
    if (!is_5) warn("-x: without effect, sessions have no expiry before MQTT 5; add -V 5");
  } else if (resumes_ && is_5) {
    options.session_expiry = kNeverExpires;
  }
  wire::PropertyWriter& connect = options.properties.connect;
  const bool has_property = connect.properties().session_expiry_interval().has_value();
  if (has_property && !expiry_.empty())
    return fail(ExitCode::Usage, "-x and -D connect session-expiry-interval say the same; use one of them");
  if (is_5 && options.session_expiry && !has_property)
    connect.add(wire::PropertyId::SessionExpiryInterval, *options.session_expiry);
  return {};
}

Outcome<SessionOptions> SessionArguments::finished(PropertyOptions properties) const {
  SessionOptions options = options_;
  const auto version = kVersions.find(version_);
  if (version == kVersions.end())
    return fail(ExitCode::Usage, "-V: \"" + version_ + "\" is no version; use 31, 311 or 5");
  // Properties exist since MQTT 5: asking for one asks for that version.
  options.version = properties.any ? Version::Mqtt5 : version->second;
  options.properties = std::move(properties);
  if (!username_.empty()) options.username = username_;
  if (!password_.empty()) options.password = password_;
  if (const auto done = finish_address(options); !done) return tl::unexpected(done.error());
  if (!username_.empty()) options.username = username_;
  if (!password_.empty()) options.password = password_;
  if (const auto done = finish_will(options); !done) return tl::unexpected(done.error());
  if (const auto done = finish_session(options); !done) return tl::unexpected(done.error());
  return options;
}

Outcome<void> parse_arguments(CLI::App& app, std::vector<std::string> arguments, const std::string& command) {
  std::reverse(arguments.begin(), arguments.end());
  try {
    app.parse(std::move(arguments));
  } catch (const CLI::CallForHelp&) {
    return fail(ExitCode::Success, app.help());
  } catch (const CLI::ParseError& error) {
    return fail(ExitCode::Usage, std::string(error.what()) + "\nTry \"hermod " + command + " --help\".");
  }
  return {};
}

}  // namespace hermod::client
