#pragma once
#include "net/tls_context.h"

namespace hermod::net {

/// What OpenSSL asks about session tickets during a handshake: the keys that seal them, and whether what let
/// the client in still does. Each finds its TlsContext behind the SSL_CTX; called on shards.
struct TlsTicketCallbacks {
  /// Errors: Invalid when memory is short.
  static Status install(SSL_CTX& context, const TlsContext& owner);

 private:
  static int on_key(SSL* ssl, unsigned char* name, unsigned char* iv, EVP_CIPHER_CTX* cipher,
                    EVP_MAC_CTX* mac, int sealing);
  static int on_made(SSL* ssl, void* owner);
  static SSL_TICKET_RETURN on_opened(SSL* ssl, SSL_SESSION* session, const unsigned char* name,
                                     std::size_t name_size, SSL_TICKET_STATUS status, void* owner);
};

}  // namespace hermod::net
