#include "client/message_format.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <ctime>

#include "wire/property_writer.h"

namespace hermod::client {
namespace {

class MessageFormatTest : public testing::Test {
 protected:
  MessageFormatTest() {
    setenv("TZ", "UTC", 1);
    tzset();
    message_.topic = "a/b";
    message_.payload = as_bytes(payload_);
    message_.qos = wire::QoS::AtLeastOnce;
    message_.id = wire::PacketId{7};
  }

  std::string shown(const std::string& format, bool pretty = false) const {
    const auto parsed = MessageFormat::parse(format, pretty);
    if (!parsed) return "error: " + parsed.error().text;
    std::string out;
    if (!parsed->append(message_, time_, out)) return "not JSON";
    return out;
  }
  void add_properties() {
    writer_.add(wire::PropertyId::SubscriptionIdentifier, 7U)
        .add(wire::PropertyId::ContentType, std::string_view("text/x"))
        .add_user("k", "v")
        .add(wire::PropertyId::CorrelationData, std::string_view("abc"))
        .add(wire::PropertyId::ResponseTopic, std::string_view("re/x"))
        .add_user("k2", "v2")
        .add(wire::PropertyId::PayloadFormatIndicator, 1U)
        .add(wire::PropertyId::MessageExpiryInterval, 100U);
    message_.properties = writer_.properties();
  }

  std::string payload_ = "hi \"\xc3\xa9\"";
  wire::PropertyWriter writer_;
  wire::Publish message_;
  // 2016-08-10T09:47:38.123456 UTC
  WallTime time_{std::chrono::microseconds(1'470'822'458'123'456)};
};

TEST_F(MessageFormatTest, EveryLetterShowsItsPart) {
  message_.retain = true;
  EXPECT_EQ(shown("%t|%p|%q|%r|%l|%m|%x|%X"), "a/b|hi \"\xc3\xa9\"|1|1|7|7|68692022c3a922|68692022C3A922");
  EXPECT_EQ(shown("%A%C%D%E%F%P%R%S"), "") << "no property is there";
  add_properties();
  EXPECT_EQ(shown("%C|%D|%E|%F|%P|%R|%S"), "text/x|abc|100|1|k:v k2:v2|re/x|7");
}

TEST_F(MessageFormatTest, TimeIsTheTimeOfArrival) {
  EXPECT_EQ(shown("%I"), "2016-08-10T09:47:38+0000");
  EXPECT_EQ(shown("%U"), "1470822458.123456000");
  EXPECT_EQ(shown("@Y-@m-@d @H:@M:@S.@N"), "2016-08-10 09:47:38.123456000");
}

TEST_F(MessageFormatTest, EscapesAndDoubledSignsStandForThemselves) {
  EXPECT_EQ(shown("%%@@\\\\"), "%@\\");
  EXPECT_EQ(shown("\\n\\r\\t\\v\\a\\e"), "\n\r\t\v\a\033");
  EXPECT_EQ(shown("a\\0b"), std::string("a\0b", 3));
}

TEST_F(MessageFormatTest, WidthAndFlagsPadAsPrintfDoes) {
  EXPECT_EQ(shown("%6t|%-6t|%06t"), "   a/b|a/b   |   a/b") << "a topic is never padded with zeros";
  EXPECT_EQ(shown("%05l|%-05l|%3m"), "00007|7    |  7");
  EXPECT_EQ(shown("%.1t|%4.2t|%-4.2t|"), "a|  a/|a/  |");
}

TEST_F(MessageFormatTest, AMaximumWidthCutsNoCharacterInHalf) {
  const std::string topic = "\xc3\xa9\xc3\xa9";
  message_.topic = topic;
  EXPECT_EQ(shown("%.3t"), "\xc3\xa9");
}

TEST_F(MessageFormatTest, WhatMeansNothingIsRefused) {
  for (const char* wrong : {"%", "%z", "%5", "%-", "@", "\\", "\\q", "%.3"})
    EXPECT_EQ(shown(wrong).substr(0, 9), "error: -F") << wrong;
}

TEST_F(MessageFormatTest, JsonHasEveryPropertyAndAnEscapedPayload) {
  add_properties();
  EXPECT_EQ(
      shown("%j"),
      R"({"tst":"2016-08-10T09:47:38.123456+0000","topic":"a/b","qos":1,"retain":0,"payloadlen":7,"mid":7,)"
      R"("properties":{"subscription-identifier":7,"content-type":"text/x",)"
      R"("user-properties":{"k":"v","k2":"v2"},"correlation-data":"abc","response-topic":"re/x",)"
      R"("payload-format-indicator":1,"message-expiry-interval":100},)"
      "\"payload\":\"hi \\\"\xc3\xa9\\\"\"}");
}

TEST_F(MessageFormatTest, AnEmptyPayloadIsNull) {
  message_.payload = {};
  message_.qos = wire::QoS::AtMostOnce;
  const std::string json =
      R"({"tst":"2016-08-10T09:47:38.123456+0000","topic":"a/b","qos":0,"retain":0,"payloadlen":0,"payload":null})";
  EXPECT_EQ(shown("%j"), json);
  EXPECT_EQ(shown("%J"), json);
}

TEST_F(MessageFormatTest, AJsonPayloadStandsInTheObjectAsItIs) {
  payload_ = R"({"a": [1]})";
  message_.payload = as_bytes(payload_);
  const std::string json = shown("%J");
  EXPECT_EQ(json.substr(json.find("\"payload\"")), R"("payload":{"a": [1]}})");
  payload_ = "{oops}";
  message_.payload = as_bytes(payload_);
  EXPECT_EQ(shown("%t %J"), "not JSON");
}

TEST_F(MessageFormatTest, PrettyJsonHasALineForEachMember) {
  message_.qos = wire::QoS::AtMostOnce;
  writer_.add_user("k", "v");
  message_.properties = writer_.properties();
  EXPECT_EQ(shown("%j", true),
            "{\n\t\"tst\":\t\"2016-08-10T09:47:38.123456+0000\",\n\t\"topic\":\t\"a/b\",\n\t\"qos\":\t0,\n"
            "\t\"retain\":\t0,\n\t\"payloadlen\":\t7,\n\t\"properties\":\t{\n\t\t\"user-properties\":\t{\n"
            "\t\t\t\"k\":\t\"v\"\n\t\t}\n\t},\n\t\"payload\":\t\"hi \\\"\xc3\xa9\\\"\"\n}");
}

}  // namespace
}  // namespace hermod::client
