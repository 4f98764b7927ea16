#pragma once
#include "net/tls_context.h"

namespace hermod::net {

/// What OpenSSL asks during a handshake. Each finds its TlsContext behind the SSL_CTX; called on shards.
struct TlsCallbacks {
  static void install(SSL_CTX& context, const TlsContext& owner);

 private:
  static int on_server_name(SSL* ssl, int* alert, void* owner);
  static int on_protocols(SSL* ssl, const unsigned char** out, unsigned char* out_size,
                          const unsigned char* offered, unsigned int offered_size, void* owner);
  static int on_staple(SSL* ssl, void* owner);
  static int on_client_chain(X509_STORE_CTX* chain, void* owner);
  static int on_client_certificate(int good, X509_STORE_CTX* chain);
};

}  // namespace hermod::net
