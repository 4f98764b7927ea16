#include "net/tls_ticket_keys.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "tests/support/manual_clock.h"

namespace hermod::net {
namespace {

using namespace std::chrono_literals;

class TlsTickets : public testing::Test {
 protected:
  test::ManualClock clock_;
  std::uint8_t next_ = 0;
  bool is_random_ = true;
  TlsTicketKeys keys_{clock_, 1h, [this](std::span<std::uint8_t> bytes) {
                        std::ranges::fill(bytes, ++next_);
                        return is_random_;
                      }};
};

TEST_F(TlsTickets, OneKeySealsForOneRotation) {
  const auto first = keys_.sealing();
  clock_.advance(1h - 1s);
  EXPECT_EQ(keys_.sealing()->name, first->name);
  clock_.advance(1s);
  EXPECT_NE(keys_.sealing()->name, first->name);
}

TEST_F(TlsTickets, TheLastTwoKeysOpen) {
  const auto first = keys_.sealing();
  EXPECT_FALSE(keys_.opening(first->name)->is_old);
  clock_.advance(1h);
  const auto second = keys_.sealing();
  EXPECT_TRUE(keys_.opening(first->name)->is_old);
  EXPECT_EQ(keys_.opening(first->name)->key.cipher, first->cipher);
  EXPECT_FALSE(keys_.opening(second->name)->is_old);
  clock_.advance(1h);
  EXPECT_FALSE(keys_.opening(first->name));
  EXPECT_TRUE(keys_.opening(second->name)->is_old);
}

TEST_F(TlsTickets, AKeyThatNobodyUsedForLongDoesNotOpen) {
  const auto first = keys_.sealing();
  clock_.advance(keys_.lifetime());
  EXPECT_FALSE(keys_.opening(first->name));
}

TEST_F(TlsTickets, StrangeNamesOpenNothing) {
  keys_.sealing();
  EXPECT_FALSE(keys_.opening(std::array<std::uint8_t, 16>{}));
  EXPECT_FALSE(keys_.opening({}));
}

TEST_F(TlsTickets, WithoutRandomnessThereIsNoKey) {
  is_random_ = false;
  EXPECT_FALSE(keys_.sealing());
  is_random_ = true;
  EXPECT_TRUE(keys_.sealing());
}

}  // namespace
}  // namespace hermod::net
