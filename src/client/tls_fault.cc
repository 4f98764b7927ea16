#include "client/tls_fault.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <memory>

namespace hermod::client::tls_fault {
namespace {

std::string text_of(const X509_NAME* name) {
  const std::unique_ptr<BIO, int (*)(BIO*)> out(BIO_new(BIO_s_mem()), &BIO_free);
  X509_NAME_print_ex(out.get(), name, 0, XN_FLAG_ONELINE & ~ASN1_STRFLGS_ESC_MSB);
  char* data = nullptr;
  const long size = BIO_get_mem_data(out.get(), &data);
  return {data, static_cast<std::size_t>(size)};
}

std::string text_of(const ASN1_TIME* time) {
  const std::unique_ptr<BIO, int (*)(BIO*)> out(BIO_new(BIO_s_mem()), &BIO_free);
  ASN1_TIME_print(out.get(), time);
  char* data = nullptr;
  const long size = BIO_get_mem_data(out.get(), &data);
  return {data, static_cast<std::size_t>(size)};
}

/// What the broker's certificate lacks.
std::string of_certificate(const X509* shown, const std::string& host, long result) {
  if (shown == nullptr) return X509_verify_cert_error_string(result);
  switch (result) {
    case X509_V_ERR_HOSTNAME_MISMATCH:
    case X509_V_ERR_IP_ADDRESS_MISMATCH:
      return "the broker's certificate (" + text_of(X509_get_subject_name(shown)) + ") is not for the host " +
             host + "; use the name it is for, or --insecure to take it nevertheless";
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
      return "the broker's certificate is signed by an authority that --cafile, --capath or the system does "
             "not have: " +
             text_of(X509_get_issuer_name(shown));
    case X509_V_ERR_CERT_HAS_EXPIRED:
      return "the broker's certificate expired on " + text_of(X509_get0_notAfter(shown));
    case X509_V_ERR_CERT_NOT_YET_VALID:
      return "the broker's certificate is not valid before " + text_of(X509_get0_notBefore(shown));
    default:
      return std::string("the broker's certificate was not accepted: ") +
             X509_verify_cert_error_string(result);
  }
}

/// What an alert of the broker means for who typed the command; null: nothing more than its words.
const char* advice(int reason) {
  switch (reason) {
    case SSL_R_TLSV13_ALERT_CERTIFICATE_REQUIRED:
      return "the broker wants a certificate of yours; add --cert and --key";
    case SSL_R_TLSV1_ALERT_UNKNOWN_CA:
      return "the broker does not know the authority that signed your certificate (--cert)";
    case SSL_R_SSLV3_ALERT_CERTIFICATE_EXPIRED:
      return "the broker says that your certificate (--cert) has expired";
    case SSL_R_SSLV3_ALERT_CERTIFICATE_REVOKED:
      return "the broker says that your certificate (--cert) was revoked";
    case SSL_R_TLSV1_ALERT_PROTOCOL_VERSION:
      return "the broker does not speak this version of TLS (--tls-version)";
    case SSL_R_TLSV1_ALERT_NO_APPLICATION_PROTOCOL:
      return "the broker does not speak this protocol (--tls-alpn)";
    case SSL_R_TLSV1_ALERT_UNKNOWN_PSK_IDENTITY:
      return "the broker does not know this --psk-identity";
    default:
      return nullptr;
  }
}

}  // namespace

std::string take(const char* otherwise) {
  const unsigned long code = ERR_get_error();
  ERR_clear_error();
  if (code == 0) return otherwise;
  if (ERR_SYSTEM_ERROR(code)) return std::strerror(ERR_GET_REASON(code));
  const char* reason = ERR_reason_error_string(code);
  return reason == nullptr ? otherwise : reason;
}

std::string of_handshake(const ssl_st* ssl, const x509_st* faulty, const std::string& host, bool with_psk) {
  const int error = errno;
  const int reason = ERR_GET_REASON(ERR_peek_last_error());
  const bool has_error = ERR_peek_last_error() != 0;
  const std::string text = take(error == 0 ? "the broker closed the connection" : std::strerror(error));
  if (!has_error) return "the TLS handshake failed: " + text;
  if (const char* meaning = advice(reason)) return meaning;
  switch (reason) {
    case SSL_R_CERTIFICATE_VERIFY_FAILED:
      if (with_psk)
        return "the broker has no use for the key of --psk-identity and shows a certificate instead";
      return of_certificate(faulty, host, SSL_get_verify_result(ssl));
    case SSL_R_WRONG_VERSION_NUMBER:
    case SSL_R_PACKET_LENGTH_TOO_LONG:
      return "the broker does not speak TLS on this port";
    case SSL_R_UNEXPECTED_EOF_WHILE_READING:
      return "the broker closed the connection during the TLS handshake; does it speak TLS on this port?";
    default:
      if (with_psk)
        return "the TLS handshake failed; does the broker know this --psk-identity with this --psk? (" +
               text + ")";
      return "the TLS handshake failed: " + text;
  }
}

std::string of_stream() {
  const int reason = ERR_GET_REASON(ERR_peek_last_error());
  const std::string text = take("the broker closed it");
  if (const char* meaning = advice(reason)) return meaning;
  return reason == SSL_R_UNEXPECTED_EOF_WHILE_READING ? "the broker closed it" : text;
}

}  // namespace hermod::client::tls_fault
