#pragma once
#include <CLI/CLI.hpp>
#include <optional>
#include <string>
#include <vector>

#include "client/failure.h"
#include "client/tls_options.h"

namespace hermod::client {

/// The options about TLS, with mosquitto's names. Registers itself with a CLI::App, which it must outlive;
/// read after parsing.
class TlsArguments {
 public:
  explicit TlsArguments(CLI::App& app);

  /// Nothing: plain. `by_url`: the address begins with mqtts://, which trusts the authorities of the system
  /// unless others are named.
  Outcome<std::optional<TlsOptions>> finished(bool by_url) const;

 private:
  void add_unsupported(CLI::App& app);
  Outcome<void> check(const TlsOptions& options) const;
  /// The first option that does nothing without TLS; empty: none was given.
  std::string idle_option() const;

  TlsOptions options_;
  std::string key_form_;
  std::vector<std::string> unsupported_;
};

}  // namespace hermod::client
