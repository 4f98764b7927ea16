#include "tests/integration/tls/tls_test.h"

namespace hermod::integration {

using TlsResumption = Tls;

TEST_F(TlsResumption, WorksOnEveryShard) {
  start_tls({}, {}, 4);
  for (const int version : {12, 13}) {
    const TlsClient client{.only_version = version};
    const TlsSession session = session_of(client);
    // The kernel spreads these over the four shards' sockets.
    for (int i = 0; i < 32; ++i) EXPECT_TRUE(resumes(client, session)) << version;
  }
}

TEST_F(TlsResumption, SurvivesAReloadOfTheSameRules) {
  start_tls();
  const TlsSession session = session_of({});
  reload("config.reloaded");
  EXPECT_TRUE(resumes({}, session));
}

TEST_F(TlsResumption, DoesNotCarryAClientPastNewRules) {
  start_with_client_certificates("required");
  const Certificate device = files_.authority().issue({.common_name = "device"});
  for (const int version : {12, 13}) {
    const TlsClient client{.only_version = version, .certificate = device};
    const TlsSession session = session_of(client);
    EXPECT_TRUE(resumes(client, session)) << version;
    const Authority other("another authority " + std::to_string(version));
    files_.write("ca.pem", certificate_pem(files_.authority().own()) + certificate_pem(other.own()));
    reload("config.reloaded");
    EXPECT_FALSE(resumes(client, session)) << version;
  }
}

/// A ticket carries a client to the end of what let it in, and no further.
TEST_F(TlsResumption, EndsWithTheCertificateOfTheClient) {
  start_with_client_certificates("required");
  const auto end = Clock::now() + 3s;
  std::vector<TlsClient> clients;
  for (const int version : {12, 13}) {
    TlsClient client{.only_version = version,
                     .certificate = files_.authority().issue({.common_name = "device", .valid_for = 2s})};
    client.session = session_of(client);
    EXPECT_TRUE(resumes(client, client.session)) << version;
    clients.push_back(client);
  }
  std::this_thread::sleep_until(end);
  for (const TlsClient& client : clients) EXPECT_THAT(refusal(client), HasSubstr("expired"));
}

TEST_F(TlsResumption, EndsWithTheListOfRevocations) {
  files_.write("crl.pem", files_.authority().revocations({}, 2s));
  const auto end = Clock::now() + 3s;
  start_with_client_certificates("required", {{"crl", files_.path("crl.pem")}});
  TlsClient client{.certificate = files_.authority().issue({.common_name = "device"})};
  client.session = session_of(client);
  EXPECT_TRUE(resumes(client, client.session));
  std::this_thread::sleep_until(end);
  EXPECT_FALSE(refusal(client).empty());
  expect_logged("CRL has expired");
}

TEST_F(TlsResumption, KeepsTheUser) {
  start_tls({{"client_certificate", "required"}, {"ca", files_.path("ca.pem")}, {"identity", "cn"}},
            {{"auth.allow_anonymous", "false"}});
  for (const int version : {12, 13}) {
    TlsClient client{.only_version = version,
                     .certificate = files_.authority().issue({.common_name = "device"})};
    client.session = session_of(client);
    MqttClient again = over_tls("again", client);
    EXPECT_TRUE(again.raw().tls().resumed()) << version;
  }
}

}  // namespace hermod::integration
