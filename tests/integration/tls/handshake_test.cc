#include "tests/integration/tls/tls_test.h"

namespace hermod::integration {

using TlsHandshake = Tls;

TEST_F(TlsHandshake, BothVersionsAreSpoken) {
  start_tls();
  for (const auto& [only, name] : {std::pair{12, "TLSv1.2"}, std::pair{13, "TLSv1.3"}}) {
    MqttClient one = over_tls("client", {.ca = files_.path("ca.pem"), .only_version = only});
    EXPECT_EQ(one.raw().tls().version(), name);
    one.subscribe("tls/topic", 2);
    one.publish("tls/topic", name, 2);
    EXPECT_EQ(one.receive().payload, name);
    one.disconnect();
    EXPECT_TRUE(one.raw().tls().has_close_notify());
  }
}

TEST_F(TlsHandshake, OlderVersionsAreRefused) {
  start_tls();
  for (const int only : {10, 11}) EXPECT_THAT(refusal({.only_version = only}), HasSubstr("protocol version"));
  expect_logged("reason=version");
}

TEST_F(TlsHandshake, TheLowestVersionCanBeRaised) {
  start_tls({{"minimum_tls_version", "1.3"}});
  EXPECT_THAT(refusal({.only_version = 12}), HasSubstr("protocol version"));
  EXPECT_EQ(refusal({.only_version = 13}), "");
}

TEST_F(TlsHandshake, OnlyCiphersWithForwardSecrecyAndAuthenticatedEncryption) {
  files_.write_pair("server", files_.authority().issue({.common_name = "localhost", .kind = KeyKind::Rsa}));
  start_tls();
  for (const char* weak :
       {"AES128-GCM-SHA256", "ECDHE-RSA-AES128-SHA256", "AES128-SHA", "aNULL", "DES-CBC3-SHA"})
    EXPECT_NE(refusal({.only_version = 12, .ciphers = weak}), "") << weak;
  for (const char* good :
       {"ECDHE-RSA-AES128-GCM-SHA256", "ECDHE-RSA-CHACHA20-POLY1305", "DHE-RSA-AES256-GCM-SHA384"}) {
    RawClient raw = raw_over_tls({.only_version = 12, .ciphers = good});
    EXPECT_EQ(raw.tls().cipher(), good);
  }
}

TEST_F(TlsHandshake, TheProtocolMqttIsChosenAmongThoseOffered) {
  start_tls();
  EXPECT_EQ(raw_over_tls({.protocols = {"http/1.1", "mqtt"}}).tls().protocol(), "mqtt");
  EXPECT_EQ(raw_over_tls().tls().protocol(), "");
}

TEST_F(TlsHandshake, OtherProtocolsAreRefused) {
  start_tls();
  for (const int only : {12, 13}) {
    EXPECT_THAT(refusal({.protocols = {"http/1.1", "h2"}, .only_version = only}),
                HasSubstr("no application protocol"));
  }
  expect_logged("reason=protocol");
}

TEST_F(TlsHandshake, WhoIsConnectedAndHowIsLogged) {
  start_tls();
  over_tls("told").ping();
  expect_logged("tls_version=TLSv1.3");
  expect_logged("tls_cipher=TLS_");
}

TEST_F(TlsHandshake, KeyUpdatesAreAnswered) {
  start_tls();
  MqttClient one = over_tls("client", {.only_version = 13});
  one.subscribe("keys/topic", 1);
  for (int i = 0; i < 30; ++i) {
    one.raw().tls().update_keys();
    one.publish("keys/topic", std::to_string(i), 1);
    EXPECT_EQ(one.receive().payload, std::to_string(i));
  }
}

TEST_F(TlsHandshake, BigMessagesPassInBothDirections) {
  start_tls();
  MqttClient subscriber = over_tls("subscriber");
  subscriber.subscribe("big/topic", 1);
  MqttClient publisher = over_tls("publisher");
  std::string payload(1'900'000, 'x');
  for (std::size_t i = 0; i < payload.size(); ++i) payload[i] = static_cast<char>('a' + i * 7 % 26);
  for (int i = 0; i < 5; ++i) {
    publisher.publish("big/topic", payload, 1);
    EXPECT_TRUE(subscriber.receive().payload == payload);
  }
}

TEST_F(TlsHandshake, ManySmallMessagesKeepTheirOrder) {
  start_tls();
  MqttClient subscriber = over_tls("subscriber");
  subscriber.subscribe("many/topic", 0);
  MqttClient publisher = over_tls("publisher");
  std::string all;
  for (int i = 0; i < 5000; ++i)
    all += publish_bytes(Version::V5, {.topic = "many/topic", .payload = std::to_string(i)});
  publisher.raw().send(all);
  for (int i = 0; i < 5000; ++i) ASSERT_EQ(subscriber.receive().payload, std::to_string(i));
}

TEST_F(TlsHandshake, AClientThatClosesItsHalfStillGetsItsAnswers) {
  start_tls();
  RawClient raw = raw_over_tls();
  raw.send(connect_bytes({.client_id = "short"}) + pingreq_bytes());
  raw.finish_sending();
  EXPECT_EQ(raw.next().type, Type::Connack);
  EXPECT_EQ(raw.next().type, Type::Pingresp);
  raw.expect_close();
  EXPECT_TRUE(raw.tls().has_close_notify());
}

}  // namespace hermod::integration
