#include "tests/integration/tls/tls_test.h"

namespace hermod::integration {

class TlsClientCertificates : public Tls {
 protected:
  Certificate device(const std::string& common_name = "device") {
    return files_.authority().issue({.common_name = common_name});
  }
  Settings with_crl(const std::string& text) {
    files_.write("crl.pem", text);
    return {{"crl", files_.path("crl.pem")}};
  }
};

TEST_F(TlsClientCertificates, RequiredMeansThatNobodyComesWithout) {
  start_with_client_certificates("required");
  for (const int version : {12, 13}) {
    EXPECT_THAT(refusal({.only_version = version}),
                HasSubstr(version == 13 ? "certificate required" : "handshake failure"));
    EXPECT_EQ(refusal({.only_version = version, .certificate = device()}), "");
  }
  expect_logged("the client has no certificate");
}

TEST_F(TlsClientCertificates, OptionalOnesMustBeGoodWhenTheyCome) {
  start_with_client_certificates("optional");
  Authority stranger("a stranger");
  EXPECT_EQ(refusal({}), "");
  EXPECT_EQ(refusal({.certificate = device()}), "");
  EXPECT_THAT(refusal({.certificate = stranger.issue({.common_name = "device"})}), HasSubstr("unknown ca"));
  expect_logged("reason=certificate");
}

TEST_F(TlsClientCertificates, ExpiredOnesAreRefused) {
  start_with_client_certificates("required");
  const Certificate old =
      files_.authority().issue({.common_name = "old", .valid_for = std::chrono::hours{-1}});
  EXPECT_THAT(refusal({.certificate = old}), HasSubstr("certificate expired"));
  expect_logged("certificate has expired");
}

TEST_F(TlsClientCertificates, RevokedOnesAreRefused) {
  const Certificate lost = device("lost");
  start_with_client_certificates("required", with_crl(files_.authority().revocations({lost.serial})));
  EXPECT_THAT(refusal({.certificate = lost}), HasSubstr("certificate revoked"));
  EXPECT_EQ(refusal({.certificate = device()}), "");
}

TEST_F(TlsClientCertificates, AnOutdatedRevocationListRefusesAndWarns) {
  start_with_client_certificates("required",
                                 with_crl(files_.authority().revocations({}, std::chrono::hours{-1})));
  expect_logged("the revocation list was good until");
  EXPECT_NE(refusal({.certificate = device()}), "");
  expect_logged("CRL has expired");
}

TEST_F(TlsClientCertificates, CommonNameBecomesTheUser) {
  start_with_client_certificates("required", {{"identity", "cn"}});
  EXPECT_EQ(refusal({.certificate = device("sensor 7")}), "");
  expect_logged("user=\"sensor 7\"");
}

TEST_F(TlsClientCertificates, AlternativeNameBecomesTheUser) {
  start_with_client_certificates("optional", {{"identity", "san"}});
  const Certificate named = files_.authority().issue(
      {.common_name = "not this", .names = {"URI:urn:device:7", "email:seven@example.org"}});
  EXPECT_EQ(refusal({.certificate = named}), "");
  expect_logged("user=seven@example.org");
}

/// The name of a certificate is an account: without one, a client that must have an account does not come in.
TEST_F(TlsClientCertificates, ANameIsEnoughWhereNobodyIsAnonymous) {
  start_tls({{"client_certificate", "optional"}, {"ca", files_.path("ca.pem")}, {"identity", "cn"}},
            {{"auth.allow_anonymous", "false"}});
  MqttClient known = over_tls("known", {.certificate = device()});
  known.ping();
  RawClient stranger = raw_over_tls();
  stranger.send(connect_bytes({.client_id = "stranger"}));
  EXPECT_EQ(parse_connack(Version::V5, stranger.next()).reason, 0x87);
}

TEST_F(TlsClientCertificates, T49_OddSubjectsAreRefused) {
  start_with_client_certificates("required", {{"identity", "cn"}});
  const std::string embedded_nul("admin\0.example.org", 18);
  for (const std::string& odd : {std::string(), embedded_nul, std::string("new\nline"), std::string("\x7F"),
                                 std::string("\xC2\x85")}) {
    for (const int version : {12, 13})
      EXPECT_NE(refusal({.only_version = version, .certificate = device(odd)}), "") << odd;
  }
  expect_logged("does not name the client");
  EXPECT_EQ(refusal({.certificate = device("plain")}), "");
}

TEST_F(TlsClientCertificates, T52_AfterTheAuthorityIsReplacedTheOldOneIsNotAccepted) {
  start_with_client_certificates("required");
  MqttClient connected = over_tls("connected", {.certificate = device()});
  Authority next("the next authority");
  files_.write("ca.pem", certificate_pem(next.own()));
  reload("config.reloaded");
  EXPECT_THAT(refusal({.certificate = device()}), HasSubstr("unknown ca"));
  EXPECT_EQ(refusal({.certificate = next.issue({.common_name = "device"})}), "");
  connected.ping();
}

}  // namespace hermod::integration
