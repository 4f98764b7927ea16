#pragma once
#include "net/tls_context.h"

namespace hermod::net {

/// What OpenSSL asks about pre-shared keys during a handshake. Each finds its TlsContext behind the SSL_CTX;
/// called on shards. A session remembers, and its ticket carries sealed, with which key it began: it is
/// resumed only while the file still has that key.
struct TlsPskCallbacks {
  /// Also without keys: tickets of sessions that began with one are out there. Errors: Invalid when OpenSSL
  /// refuses the hint.
  static Status install(SSL_CTX& context, const TlsContext& owner);
  /// Who the client of a finished handshake is by its key; empty: it had none.
  static std::string identity(const SSL* ssl);

 private:
  /// TLS 1.2.
  static unsigned int on_key(SSL* ssl, const char* identity, unsigned char* key, unsigned int room);
  /// TLS 1.3.
  static int on_session(SSL* ssl, const unsigned char* identity, std::size_t size, SSL_SESSION** session);
  static SSL_TICKET_RETURN on_opened_ticket(SSL* ssl, SSL_SESSION* session, const unsigned char* name,
                                            std::size_t name_size, SSL_TICKET_STATUS status, void* owner);
};

}  // namespace hermod::net
