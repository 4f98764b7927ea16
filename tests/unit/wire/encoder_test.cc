#include "wire/encoder.h"

#include <gtest/gtest.h>

#include "tests/unit/wire/describe.h"
#include "tests/unit/wire/packet_bytes.h"
#include "tests/unit/wire/packet_vectors.h"
#include "wire/property_writer.h"

namespace hermod::wire::testing {
namespace {

template <class... Arguments>
ByteString encoded(const Arguments&... arguments) {
  WriteQueue queue;
  const std::size_t size = encode(queue, arguments...);
  EXPECT_EQ(queue.size(), size);
  return content_of(queue);
}

constexpr Version kVersions[] = {Version::Mqtt31, Version::Mqtt311, Version::Mqtt5};

TEST(EncodePublish, PutsExpiryAliasForwardedAndIdentifiersInOneBlock) {
  PropertyWriter forwarded;
  forwarded.add(PropertyId::ContentType, "t").add_user("k", "v");
  const std::uint32_t identifiers[] = {1, 200};
  const OutboundPublish publish{.dup = true,
                                .qos = QoS::ExactlyOnce,
                                .retain = true,
                                .topic = "a/b",
                                .topic_alias = 7,
                                .id = {0x1234},
                                .forwarded_properties = forwarded.properties().raw(),
                                .message_expiry_interval = 60,
                                .subscription_identifiers = identifiers,
                                .payload = as_bytes("hi")};
  EXPECT_EQ(encoded(publish), bytes_of("3d 22 00 03 'a/b' 12 34 18 02 00 00 00 3c 23 00 07 03 00 01 't' "
                                       "26 00 01 'k' 00 01 'v' 0b 01 0b c8 01 'hi'"));
  EXPECT_EQ(encoded_size(publish), encoded(publish).size());
}

TEST(EncodePublish, OlderVersionsGetNoProperties) {
  PropertyWriter forwarded;
  forwarded.add_user("k", "v");
  const std::uint32_t identifiers[] = {1};
  for (const Version version : {Version::Mqtt31, Version::Mqtt311}) {
    const OutboundPublish publish{.version = version,
                                  .qos = QoS::AtLeastOnce,
                                  .topic = "a",
                                  .id = {1},
                                  .forwarded_properties = forwarded.properties().raw(),
                                  .message_expiry_interval = 60,
                                  .subscription_identifiers = identifiers,
                                  .payload = as_bytes("x")};
    EXPECT_EQ(encoded(publish), bytes_of("32 06 00 01 'a' 00 01 'x'"));
    EXPECT_EQ(encoded_size(publish), 8U);
  }
}

TEST(EncodePublish, QoS0HasNeitherIdNorDup) {
  const OutboundPublish publish{.dup = true, .topic = "a", .id = {9}, .payload = as_bytes("x")};
  EXPECT_EQ(encoded(publish), bytes_of("30 05 00 01 'a' 00 'x'"));
}

TEST(EncodePublish, TopicStaysEmptyBehindAKnownAlias) {
  const OutboundPublish publish{.topic_alias = 2, .payload = as_bytes("x")};
  EXPECT_EQ(encoded(publish), bytes_of("30 07 00 00 03 23 00 02 'x'"));
}

TEST(EncodePublish, WithoutPayloadTheLengthStillCountsIt) {
  const std::string payload(300, 'p');
  const OutboundPublish publish{.topic = "a/b", .payload = as_bytes(payload)};
  const ByteString whole = encoded(publish);
  WriteQueue queue;
  EXPECT_EQ(encode_without_payload(queue, publish), whole.size() - payload.size());
  queue.append(publish.payload);
  EXPECT_EQ(content_of(queue), whole);
}

TEST(EncodePublish, LargerThanMqttCanExpressIsNotWritten) {
  const std::vector<std::uint8_t> payload(kLargestRemainingLength - 3);
  OutboundPublish publish{.version = Version::Mqtt311, .topic = "a", .payload = payload};
  EXPECT_EQ(encoded_size(publish), kLargestPacket);
  WriteQueue queue;
  EXPECT_GT(encode_without_payload(queue, publish), 0U);
  queue.clear();
  publish.topic = "ab";
  EXPECT_GT(encoded_size(publish), kLargestPacket);
  EXPECT_EQ(encode(queue, publish), 0U);
  EXPECT_EQ(encode_without_payload(queue, publish), 0U);
  EXPECT_TRUE(queue.empty());
}

TEST(EncodeAck, FourBytesUnlessThereIsMoreToSay) {
  PropertyWriter properties;
  properties.add(PropertyId::ReasonString, "why");
  const Ack plain{.type = PacketType::Pubrel, .id = {0x0102}};
  const Ack failed{.type = PacketType::Puback, .id = {1}, .reason = ReasonCode::NotAuthorized};
  const Ack explained{.type = PacketType::Pubrec,
                      .id = {1},
                      .reason = ReasonCode::QuotaExceeded,
                      .properties = properties.properties()};
  for (const Version version : kVersions) EXPECT_EQ(encoded(version, plain), bytes_of("62 02 01 02"));
  EXPECT_EQ(encoded(Version::Mqtt5, failed), bytes_of("40 03 00 01 87"));
  EXPECT_EQ(encoded(Version::Mqtt311, failed), bytes_of("40 02 00 01"));
  EXPECT_EQ(encoded(Version::Mqtt5, explained), bytes_of("50 0a 00 01 97 06 1f 00 03 'why'"));
  EXPECT_EQ(encoded(Version::Mqtt31, explained), bytes_of("50 02 00 01"));
}

TEST(EncodeConnack, OlderVersionsGetReturnCodes) {
  const Connack refused{.reason = ReasonCode::BadUserNameOrPassword};
  EXPECT_EQ(encoded(Version::Mqtt311, refused), bytes_of("20 02 00 04"));
  EXPECT_EQ(encoded(Version::Mqtt31, refused), bytes_of("20 02 00 04"));
  EXPECT_EQ(encoded(Version::Mqtt5, refused), bytes_of("20 03 00 86 00"));
}

TEST(EncodeConnack, SessionPresentOnlyWithSuccessAndNotOn31) {
  const Connack present{.session_present = true};
  EXPECT_EQ(encoded(Version::Mqtt31, present), bytes_of("20 02 00 00"));
  EXPECT_EQ(encoded(Version::Mqtt311, present), bytes_of("20 02 01 00"));
  EXPECT_EQ(encoded(Version::Mqtt5, present), bytes_of("20 03 01 00 00"));
  const Connack refused{.session_present = true, .reason = ReasonCode::NotAuthorized};
  EXPECT_EQ(encoded(Version::Mqtt5, refused), bytes_of("20 03 00 87 00"));
}

TEST(EncodeSuback, OlderVersionsKnowOneFailure) {
  const ReasonCode reasons[] = {kGrantedQoS0, ReasonCode::GrantedQoS2, ReasonCode::TopicFilterInvalid};
  const Suback suback{.id = {5}, .reasons = reasons};
  EXPECT_EQ(encoded(Version::Mqtt311, suback), bytes_of("90 05 00 05 00 02 80"));
  EXPECT_EQ(encoded(Version::Mqtt31, suback), bytes_of("90 05 00 05 00 02 80"));
  EXPECT_EQ(encoded(Version::Mqtt5, suback), bytes_of("90 06 00 05 00 00 02 8f"));
}

TEST(EncodeUnsuback, OlderVersionsGetNoReasons) {
  const ReasonCode reasons[] = {ReasonCode::Success, ReasonCode::NoSubscriptionExisted};
  const Unsuback unsuback{.id = {5}, .reasons = reasons};
  EXPECT_EQ(encoded(Version::Mqtt311, unsuback), bytes_of("b0 02 00 05"));
  EXPECT_EQ(encoded(Version::Mqtt5, unsuback), bytes_of("b0 05 00 05 00 00 11"));
}

TEST(EncodeDisconnect, OlderVersionsHaveOnlyTheNormalOne) {
  const Disconnect normal{};
  const Disconnect busy{.reason = ReasonCode::ServerBusy};
  for (const Version version : kVersions) EXPECT_EQ(encoded(version, normal), bytes_of("e0 00"));
  EXPECT_EQ(encoded(Version::Mqtt5, busy), bytes_of("e0 01 89"));
  for (const Version version : {Version::Mqtt31, Version::Mqtt311}) {
    EXPECT_TRUE(encoded(version, busy).empty());
    EXPECT_EQ(encoded_size(version, busy), 0U);
  }
}

TEST(EncodeAuth, OlderVersionsHaveNone) {
  PropertyWriter properties;
  properties.add(PropertyId::AuthenticationMethod, "m");
  const Auth auth{.reason = ReasonCode::ContinueAuthentication, .properties = properties.properties()};
  EXPECT_EQ(encoded(Version::Mqtt5, auth), bytes_of("f0 06 18 04 15 00 01 'm'"));
  EXPECT_TRUE(encoded(Version::Mqtt311, auth).empty());
}

TEST(EncodePing, TwoBytes) {
  for (const Version version : kVersions) {
    EXPECT_EQ(encoded(version, Pingreq{}), bytes_of("c0 00"));
    EXPECT_EQ(encoded(version, Pingresp{}), bytes_of("d0 00"));
  }
}

/// The size told beforehand, for the packets that have one.
struct SizeOf {
  Version version;
  std::size_t operator()(const Publish& p) const {
    return encoded_size(OutboundPublish{.version = version,
                                        .qos = p.qos,
                                        .topic = p.topic,
                                        .forwarded_properties = p.properties.raw(),
                                        .payload = p.payload});
  }
  std::size_t operator()(const Connect& p) const { return encoded_size(p); }
  std::size_t operator()(const Pingreq&) const { return 2; }
  std::size_t operator()(const Pingresp&) const { return 2; }
  template <class P>
  std::size_t operator()(const P& packet) const {
    return encoded_size(version, packet);
  }
};

TEST(EncodedSize, IsWhatEncodeWritesForEveryPacketOfTheTables) {
  for (const PacketVector& vector : load_valid_vectors()) {
    Decoder decoder = vector.decoder();
    std::size_t consumed = 0;
    const DecodeResult result = decoder.next(vector.bytes, consumed);
    ASSERT_TRUE(std::holds_alternative<Packet>(result)) << vector.name;
    EXPECT_EQ(std::visit(SizeOf{decoder.version()}, std::get<Packet>(result)), vector.shortest.size())
        << vector.name;
  }
}

// A packet of one version, encoded for another, is still what a decoder of that version takes.
TEST(EncodeAnyPacket, OfAnotherVersionIsStillValid) {
  for (const PacketVector& vector : load_valid_vectors()) {
    Decoder decoder = vector.decoder();
    std::size_t consumed = 0;
    const DecodeResult result = decoder.next(vector.bytes, consumed);
    const auto& packet = std::get<Packet>(result);
    const bool only_valid_there =
        std::holds_alternative<Connect>(packet) || std::holds_alternative<Subscribe>(packet) ||
        (std::holds_alternative<Publish>(packet) && std::get<Publish>(packet).topic.empty());
    if (only_valid_there) continue;
    for (const Version version : {Version::Mqtt31, Version::Mqtt311}) {
      const ByteString bytes = encoded(version, packet);
      if (bytes.empty()) continue;  // 3.x has no such packet
      Decoder other(Limits{}, vector.receiver);
      other.set_version(version);
      const DecodeResult again = other.next(bytes, consumed);
      EXPECT_TRUE(std::holds_alternative<Packet>(again)) << vector.name;
    }
  }
}

}  // namespace
}  // namespace hermod::wire::testing
