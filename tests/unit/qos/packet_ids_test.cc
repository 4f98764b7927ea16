#include "qos/packet_ids.h"

#include <gtest/gtest.h>

#include "qos/quota.h"

namespace hermod::qos {
namespace {

TEST(PacketIds, AreNeverZeroAndWrapAt65535) {
  EXPECT_EQ(packet_id_for({1}), wire::PacketId{2});
  EXPECT_EQ(packet_id_for({65534}), wire::PacketId{65535});
  EXPECT_EQ(packet_id_for({65535}), wire::PacketId{1});
  EXPECT_EQ(packet_id_for({65536}), wire::PacketId{2});
  for (std::uint64_t seq = 1; seq < 200'000; ++seq) ASSERT_NE(packet_id_for({seq}).v, 0);
}

TEST(PacketIds, Any65535NeighboursHaveDifferentIds) {
  std::vector<bool> seen(65536);
  for (std::uint64_t seq = 1000; seq < 1000 + kPacketIdCount; ++seq) {
    const auto id = packet_id_for({seq}).v;
    ASSERT_FALSE(seen[id]);
    seen[id] = true;
  }
}

TEST(PacketIds, TheSequenceIsFoundFromTheId) {
  for (const std::uint64_t first : {1ULL, 2ULL, 65534ULL, 65535ULL, 65536ULL, 1'000'000'007ULL})
    for (std::uint64_t ahead = 0; ahead < kPacketIdCount; ahead += 251)
      ASSERT_EQ(seq_for(packet_id_for({first + ahead}), {first}), Seq{first + ahead});
  EXPECT_EQ(seq_for(packet_id_for({7 + kPacketIdCount - 1}), {7}), Seq{7 + kPacketIdCount - 1});
}

TEST(Quota, CountsWhatIsTakenAndGivenBack) {
  Quota quota;
  EXPECT_FALSE(quota.available()) << "nothing before the first connection";
  quota.reset(2);
  quota.take();
  quota.take();
  EXPECT_FALSE(quota.available());
  quota.give_back();
  EXPECT_EQ(quota.left(), 1);
  EXPECT_EQ(quota.used(), 1);
  quota.reset(1);
  EXPECT_EQ(quota.left(), 1);
  EXPECT_EQ(quota.maximum(), 1);
}

TEST(QuotaDeathTest, AssertsWhereOthersClamp) {
  Quota quota;
  quota.reset(1);
  EXPECT_DEATH(quota.give_back(), "used_ > 0");
  quota.take();
  EXPECT_DEATH(quota.take(), "available");
}

}  // namespace
}  // namespace hermod::qos
