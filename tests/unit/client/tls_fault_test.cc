#include "client/tls_fault.h"

#include <gtest/gtest.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <cerrno>
#include <cstring>
#include <memory>

namespace hermod::client {
namespace {

using Certificate = std::unique_ptr<X509, decltype(&X509_free)>;

/// "CN = broker.example", good for no time at all, in a memory of its own.
Certificate certificate() {
  Certificate made(X509_new(), &X509_free);
  X509_NAME* name = X509_get_subject_name(made.get());
  X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
                             reinterpret_cast<const unsigned char*>("broker.example"), -1, -1, 0);
  X509_set_issuer_name(made.get(), name);
  ASN1_TIME_set_string_X509(X509_getm_notBefore(made.get()), "20300102000000Z");
  ASN1_TIME_set_string_X509(X509_getm_notAfter(made.get()), "20200102000000Z");
  return made;
}

/// What is said of a handshake that ended with this error of OpenSSL's.
std::string told_of(int reason, bool with_psk = false) {
  errno = 0;
  ERR_raise(ERR_LIB_SSL, reason);
  const std::string text = tls_fault::of_handshake(nullptr, nullptr, "h", with_psk);
  EXPECT_EQ(ERR_peek_error(), 0U) << "nothing is left for the next one";
  return text;
}

TEST(TlsFault, WhatTheCommandLineCanChangeIsNamed) {
  const std::pair<int, const char*> alerts[] = {
      {SSL_R_TLSV13_ALERT_CERTIFICATE_REQUIRED, "--cert and --key"},
      {SSL_R_TLSV1_ALERT_UNKNOWN_CA, "--cert"},
      {SSL_R_SSLV3_ALERT_CERTIFICATE_EXPIRED, "--cert"},
      {SSL_R_SSLV3_ALERT_CERTIFICATE_REVOKED, "--cert"},
      {SSL_R_TLSV1_ALERT_PROTOCOL_VERSION, "--tls-version"},
      {SSL_R_TLSV1_ALERT_NO_APPLICATION_PROTOCOL, "--tls-alpn"},
      {SSL_R_TLSV1_ALERT_UNKNOWN_PSK_IDENTITY, "--psk-identity"},
      {SSL_R_WRONG_VERSION_NUMBER, "does not speak TLS on this port"},
      {SSL_R_UNEXPECTED_EOF_WHILE_READING, "does it speak TLS on this port?"}};
  for (const auto& [reason, words] : alerts)
    EXPECT_NE(told_of(reason).find(words), std::string::npos) << told_of(reason);
}

TEST(TlsFault, AnAlertOfTheStreamReadsAsOneOfTheHandshake) {
  const std::string of_handshake = told_of(SSL_R_TLSV13_ALERT_CERTIFICATE_REQUIRED);
  ERR_raise(ERR_LIB_SSL, SSL_R_TLSV13_ALERT_CERTIFICATE_REQUIRED);
  EXPECT_EQ(tls_fault::of_stream(), of_handshake);
  ERR_raise(ERR_LIB_SSL, SSL_R_UNEXPECTED_EOF_WHILE_READING);
  EXPECT_EQ(tls_fault::of_stream(), "the broker closed it");
  EXPECT_EQ(tls_fault::of_stream(), "the broker closed it") << "without an error it just ended";
}

TEST(TlsFault, WithoutAnErrorOfOpenSslTheSystemSaysWhy) {
  errno = ECONNRESET;
  EXPECT_EQ(tls_fault::of_handshake(nullptr, nullptr, "h", false),
            std::string("the TLS handshake failed: ") + std::strerror(ECONNRESET));
  errno = 0;
  EXPECT_EQ(tls_fault::of_handshake(nullptr, nullptr, "h", false),
            "the TLS handshake failed: the broker closed the connection");
}

TEST(TlsFault, WithAKeyTheKeyIsSuspected) {
  EXPECT_NE(told_of(SSL_R_SSLV3_ALERT_HANDSHAKE_FAILURE, true).find("--psk-identity"), std::string::npos);
  EXPECT_EQ(told_of(SSL_R_SSLV3_ALERT_HANDSHAKE_FAILURE, false).find("--psk-identity"), std::string::npos);
  EXPECT_NE(told_of(SSL_R_CERTIFICATE_VERIFY_FAILED, true).find("--psk-identity"), std::string::npos);
}

TEST(TlsFault, ACertificateThatIsNotAcceptedIsShownWithWhatItLacks) {
  const std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)> context(SSL_CTX_new(TLS_client_method()),
                                                                  &SSL_CTX_free);
  const std::unique_ptr<SSL, decltype(&SSL_free)> ssl(SSL_new(context.get()), &SSL_free);
  const Certificate shown = certificate();
  const auto told = [&](long result, const X509* faulty) {
    SSL_set_verify_result(ssl.get(), result);
    ERR_raise(ERR_LIB_SSL, SSL_R_CERTIFICATE_VERIFY_FAILED);
    return tls_fault::of_handshake(ssl.get(), faulty, "other.example", false);
  };
  EXPECT_EQ(
      told(X509_V_ERR_HOSTNAME_MISMATCH, shown.get()),
      "the broker's certificate (CN = broker.example) is not for the host other.example; use the name it "
      "is for, or --insecure to take it nevertheless");
  EXPECT_EQ(
      told(X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT, shown.get()),
      "the broker's certificate is signed by an authority that --cafile, --capath or the system does not "
      "have: CN = broker.example");
  EXPECT_EQ(told(X509_V_ERR_CERT_HAS_EXPIRED, shown.get()),
            "the broker's certificate expired on Jan  2 00:00:00 2020 GMT");
  EXPECT_EQ(told(X509_V_ERR_CERT_NOT_YET_VALID, shown.get()),
            "the broker's certificate is not valid before Jan  2 00:00:00 2030 GMT");
  EXPECT_EQ(told(X509_V_ERR_CERT_REVOKED, shown.get()),
            "the broker's certificate was not accepted: certificate revoked");
  EXPECT_EQ(told(X509_V_ERR_CERT_REVOKED, nullptr), "certificate revoked");
}

TEST(TlsFault, TheOldestErrorIsTakenAndTheOthersAreForgotten) {
  EXPECT_EQ(tls_fault::take("nothing"), "nothing");
  ERR_raise(ERR_LIB_SSL, SSL_R_WRONG_VERSION_NUMBER);
  ERR_raise(ERR_LIB_SSL, SSL_R_UNEXPECTED_EOF_WHILE_READING);
  EXPECT_EQ(tls_fault::take("nothing"), "wrong version number");
  EXPECT_EQ(tls_fault::take("nothing"), "nothing");
  ERR_raise(ERR_LIB_SYS, ENOENT);
  EXPECT_EQ(tls_fault::take("nothing"), std::strerror(ENOENT));
}

}  // namespace
}  // namespace hermod::client
