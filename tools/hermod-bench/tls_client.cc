#include "tls_client.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <signal.h>

namespace hermod::bench {
namespace {

Error wrong_option(const char* option, const std::string& value) {
  return {Errc::Invalid, std::string(option) + " " + value + ": " + TlsClient::take_error()};
}

}  // namespace

void FreeTls::operator()(ssl_st* ssl) const {
  SSL_free(ssl);
}
void FreeTls::operator()(ssl_session_st* session) const {
  SSL_SESSION_free(session);
}

std::string TlsClient::take_error() {
  const unsigned long code = ERR_get_error();
  ERR_clear_error();
  const char* reason = code == 0 ? nullptr : ERR_reason_error_string(code);
  return reason == nullptr ? "the connection was closed" : reason;
}

Result<std::shared_ptr<const TlsClient>> TlsClient::make(const TlsSettings& settings) {
  ::signal(SIGPIPE, SIG_IGN);  // OpenSSL writes without MSG_NOSIGNAL
  std::shared_ptr<SSL_CTX> made(SSL_CTX_new(TLS_client_method()), &SSL_CTX_free);
  SSL_CTX* context = made.get();
  SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                                SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
  const int only = settings.version == "1.2"   ? TLS1_2_VERSION
                   : settings.version == "1.3" ? TLS1_3_VERSION
                                               : 0;
  SSL_CTX_set_min_proto_version(context, only == 0 ? TLS1_2_VERSION : only);
  SSL_CTX_set_max_proto_version(context, only);
  if (!settings.ciphers.empty() && SSL_CTX_set_cipher_list(context, settings.ciphers.c_str()) != 1)
    return tl::unexpected(wrong_option("--ciphers", settings.ciphers));
  if (!settings.ca_file.empty()) {
    if (SSL_CTX_load_verify_file(context, settings.ca_file.c_str()) != 1)
      return tl::unexpected(wrong_option("--cafile", settings.ca_file));
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nullptr);
  }
  if (!settings.certificate.empty()) {
    if (SSL_CTX_use_certificate_chain_file(context, settings.certificate.c_str()) != 1)
      return tl::unexpected(wrong_option("--cert", settings.certificate));
    if (SSL_CTX_use_PrivateKey_file(context, settings.key.c_str(), SSL_FILETYPE_PEM) != 1)
      return tl::unexpected(wrong_option("--key", settings.key));
  }
  return std::shared_ptr<const TlsClient>(new TlsClient(std::move(made)));
}

TlsPointer TlsClient::over(int socket, ssl_session_st* session) const {
  TlsPointer ssl(SSL_new(context_.get()));
  if (ssl == nullptr) return ssl;
  SSL_set_fd(ssl.get(), socket);
  SSL_set_connect_state(ssl.get());
  if (session != nullptr) SSL_set_session(ssl.get(), session);
  return ssl;
}

}  // namespace hermod::bench
