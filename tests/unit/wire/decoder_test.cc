#include "wire/decoder.h"

#include <gtest/gtest.h>

#include "tests/unit/wire/describe.h"
#include "tests/unit/wire/packet_bytes.h"
#include "tests/unit/wire/packet_vectors.h"
#include "wire/encoder.h"
#include "wire/property_writer.h"

namespace hermod::wire::testing {
namespace {

ByteString encoded(Version version, const Packet& packet) {
  WriteQueue queue;
  encode(queue, version, packet);
  return content_of(queue);
}

ByteString joined(const std::vector<ByteString>& packets) {
  ByteString all;
  for (const ByteString& packet : packets) all.insert(all.end(), packet.begin(), packet.end());
  return all;
}

ProtocolError error_of(Decoder& decoder, Bytes bytes) {
  std::size_t consumed = 0;
  const DecodeResult result = decoder.next(bytes, consumed);
  EXPECT_TRUE(std::holds_alternative<ProtocolError>(result));
  return std::holds_alternative<ProtocolError>(result) ? std::get<ProtocolError>(result) : ProtocolError{};
}

TEST(Decoder, LearnsTheVersionFromConnect) {
  for (const Version version : {Version::Mqtt31, Version::Mqtt311, Version::Mqtt5}) {
    Decoder decoder{Limits{}};
    std::size_t consumed = 0;
    const auto result =
        decoder.next(encoded(version, Connect{.version = version, .client_id = "c"}), consumed);
    ASSERT_TRUE(std::holds_alternative<Packet>(result));
    EXPECT_EQ(decoder.version(), version);
  }
}

TEST(Decoder, AnswersUnknownVersionsAs311) {
  Decoder decoder{Limits{}};
  error_of(decoder, bytes_of("10 0d 00 04 'MQTT' ff 02 00 3c 00 01 'c'"));
  EXPECT_EQ(decoder.version(), Version::Mqtt311);
}

TEST(Decoder, KnowsTheVersionOfAMalformedConnect) {
  Decoder decoder{Limits{}};
  const ProtocolError error = error_of(decoder, bytes_of("10 08 00 04 'MQTT' 05 03"));
  EXPECT_EQ(error.answer, Answer::Connack);
  EXPECT_EQ(decoder.version(), Version::Mqtt5);
}

TEST(Decoder, TakesPacketsOffTheFrontOneByOne) {
  SubscribeFilterWriter filters;
  filters.add({.filter = "a/#", .qos = QoS::AtLeastOnce}, Version::Mqtt5);
  const std::vector<ByteString> packets = {
      encoded(Version::Mqtt5, Connect{.client_id = "c"}),
      encoded(Version::Mqtt5, Subscribe{.id = {1}, .filters = filters.filters()}),
      encoded(Version::Mqtt5, Publish{.topic = "a/b", .payload = as_bytes("x")}),
      encoded(Version::Mqtt5, Pingreq{}),
      encoded(Version::Mqtt5, Disconnect{}),
  };
  const ByteString stream = joined(packets);
  Decoder decoder{Limits{}};
  Bytes rest(stream);
  std::vector<PacketType> types;
  while (!rest.empty()) {
    std::size_t consumed = 0;
    const auto result = decoder.next(rest, consumed);
    ASSERT_TRUE(std::holds_alternative<Packet>(result));
    EXPECT_EQ(consumed, packets[types.size()].size());
    types.push_back(type_of(std::get<Packet>(result)));
    rest = rest.subspan(consumed);
  }
  EXPECT_EQ(types, (std::vector{PacketType::Connect, PacketType::Subscribe, PacketType::Publish,
                                PacketType::Pingreq, PacketType::Disconnect}));
}

TEST(Decoder, ShowsViewsOfTheBuffer) {
  const ByteString bytes = bytes_of("30 06 00 01 'a' 'xyz'");
  Decoder decoder{Limits{}};
  decoder.set_version(Version::Mqtt311);
  std::size_t consumed = 0;
  const auto result = decoder.next(bytes, consumed);
  const auto& publish = std::get<Publish>(std::get<Packet>(result));
  EXPECT_EQ(publish.topic.data(), as_text(bytes).data() + 4);
  EXPECT_EQ(publish.payload.data(), bytes.data() + 5);
}

TEST(Decoder, NeedsTwoBytesOfNothing) {
  Decoder decoder{Limits{}};
  std::size_t consumed = 7;
  const auto result = decoder.next({}, consumed);
  ASSERT_TRUE(std::holds_alternative<NeedMore>(result));
  EXPECT_EQ(std::get<NeedMore>(result).at_least, 2U);
  EXPECT_EQ(consumed, 0U);
}

TEST(Decoder, ConnectLimitHoldsUntilConnectWasUnderstood) {
  const Limits limits{.maximum_packet_size = 4096, .maximum_connect_size = 64};
  Decoder decoder{limits};
  const std::string username(100, 'u');
  const ByteString large = encoded(Version::Mqtt5, Connect{.client_id = "c", .username = username});
  const ProtocolError error = error_of(decoder, Bytes(large).first(2));
  EXPECT_EQ(error.reason, ReasonCode::PacketTooLarge);
  EXPECT_EQ(error.answer, Answer::None);

  Decoder second{limits};
  std::size_t consumed = 0;
  second.next(encoded(Version::Mqtt5, Connect{.client_id = "c"}), consumed);
  const std::string payload(100, 'x');
  const ByteString publish = encoded(Version::Mqtt5, Publish{.topic = "a", .payload = as_bytes(payload)});
  EXPECT_TRUE(std::holds_alternative<Packet>(second.next(publish, consumed)));
}

TEST(Decoder, PacketOfExactlyTheMaximumSizePasses) {
  for (const std::uint32_t slack : {0U, 1U}) {
    const std::string payload(100, 'x');
    const ByteString publish = encoded(Version::Mqtt311, Publish{.topic = "a", .payload = as_bytes(payload)});
    Decoder decoder{Limits{.maximum_packet_size = static_cast<std::uint32_t>(publish.size()) - slack}};
    decoder.set_version(Version::Mqtt311);
    std::size_t consumed = 0;
    EXPECT_EQ(std::holds_alternative<Packet>(decoder.next(publish, consumed)), slack == 0);
  }
}

TEST(Decoder, UserPropertiesAreCapped) {
  for (const int count : {3, 4}) {
    PropertyWriter properties;
    for (int i = 0; i < count; ++i) properties.add_user("n", "v");
    Decoder decoder{Limits{.maximum_user_properties = 3}};
    decoder.set_version(Version::Mqtt5);
    std::size_t consumed = 0;
    const auto result = decoder.next(
        encoded(Version::Mqtt5, Publish{.topic = "a", .payload = {}, .properties = properties.properties()}),
        consumed);
    ASSERT_EQ(std::holds_alternative<Packet>(result), count == 3);
    if (count == 4) {
      EXPECT_EQ(std::get<ProtocolError>(result).reason, ReasonCode::QuotaExceeded);
    }
  }
}

TEST(Decoder, FiltersAreCapped) {
  for (const int count : {3, 4}) {
    SubscribeFilterWriter subscribe;
    UnsubscribeFilterWriter unsubscribe;
    for (int i = 0; i < count; ++i) {
      subscribe.add({.filter = "a"}, Version::Mqtt5);
      unsubscribe.add("a");
    }
    const Packet packets[] = {Subscribe{.id = {1}, .filters = subscribe.filters()},
                              Unsubscribe{.id = {1}, .filters = unsubscribe.filters()}};
    for (const Packet& packet : packets) {
      Decoder decoder{Limits{.maximum_filters = 3}};
      decoder.set_version(Version::Mqtt5);
      std::size_t consumed = 0;
      const auto result = decoder.next(encoded(Version::Mqtt5, packet), consumed);
      ASSERT_EQ(std::holds_alternative<Packet>(result), count == 3);
      if (count == 4) {
        EXPECT_EQ(std::get<ProtocolError>(result).reason, ReasonCode::QuotaExceeded);
      }
    }
  }
}

/// One of each kind is enough here: the packets with every property and option.
std::vector<PacketVector> load_full_vectors() {
  auto vectors = load_valid_vectors();
  std::erase_if(vectors, [](const PacketVector& vector) {
    for (const char* part : {"every_property", "three_filters", "with_credentials", "with_properties"}) {
      if (vector.name.find(part) != std::string::npos) return false;
    }
    return true;
  });
  return vectors;
}

// Every valid packet whose body ends early: the remaining length says so, nothing is read behind it.
class ShortenedBody : public ::testing::TestWithParam<PacketVector> {};

TEST_P(ShortenedBody, IsDecidedWithoutAskingForMore) {
  const PacketVector& vector = GetParam();
  FixedHeader header;
  ASSERT_EQ(read_fixed_header(vector.bytes, header), FrameState::Complete);
  const Bytes body = Bytes(vector.bytes).subspan(header.size);
  const std::size_t step = std::max<std::size_t>(1, body.size() / 500);
  for (std::size_t size = 0; size < body.size(); size += step) {
    ByteString shortened{vector.bytes[0], 0, 0, 0, 0};
    shortened.resize(static_cast<std::size_t>(
        put_variable_byte_integer(shortened.data() + 1, static_cast<std::uint32_t>(size)) -
        shortened.data()));
    shortened.insert(shortened.end(), body.begin(), body.begin() + static_cast<std::ptrdiff_t>(size));
    const ExactBytes exact(shortened);
    Decoder decoder = vector.decoder();
    std::size_t consumed = 0;
    const auto result = decoder.next(exact.view(), consumed);
    EXPECT_FALSE(std::holds_alternative<NeedMore>(result)) << size;
    EXPECT_EQ(consumed, std::holds_alternative<Packet>(result) ? shortened.size() : 0) << size;
  }
}

INSTANTIATE_TEST_SUITE_P(Packet, ShortenedBody, ::testing::ValuesIn(load_full_vectors()), name_of_case);

}  // namespace
}  // namespace hermod::wire::testing
