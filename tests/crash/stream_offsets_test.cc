#include "tests/crash/stream_offsets.h"

#include <gtest/gtest.h>

namespace hermod::crash {
namespace {

class StreamOffsetsTest : public ::testing::Test {
 protected:
  bool read(const std::string& reader, std::uint64_t offset, std::uint64_t number) {
    return offsets_.arrived(reader, offset, "x", number);
  }
  std::size_t broken() { return ledger_.violations({}, "").size(); }

  Ledger ledger_;
  StreamOffsets offsets_{ledger_};
};

TEST_F(StreamOffsetsTest, AreGaplessFromTheFirstOn) {
  EXPECT_TRUE(read("a", 1, 10));
  EXPECT_TRUE(read("a", 2, 11));
  EXPECT_EQ(broken(), 0U);
  read("a", 4, 13);
  EXPECT_EQ(broken(), 1U);
  read("b", 2, 11);
  EXPECT_EQ(broken(), 2U) << "it has not got the first one";
}

TEST_F(StreamOffsetsTest, AreTheSameForAllAndForEver) {
  read("a", 1, 10);
  read("b", 1, 11);
  EXPECT_EQ(broken(), 1U);
  offsets_.connected("a");
  read("a", 1, 11);
  EXPECT_EQ(broken(), 2U);
}

TEST_F(StreamOffsetsTest, ComeAgainOverANewConnectionOnly) {
  read("a", 1, 10);
  read("a", 2, 11);
  offsets_.connected("a");
  EXPECT_FALSE(read("a", 1, 10));
  EXPECT_FALSE(read("a", 2, 11));
  EXPECT_TRUE(read("a", 3, 12));
  EXPECT_EQ(offsets_.again_count(), 2U);
  EXPECT_EQ(broken(), 0U);
  EXPECT_FALSE(read("a", 3, 12));
  EXPECT_EQ(broken(), 1U);
}

}  // namespace
}  // namespace hermod::crash
