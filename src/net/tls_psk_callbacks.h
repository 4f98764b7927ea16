#pragma once
#include "net/tls_context.h"

namespace hermod::net {

/// What OpenSSL asks about pre-shared keys during a handshake. Each finds its TlsContext behind the SSL_CTX;
/// called on shards. A session remembers with which key it began (see TlsSessionNote): it is resumed only
/// while the file still has that key.
struct TlsPskCallbacks {
  /// Errors: Invalid when OpenSSL refuses the hint.
  static Status install(SSL_CTX& context, const TlsContext& owner);
  /// Who the client of a finished handshake is by its key; empty: it had none.
  static std::string identity(const SSL* ssl);

 private:
  /// TLS 1.2.
  static unsigned int on_key(SSL* ssl, const char* identity, unsigned char* key, unsigned int room);
  /// TLS 1.3.
  static int on_session(SSL* ssl, const unsigned char* identity, std::size_t size, SSL_SESSION** session);
};

}  // namespace hermod::net
