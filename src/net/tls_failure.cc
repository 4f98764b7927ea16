#include "net/tls_failure.h"

#include <openssl/err.h>

namespace hermod::net {
namespace {

/// "the client's certificate was not accepted: certificate has expired (CN=sensor)".
std::string certificate_detail(const SSL* ssl) {
  const long result = SSL_get_verify_result(ssl);
  if (result == X509_V_OK) return "";
  if (result == X509_V_ERR_APPLICATION_VERIFICATION)
    return "the client's certificate does not name the client as the listener's identity wants it";
  return std::string("the client's certificate was not accepted: ") + X509_verify_cert_error_string(result);
}

constexpr const char* kOtherKey = "the client's pre-shared key is not the one of the listener's psk_file";

/// The peer told us that it does not want to go on.
bool is_alert_of_peer(int reason) {
  return reason > SSL_AD_REASON_OFFSET && reason < SSL_AD_REASON_OFFSET + 256;
}

}  // namespace

const char* plain_protocol(Bytes first_bytes) {
  constexpr std::uint8_t kConnect = 0x10;
  if (first_bytes.empty()) return nullptr;
  if (first_bytes[0] == kConnect) return "the client speaks MQTT without TLS on a port for TLS";
  const std::string_view text = as_text(first_bytes);
  for (const std::string_view method : {"GET ", "POST ", "HEAD ", "OPTIONS ", "CONNECT "}) {
    if (text.starts_with(method)) return "the client speaks HTTP without TLS on a port for TLS";
  }
  return nullptr;
}

TlsFailure take_tls_failure(const SSL* ssl) {
  const unsigned long code = ERR_peek_last_error();
  const int reason = ERR_GET_REASON(code);
  const std::string text = openssl::take_error("the client broke the handshake off");
  if (ERR_GET_LIB(code) != ERR_LIB_SSL) return {Counter::TlsFailedOther, "other", text};
  switch (reason) {
    case SSL_R_WRONG_VERSION_NUMBER:
    case SSL_R_HTTP_REQUEST:
    case SSL_R_HTTPS_PROXY_REQUEST:
    case SSL_R_UNEXPECTED_MESSAGE:
    case SSL_R_RECORD_LENGTH_MISMATCH:
    case SSL_R_PACKET_LENGTH_TOO_LONG:
    case SSL_R_DATA_LENGTH_TOO_LONG:
    case SSL_R_BAD_PACKET:
      return {Counter::TlsFailedNotTls, "not_tls", text};
    case SSL_R_UNSUPPORTED_PROTOCOL:
    case SSL_R_VERSION_TOO_LOW:
    case SSL_R_NO_SHARED_CIPHER:
    case SSL_R_NO_SUITABLE_KEY_SHARE:
    case SSL_R_NO_SHARED_GROUPS:
    case SSL_R_INAPPROPRIATE_FALLBACK:
      return {Counter::TlsFailedVersion, "version", text};
    case SSL_R_PSK_IDENTITY_NOT_FOUND:
      return {Counter::TlsFailedPsk, "psk", "the client's pre-shared key is not in the listener's psk_file"};
    case SSL_R_BINDER_DOES_NOT_VERIFY:
      return {Counter::TlsFailedPsk, "psk", kOtherKey};
    case SSL_R_DECRYPTION_FAILED_OR_BAD_RECORD_MAC:
      if (SSL_get_psk_identity(ssl) != nullptr) return {Counter::TlsFailedPsk, "psk", kOtherKey};
      return {Counter::TlsFailedOther, "other", text};
    case SSL_R_NO_APPLICATION_PROTOCOL:
      return {Counter::TlsFailedProtocol, "protocol", "the client offers other protocols (ALPN) than ours"};
    case SSL_R_CERTIFICATE_VERIFY_FAILED:
      return {Counter::TlsFailedCertificate, "certificate", certificate_detail(ssl)};
    case SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE:
      return {Counter::TlsFailedCertificate, "certificate", "the client has no certificate"};
    default:
      break;
  }
  if (is_alert_of_peer(reason)) return {Counter::TlsFailedClosed, "closed", "the client refused us: " + text};
  return {Counter::TlsFailedOther, "other", text};
}

}  // namespace hermod::net
