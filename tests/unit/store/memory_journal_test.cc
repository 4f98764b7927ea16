#include "store/memory_journal.h"

#include <gtest/gtest.h>

#include <array>
#include <string>
#include <vector>

namespace hermod::store {
namespace {

Status append(Journal& journal, std::uint64_t number, std::string_view first, std::string_view second) {
  const std::array<Bytes, 2> pieces{as_bytes(first), as_bytes(second)};
  return journal.append({number}, pieces, Journal::Sync::Now);
}

std::vector<std::string> replayed(Journal& journal, std::uint64_t from) {
  std::vector<std::string> records;
  EXPECT_TRUE(journal.replay({from}, [&](GroupNo number, Bytes record) -> Status {
    records.push_back(std::to_string(number.v) + ":" + std::string(as_text(record)));
    return {};
  }));
  return records;
}

TEST(MemoryJournal, KeepsNothingUnlessAsked) {
  MemoryJournal journal;
  ASSERT_TRUE(append(journal, 1, "a", "b"));
  EXPECT_EQ(journal.size(), 0U);
  EXPECT_TRUE(replayed(journal, 0).empty());
}

TEST(MemoryJournal, ReplaysWholeRecordsInOrderFromAPosition) {
  MemoryJournal journal({.keep = true});
  ASSERT_TRUE(append(journal, 1, "a", "b"));
  ASSERT_TRUE(append(journal, 2, "c", ""));
  ASSERT_TRUE(append(journal, 5, "", "d"));
  EXPECT_EQ(replayed(journal, 0), (std::vector<std::string>{"1:ab", "2:c", "5:d"}));
  EXPECT_EQ(replayed(journal, 2), (std::vector<std::string>{"2:c", "5:d"}));
  EXPECT_TRUE(replayed(journal, 6).empty());
}

TEST(MemoryJournal, TrimDropsWhatIsBelow) {
  MemoryJournal journal({.keep = true});
  for (std::uint64_t number = 1; number <= 4; ++number) ASSERT_TRUE(append(journal, number, "x", "y"));
  ASSERT_TRUE(journal.trim({3}));
  EXPECT_EQ(replayed(journal, 0), (std::vector<std::string>{"3:xy", "4:xy"}));
}

TEST(MemoryJournal, RefusesANumberThatDoesNotRise) {
  MemoryJournal journal;
  ASSERT_TRUE(append(journal, 3, "a", "b"));
  const Status again = append(journal, 3, "a", "b");
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().code, Errc::Invalid);
}

TEST(MemoryJournal, AReplayThatTheVisitorEndsSaysWhy) {
  MemoryJournal journal({.keep = true});
  ASSERT_TRUE(append(journal, 1, "a", ""));
  ASSERT_TRUE(append(journal, 2, "b", ""));
  int visited = 0;
  const Status status = journal.replay({0}, [&](GroupNo, Bytes) -> Status {
    ++visited;
    return failure(Errc::Corruption, "torn");
  });
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().detail, "torn");
  EXPECT_EQ(visited, 1);
}

}  // namespace
}  // namespace hermod::store
