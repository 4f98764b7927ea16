#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "net/options.h"
#include "net/tls_openssl.h"

/// The names in certificates, and which of them count. Pure.
namespace hermod::net::tls_names {

/// The host names a server's certificate is for, in lower case: the DNS names among its alternative names;
/// the common name when it has no alternative names.
std::vector<std::string> of_server(const X509& certificate);

/// Whether `pattern` stands for `host` (RFC 6125): equal, or `*.` and everything behind the first label.
/// Capital letters do not count; `pattern` is in lower case.
bool matches(std::string_view pattern, std::string_view host);
inline bool is_wildcard(std::string_view pattern) {
  return pattern.starts_with("*.");
}

/// Who the client with this certificate is. CommonName: the one common name of the subject. AlternativeName:
/// the first DNS name, else the first e-mail address, else the first URI. Errors: Invalid for a name that is
/// missing, ambiguous, empty, not text, or has control characters in it.
Result<std::string> of_client(const X509& certificate, TlsIdentity which);

}  // namespace hermod::net::tls_names
