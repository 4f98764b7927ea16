#include "broker/reason_for.h"

#include <gtest/gtest.h>

#include <array>
#include <utility>

namespace hermod::broker {
namespace {

using wire::ReasonCode;

/// Every failure there is, and what a client hears of it.
constexpr std::array<std::pair<Errc, ReasonCode>, 9> kReasons{{
    {Errc::NotFound, ReasonCode::UnspecifiedError},
    {Errc::Corruption, ReasonCode::UnspecifiedError},
    {Errc::Io, ReasonCode::UnspecifiedError},
    {Errc::NoSpace, ReasonCode::QuotaExceeded},
    {Errc::Busy, ReasonCode::ServerBusy},
    {Errc::Closed, ReasonCode::ServerShuttingDown},
    {Errc::Invalid, ReasonCode::UnspecifiedError},
    {Errc::Timeout, ReasonCode::UnspecifiedError},
    {Errc::Unsupported, ReasonCode::ImplementationSpecificError},
}};

TEST(ReasonFor, EveryFailureHasItsReasonAndNoneIsASuccess) {
  int next = 0;
  for (const auto& [error, reason] : kReasons) {
    EXPECT_EQ(static_cast<int>(error), next++) << "one is left out";
    EXPECT_EQ(reason_for(error), reason) << static_cast<int>(error);
    EXPECT_TRUE(wire::is_failure(reason));
  }
}

// 2.4: both may be told of a PUBLISH that could not be stored, whatever its QoS.
TEST(ReasonFor, WhatACommitFailsWithIsOneThatPubackAndPubrecMayCarry) {
  for (const Errc error : {Errc::Io, Errc::NoSpace, Errc::Corruption, Errc::Unsupported}) {
    for (const auto type : {wire::PacketType::Puback, wire::PacketType::Pubrec})
      EXPECT_TRUE(wire::is_reason_for(type, reason_for(error), wire::Role::Client))
          << static_cast<int>(error);
  }
}

TEST(ReasonFor, ACodeIsWrittenAsTheSpecificationDoes) {
  EXPECT_EQ(code_of(ReasonCode::Success), "0x00");
  EXPECT_EQ(code_of(ReasonCode::NoMatchingSubscribers), "0x10");
  EXPECT_EQ(code_of(ReasonCode::SessionTakenOver), "0x8E");
  EXPECT_EQ(code_of(ReasonCode::QuotaExceeded), "0x97");
}

}  // namespace
}  // namespace hermod::broker
