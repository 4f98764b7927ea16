#include "client/tls_arguments.h"

#include <array>
#include <utility>

namespace hermod::client {

namespace {

constexpr const char* kGroup = "TLS";

void add_text(CLI::App& app, const char* name, std::string& value, const char* kind, const char* help) {
  app.add_option(name, value, help)->type_name(kind)->group(kGroup);
}

void add_switch(CLI::App& app, const char* name, bool& value, const char* help) {
  app.add_flag(name, value, help)->group(kGroup);
}

}  // namespace

TlsArguments::TlsArguments(CLI::App& app) {
  add_text(app, "--cafile", options_.ca_file, "FILE",
           "Authorities that may have signed the broker's certificate (PEM)");
  add_text(app, "--capath", options_.ca_folder, "DIR",
           "The same as a folder that openssl rehash has arranged");
  add_switch(app, "--tls-use-os-certs", options_.uses_os_authorities, "Trust the authorities of this system");
  add_text(app, "--cert", options_.certificate, "FILE", "Certificate of this client (PEM)");
  add_text(app, "--key", options_.key, "FILE", "Its private key (PEM)");
  add_text(app, "--psk", options_.psk, "HEX",
           "Pre-shared key in hexadecimal digits, instead of certificates");
  add_text(app, "--psk-identity", options_.psk_identity, "NAME", "Who has this key");
  add_switch(app, "--insecure", options_.takes_any_host, "The broker's certificate may be for another host");
  add_text(app, "--tls-version", options_.version, "VERSION", "tlsv1.2 or tlsv1.3; both unless given");
  add_text(app, "--ciphers", options_.ciphers, "LIST", "Ciphers of TLS 1.2, as openssl ciphers writes them");
  add_text(app, "--tls-alpn", options_.protocol, "NAME", "Protocol to ask for (ALPN)");
  add_unsupported(app);
}

void TlsArguments::add_unsupported(CLI::App& app) {
  app.add_option("--keyform", key_form_)->group("");
  for (const char* name : {"--tls-engine", "--tls-engine-kpass-sha1"})
    app.add_option_function<std::string>(
           name, [this, name](const std::string&) { unsupported_.emplace_back(name); })
        ->group("");
}

std::string TlsArguments::idle_option() const {
  const std::array<std::pair<const char*, bool>, 7> given{{{"--cert", !options_.certificate.empty()},
                                                           {"--key", !options_.key.empty()},
                                                           {"--ciphers", !options_.ciphers.empty()},
                                                           {"--tls-version", !options_.version.empty()},
                                                           {"--tls-alpn", !options_.protocol.empty()},
                                                           {"--psk-identity", !options_.psk_identity.empty()},
                                                           {"--insecure", options_.takes_any_host}}};
  for (const auto& [name, is_given] : given) {
    if (is_given) return name;
  }
  return "";
}

Outcome<void> TlsArguments::check(const TlsOptions& options) const {
  const bool has_authorities =
      !options.ca_file.empty() || !options.ca_folder.empty() || options.uses_os_authorities;
  if (!options.psk.empty() && (has_authorities || !options.certificate.empty()))
    return fail(ExitCode::Usage,
                "--psk: a key stands instead of certificates; leave --cafile, --capath, --cert "
                "and --tls-use-os-certs out");
  if (options.psk.empty() != options.psk_identity.empty())
    return fail(ExitCode::Usage, "--psk and --psk-identity need each other");
  if (options.certificate.empty() != options.key.empty())
    return fail(ExitCode::Usage, "--cert and --key need each other");
  if (!options.version.empty() && options.version != "tlsv1.2" && options.version != "tlsv1.3")
    return fail(ExitCode::Usage, "--tls-version: use tlsv1.2 or tlsv1.3; nothing older is spoken");
  return {};
}

Outcome<std::optional<TlsOptions>> TlsArguments::finished(bool by_url) const {
  if (!unsupported_.empty())
    return fail(ExitCode::NotSupported, unsupported_.front() + ": keys are read from files only");
  if (!key_form_.empty() && key_form_ != "pem")
    return fail(ExitCode::NotSupported, "--keyform: keys are read from files only, as pem");
  TlsOptions options = options_;
  if (by_url && !options.is_wanted()) options.uses_os_authorities = true;
  if (!options.is_wanted()) {
    const std::string idle = idle_option();
    if (idle.empty()) return std::optional<TlsOptions>();
    return fail(ExitCode::Usage, idle +
                                     ": nothing asks for TLS; add --cafile, --capath, --tls-use-os-certs or "
                                     "--psk, or use -L mqtts://");
  }
  if (const auto checked = check(options); !checked) return tl::unexpected(checked.error());
  return std::optional(std::move(options));
}

}  // namespace hermod::client
