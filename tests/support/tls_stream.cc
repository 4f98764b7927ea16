#include "tests/support/tls_stream.h"

#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <signal.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "tests/support/packet_bytes.h"

namespace hermod::support {
namespace {

std::string reason_of(const char* otherwise) {
  const unsigned long code = ERR_peek_last_error();
  const char* reason = code == 0 ? nullptr : ERR_reason_error_string(code);
  return reason == nullptr ? otherwise : reason;
}

void apply(SSL_CTX* context, const TlsClient& client) {
  SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
  // Old versions too: a broker has to refuse them by itself.
  SSL_CTX_set_security_level(context, 0);
  SSL_CTX_set_min_proto_version(context, 0);
  if (client.only_version != 0) {
    const int version = TLS1_VERSION + client.only_version - 10;
    SSL_CTX_set_min_proto_version(context, version);
    SSL_CTX_set_max_proto_version(context, version);
  }
  if (!client.ciphers.empty()) SSL_CTX_set_cipher_list(context, client.ciphers.c_str());
  if (!client.ca.empty()) {
    SSL_CTX_load_verify_file(context, client.ca.c_str());
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nullptr);
  }
  if (client.certificate) {
    SSL_CTX_use_certificate(context, client.certificate->certificate.get());
    SSL_CTX_use_PrivateKey(context, client.certificate->key.get());
  }
  if (!client.psk_identity.empty()) {
    SSL_CTX_set_psk_client_callback(
        context,
        [](SSL* ssl, const char*, char* identity, unsigned int, unsigned char* key,
           unsigned int) -> unsigned int {
          const TlsClient& self =
              static_cast<TlsStream*>(SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl)))->client();
          std::memcpy(identity, self.psk_identity.c_str(), self.psk_identity.size() + 1);
          std::memcpy(key, self.psk.data(), self.psk.size());
          return static_cast<unsigned int>(self.psk.size());
        });
  }
  std::string protocols;
  for (const std::string& one : client.protocols) protocols += static_cast<char>(one.size()) + one;
  if (!protocols.empty())
    SSL_CTX_set_alpn_protos(context, reinterpret_cast<const unsigned char*>(protocols.data()),
                            static_cast<unsigned int>(protocols.size()));
}

}  // namespace

TlsStream::TlsStream(int fd, const TlsClient& client)
    : fd_(fd), context_(SSL_CTX_new(TLS_client_method()), &SSL_CTX_free), client_(client) {
  ::signal(SIGPIPE, SIG_IGN);  // OpenSSL writes without MSG_NOSIGNAL
  apply(context_.get(), client);
  SSL_CTX_set_app_data(context_.get(), this);
  SSL_CTX_sess_set_new_cb(context_.get(), [](SSL* ssl, SSL_SESSION* session) {
    auto* self = static_cast<TlsStream*>(SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl)));
    self->session_.reset(session, &SSL_SESSION_free);
    return 1;
  });
  ssl_.reset(SSL_new(context_.get()), &SSL_free);
  ::fcntl(fd, F_SETFL, ::fcntl(fd, F_GETFL) | O_NONBLOCK);
  SSL_set_fd(ssl_.get(), fd);
  if (!client.host.empty()) SSL_set_tlsext_host_name(ssl_.get(), client.host.c_str());
  if (!client.ca.empty() && !client.host.empty()) SSL_set1_host(ssl_.get(), client.host.c_str());
  if (client.session) {
    // A copy, because OpenSSL's client uses a session of TLS 1.3 only once.
    const TlsSession copy(SSL_SESSION_dup(client.session.get()), &SSL_SESSION_free);
    SSL_set_session(ssl_.get(), copy.get());
  }
  if (client.asks_for_staple) SSL_set_tlsext_status_type(ssl_.get(), TLSEXT_STATUSTYPE_ocsp);
  const auto deadline = Clock::now() + kPatience;
  for (;;) {
    ERR_clear_error();
    const int result = SSL_connect(ssl_.get());
    if (result == 1) return;
    if (!wait(result, deadline))
      throw Unexpected("TLS handshake: " + (fault_.empty() ? std::string("it takes too long") : fault_));
  }
}

