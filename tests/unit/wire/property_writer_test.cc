#include "wire/property_writer.h"

#include <gtest/gtest.h>

#include <limits>
#include <random>
#include <string>
#include <vector>

#include "wire/frame.h"

namespace hermod::wire::testing {
namespace {

std::vector<Property> read_back(const PropertyWriter& writer) {
  std::vector<Property> all;
  ByteReader reader(writer.properties().raw());
  Property property;
  while (read_property(reader, property)) all.push_back(property);
  EXPECT_EQ(reader.remaining(), 0U) << "the block is nothing but properties";
  return all;
}

/// The largest number that a property of this type can hold.
std::uint32_t most_of(PropertyType type) {
  switch (type) {
    case PropertyType::Byte:
      return 255;
    case PropertyType::TwoByteInteger:
      return 65535;
    case PropertyType::VariableByteInteger:
      return kLargestRemainingLength;
    default:
      return std::numeric_limits<std::uint32_t>::max();
  }
}

bool is_number(PropertyType type) {
  return type == PropertyType::Byte || type == PropertyType::TwoByteInteger ||
         type == PropertyType::FourByteInteger || type == PropertyType::VariableByteInteger;
}

TEST(PropertyWriter, EveryNumberComesBackAtTheEndsOfItsType) {
  for (const PropertyRule& rule : kPropertyRules) {
    if (!is_number(rule.type)) continue;
    const std::uint32_t most = most_of(rule.type);
    for (const std::uint32_t number : {0U, 1U, 127U, 128U, most / 2, most - 1, most}) {
      if (number > most) continue;
      PropertyWriter writer;
      writer.add(rule.id, number);
      const auto all = read_back(writer);
      ASSERT_EQ(all.size(), 1U);
      EXPECT_EQ(all[0].id, rule.id);
      EXPECT_EQ(all[0].number, number) << static_cast<int>(rule.id);
    }
  }
}

TEST(PropertyWriter, AVariableByteIntegerHasTheFewestBytes) {
  const std::pair<std::uint32_t, std::size_t> sizes[] = {
      {0, 1}, {127, 1}, {128, 2}, {16'383, 2}, {16'384, 3}, {2'097'151, 3}, {2'097'152, 4}, {268'435'455, 4}};
  for (const auto& [number, size] : sizes) {
    PropertyWriter writer;
    writer.add(PropertyId::SubscriptionIdentifier, number);
    EXPECT_EQ(writer.properties().raw().size(), 1 + size) << number;
    EXPECT_EQ(writer.properties().subscription_identifier(), number);
  }
}

TEST(PropertyWriter, TextsMayHaveEveryLengthThatTheirTwoBytesCanSay) {
  for (const std::size_t size : {0U, 1U, 255U, 256U, 65'535U}) {
    const std::string text(size, 'x');
    PropertyWriter writer;
    writer.add(PropertyId::ContentType, text)
        .add(PropertyId::CorrelationData, as_bytes(text))
        .add_user(text, text);
    const Properties properties = writer.properties();
    EXPECT_EQ(properties.content_type(), text);
    EXPECT_EQ(as_text(*properties.correlation_data()), text);
    EXPECT_EQ(*properties.user_properties().begin(), (UserProperty{text, text}));
    EXPECT_EQ(properties.raw().size(), 3 + 3 + 5 + 4 * size);
  }
}

TEST(PropertyWriter, BytesOfEveryValueSurvive) {
  std::string all;
  for (int byte = 0; byte < 256; ++byte) all += static_cast<char>(byte);
  PropertyWriter writer;
  writer.add(PropertyId::CorrelationData, as_bytes(all));
  EXPECT_EQ(as_text(*writer.properties().correlation_data()), all);
}

TEST(PropertyWriter, ACopyHasBytesOfItsOwn) {
  PropertyWriter first;
  first.add(PropertyId::ContentType, "one");
  PropertyWriter second = first;
  second.add_user("a", "b");
  first = {};
  EXPECT_TRUE(first.empty());
  EXPECT_FALSE(first.properties().has(PropertyId::ContentType));
  EXPECT_EQ(second.properties().content_type(), "one");
  EXPECT_TRUE(second.properties().has(PropertyId::UserProperty));
}

/// Adds a property of a random kind, and says which.
PropertyId add_any(PropertyWriter& writer, std::mt19937& random) {
  const PropertyRule& rule = kPropertyRules[random() % std::size(kPropertyRules)];
  const std::string text(random() % 300, static_cast<char>(random()));
  if (rule.type == PropertyType::Utf8StringPair)
    writer.add_user(text, "v");
  else if (is_number(rule.type))
    writer.add(rule.id, static_cast<std::uint32_t>(random() % (std::uint64_t{most_of(rule.type)} + 1)));
  else
    writer.add(rule.id, text);
  return rule.id;
}

TEST(PropertyWriter, WhatIsThereIsWhatABlockReadAnewWouldSay) {
  std::mt19937 random(1);
  for (int round = 0; round < 200; ++round) {
    PropertyWriter writer;
    std::vector<PropertyId> added;
    for (auto count = random() % 8; count > 0; --count) added.push_back(add_any(writer, random));
    const Properties properties = writer.properties();
    EXPECT_EQ(properties.present(), Properties::over(properties.raw()).present());
    EXPECT_EQ(writer.empty(), added.empty());
    const auto all = read_back(writer);
    ASSERT_EQ(all.size(), added.size());
    for (std::size_t i = 0; i < all.size(); ++i)
      EXPECT_EQ(all[i].id, added[i]) << "in the order of the calls";
    PropertyWriter appended;
    appended.add_user("first", "1").append(properties.raw());
    EXPECT_EQ(appended.properties().present(), properties.present() | bit_of(PropertyId::UserProperty));
    EXPECT_EQ(read_back(appended).size(), all.size() + 1);
  }
}

TEST(PropertyWriter, UserPropertiesAreFoundByNameAndNumbersAreDecimal) {
  EXPECT_FALSE(has_user_property({}, "offset"));
  std::string memory(100, '?');
  UserPropertyFiller out(memory.data());
  out.add("key", "a");
  out.add("offset", std::uint64_t{18446744073709551615U});
  memory.resize(static_cast<std::size_t>(out.at() - memory.data()));
  EXPECT_TRUE(has_user_property(as_bytes(memory), "offset"));
  EXPECT_FALSE(has_user_property(as_bytes(memory), "18446744073709551615"));
  PropertyWriter same;
  same.add_user("key", "a").add_user("offset", "18446744073709551615");
  EXPECT_EQ(memory, as_text(same.properties().raw()));
}

TEST(UserPropertyFiller, WritesWhatTheWriterWrites) {
  const std::string name(300, 'n');
  PropertyWriter expected;
  std::string memory(4096, '?');
  UserPropertyFiller out(memory.data());
  std::size_t room = 0;
  for (const std::uint64_t number : {std::uint64_t{0}, std::uint64_t{9}, std::uint64_t{1'795'000'000'000'000},
                                     std::numeric_limits<std::uint64_t>::max()}) {
    expected.add_user(name, std::to_string(number));
    out.add(name, number);
    room += UserPropertyFiller::size_of(name.size(), UserPropertyFiller::kMostDigits);
  }
  expected.add_user("", "");
  out.add("", std::string_view{});
  room += UserPropertyFiller::size_of(0, 0);
  const auto size = static_cast<std::size_t>(out.at() - memory.data());
  EXPECT_EQ(as_text(expected.properties().raw()), std::string_view(memory).substr(0, size));
  EXPECT_LE(size, room);
}

}  // namespace
}  // namespace hermod::wire::testing
