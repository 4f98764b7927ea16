#include "topic/sliced_set.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace hermod::topic {
namespace {

/// Every name has the same hash: only the name itself can tell them apart.
constexpr std::uint64_t kOnlyHash = 0x5A5A5A5A5A5A5A5A;

struct Name {
  std::string_view text;
  std::uint64_t hash = kOnlyHash;
};

struct Named {
  std::string text;
  int number = 0;
  std::uint64_t hash = kOnlyHash;
  bool is(const Name& name) const { return text == name.text; }
};

std::string numbered(int number) {
  return "name-" + std::to_string(number);
}

class SlicedSetOfOneHash : public ::testing::Test {
 protected:
  static constexpr int kCount = 500;
  void SetUp() override {
    for (int i = 0; i < kCount; ++i) set_.insert(std::make_unique<Named>(Named{numbered(i), i}));
  }

  SlicedSet<Named, Name> set_;
};

TEST_F(SlicedSetOfOneHash, T39_EachNameFindsItsOwnObjectAndNoOther) {
  EXPECT_EQ(set_.size(), kCount);
  for (int i = 0; i < kCount; ++i) {
    const std::string name = numbered(i);
    const Named* found = set_.find({name});
    ASSERT_NE(found, nullptr);
    EXPECT_EQ(found->number, i);
  }
  EXPECT_EQ(set_.find({"name-"}), nullptr);
  EXPECT_EQ(set_.find({"name-500"}), nullptr);
  EXPECT_EQ(set_.find({""}), nullptr);
}

TEST_F(SlicedSetOfOneHash, T39_EraseTakesOutTheOneObject) {
  for (int i = 0; i < kCount; i += 2) {
    const std::string name = numbered(i);
    set_.erase(*set_.find({name}));
  }
  EXPECT_EQ(set_.size(), kCount / 2);
  for (int i = 0; i < kCount; ++i) {
    const std::string name = numbered(i);
    const Named* found = set_.find({name});
    ASSERT_EQ(found != nullptr, i % 2 == 1) << name;
    if (found != nullptr) {
      EXPECT_EQ(found->number, i);
    }
  }
}

}  // namespace
}  // namespace hermod::topic
