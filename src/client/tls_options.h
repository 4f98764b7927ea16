#pragma once
#include <string>

namespace hermod::client {

/// What the command line says about TLS. Plain values.
struct TlsOptions {
  std::string ca_file;    ///< who signs the broker's certificate (PEM)
  std::string ca_folder;  ///< the same, as `openssl rehash` arranges it
  bool uses_os_authorities = false;
  std::string certificate;  ///< ours (PEM), with its chain
  std::string key;          ///< of our certificate (PEM)
  std::string ciphers;      ///< of TLS 1.2, in OpenSSL's notation
  std::string version;      ///< "tlsv1.2", "tlsv1.3"; empty: both
  std::string protocol;     ///< ALPN
  std::string psk;          ///< in hexadecimal digits
  std::string psk_identity;
  bool takes_any_host = false;  ///< the certificate may be for another host

  /// What asks for TLS by itself.
  bool is_wanted() const {
    return !ca_file.empty() || !ca_folder.empty() || uses_os_authorities || !psk.empty();
  }
};

}  // namespace hermod::client
