#include "net/tls_psk_callbacks.h"

#include <cstring>
#include <memory>

namespace hermod::net {
namespace {

const TlsContext& owner_of(const SSL* ssl) {
  return *static_cast<const TlsContext*>(SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl)));
}

std::string_view note_of(SSL_SESSION* session) {
  void* note = nullptr;
  std::size_t size = 0;
  if (session == nullptr || SSL_SESSION_get0_ticket_appdata(session, &note, &size) != 1 || note == nullptr)
    return {};
  return {static_cast<const char*>(note), size};
}

bool keep_note(SSL_SESSION* session, const std::string& note) {
  return session != nullptr && SSL_SESSION_set1_ticket_appdata(session, note.data(), note.size()) == 1;
}

}  // namespace

Status TlsPskCallbacks::install(SSL_CTX& context, const TlsContext& owner) {
  void* self = const_cast<TlsContext*>(&owner);
  if (SSL_CTX_set_session_ticket_cb(&context, nullptr, on_opened_ticket, self) != 1)
    return failure(Errc::Invalid, "TLS: " + openssl::take_error("no memory"));
  if (owner.psk_.empty()) return {};
  const std::string& hint = owner.options_.psk_hint;
  if (!hint.empty() && SSL_CTX_use_psk_identity_hint(&context, hint.c_str()) != 1)
    return failure(Errc::Invalid, "psk_hint: " + openssl::take_error("OpenSSL refuses it"));
  // Keys of files are bound to SHA-256 (RFC 8446, 4.2.11): our order, which has those suites and the ciphers
  // with keys in front, lets a client that has a key use it.
  SSL_CTX_set_options(&context, SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA);
  SSL_CTX_set_psk_server_callback(&context, on_key);
  SSL_CTX_set_psk_find_session_callback(&context, on_session);
  return {};
}

std::string TlsPskCallbacks::identity(const SSL* ssl) {
  return std::string(TlsPskKeys::identity_in(note_of(SSL_get_session(ssl))));
}

unsigned int TlsPskCallbacks::on_key(SSL* ssl, const char* identity, unsigned char* key, unsigned int room) {
  // TLS 1.3 has asked on_session() with the identity as it is; here it would be cut at a zero byte.
  if (identity == nullptr || SSL_version(ssl) >= TLS1_3_VERSION) return 0;
  const TlsPskKeys& keys = owner_of(ssl).psk_;
  const auto* found = keys.find(identity);
  if (found == nullptr || found->size() > room || !keep_note(SSL_get_session(ssl), keys.note_for(identity)))
    return 0;
  std::memcpy(key, found->data(), found->size());
  return static_cast<unsigned int>(found->size());
}

/// 1 without a session: nobody has this identity, which may as well be a ticket.
int TlsPskCallbacks::on_session(SSL* ssl, const unsigned char* identity, std::size_t size,
                                SSL_SESSION** session) {
  *session = nullptr;
  const TlsPskKeys& keys = owner_of(ssl).psk_;
  const std::string_view name(reinterpret_cast<const char*>(identity), size);
  const auto* found = keys.find(name);
  if (found == nullptr) return 1;
  constexpr unsigned char kAes128GcmSha256[] = {0x13, 0x01};
  const SSL_CIPHER* cipher = SSL_CIPHER_find(ssl, kAes128GcmSha256);
  std::unique_ptr<SSL_SESSION, void (*)(SSL_SESSION*)> made(SSL_SESSION_new(), &SSL_SESSION_free);
  const bool ready = cipher != nullptr && made != nullptr &&
                     SSL_SESSION_set1_master_key(made.get(), found->data(), found->size()) == 1 &&
                     SSL_SESSION_set_cipher(made.get(), cipher) == 1 &&
                     SSL_SESSION_set_protocol_version(made.get(), TLS1_3_VERSION) == 1 &&
                     keep_note(made.get(), keys.note_for(name));
  if (!ready) return 0;
  *session = made.release();
  return 1;
}

SSL_TICKET_RETURN TlsPskCallbacks::on_opened_ticket(SSL*, SSL_SESSION* session, const unsigned char*,
                                                    std::size_t, SSL_TICKET_STATUS status, void* owner) {
  if (status != SSL_TICKET_SUCCESS && status != SSL_TICKET_SUCCESS_RENEW)
    return SSL_TICKET_RETURN_IGNORE_RENEW;
  const std::string_view note = note_of(session);
  if (!note.empty() && !static_cast<const TlsContext*>(owner)->psk_.is_good(note))
    return SSL_TICKET_RETURN_IGNORE_RENEW;
  return status == SSL_TICKET_SUCCESS ? SSL_TICKET_RETURN_USE : SSL_TICKET_RETURN_USE_RENEW;
}

}  // namespace hermod::net
