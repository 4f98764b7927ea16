#include <openssl/ssl.h>

#include <algorithm>
#include <memory>

#include "tests/integration/tls/tls_test.h"

namespace hermod::integration {

/// What scanners of TLS servers look for, each thing by trying it.
class TlsScan : public Tls {
 protected:
  /// Every cipher of TLS 1.2 that OpenSSL can speak here, down to those it never offers by itself.
  static std::vector<std::string> known_ciphers() {
    const std::unique_ptr<SSL_CTX, void (*)(SSL_CTX*)> context(SSL_CTX_new(TLS_client_method()),
                                                               &SSL_CTX_free);
    SSL_CTX_set_security_level(context.get(), 0);
    SSL_CTX_set_cipher_list(context.get(), "ALL:COMPLEMENTOFALL");
    std::vector<std::string> out;
    const STACK_OF(SSL_CIPHER)* all = SSL_CTX_get_ciphers(context.get());
    for (int i = 0; i < sk_SSL_CIPHER_num(all); ++i) {
      const SSL_CIPHER* one = sk_SSL_CIPHER_value(all, i);
      if (std::string(SSL_CIPHER_get_version(one)) != "TLSv1.3") out.emplace_back(SSL_CIPHER_get_name(one));
    }
    return out;
  }
  std::vector<std::string> accepted_ciphers() {
    std::vector<std::string> out;
    for (const std::string& one : known_ciphers()) {
      try {
        raw_over_tls({.only_version = 12, .ciphers = one});
        out.push_back(one);
      } catch (const Unexpected&) {  // refused
      }
    }
    std::ranges::sort(out);
    return out;
  }
};

TEST_F(TlsScan, TheCiphersOfMozillasIntermediateListAreOfferedAndNoOthers) {
  const std::vector<std::string> names{"DNS:localhost"};
  files_.write_pair(
      "rsa", files_.authority().issue({.common_name = "localhost", .names = names, .kind = KeyKind::Rsa}));
  files_.write_pair("server", files_.authority().issue({.common_name = "localhost", .names = names}));
  start_tls({{"certificate", files_.path("server.pem") + ", " + files_.path("rsa.pem")},
             {"key", files_.path("server.key") + ", " + files_.path("rsa.key")}});
  EXPECT_GT(known_ciphers().size(), 50U) << "there is nothing to be refused";
  EXPECT_EQ(
      accepted_ciphers(),
      (std::vector<std::string>{
          "DHE-RSA-AES128-GCM-SHA256", "DHE-RSA-AES256-GCM-SHA384", "DHE-RSA-CHACHA20-POLY1305",
          "ECDHE-ECDSA-AES128-GCM-SHA256", "ECDHE-ECDSA-AES256-GCM-SHA384", "ECDHE-ECDSA-CHACHA20-POLY1305",
          "ECDHE-RSA-AES128-GCM-SHA256", "ECDHE-RSA-AES256-GCM-SHA384", "ECDHE-RSA-CHACHA20-POLY1305"}));
}

TEST_F(TlsScan, RenegotiationIsRefusedAndNothingIsCompressed) {
  start_tls();
  RawClient raw = raw_over_tls({.only_version = 12});
  raw.send(connect_bytes({.client_id = "again"}));
  raw.next();
  EXPECT_FALSE(raw.tls().is_compressed());
  EXPECT_TRUE(raw.tls().has_secure_renegotiation());
  EXPECT_FALSE(raw.tls().renegotiate(Clock::now() + Millis(100)));
}

/// SSL 3.0, TLS 1.0 and 1.1 in the ClientHello of clients that know no other: an alert, and the end.
TEST_F(TlsScan, OldVersionsAreAnsweredWithAnAlert) {
  start_tls();
  for (const int minor : {0, 1, 2}) {
    RawClient raw(tls_port_.number());
    const char version = static_cast<char>(minor);
    std::string body =
        std::string("\x03") + version + std::string(32, 'r') + std::string("\0\0\x04\xc0\x09\0\x2f\x01\0", 9);
    std::string hello = std::string("\x01\0\0", 3) + static_cast<char>(body.size()) + body;
    raw.send(std::string("\x16\x03") + version + '\0' + static_cast<char>(hello.size()) + hello);
    raw.expect_bytes(std::string("\x15\x03", 2));
    EXPECT_TRUE(raw.drain_until_closed()) << minor;
  }
}

}  // namespace hermod::integration
