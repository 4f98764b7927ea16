#include <gtest/gtest.h>

#include <string>

#include "store/generation.h"

namespace hermod::store {
namespace {

/// A shared entry as a Place in the journal names it: the message, the value's length, the value.
std::string shared_in_journal(std::uint64_t message, std::string_view value) {
  std::string out;
  ByteWriter(out).u64(message);
  for (std::size_t length = value.size();; length >>= 7) {
    out += static_cast<char>((length & 0x7F) | (length >= 0x80 ? 0x80 : 0));
    if (length < 0x80) break;
  }
  return out + std::string(value);
}

TEST(EntryParts, OfATableGiveBackMessageAndValue) {
  std::string shared{static_cast<char>(kSharedEntry)};
  ByteWriter(shared).u64(7);
  const std::string with_value = shared + "value";
  const auto parts = parts_in_table(as_bytes(with_value));
  ASSERT_TRUE(parts);
  EXPECT_EQ(parts->message, MessageId{7});
  EXPECT_EQ(as_text(parts->value), "value");
  const auto empty = parts_in_table(as_bytes(shared));
  ASSERT_TRUE(empty);
  EXPECT_TRUE(empty->value.empty());
  const std::string plain = std::string(1, static_cast<char>(kInlineEntry)) + "value";
  const auto inlined = parts_in_table(as_bytes(plain));
  ASSERT_TRUE(inlined);
  EXPECT_EQ(inlined->message, MessageId{});
  EXPECT_EQ(as_text(inlined->value), "value");
}

TEST(EntryParts, OfATableAreDamagedWhenTheKindIsUnknownOrTheMessageIsCutOffOrNone) {
  std::string shared{static_cast<char>(kSharedEntry)};
  ByteWriter(shared).u64(1ULL << 56);
  for (std::size_t size = 0; size < shared.size(); ++size) {
    const auto parts = parts_in_table(as_bytes(shared).first(size));
    ASSERT_FALSE(parts) << size;
    EXPECT_EQ(parts.error().code, Errc::Corruption);
  }
  EXPECT_FALSE(parts_in_table(as_bytes(std::string("\x01") + std::string(8, '\0') + "v"))) << "message zero";
  for (int kind = 2; kind < 256; ++kind)
    EXPECT_FALSE(parts_in_table(as_bytes(std::string(1, static_cast<char>(kind)) + "12345678v"))) << kind;
}

TEST(EntryParts, OfTheJournalSkipALengthOfAnySize) {
  for (const std::size_t size : {0U, 1U, 127U, 128U, 16'383U, 16'384U}) {
    const std::string value(size, 'v');
    const std::string bytes = shared_in_journal(9, value);
    const auto parts = parts_in_journal(Change::Shared, as_bytes(bytes));
    ASSERT_TRUE(parts) << size;
    EXPECT_EQ(parts->message, MessageId{9});
    EXPECT_EQ(as_text(parts->value), value) << size;
  }
  const auto inlined = parts_in_journal(Change::Put, as_bytes("anything"));
  ASSERT_TRUE(inlined);
  EXPECT_EQ(as_text(inlined->value), "anything");
}

TEST(EntryParts, OfTheJournalAreDamagedWithoutAMessage) {
  const std::string bytes = shared_in_journal(9, "");
  for (std::size_t size = 0; size < 8; ++size)
    EXPECT_FALSE(parts_in_journal(Change::Shared, as_bytes(bytes).first(size))) << size;
  EXPECT_FALSE(parts_in_journal(Change::Shared, as_bytes(shared_in_journal(0, "v"))));
}

}  // namespace
}  // namespace hermod::store
