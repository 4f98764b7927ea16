#pragma once
#include <CLI/CLI.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "client/failure.h"
#include "client/options.h"
#include "client/tls_arguments.h"

namespace hermod::client {

/// The options that pub, sub and rr share: whom to connect to, as whom, and how. Registers itself with a
/// CLI::App, which it must outlive; read after parsing.
class SessionArguments {
 public:
  /// `command` is "pub", "sub" or "rr".
  SessionArguments(CLI::App& app, std::string command, wire::Version default_version);

  /// What was said, checked, with every default filled in. `properties` is what -D gave.
  Outcome<SessionOptions> finished(PropertyOptions properties) const;
  /// The topic of -L, if there was one.
  Outcome<std::optional<std::string>> url_topic() const;

 private:
  void add_broker(CLI::App& app);
  void add_identity(CLI::App& app);
  void add_will(CLI::App& app);
  Outcome<void> finish_will(SessionOptions& options) const;
  Outcome<void> finish_session(SessionOptions& options) const;
  Outcome<void> finish_address(SessionOptions& options) const;
  void warn(const std::string& text) const;

  std::string command_;
  SessionOptions options_;
  std::string version_;
  std::string url_;  // each of its parts gives way to the letter of the same meaning
  const CLI::Option* host_letter_ = nullptr;
  std::string client_id_prefix_;
  std::string username_;
  std::string password_;
  std::string expiry_;
  std::string will_topic_;
  std::string will_payload_;
  int will_qos_ = 0;
  bool will_retain_ = false;
  bool resumes_ = false;
  std::optional<std::uint16_t> port_;
  TlsArguments tls_;
};

/// Parses and turns CLI11's exceptions into values.
Outcome<void> parse_arguments(CLI::App& app, std::vector<std::string> arguments, const std::string& command);

/// 0, 1 and 2.
CLI::Option* add_qos(CLI::App& app, const std::string& name, int& qos, const std::string& help);

}  // namespace hermod::client
