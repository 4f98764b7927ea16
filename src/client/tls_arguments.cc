#include "client/tls_arguments.h"

#include <array>
#include <utility>

namespace hermod::client {

TlsArguments::TlsArguments(CLI::App& app) {
  const std::string group = "TLS";
  add_authorities(app, group);
  add_ours(app, group);
  app.add_flag("--insecure", options_.takes_any_host, "The broker's certificate may be for another host")
      ->group(group);
  app.add_option("--tls-version", options_.version, "tlsv1.2 or tlsv1.3; both unless given")
      ->type_name("VERSION")
      ->group(group);
  app.add_option("--ciphers", options_.ciphers, "Ciphers of TLS 1.2, as openssl ciphers writes them")
      ->type_name("LIST")
      ->group(group);
  app.add_option("--tls-alpn", options_.protocol, "Protocol to ask for (ALPN)")
      ->type_name("NAME")
      ->group(group);
  add_unsupported(app);
}

void TlsArguments::add_authorities(CLI::App& app, const std::string& group) {
  app.add_option("--cafile", options_.ca_file,
                 "Authorities that may have signed the broker's certificate (PEM)")
      ->type_name("FILE")
      ->group(group);
  app.add_option("--capath", options_.ca_folder, "The same as a folder that openssl rehash has arranged")
      ->type_name("DIR")
      ->group(group);
  app.add_flag("--tls-use-os-certs", options_.uses_os_authorities, "Trust the authorities of this system")
      ->group(group);
}

void TlsArguments::add_ours(CLI::App& app, const std::string& group) {
  app.add_option("--cert", options_.certificate, "Certificate of this client (PEM)")
      ->type_name("FILE")
      ->group(group);
  app.add_option("--key", options_.key, "Its private key (PEM)")->type_name("FILE")->group(group);
  app.add_option("--psk", options_.psk, "Pre-shared key in hexadecimal digits, instead of certificates")
      ->type_name("HEX")
      ->group(group);
  app.add_option("--psk-identity", options_.psk_identity, "Who has this key")
      ->type_name("NAME")
      ->group(group);
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
