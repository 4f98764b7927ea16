#pragma once
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/counters.h"
#include "net/tls_openssl.h"

namespace hermod::net {

/// Why a handshake failed: for the counters, and for people.
struct TlsFailure {
  Counter counter;
  std::string_view reason;  ///< one of a few words: "certificate", "version", ...
  std::string detail;
};

/// A first byte that no TLS client sends, from clients that speak something else; nothing to tell: null.
const char* plain_protocol(Bytes first_bytes);

/// What OpenSSL says about the handshake that has just failed; forgets its errors.
TlsFailure take_tls_failure(const SSL* ssl);

}  // namespace hermod::net