/// Without this OpenSSL takes the session for a broken one, which must not be resumed.
TlsStream::~TlsStream() {
  if (ssl_) SSL_set_shutdown(ssl_.get(), SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
}

bool TlsStream::wait(int result, Clock::time_point deadline) {
  short events = 0;
  switch (SSL_get_error(ssl_.get(), result)) {
    case SSL_ERROR_WANT_READ:
      events = POLLIN;
      break;
    case SSL_ERROR_WANT_WRITE:
      events = POLLOUT;
      break;
    case SSL_ERROR_ZERO_RETURN:
      ended_ = true;
      return false;
    default:
      ended_ = true;
      fault_ = reason_of("the connection was closed");
      return false;
  }
  const auto left = std::chrono::ceil<Millis>(deadline - Clock::now()).count();
  pollfd entry{.fd = fd_, .events = events, .revents = 0};
  return ::poll(&entry, 1, static_cast<int>(std::max<std::int64_t>(left, 0))) > 0 || errno == EINTR;
}

long TlsStream::send(std::string_view bytes, Clock::time_point deadline) {
  while (!ended_) {
    ERR_clear_error();
    const int sent = SSL_write(ssl_.get(), bytes.data(), static_cast<int>(bytes.size()));
    if (sent > 0) return sent;
    errno = 0;
    if (!wait(sent, deadline)) return ended_ ? -1 : 0;
  }
  return -1;
}

long TlsStream::receive(char* room, std::size_t size, Clock::time_point deadline) {
  while (!ended_) {
    ERR_clear_error();
    const int got = SSL_read(ssl_.get(), room, static_cast<int>(size));
    if (got > 0) return got;
    errno = 0;
    if (!wait(got, deadline)) return ended_ ? -1 : 0;
  }
  return -1;
}

std::string TlsStream::version() const {
  return SSL_get_version(ssl_.get());
}

std::string TlsStream::cipher() const {
  return SSL_get_cipher_name(ssl_.get());
}

std::string TlsStream::protocol() const {
  const unsigned char* name = nullptr;
  unsigned int size = 0;
  SSL_get0_alpn_selected(ssl_.get(), &name, &size);
  return {reinterpret_cast<const char*>(name), size};
}

std::string TlsStream::server() const {
  const X509* certificate = SSL_get0_peer_certificate(ssl_.get());
  if (certificate == nullptr) return "";
  std::array<char, 256> name{};
  X509_NAME_get_text_by_NID(X509_get_subject_name(certificate), NID_commonName, name.data(), name.size());
  return name.data();
}

bool TlsStream::has_rsa_certificate() const {
  const X509* certificate = SSL_get0_peer_certificate(ssl_.get());
  return certificate != nullptr && EVP_PKEY_get_base_id(X509_get0_pubkey(certificate)) == EVP_PKEY_RSA;
}

bool TlsStream::has_secure_renegotiation() const {
  return SSL_get_secure_renegotiation_support(ssl_.get()) == 1;
}

bool TlsStream::is_compressed() const {
  return SSL_get_current_compression(ssl_.get()) != nullptr;
}

bool TlsStream::renegotiate(Clock::time_point deadline) {
  if (SSL_renegotiate(ssl_.get()) != 1) throw Unexpected("OpenSSL does not ask for a renegotiation");
  for (;;) {
    ERR_clear_error();
    const int result = SSL_do_handshake(ssl_.get());
    if (result == 1) return SSL_renegotiate_pending(ssl_.get()) == 0;
    errno = 0;
    if (!wait(result, deadline)) return false;
  }
}

std::string TlsStream::psk_hint() const {
  const char* hint = SSL_get_psk_identity_hint(ssl_.get());
  return hint == nullptr ? "" : hint;
}

std::string TlsStream::staple() const {
  const unsigned char* response = nullptr;
  const long size = SSL_get_tlsext_status_ocsp_resp(ssl_.get(), &response);
  return size <= 0 ? ""
                   : std::string(reinterpret_cast<const char*>(response), static_cast<std::size_t>(size));
}

bool TlsStream::resumed() const {
  return SSL_session_reused(ssl_.get()) == 1;
}

TlsSession TlsStream::session() const {
  return session_;
}

bool TlsStream::has_close_notify() const {
  return (SSL_get_shutdown(ssl_.get()) & SSL_RECEIVED_SHUTDOWN) != 0;
}

void TlsStream::close_notify() {
  SSL_shutdown(ssl_.get());
}

void TlsStream::update_keys() {
  if (SSL_key_update(ssl_.get(), SSL_KEY_UPDATE_REQUESTED) != 1)
    throw Unexpected("KeyUpdate: " + reason_of("OpenSSL refuses"));
}

bool TlsStream::send_key_update(Clock::time_point deadline) {
  if (ended_) return false;
  update_keys();
  for (;;) {
    ERR_clear_error();
    const int result = SSL_do_handshake(ssl_.get());
    if (result == 1) return true;
    errno = 0;
    if (!wait(result, deadline)) return false;
  }
}

}  // namespace hermod::support
