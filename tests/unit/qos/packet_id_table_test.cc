#include "qos/packet_id_table.h"

#include <gtest/gtest.h>

#include <array>
#include <map>
#include <random>

namespace hermod::qos {
namespace {

using Phase = InboundExchange::Phase;

constexpr std::array<std::uint16_t, 4> kIds{1, 5, 9, 13};

TEST(PacketIdTable, OwnsNoMemoryForFourOrFewer) {
  PacketIdTable table;
  for (const std::uint16_t id : kIds) table.insert({{id}, Phase::Received, false});
  EXPECT_EQ(table.owned_bytes(), 0U);
  for (const std::uint16_t id : kIds) EXPECT_NE(table.find({id}), nullptr) << id;
  EXPECT_EQ(table.find({17}), nullptr) << "a full table ends the search";
  table.insert({{17}, Phase::Received, false});
  EXPECT_GT(table.owned_bytes(), 0U);
}

TEST(PacketIdTable, GivesItsMemoryBackWhenEmpty) {
  PacketIdTable table;
  for (std::uint16_t id = 1; id <= 1000; ++id) table.insert({{id}, Phase::Received, false});
  EXPECT_GT(table.owned_bytes(), 0U);
  for (std::uint16_t id = 1; id <= 1000; ++id) table.erase(table.find({id}));
  EXPECT_EQ(table.owned_bytes(), 0U);
  EXPECT_EQ(table.size(), 0U);
}

TEST(PacketIdTable, BehavesAsAMapUnderRandomUse) {
  for (const std::uint32_t ids : {6U, 40U, 1000U, 10000U}) {
    PacketIdTable table;
    std::map<std::uint16_t, bool> oracle;
    std::mt19937 random(ids);
    for (int step = 0; step < 100'000; ++step) {
      // Every 64th id only: they share their places in small tables.
      const auto id = static_cast<std::uint16_t>(1 + 64 * (random() % ids) % 65535);
      if (InboundExchange* known = table.find({id})) {
        ASSERT_EQ(known->holds_quota, oracle.at(id));
        table.erase(known);
        oracle.erase(id);
      } else {
        ASSERT_FALSE(oracle.contains(id));
        const bool holds = random() % 2 == 0;
        table.insert({{id}, Phase::Storing, holds});
        oracle[id] = holds;
      }
      ASSERT_EQ(table.size(), oracle.size());
    }
    for (const auto& [id, holds] : oracle) ASSERT_EQ(table.find({id})->holds_quota, holds);
  }
}

TEST(PacketIdTable, HoldsEveryIdThereIs) {
  PacketIdTable table;
  for (std::uint32_t id = 1; id <= 65535; ++id)
    table.insert({{static_cast<std::uint16_t>(id)}, Phase::Received, false});
  EXPECT_EQ(table.size(), 65535U);
  for (std::uint32_t id = 65535; id >= 1; --id) table.erase(table.find({static_cast<std::uint16_t>(id)}));
  EXPECT_EQ(table.size(), 0U);
}

}  // namespace
}  // namespace hermod::qos
