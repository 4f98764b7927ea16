#include "tests/integration/tls/tls_test.h"

namespace hermod::integration {

class TlsPsk : public Tls {
 protected:
  static constexpr const char* kKey = "00112233445566778899aabbccddeeff";
  static std::string raw_key() {
    std::string key;
    for (int i = 0; i < 16; ++i) key += static_cast<char>(i * 0x11);
    return key;
  }
  void write_keys(const std::string& text) {
    files_.write("psk.txt", text);
    std::filesystem::permissions(files_.path("psk.txt"), std::filesystem::perms{0600});
  }
  /// `listener` may take the certificate away.
  void start_with_keys(const Settings& listener = {}, const Settings& others = {}) {
    write_keys(std::string("sensor:") + kKey + "\nother:" + kKey + "00\n");
    Settings settings{{"psk_file", files_.path("psk.txt")}, {"identity", "psk"}};
    settings.insert(settings.end(), listener.begin(), listener.end());
    start_tls(settings, others);
  }
  static Settings without_certificate() { return {{"certificate", ""}, {"key", ""}}; }
  static TlsClient client(int version, const std::string& identity = "sensor",
                          const std::string& key = raw_key()) {
    TlsClient out{.only_version = version, .psk_identity = identity, .psk = key};
    if (version == 12) out.ciphers = "PSK";
    return out;
  }
};

TEST_F(TlsPsk, IsEnoughWithoutAnyCertificate) {
  start_with_keys(without_certificate(), {{"auth.allow_anonymous", "false"}});
  for (const int version : {12, 13}) {
    MqttClient one = over_tls("one", client(version));
    EXPECT_EQ(one.raw().tls().server(), "") << version;
    one.ping();
    EXPECT_NE(refusal({.only_version = version}), "") << "there is nothing else";
  }
  expect_logged("user=sensor");
}

TEST_F(TlsPsk, StandsBesideCertificatesOnOneListener) {
  start_with_keys();
  for (const int version : {12, 13}) {
    TlsClient both = client(version);
    both.ciphers.clear();  // what OpenSSL offers: certificates and keys
    EXPECT_EQ(raw_over_tls(both).tls().server(), "") << version;
    EXPECT_EQ(raw_over_tls({.only_version = version}).tls().server(), "localhost") << version;
  }
}

TEST_F(TlsPsk, IsEnoughWhereCertificatesOfClientsAreRequired) {
  start_with_keys({{"client_certificate", "required"}, {"ca", files_.path("ca.pem")}});
  for (const int version : {12, 13}) {
    EXPECT_EQ(refusal(client(version)), "") << version;
    EXPECT_NE(refusal({.only_version = version}), "") << version;
  }
}

TEST_F(TlsPsk, TheHintIsToldToClientsOfTls12) {
  start_with_keys({{"psk_hint", "the line of the north hall"}});
  EXPECT_EQ(raw_over_tls(client(12)).tls().psk_hint(), "the line of the north hall");
}

TEST_F(TlsPsk, NoHintIsToldWhereThereIsNone) {
  start_with_keys();
  EXPECT_EQ(raw_over_tls(client(12)).tls().psk_hint(), "");
}

TEST_F(TlsPsk, UnknownIdentitiesAndOtherKeysAreRefused) {
  start_with_keys(without_certificate());
  for (const int version : {12, 13}) {
    EXPECT_NE(refusal(client(version, "stranger")), "") << version;
    EXPECT_NE(refusal(client(version, "sensor", "another key 1234")), "") << version;
    EXPECT_NE(refusal(client(version, "other")), "") << "the key of somebody else";
  }
  expect_logged("the client's pre-shared key is not in the listener's psk_file");
  expect_logged("the client's pre-shared key is not the one of the listener's psk_file");
}

TEST_F(TlsPsk, WhoLosesTheKeyDoesNotResume) {
  start_with_keys();
  std::vector<TlsClient> again;
  for (const int version : {12, 13}) {
    RawClient raw = raw_over_tls(client(version));
    raw.send(connect_bytes({.client_id = "first"}));
    raw.next();
    // In TLS 1.3 the ticket alone; in TLS 1.2 a client without a key has no ciphers that fit.
    again.push_back(version == 12 ? client(12) : TlsClient{.only_version = 13});
    again.back().session = raw.tls().session();
    ASSERT_TRUE(again.back().session) << version;
    EXPECT_TRUE(raw_over_tls(again.back()).tls().resumed()) << version;
  }
  write_keys(std::string("sensor:") + kKey + "ff\n");
  reload("config.reloaded");
  EXPECT_NE(refusal(again[0]), "") << "it has to use the key, which is another now";
  EXPECT_FALSE(raw_over_tls(again[1]).tls().resumed()) << "it is asked to look at a certificate";
}

TEST_F(TlsPsk, AFileThatEverybodyMayReadIsWarnedOf) {
  write_keys(std::string("sensor:") + kKey + "\n");
  std::filesystem::permissions(files_.path("psk.txt"), std::filesystem::perms{0644});
  start_tls({{"psk_file", files_.path("psk.txt")}});
  expect_logged("psk.txt: every user of this machine may read the key");
}

}  // namespace hermod::integration
