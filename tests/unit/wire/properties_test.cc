#include "wire/properties.h"

#include <gtest/gtest.h>

#include <set>
#include <vector>

#include "tests/unit/wire/describe.h"
#include "tests/unit/wire/packet_bytes.h"
#include "wire/frame.h"
#include "wire/property_writer.h"

namespace hermod::wire::testing {
namespace {

// Table 2-4 written down a second time, packet by packet, so that a slip in either shows.
const std::pair<PropertyPlace, std::vector<int>> kTable[] = {
    {PropertyPlace::Will, {0x01, 0x02, 0x03, 0x08, 0x09, 0x18, 0x26}},
    {place_of(PacketType::Connect), {0x11, 0x15, 0x16, 0x17, 0x19, 0x21, 0x22, 0x26, 0x27}},
    {place_of(PacketType::Connack),
     {0x11, 0x12, 0x13, 0x15, 0x16, 0x1A, 0x1C, 0x1F, 0x21, 0x22, 0x24, 0x25, 0x26, 0x27, 0x28, 0x29, 0x2A}},
    {place_of(PacketType::Publish), {0x01, 0x02, 0x03, 0x08, 0x09, 0x0B, 0x23, 0x26}},
    {place_of(PacketType::Puback), {0x1F, 0x26}},
    {place_of(PacketType::Pubrec), {0x1F, 0x26}},
    {place_of(PacketType::Pubrel), {0x1F, 0x26}},
    {place_of(PacketType::Pubcomp), {0x1F, 0x26}},
    {place_of(PacketType::Subscribe), {0x0B, 0x26}},
    {place_of(PacketType::Suback), {0x1F, 0x26}},
    {place_of(PacketType::Unsubscribe), {0x26}},
    {place_of(PacketType::Unsuback), {0x1F, 0x26}},
    {place_of(PacketType::Pingreq), {}},
    {place_of(PacketType::Pingresp), {}},
    {place_of(PacketType::Disconnect), {0x11, 0x1C, 0x1F, 0x26}},
    {place_of(PacketType::Auth), {0x15, 0x16, 0x1F, 0x26}},
};

/// A block of one property with a value that suits its type.
std::string block_of(PropertyId id) {
  PropertyWriter writer;
  switch (rule_for(id).type) {
    case PropertyType::Utf8StringPair:
      writer.add_user("n", "v");
      break;
    case PropertyType::Utf8String:
    case PropertyType::BinaryData:
      writer.add(id, "text");
      break;
    default:
      writer.add(id, 1U);
  }
  return std::string(as_text(writer.properties().raw()));
}

Violation read_block(std::string_view block, PropertyPlace place, Properties& out,
                     const Limits& limits = {}) {
  std::uint8_t length[5] = {};
  const std::uint8_t* end = put_variable_byte_integer(length, static_cast<std::uint32_t>(block.size()));
  std::string bytes(as_text(Bytes(length, end)));
  bytes += block;
  static thread_local std::string kept;
  kept = bytes;
  ByteReader reader(as_bytes(kept));
  return read_properties(reader, place, limits, out);
}

TEST(PropertyTable, EveryPropertyIsTakenWhereTheSpecificationAllowsItAndNowhereElse) {
  int pairs = 0;
  for (const auto& [place, ids] : kTable) {
    for (const PropertyRule& rule : kPropertyRules) {
      const bool allowed = std::find(ids.begin(), ids.end(), static_cast<int>(rule.id)) != ids.end();
      Properties properties;
      const Violation violation = read_block(block_of(rule.id), place, properties);
      ASSERT_EQ(!violation, allowed) << property_name(rule.id) << " in " << static_cast<int>(place);
      ASSERT_EQ((allowed_in(place) & bit_of(rule.id)) != 0, allowed);
      if (violation) {
        EXPECT_EQ(violation->reason, ReasonCode::MalformedPacket);
      } else {
        EXPECT_TRUE(properties.has(rule.id));
      }
      ++pairs;
    }
  }
  EXPECT_EQ(pairs, 27 * 16);
}

TEST(PropertyTable, OnlyUserPropertiesAndThoseIdentifiersOfAPublishRepeat) {
  for (const auto& [place, ids] : kTable) {
    for (const int id : ids) {
      const auto property = static_cast<PropertyId>(id);
      const std::string block = block_of(property);
      Properties properties;
      const Violation violation = read_block(block + block, place, properties);
      const bool repeats =
          property == PropertyId::UserProperty ||
          (property == PropertyId::SubscriptionIdentifier && place == place_of(PacketType::Publish));
      ASSERT_EQ(!violation, repeats) << property_name(property) << " in " << static_cast<int>(place);
      if (violation) {
        EXPECT_EQ(violation->reason, ReasonCode::ProtocolError);
      }
    }
  }
}

TEST(PropertyTable, EveryOtherIdentifierIsUnknown) {
  std::set<int> known;
  for (const PropertyRule& rule : kPropertyRules) known.insert(static_cast<int>(rule.id));
  EXPECT_EQ(known.size(), 27U);
  for (int id = 0; id < 256; ++id) {
    EXPECT_EQ(rule_for(static_cast<std::uint8_t>(id)).type != PropertyType::None, known.count(id) == 1) << id;
  }
}

TEST(Properties, AreEmptyByDefault) {
  const Properties none;
  EXPECT_TRUE(none.empty());
  for (const PropertyRule& rule : kPropertyRules) EXPECT_FALSE(none.find(rule.id));
  EXPECT_FALSE(none.message_expiry_interval());
  EXPECT_FALSE(none.content_type());
  EXPECT_FALSE(none.correlation_data());
  EXPECT_TRUE(none.user_properties().empty());
  EXPECT_TRUE(none.subscription_identifiers().empty());
}

TEST(Properties, EachAccessorReadsItsOwnProperty) {
  PropertyWriter w;
  w.add_user("first", "1")
      .add(PropertyId::PayloadFormatIndicator, 1U)
      .add(PropertyId::MessageExpiryInterval, 0x01020304U)
      .add(PropertyId::ContentType, "content")
      .add(PropertyId::ResponseTopic, "response")
      .add(PropertyId::CorrelationData, "correlation")
      .add(PropertyId::SubscriptionIdentifier, 268'435'455U)
      .add(PropertyId::SessionExpiryInterval, 0xFFFFFFFFU)
      .add(PropertyId::AssignedClientIdentifier, "assigned")
      .add(PropertyId::ServerKeepAlive, 1001U)
      .add(PropertyId::AuthenticationMethod, "method")
      .add(PropertyId::AuthenticationData, "data")
      .add(PropertyId::RequestProblemInformation, 0U)
      .add(PropertyId::WillDelayInterval, 77U)
      .add(PropertyId::RequestResponseInformation, 1U)
      .add(PropertyId::ResponseInformation, "information")
      .add(PropertyId::ServerReference, "reference")
      .add(PropertyId::ReasonString, "reason")
      .add(PropertyId::ReceiveMaximum, 65535U)
      .add(PropertyId::TopicAliasMaximum, 1002U)
      .add(PropertyId::TopicAlias, 1003U)
      .add(PropertyId::MaximumQoS, 1U)
      .add(PropertyId::RetainAvailable, 0U)
      .add(PropertyId::MaximumPacketSize, 1004U)
      .add(PropertyId::WildcardSubscriptionAvailable, 1U)
      .add(PropertyId::SubscriptionIdentifierAvailable, 0U)
      .add(PropertyId::SharedSubscriptionAvailable, 1U)
      .add_user("second", "2");
  const Properties p = w.properties();
  EXPECT_EQ(p.payload_format_indicator(), 1);
  EXPECT_EQ(p.message_expiry_interval(), 0x01020304U);
  EXPECT_EQ(p.content_type(), "content");
  EXPECT_EQ(p.response_topic(), "response");
  EXPECT_EQ(as_text(p.correlation_data().value()), "correlation");
  EXPECT_EQ(p.subscription_identifier(), 268'435'455U);
  EXPECT_EQ(p.session_expiry_interval(), 0xFFFFFFFFU);
  EXPECT_EQ(p.assigned_client_identifier(), "assigned");
  EXPECT_EQ(p.server_keep_alive(), 1001);
  EXPECT_EQ(p.authentication_method(), "method");
  EXPECT_EQ(as_text(p.authentication_data().value()), "data");
  EXPECT_EQ(p.request_problem_information(), false);
  EXPECT_EQ(p.will_delay_interval(), 77U);
  EXPECT_EQ(p.request_response_information(), true);
  EXPECT_EQ(p.response_information(), "information");
  EXPECT_EQ(p.server_reference(), "reference");
  EXPECT_EQ(p.reason_string(), "reason");
  EXPECT_EQ(p.receive_maximum(), 65535);
  EXPECT_EQ(p.topic_alias_maximum(), 1002);
  EXPECT_EQ(p.topic_alias(), 1003);
  EXPECT_EQ(p.maximum_qos(), QoS::AtLeastOnce);
  EXPECT_EQ(p.retain_available(), false);
  EXPECT_EQ(p.maximum_packet_size(), 1004U);
  EXPECT_EQ(p.wildcard_subscription_available(), true);
  EXPECT_EQ(p.subscription_identifier_available(), false);
  EXPECT_EQ(p.shared_subscription_available(), true);
  const std::vector<UserProperty> users(p.user_properties().begin(), p.user_properties().end());
  EXPECT_EQ(users, (std::vector<UserProperty>{{"first", "1"}, {"second", "2"}}));
  EXPECT_EQ(Properties::over(p.raw()).present(), p.present());
}

TEST(Properties, RepeatedOnesComeInOrder) {
  PropertyWriter w;
  w.add(PropertyId::SubscriptionIdentifier, 3U)
      .add_user("a", "1")
      .add(PropertyId::SubscriptionIdentifier, 1U)
      .add_user("a", "1")
      .add_user("", "")
      .add(PropertyId::SubscriptionIdentifier, 3U);
  std::vector<std::uint32_t> identifiers;
  for (const std::uint32_t id : w.properties().subscription_identifiers()) identifiers.push_back(id);
  EXPECT_EQ(identifiers, (std::vector<std::uint32_t>{3, 1, 3}));
  std::vector<UserProperty> users;
  for (const UserProperty& user : w.properties().user_properties()) users.push_back(user);
  EXPECT_EQ(users, (std::vector<UserProperty>{{"a", "1"}, {"a", "1"}, {"", ""}}));
}

TEST(AppendForwarded, KeepsOrderAndBytesAndLeavesTheRestBehind) {
  PropertyWriter all;
  all.add_user("a", "1")
      .add(PropertyId::MessageExpiryInterval, 5U)
      .add(PropertyId::CorrelationData, "c")
      .add(PropertyId::SubscriptionIdentifier, 300U)
      .add(PropertyId::ContentType, "t")
      .add(PropertyId::TopicAlias, 2U)
      .add_user("a", "1")
      .add(PropertyId::WillDelayInterval, 9U)
      .add(PropertyId::ResponseTopic, "r")
      .add(PropertyId::PayloadFormatIndicator, 1U)
      .add_user("b", "2");
  PropertyWriter expected;
  expected.add_user("a", "1")
      .add(PropertyId::CorrelationData, "c")
      .add(PropertyId::ContentType, "t")
      .add_user("a", "1")
      .add(PropertyId::ResponseTopic, "r")
      .add(PropertyId::PayloadFormatIndicator, 1U)
      .add_user("b", "2");
  std::string out = "before";
  append_forwarded(all.properties().raw(), out);
  EXPECT_EQ(out, "before" + std::string(as_text(expected.properties().raw())));
}

TEST(AppendForwarded, NothingOfNothing) {
  std::string out;
  append_forwarded({}, out);
  EXPECT_TRUE(out.empty());
}

TEST(PropertyWriter, AppendsABlockThatIsEncodedAlready) {
  PropertyWriter first;
  first.add(PropertyId::ContentType, "t").add_user("a", "b");
  PropertyWriter second;
  second.add(PropertyId::MessageExpiryInterval, 1U).append(first.properties().raw());
  EXPECT_TRUE(second.properties().has(PropertyId::UserProperty));
  EXPECT_EQ(second.properties().content_type(), "t");
}

TEST(ReadProperties, TakesExactlyTheBlock) {
  const std::uint8_t bytes[] = {0x02, 0x01, 0x01, 'r', 'e', 's', 't'};
  ByteReader reader{Bytes(bytes)};
  Properties properties;
  EXPECT_FALSE(read_properties(reader, place_of(PacketType::Publish), Limits{}, properties));
  EXPECT_EQ(as_text(reader.rest()), "rest");
  EXPECT_EQ(properties.raw().size(), 2U);
}

// T14: twice the user properties must cost about twice the steps, whatever the cap; an answer that is
// looked for behind all of them is found in one pass.
TEST(ReadProperties, FloodOfUserPropertiesIsReadOnce) {
  std::string block;
  for (int i = 0; i < 100'000; ++i) block += block_of(PropertyId::UserProperty);
  block += block_of(PropertyId::ContentType);
  Properties properties;
  const Limits generous{.maximum_user_properties = 100'000};
  ASSERT_FALSE(read_block(block, place_of(PacketType::Publish), properties, generous));
  EXPECT_EQ(properties.content_type(), "text");
  std::size_t count = 0;
  for (const UserProperty& user : properties.user_properties()) count += user.name.size();
  EXPECT_EQ(count, 100'000U);

  const Violation violation = read_block(block, place_of(PacketType::Publish), properties);
  ASSERT_TRUE(violation);
  EXPECT_EQ(violation->reason, ReasonCode::QuotaExceeded);
}

}  // namespace
}  // namespace hermod::wire::testing
