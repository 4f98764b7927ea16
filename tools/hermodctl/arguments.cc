#include "arguments.h"

#include <map>

namespace hermod::ctl {
namespace {

constexpr std::uint16_t kTlsPort = 8883;

}  // namespace

void add_output(CLI::App& app, Format& format) {
  static const std::map<std::string, Format> kFormats{{"table", Format::Table}, {"json", Format::Json}};
  app.add_option("-o,--output", format, "How results are printed: table or json")
      ->transform(CLI::CheckedTransformer(kFormats, CLI::ignore_case).description(""))
      ->option_text("FORMAT");
}

BrokerArguments::BrokerArguments(CLI::App& app) : tls_(app) {
  const std::string group = "Broker";
  app.add_option("--host", options_.host, "Host or address")
      ->option_text("HOST")
      ->capture_default_str()
      ->group(group);
  app.add_option("-p,--port", port_, "Port; 1883, and 8883 with TLS, unless given")
      ->option_text("PORT")
      ->check(CLI::Range(1, 65535).description(""))
      ->group(group);
  app.add_option("--unix", options_.unix_path, "Unix socket instead of host and port")
      ->option_text("PATH")
      ->group(group);
  app.add_option("-u,--username", username_, "User name")->option_text("NAME")->group(group);
  app.add_option("-P,--pw", password_, "Password")->option_text("PASSWORD")->group(group);
  app.add_option("-W,--timeout", patience_, "Seconds that an answer may take")
      ->option_text("SECONDS")
      ->check(CLI::Range(0.1, 86400.0).description(""))
      ->capture_default_str()
      ->group(group);
}

client::Outcome<void> BrokerArguments::finish(client::SessionOptions& session,
                                              double& patience_seconds) const {
  auto options = finished();
  if (!options) return tl::unexpected(options.error());
  session = std::move(*options);
  patience_seconds = patience_;
  return {};
}

client::Outcome<client::SessionOptions> BrokerArguments::finished() const {
  client::SessionOptions options = options_;
  options.version = wire::Version::Mqtt5;
  if (!username_.empty()) options.username = username_;
  if (!password_.empty()) options.password = password_;
  auto tls = tls_.finished(false);
  if (!tls) return tl::unexpected(tls.error());
  options.tls = std::move(*tls);
  if (!options.unix_path.empty() && options.tls)
    return client::fail(client::ExitCode::Usage, "--unix: a Unix socket needs no TLS");
  if (port_ || options.tls) options.port = port_.value_or(kTlsPort);
  return options;
}

}  // namespace hermod::ctl
