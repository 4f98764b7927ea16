#include "session/ack_pace.h"

#include <gtest/gtest.h>

namespace hermod::session {
namespace {

using namespace std::chrono_literals;
constexpr MonotonicTime kStart{1h};

TEST(AckPace, AClientIsLateWhenItsLastMeasuredAnswerWas) {
  AckPace pace;
  EXPECT_FALSE(pace.is_late()) << "until it is known";
  pace.on_sent({1}, kStart, 2ms);
  pace.on_acknowledged({1}, kStart + 3ms, 2ms);
  EXPECT_TRUE(pace.is_late());
  pace.on_sent({2}, kStart + 4ms, 2ms);
  pace.on_acknowledged({2}, kStart + 6ms, 2ms);
  EXPECT_FALSE(pace.is_late());
}

TEST(AckPace, OneMessageIsMeasuredAtATime) {
  AckPace pace;
  pace.on_sent({1}, kStart, 2ms);
  pace.on_sent({2}, kStart + 2ms, 2ms);
  pace.on_acknowledged({2}, kStart + 9ms, 2ms);
  EXPECT_FALSE(pace.is_late());
  pace.on_acknowledged({1}, kStart + 1ms, 2ms);
  EXPECT_FALSE(pace.is_late());
}

TEST(AckPace, AClientThatDoesNotAnswerIsLateWithTheNextMessage) {
  AckPace pace;
  pace.on_sent({1}, kStart, 2ms);
  pace.on_sent({2}, kStart + 3ms, 2ms);
  EXPECT_TRUE(pace.is_late());
}

TEST(AckPace, TheTimeWithoutAConnectionDoesNotCount) {
  AckPace pace;
  pace.on_sent({1}, kStart, 2ms);
  pace.on_connected();
  pace.on_acknowledged({1}, kStart + 1h, 2ms);
  EXPECT_FALSE(pace.is_late());
}

}  // namespace
}  // namespace hermod::session
