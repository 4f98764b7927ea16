#include "net/tls_callbacks.h"

#include <cstring>

namespace hermod::net {
void TlsCallbacks::install(SSL_CTX& context, const TlsContext& owner) {
  void* self = const_cast<TlsContext*>(&owner);
  SSL_CTX_set_app_data(&context, self);
  SSL_CTX_set_tlsext_servername_callback(&context, on_server_name);
  SSL_CTX_set_tlsext_servername_arg(&context, self);
  if (!owner.options_.application_protocol.empty()) SSL_CTX_set_alpn_select_cb(&context, on_protocols, self);
  SSL_CTX_set_tlsext_status_cb(&context, on_staple);
  SSL_CTX_set_tlsext_status_arg(&context, self);
  if (owner.options_.client_certificate == ClientCertificate::Off) return;
  const int strictness =
      owner.options_.client_certificate == ClientCertificate::Required ? SSL_VERIFY_FAIL_IF_NO_PEER_CERT : 0;
  SSL_CTX_set_verify(&context, SSL_VERIFY_PEER | strictness, on_client_certificate);
  SSL_CTX_set_cert_verify_callback(&context, on_client_chain, self);
}

int TlsCallbacks::on_server_name(SSL* ssl, int*, void* owner) {
  const char* host = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
  if (host == nullptr) return SSL_TLSEXT_ERR_NOACK;
  const auto& context = *static_cast<const TlsContext*>(owner);
  SSL_set_SSL_CTX(ssl, context.group_for(host).context.get());
  return SSL_TLSEXT_ERR_OK;
}

int TlsCallbacks::on_protocols(SSL*, const unsigned char** out, unsigned char* out_size,
                               const unsigned char* offered, unsigned int offered_size, void* owner) {
  const std::string& ours = static_cast<const TlsContext*>(owner)->options_.application_protocol;
  for (unsigned int at = 0; at < offered_size; at += 1U + offered[at]) {
    if (offered[at] != ours.size() || std::memcmp(offered + at + 1, ours.data(), ours.size()) != 0) continue;
    *out = offered + at + 1;
    *out_size = offered[at];
    return SSL_TLSEXT_ERR_OK;
  }
  return SSL_TLSEXT_ERR_ALERT_FATAL;
}

int TlsCallbacks::on_staple(SSL* ssl, void* owner) {
  const X509* chosen = SSL_get_certificate(ssl);
  const auto& context = *static_cast<const TlsContext*>(owner);
  const WallTime now = context.tickets_.wall();
  for (const TlsContext::Group& group : context.groups_) {
    for (std::size_t i = 0; i < group.certificates.size(); ++i) {
      if (!group.staples[i].is_good(now) || chosen == nullptr ||
          X509_cmp(group.certificates[i].get(), chosen) != 0)
        continue;
      const std::string& response = group.staples[i].response;
      void* copy = OPENSSL_memdup(response.data(), response.size());  // becomes the session's
      if (copy == nullptr) return SSL_TLSEXT_ERR_NOACK;
      SSL_set_tlsext_status_ocsp_resp(ssl, static_cast<unsigned char*>(copy),
                                      static_cast<long>(response.size()));
      return SSL_TLSEXT_ERR_OK;
    }
  }
  return SSL_TLSEXT_ERR_NOACK;
}

/// The chain is good, and its owner has a name we can use.
int TlsCallbacks::on_client_chain(X509_STORE_CTX* chain, void* owner) {
  if (X509_verify_cert(chain) != 1) return 0;
  const X509* certificate = X509_STORE_CTX_get0_cert(chain);
  const TlsIdentity which = static_cast<const TlsContext*>(owner)->options_.identity;
  if (certificate != nullptr && tls_names::of_client(*certificate, which)) return 1;
  X509_STORE_CTX_set_error(chain, X509_V_ERR_APPLICATION_VERIFICATION);
  return 0;
}

/// Of a file with revocation lists, not every authority above the client's own must have one.
int TlsCallbacks::on_client_certificate(int good, X509_STORE_CTX* chain) {
  if (good == 1) return 1;
  if (X509_STORE_CTX_get_error(chain) != X509_V_ERR_UNABLE_TO_GET_CRL) return 0;
  if (X509_STORE_CTX_get_error_depth(chain) == 0) return 0;
  X509_STORE_CTX_set_error(chain, X509_V_OK);
  return 1;
}

}  // namespace hermod::net
