#include <gtest/gtest.h>
#include <unistd.h>

#include <array>

#include "client/descriptor.h"
#include "client/message_source.h"

namespace hermod::client {
namespace {

class LineReaderTest : public testing::Test {
 protected:
  LineReaderTest() {
    std::array<int, 2> ends{};
    EXPECT_EQ(pipe(ends.data()), 0);
    from_ = Descriptor(ends[0]);
    to_ = Descriptor(ends[1]);
  }
  void feed(std::string_view text) {
    EXPECT_EQ(::write(to_.number(), text.data(), text.size()), static_cast<ssize_t>(text.size()));
  }
  /// All lines that are there now.
  static std::vector<std::string> lines_of(LineReader& reader) {
    std::vector<std::string> lines;
    std::string line;
    while (reader.next(line)) lines.push_back(line);
    return lines;
  }

  Descriptor from_;
  Descriptor to_;
};

using Lines = std::vector<std::string>;

TEST_F(LineReaderTest, ALineIsGivenWhenItsEndIsThere) {
  LineReader reader(from_.number());
  feed("one\ntw");
  ASSERT_TRUE(reader.read_more());
  EXPECT_EQ(lines_of(reader), Lines{"one"});
  feed("o\n\nthree");
  ASSERT_TRUE(reader.read_more());
  EXPECT_EQ(lines_of(reader), (Lines{"two", ""}));
  EXPECT_FALSE(reader.at_end());
}

TEST_F(LineReaderTest, TheLastLineNeedsNoEnd) {
  LineReader reader(from_.number());
  feed("last");
  ASSERT_TRUE(reader.read_more());
  EXPECT_TRUE(lines_of(reader).empty());
  { const Descriptor closed = std::move(to_); }
  ASSERT_TRUE(reader.read_more());
  EXPECT_TRUE(reader.at_end());
  EXPECT_EQ(lines_of(reader), Lines{"last"});
}

TEST_F(LineReaderTest, AnEndBehindALineEndIsNoFurtherLine) {
  LineReader reader(from_.number());
  feed("a\n");
  ASSERT_TRUE(reader.read_more());
  { const Descriptor closed = std::move(to_); }
  ASSERT_TRUE(reader.read_more());
  EXPECT_EQ(lines_of(reader), Lines{"a"});
  EXPECT_TRUE(reader.at_end());
}

}  // namespace
}  // namespace hermod::client
