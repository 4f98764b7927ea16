#include "client/message_fields.h"

#include <gtest/gtest.h>

#include "client/json_text.h"
#include "client/property_option.h"
#include "wire/property_writer.h"

namespace hermod::client {
namespace {

WallTime at_micros(std::int64_t micros) {
  return WallTime(std::chrono::microseconds(micros));
}

TEST(MessageFields, TheFractionOfASecondKeepsItsLeadingZeros) {
  EXPECT_EQ(field_text('U', {}, at_micros(0)), "0.000000000");
  EXPECT_EQ(field_text('U', {}, at_micros(1)), "0.000001000");
  EXPECT_EQ(field_text('U', {}, at_micros(999'999)), "0.999999000");
  EXPECT_EQ(field_text('U', {}, at_micros(1'000'000)), "1.000000000");
  EXPECT_EQ(time_text('N', at_micros(5'000'042)), "000042000");
}

TEST(MessageFields, HexadecimalHasTwoDigitsForEachByte) {
  std::string all;
  for (int byte = 0; byte < 256; ++byte) all += static_cast<char>(byte);
  wire::Publish message;
  message.payload = as_bytes(all);
  const std::string lower = field_text('x', message, {});
  const std::string upper = field_text('X', message, {});
  ASSERT_EQ(lower.size(), 512U);
  for (std::size_t byte = 0; byte < 256; ++byte) {
    EXPECT_EQ(std::stoul(lower.substr(2 * byte, 2), nullptr, 16), byte);
    EXPECT_EQ(std::stoul(upper.substr(2 * byte, 2), nullptr, 16), byte);
  }
  EXPECT_EQ(lower.substr(2 * 0xAB, 2), "ab");
  EXPECT_EQ(upper.substr(2 * 0xAB, 2), "AB");
}

TEST(MessageFields, AnAbsentNumberIsNothingAndZeroIsZero) {
  for (const char letter : {'A', 'E', 'F'}) EXPECT_EQ(field_text(letter, {}, {}), "") << letter;
  wire::PropertyWriter zeros;
  zeros.add(wire::PropertyId::MessageExpiryInterval, 0U).add(wire::PropertyId::PayloadFormatIndicator, 0U);
  wire::Publish message;
  message.properties = zeros.properties();
  EXPECT_EQ(field_text('E', message, {}), "0");
  EXPECT_EQ(field_text('F', message, {}), "0");
}

/// A message with every property that a PUBLISH may have, each with a value that needs care.
class FullMessage {
 public:
  FullMessage() {
    for (const wire::PropertyRule& rule : wire::kPropertyRules) {
      if ((rule.allowed & wire::places::kPublish) == 0) continue;
      if (rule.type == wire::PropertyType::Utf8StringPair)
        writer_.add_user("na\"me", "va\\lue").add_user("", "");
      else if (rule.type == wire::PropertyType::Utf8String || rule.type == wire::PropertyType::BinaryData)
        writer_.add(rule.id, std::string_view("\"\\\t\x7f\xc3\xa9"));
      else
        writer_.add(rule.id, 1U);
    }
    message.topic = "quo\"te";
    message.payload = as_bytes("\xff{");
    message.properties = writer_.properties();
  }
  wire::Publish message;

 private:
  wire::PropertyWriter writer_;
};

TEST(MessageJson, IsJsonWhateverTheMessageHolds) {
  FullMessage full;
  for (const wire::QoS qos : {wire::QoS::AtMostOnce, wire::QoS::ExactlyOnce}) {
    full.message.qos = qos;
    for (const bool pretty : {false, true}) {
      const std::string json = message_json(full.message, at_micros(1), false, pretty);
      EXPECT_TRUE(is_json(json)) << json;
    }
  }
}

TEST(MessageJson, EveryPropertyOfAPublishHasTheNameThatSetsIt) {
  for (const wire::PropertyRule& rule : wire::kPropertyRules) {
    if ((rule.allowed & wire::places::kPublish) == 0) continue;
    EXPECT_NE(option_name(rule.id), "") << static_cast<int>(rule.id);
  }
}

TEST(MessageJson, ThePacketIdIsThereFromQoS1On) {
  wire::Publish message;
  message.id = wire::PacketId{9};
  EXPECT_EQ(message_json(message, {}, false, false).find("\"mid\""), std::string::npos);
  message.qos = wire::QoS::AtLeastOnce;
  EXPECT_NE(message_json(message, {}, false, false).find("\"mid\":9"), std::string::npos);
}

}  // namespace
}  // namespace hermod::client
