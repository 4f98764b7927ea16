#include "queue/sequence_map.h"

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <optional>
#include <random>
#include <string>

namespace hermod::queue {
namespace {

TEST(SequenceMap, FindsWhatIsThere) {
  SequenceMap<std::string> names;
  EXPECT_TRUE(names.empty());
  EXPECT_EQ(names.find(Seq{1}), nullptr);
  names.insert(Seq{7}, "seven");
  names.insert(Seq{8}, "eight");
  EXPECT_EQ(*names.find(Seq{7}), "seven");
  EXPECT_EQ(*names.find(Seq{8}), "eight");
  EXPECT_FALSE(names.contains(Seq{6}));
  EXPECT_FALSE(names.contains(Seq{15}));
  EXPECT_EQ(names.size(), 2U);
  names.erase(Seq{7});
  EXPECT_FALSE(names.contains(Seq{7}));
  names.insert(Seq{7}, "again");
  EXPECT_EQ(*names.find(Seq{7}), "again");
}

TEST(SequenceMap, AValueStaysWhereItIs) {
  SequenceMap<int> numbers;
  const int* const first = &numbers.insert(Seq{1}, 1);
  for (std::uint64_t i = 2; i < 1000; ++i) numbers.insert(Seq{i}, static_cast<int>(i));
  for (std::uint64_t i = 2; i < 1000; ++i) numbers.erase(Seq{i});
  EXPECT_EQ(numbers.find(Seq{1}), first);
}

TEST(SequenceMap, WhatIsErasedIsLetGo) {
  SequenceMap<std::shared_ptr<int>> values;
  const auto value = std::make_shared<int>(1);
  values.insert(Seq{1}, value);
  values.insert(Seq{2}, value);
  values.erase(Seq{1});
  EXPECT_EQ(value.use_count(), 2);
}

TEST(SequenceMap, IsAsAnyMapWithGapsAndAtTheEnds) {
  std::mt19937_64 random(1);
  for (const std::uint64_t spread : {20ULL, 200ULL, 100'000ULL}) {
    SequenceMap<std::uint64_t> map;
    std::map<Seq, std::uint64_t> plain;
    for (int step = 0; step < 5000; ++step) {
      const Seq seq{~0ULL - random() % spread * (1 + random() % 3)};
      if (plain.contains(seq)) {
        ASSERT_EQ(*map.find(seq), plain.at(seq));
        map.erase(seq);
        plain.erase(seq);
      } else {
        ASSERT_EQ(map.find(seq), nullptr);
        map.insert(seq, seq.v / 3);
        plain.emplace(seq, seq.v / 3);
      }
      ASSERT_EQ(map.size(), plain.size());
      const Seq from{~0ULL - random() % (spread * 3)};
      const auto next = plain.lower_bound(from);
      ASSERT_EQ(map.first_from(from), next == plain.end() ? std::nullopt : std::optional(next->first));
      ASSERT_EQ(map.first(), plain.empty() ? std::nullopt : std::optional(plain.begin()->first));
      ASSERT_EQ(map.last(), plain.empty() ? std::nullopt : std::optional(plain.rbegin()->first));
    }
  }
}

TEST(SequenceMap, APageThatIsUsedAgainHasNothingOfBefore) {
  SequenceMap<std::string> names;
  names.insert(Seq{1}, "stays");
  for (std::uint64_t page = 1; page < 300; ++page) {
    for (std::uint64_t seq = 8 * page; seq < 8 * page + 8; ++seq) {
      ASSERT_EQ(names.find(Seq{seq}), nullptr);
      names.insert(Seq{seq}, std::to_string(seq));
    }
    for (std::uint64_t seq = 8 * page; seq < 8 * page + 8; ++seq) {
      ASSERT_EQ(*names.find(Seq{seq}), std::to_string(seq));
      names.erase(Seq{seq});
      ASSERT_EQ(names.find(Seq{seq}), nullptr);
    }
  }
  EXPECT_EQ(*names.find(Seq{1}), "stays");
}

}  // namespace
}  // namespace hermod::queue
