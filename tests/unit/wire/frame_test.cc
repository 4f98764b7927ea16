#include "wire/frame.h"

#include <gtest/gtest.h>

#include <vector>

#include "wire/limits.h"

namespace hermod::wire {
namespace {

const std::pair<std::uint32_t, std::vector<std::uint8_t>> kBoundaries[] = {
    {0, {0x00}},
    {127, {0x7F}},
    {128, {0x80, 0x01}},
    {16'383, {0xFF, 0x7F}},
    {16'384, {0x80, 0x80, 0x01}},
    {2'097'151, {0xFF, 0xFF, 0x7F}},
    {2'097'152, {0x80, 0x80, 0x80, 0x01}},
    {kLargestRemainingLength, {0xFF, 0xFF, 0xFF, 0x7F}},
};

TEST(Frame, RemainingLengthsOfTheSpecificationsTableAreRead) {
  for (const auto& [value, bytes] : kBoundaries) {
    std::vector<std::uint8_t> packet{0x3D};
    packet.insert(packet.end(), bytes.begin(), bytes.end());
    FixedHeader header;
    ASSERT_EQ(read_fixed_header(packet, header), FrameState::Complete) << value;
    EXPECT_EQ(header.type, 3);
    EXPECT_EQ(header.flags, 0x0D);
    EXPECT_EQ(header.remaining_length, value);
    EXPECT_EQ(header.size, 1 + bytes.size());
    EXPECT_EQ(header.packet_size(), 1 + bytes.size() + value);
    EXPECT_TRUE(header.shortest);
  }
}

TEST(Frame, VariableByteIntegersOfTheSpecificationsTableAreWritten) {
  for (const auto& [value, bytes] : kBoundaries) {
    std::uint8_t out[5] = {};
    const std::uint8_t* end = put_variable_byte_integer(out, value);
    EXPECT_EQ(std::vector<std::uint8_t>(out, const_cast<std::uint8_t*>(end)), bytes) << value;
    EXPECT_EQ(variable_byte_integer_size(value), bytes.size()) << value;
  }
}

TEST(Frame, VariableByteIntegersReadBackWhatWasWritten) {
  for (std::uint32_t value = 0; value <= kLargestRemainingLength; value += value / 97 + 1) {
    std::uint8_t bytes[5] = {};
    const std::uint8_t* end = put_variable_byte_integer(bytes, value);
    ByteReader reader(Bytes(bytes, end));
    std::uint32_t read = 0;
    ASSERT_TRUE(read_variable_byte_integer(reader, read)) << value;
    ASSERT_EQ(read, value);
    ASSERT_EQ(reader.remaining(), 0U);
  }
}

TEST(Frame, LongerThanNeededIsNoticed) {
  const std::vector<std::uint8_t> packet{0x30, 0x81, 0x00};
  FixedHeader header;
  ASSERT_EQ(read_fixed_header(packet, header), FrameState::Complete);
  EXPECT_EQ(header.remaining_length, 1U);
  EXPECT_FALSE(header.shortest);
  ByteReader reader(Bytes(packet).subspan(1));
  std::uint32_t value = 0;
  EXPECT_FALSE(read_variable_byte_integer(reader, value));
}

TEST(Frame, FifthByteIsMalformedAndUnfinishedNeedsMore) {
  const std::vector<std::uint8_t> packet{0x30, 0x80, 0x80, 0x80, 0x80};
  FixedHeader header;
  for (std::size_t size = 0; size < packet.size(); ++size) {
    EXPECT_EQ(read_fixed_header(Bytes(packet).first(size), header), FrameState::NeedMore) << size;
  }
  EXPECT_EQ(read_fixed_header(packet, header), FrameState::Malformed);
}

}  // namespace
}  // namespace hermod::wire
