#pragma once
#include <CLI/CLI.hpp>
#include <string>

#include "client/failure.h"
#include "client/options.h"
#include "client/tls_arguments.h"
#include "output.h"

namespace hermod::ctl {

/// -o, which every command has.
void add_output(CLI::App& app, Format& format);

/// The options that say how a running broker is reached, with the names that hermod pub has for them.
/// Registers itself with a CLI::App, which it must outlive; read after parsing.
class BrokerArguments {
 public:
  explicit BrokerArguments(CLI::App& app);

  /// Fills in how the broker is reached, and how long it may take. Errors: what is wrong about that.
  client::Outcome<void> finish(client::SessionOptions& session, double& patience_seconds) const;

 private:
  client::Outcome<client::SessionOptions> finished() const;

  client::SessionOptions options_;
  std::optional<std::uint16_t> port_;
  std::string username_;
  std::string password_;
  double patience_ = 10;
  client::TlsArguments tls_;
};

}  // namespace hermod::ctl
