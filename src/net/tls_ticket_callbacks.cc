#include "net/tls_ticket_callbacks.h"

#include <openssl/core_names.h>
#include <openssl/params.h>
#include <openssl/rand.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <string>

#include "net/tls_session_note.h"

namespace hermod::net {
namespace {

int use_ticket_key(const TlsTicketKey& key, const unsigned char* iv, EVP_CIPHER_CTX* cipher, EVP_MAC_CTX* mac,
                   int sealing) {
  if (EVP_CipherInit_ex(cipher, EVP_aes_256_cbc(), nullptr, key.cipher.data(), iv, sealing) != 1) return 0;
  std::array<std::uint8_t, 32> secret = key.mac;
  std::array<char, 7> digest{"SHA256"};
  const std::array<OSSL_PARAM, 3> parameters{
      OSSL_PARAM_construct_octet_string(OSSL_MAC_PARAM_KEY, secret.data(), secret.size()),
      OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest.data(), 0), OSSL_PARAM_construct_end()};
  return EVP_MAC_CTX_set_params(mac, parameters.data());
}

}  // namespace

Status TlsTicketCallbacks::install(SSL_CTX& context, const TlsContext& owner) {
  void* self = const_cast<TlsContext*>(&owner);
  SSL_CTX_set_tlsext_ticket_key_evp_cb(&context, on_key);
  if (SSL_CTX_set_session_ticket_cb(&context, on_made, on_opened, self) != 1)
    return failure(Errc::Invalid, "TLS: " + openssl::take_error("no memory"));
  return {};
}

/// 0: no ticket, or an unknown one: a full handshake. 2: a good one, and the client gets a new one.
int TlsTicketCallbacks::on_key(SSL* ssl, unsigned char* name, unsigned char* iv, EVP_CIPHER_CTX* cipher,
                               EVP_MAC_CTX* mac, int sealing) {
  const auto& context = *static_cast<const TlsContext*>(SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl)));
  constexpr std::size_t kNameSize = sizeof(TlsTicketKey::name);
  if (sealing == 1) {
    const auto key = context.tickets_.sealing();
    if (!key || RAND_bytes(iv, EVP_CIPHER_get_iv_length(EVP_aes_256_cbc())) != 1) return 0;
    std::memcpy(name, key->name.data(), kNameSize);
    return use_ticket_key(*key, iv, cipher, mac, 1);
  }
  const auto found = context.tickets_.opening({name, kNameSize});
  if (!found || use_ticket_key(found->key, iv, cipher, mac, 0) != 1) return 0;
  return found->is_old ? 2 : 1;
}

/// What is resumed keeps the note of the handshake it began with, however often it is resumed.
int TlsTicketCallbacks::on_made(SSL* ssl, void* owner) {
  if (SSL_session_reused(ssl) == 1) return 1;
  const STACK_OF(X509)* chain = SSL_get0_verified_chain(ssl);
  if (chain == nullptr) return 1;
  const auto& context = *static_cast<const TlsContext*>(owner);
  WallTime good_until = context.first_end(TlsExpiry::What::RevocationList).value_or(WallTime::max());
  for (int i = 0; i < sk_X509_num(chain); ++i)
    good_until = std::min(good_until, tls_expiry::time_of(X509_get0_notAfter(sk_X509_value(chain, i))));
  return TlsSessionNote{.good_until = good_until, .psk = {}}.keep_in(SSL_get_session(ssl)) ? 1 : 0;
}

/// Otherwise a full handshake decides, and says what is wrong.
SSL_TICKET_RETURN TlsTicketCallbacks::on_opened(SSL*, SSL_SESSION* session, const unsigned char*, std::size_t,
                                                SSL_TICKET_STATUS status, void* owner) {
  const auto& context = *static_cast<const TlsContext*>(owner);
  if (status != SSL_TICKET_SUCCESS && status != SSL_TICKET_SUCCESS_RENEW)
    return SSL_TICKET_RETURN_IGNORE_RENEW;
  if (const auto note = TlsSessionNote::of(session)) {
    const bool has_key = note->psk.empty() || context.psk_.is_good(note->psk);
    if (!has_key || !note->is_in_time(context.tickets_.wall())) return SSL_TICKET_RETURN_IGNORE_RENEW;
  }
  return status == SSL_TICKET_SUCCESS ? SSL_TICKET_RETURN_USE : SSL_TICKET_RETURN_USE_RENEW;
}

}  // namespace hermod::net
