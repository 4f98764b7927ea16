#include "store/journal_end.h"

#include <gtest/gtest.h>

#include <initializer_list>
#include <string>

namespace hermod::store::testing {
namespace {

using Found = JournalEnd::Found;

Found whole(std::uint64_t group, std::uint64_t synced) {
  return {{group}, {synced}, true, false};
}
Found damaged(std::uint64_t group, std::uint64_t synced) {
  return {{group}, {synced}, false, false};
}
Found behind_gap(std::uint64_t group, std::uint64_t synced) {
  return {{group}, {synced}, true, true};
}

/// "whole", "torn from 5", or why it is damaged.
std::string end_of(std::uint64_t position, std::initializer_list<Found> records) {
  JournalEnd end({position});
  for (const Found& record : records)
    if (Status added = end.add(record); !added) return added.error().detail;
  return end.torn().v == 0 ? "whole" : "torn from " + std::to_string(end.torn().v);
}

TEST(JournalEndTest, AJournalWithoutHolesIsWhole) {
  EXPECT_EQ(end_of(1, {}), "whole");
  EXPECT_EQ(end_of(7, {}), "whole") << "the tables have everything";
  EXPECT_EQ(end_of(1, {whole(1, 0), whole(2, 1), whole(3, 2)}), "whole");
  EXPECT_EQ(end_of(3, {whole(1, 0), whole(2, 0), whole(3, 0), whole(4, 0)}), "whole");
}

TEST(JournalEndTest, WhatTheTablesHaveMayBeMissing) {
  EXPECT_EQ(end_of(7, {whole(2, 1), whole(5, 4), whole(7, 6), whole(8, 7)}), "whole");
}

TEST(JournalEndTest, ADamagedLastRecordIsTorn) {
  EXPECT_EQ(end_of(1, {whole(1, 0), whole(2, 1), damaged(3, 2)}), "torn from 3");
  EXPECT_EQ(end_of(9, {whole(1, 0), damaged(2, 1)}), "torn from 2");
}

TEST(JournalEndTest, ADamagedRecordIsTornUnlessOneBehindItSaysItWasSynced) {
  EXPECT_EQ(end_of(1, {whole(1, 0), damaged(2, 1), whole(3, 1), whole(4, 1)}), "torn from 2");
  EXPECT_EQ(end_of(1, {whole(1, 0), damaged(2, 1), whole(3, 1), whole(4, 2)}),
            "journal: group 2 is damaged, and group 4 says that it was on the disk");
  EXPECT_EQ(end_of(1, {whole(1, 0), damaged(2, 1), whole(3, 2)}),
            "journal: group 2 is damaged, and group 3 says that it was on the disk");
}

TEST(JournalEndTest, AMissingRecordIsTornUnlessOneBehindItSaysItWasSynced) {
  EXPECT_EQ(end_of(1, {whole(1, 0), whole(2, 1), behind_gap(4, 2), behind_gap(9, 2)}), "torn from 3");
  EXPECT_EQ(end_of(1, {whole(1, 0), whole(2, 1), behind_gap(4, 2), behind_gap(9, 3)}),
            "journal: group 3 is missing, and group 9 says that it was on the disk");
  EXPECT_EQ(end_of(1, {whole(1, 0), whole(2, 1), whole(4, 2)}), "torn from 3") << "in the next segment";
  EXPECT_EQ(end_of(1, {whole(1, 0), whole(2, 1), whole(4, 3)}),
            "journal: group 3 is missing, and group 4 says that it was on the disk");
}

TEST(JournalEndTest, WhatTheHeadersOfDamagedRecordsSayCountsToo) {
  EXPECT_EQ(end_of(1, {whole(1, 0), damaged(2, 1), damaged(3, 1)}), "torn from 2");
  EXPECT_EQ(end_of(1, {whole(1, 0), damaged(2, 1), damaged(3, 2)}),
            "journal: group 2 is damaged, and group 3 says that it was on the disk");
}

TEST(JournalEndTest, TheFirstGroupBehindTheTablesMayBeTheHole) {
  EXPECT_EQ(end_of(5, {whole(4, 3), behind_gap(6, 4)}), "torn from 5");
  EXPECT_EQ(end_of(5, {behind_gap(6, 4), behind_gap(8, 4)}), "torn from 5");
  EXPECT_EQ(end_of(5, {behind_gap(6, 5)}),
            "journal: group 5 is missing, and group 6 says that it was on the disk");
}

TEST(JournalEndTest, WhatTheTablesHaveWasSynced) {
  EXPECT_EQ(end_of(5, {whole(2, 1), behind_gap(4, 2), behind_gap(5, 2)}),
            "journal: group 3 is missing, and group 5 says that it was on the disk");
  EXPECT_EQ(end_of(5, {damaged(4, 1), whole(5, 1)}),
            "journal: group 4 is damaged, and group 5 says that it was on the disk");
  EXPECT_EQ(end_of(9, {whole(2, 1), behind_gap(4, 2)}), "torn from 3") << "nothing is lost with it";
}

TEST(JournalEndTest, NumbersThatDoNotRiseAreDamage) {
  EXPECT_EQ(end_of(1, {whole(1, 0), whole(2, 1), whole(2, 1)}),
            "journal: group 2: group numbers do not rise");
  EXPECT_EQ(end_of(1, {whole(1, 0), whole(2, 1), behind_gap(3, 1)}),
            "journal: group 3: what stands before it is damaged");
}

}  // namespace
}  // namespace hermod::store::testing
