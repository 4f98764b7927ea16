#include "broker/reason_for.h"

#include <gtest/gtest.h>

#include <array>

namespace hermod::broker {
namespace {

using wire::ReasonCode;

using wire::PacketType;

struct Row {
  Errc error;
  ReasonCode publish_ack;
  ReasonCode connack;
  ReasonCode disconnect;
};

/// Every failure there is, and what a client hears of it in the packets that are sent for it.
constexpr std::array<Row, 9> kReasons{{
    {Errc::NotFound, ReasonCode::UnspecifiedError, ReasonCode::UnspecifiedError,
     ReasonCode::UnspecifiedError},
    {Errc::Corruption, ReasonCode::ImplementationSpecificError, ReasonCode::ImplementationSpecificError,
     ReasonCode::ImplementationSpecificError},
    {Errc::Io, ReasonCode::ImplementationSpecificError, ReasonCode::ImplementationSpecificError,
     ReasonCode::ImplementationSpecificError},
    {Errc::NoSpace, ReasonCode::QuotaExceeded, ReasonCode::QuotaExceeded, ReasonCode::QuotaExceeded},
    {Errc::Busy, ReasonCode::ImplementationSpecificError, ReasonCode::ServerBusy, ReasonCode::ServerBusy},
    {Errc::Closed, ReasonCode::ImplementationSpecificError, ReasonCode::ImplementationSpecificError,
     ReasonCode::ServerShuttingDown},
    {Errc::Invalid, ReasonCode::UnspecifiedError, ReasonCode::UnspecifiedError, ReasonCode::UnspecifiedError},
    {Errc::Timeout, ReasonCode::UnspecifiedError, ReasonCode::UnspecifiedError, ReasonCode::UnspecifiedError},
    {Errc::Unsupported, ReasonCode::ImplementationSpecificError, ReasonCode::ImplementationSpecificError,
     ReasonCode::ImplementationSpecificError},
}};

TEST(ReasonFor, EveryFailureHasItsReasonAndNoneIsASuccess) {
  int next = 0;
  for (const Row& row : kReasons) {
    EXPECT_EQ(static_cast<int>(row.error), next++) << "one is left out";
    EXPECT_EQ(reason_for(row.error, PacketType::Puback), row.publish_ack) << static_cast<int>(row.error);
    EXPECT_EQ(reason_for(row.error, PacketType::Pubrec), row.publish_ack) << static_cast<int>(row.error);
    EXPECT_EQ(reason_for(row.error, PacketType::Connack), row.connack) << static_cast<int>(row.error);
    EXPECT_EQ(reason_for(row.error, PacketType::Disconnect), row.disconnect) << static_cast<int>(row.error);
  }
}

// 2.4: each packet has its own list.
TEST(ReasonFor, NoneIsForbiddenInThePacketThatCarriesIt) {
  for (const Row& row : kReasons) {
    for (const auto type :
         {PacketType::Puback, PacketType::Pubrec, PacketType::Connack, PacketType::Disconnect}) {
      const ReasonCode reason = reason_for(row.error, type);
      EXPECT_TRUE(wire::is_failure(reason)) << static_cast<int>(row.error);
      EXPECT_TRUE(wire::is_reason_for(type, reason, wire::Role::Client))
          << static_cast<int>(row.error) << " in " << wire::name_of(type);
    }
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
