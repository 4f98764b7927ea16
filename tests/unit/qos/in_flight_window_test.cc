#include "qos/in_flight_window.h"

#include <gtest/gtest.h>

#include <map>
#include <random>

#include "qos/packet_ids.h"

namespace hermod::qos {
namespace {

using Phase = InFlight::Phase;

InFlight sent(std::uint64_t seq) {
  return {{seq}, wire::QoS::AtLeastOnce, Phase::Sent};
}

TEST(InFlight, KeepsSequenceQoSPhaseAndQuotaInOneWord) {
  static_assert(sizeof(InFlight) == 8);
  InFlight exchange({(1ULL << 56) - 1}, wire::QoS::ExactlyOnce, Phase::Releasing);
  EXPECT_EQ(exchange.seq(), Seq{(1ULL << 56) - 1});
  EXPECT_EQ(exchange.qos(), wire::QoS::ExactlyOnce);
  EXPECT_EQ(exchange.phase(), Phase::Releasing);
  EXPECT_FALSE(exchange.holds_quota());
  exchange.set_holds_quota(true);
  exchange.set_phase(Phase::Erasing);
  EXPECT_TRUE(exchange.holds_quota());
  EXPECT_EQ(exchange.phase(), Phase::Erasing);
  exchange.set_holds_quota(false);
  EXPECT_EQ(exchange, InFlight({(1ULL << 56) - 1}, wire::QoS::ExactlyOnce, Phase::Erasing));
  EXPECT_EQ(sent(1).qos(), wire::QoS::AtLeastOnce);
}

TEST(InFlightWindow, TwoExchangesNeedNoMemory) {
  InFlightWindow window;
  for (std::uint64_t seq = 1; seq < 100; ++seq) {
    window.insert(sent(seq));
    if (seq > 1) window.erase(window.find(Seq{seq - 1}));
    ASSERT_EQ(window.owned_bytes(), 0U);
  }
}

TEST(InFlightWindow, HasRoomOnlyWhereIdsCannotMeet) {
  InFlightWindow window;
  EXPECT_TRUE(window.has_room_for({1}));
  window.insert(sent(100'000));
  EXPECT_TRUE(window.has_room_for({100'000 + kPacketIdCount - 1}));
  EXPECT_FALSE(window.has_room_for({100'000 + kPacketIdCount}));
  EXPECT_TRUE(window.has_room_for({100'000 - kPacketIdCount + 1}));
  EXPECT_FALSE(window.has_room_for({100'000 - kPacketIdCount}));
}

TEST(InFlightWindow, BehavesAsAMapUnderRandomUse) {
  for (const std::size_t widest : {2U, 3U, 20U, 1000U}) {
    InFlightWindow window;
    std::map<std::uint64_t, Phase> oracle;
    std::mt19937_64 random(widest);
    std::uint64_t next = 60'000;  // ids wrap on the way
    for (int step = 0; step < 60'000; ++step) {
      if (oracle.size() < widest && random() % 2 == 0 && window.has_room_for({next})) {
        window.insert(sent(next));
        oracle[next] = Phase::Sent;
        next += 1 + random() % 3;
      } else if (!oracle.empty()) {
        // Mostly the oldest, sometimes any.
        const std::size_t skip = random() % 4 == 0 ? random() % oracle.size() : 0;
        const auto at = std::next(oracle.begin(), static_cast<std::ptrdiff_t>(skip));
        InFlight* found = window.find(packet_id_for({at->first}));
        ASSERT_NE(found, nullptr);
        ASSERT_EQ(found->seq(), Seq{at->first});
        ASSERT_EQ(found->phase(), at->second);
        if (at->second == Phase::Sent) {
          found->set_phase(at->second = Phase::Erasing);
        } else {
          window.erase(found);
          ASSERT_EQ(window.find(Seq{at->first}), nullptr);
          oracle.erase(at);
        }
      }
      ASSERT_EQ(window.size(), oracle.size());
      ASSERT_LE(window.owned_bytes(), 8 * std::max<std::size_t>(16, 8 * widest));
    }
    std::vector<std::uint64_t> seqs;
    for (const InFlight& exchange : window.all())
      if (exchange.phase() != Phase::Gone) seqs.push_back(exchange.seq().v);
    std::vector<std::uint64_t> expected;
    for (const auto& [seq, phase] : oracle) expected.push_back(seq);
    EXPECT_EQ(seqs, expected);
  }
}

TEST(InFlightWindow, InsertsInTheMiddleAndIntoGaps) {
  InFlightWindow window;
  for (const std::uint64_t seq : {10, 20, 30, 40}) window.insert(sent(seq));
  window.insert(sent(25));
  window.insert(sent(5));
  window.erase(window.find(Seq{20}));
  window.insert(sent(20));
  EXPECT_NE(window.find(Seq{20}), nullptr);
  EXPECT_EQ(window.size(), 6U);
  EXPECT_EQ(window.from({21}).front().seq(), Seq{25});
  EXPECT_TRUE(window.from({41}).empty());
}

TEST(InFlightWindow, AnUnknownIdIsNotFound) {
  InFlightWindow window;
  EXPECT_EQ(window.find(wire::PacketId{1}), nullptr);
  window.insert(sent(1));
  EXPECT_EQ(window.find(wire::PacketId{0}), nullptr);
  EXPECT_EQ(window.find(wire::PacketId{1}), nullptr);
  EXPECT_NE(window.find(wire::PacketId{2}), nullptr);
}

}  // namespace
}  // namespace hermod::qos
