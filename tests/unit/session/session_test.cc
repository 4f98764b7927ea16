#include "session/session.h"

#include <gtest/gtest.h>

#include <thread>
#include <utility>

namespace hermod::session {
namespace {

constexpr ConnectionId kConnection{ShardId{0}, 3, 1};
constexpr ConnectionId kOther{ShardId{0}, 4, 1};

class SessionTest : public testing::Test {
 protected:
  static Options options() {
    Options options;
    options.max_inflight = 10;
    return options;
  }
  Session session{SessionId{7}, "client", true, options()};
};

TEST_F(SessionTest, BeginsOfflineWithoutExpiryAndWithTheStreamOfItsNumber) {
  EXPECT_FALSE(session.is_online());
  EXPECT_FALSE(session.outlives_connection());
  EXPECT_EQ(session.absence(), 0U);
  EXPECT_EQ(session.stream(), StreamId{7});
  EXPECT_EQ(session.will(), nullptr);
}

TEST_F(SessionTest, OutboundQuotaIsTheSmallerOfTheClientsAndOurs) {
  session.bind(kConnection, 20, 4);
  EXPECT_EQ(session.inbound().quota().maximum(), 20U);
  EXPECT_EQ(session.outbound().quota().maximum(), 4U);
  session.unbind();
  session.bind(kConnection, 20, 65535);
  EXPECT_EQ(session.outbound().quota().maximum(), 10U);
}

TEST_F(SessionTest, NewConnectionHasItsWholeQuotaAndKeepsExactlyOnceIdentifiers) {
  session.bind(kConnection, 5, 5);
  ASSERT_EQ(session.inbound().on_publish({9}, wire::QoS::ExactlyOnce), qos::Admit::Deliver);
  session.inbound().on_committed({9}, wire::QoS::ExactlyOnce);
  EXPECT_EQ(session.inbound().quota().used(), 1U);
  session.unbind();
  session.bind(kOther, 5, 5);
  EXPECT_EQ(session.inbound().quota().used(), 0U);
  EXPECT_EQ(session.inbound().on_publish({9}, wire::QoS::ExactlyOnce), qos::Admit::AlreadySeen);
}

TEST_F(SessionTest, EachLostConnectionIsAnotherAbsence) {
  for (std::uint32_t n = 1; n <= 3; ++n) {
    session.bind(kConnection, 1, 1);
    EXPECT_TRUE(session.is_online());
    session.unbind();
    EXPECT_FALSE(session.is_online());
    EXPECT_EQ(session.absence(), n);
  }
}

TEST_F(SessionTest, LoweredExpiryLeavesItDurable) {
  session.set_expiry_interval(60);
  session.set_expiry_interval(0);
  EXPECT_FALSE(session.outlives_connection());
  EXPECT_TRUE(session.is_durable());
}

TEST_F(SessionTest, TakenWillIsGone) {
  auto will = std::make_unique<Will>();
  will->topic = "will";
  session.set_will(std::move(will));
  const auto taken = session.take_will();
  ASSERT_NE(taken, nullptr);
  EXPECT_EQ(taken->topic, "will");
  EXPECT_EQ(session.will(), nullptr);
}

TEST_F(SessionTest, CommitsAreInFlightUntilTheLastIsDone) {
  session.commit_started();
  session.commit_started();
  session.commit_finished();
  EXPECT_TRUE(session.has_commits_in_flight());
  session.commit_finished();
  EXPECT_FALSE(session.has_commits_in_flight());
}

TEST_F(SessionTest, LastSuccessorWins) {
  session.set_successor(kConnection);
  session.set_successor(kOther);
  EXPECT_EQ(session.successor(), kOther);
  session.clear_successor();
  EXPECT_FALSE(session.successor());
}

using SessionDeathTest = SessionTest;

TEST_F(SessionDeathTest, SecondConnectionBesideTheFirstIsOurBug) {
  session.bind(kConnection, 1, 1);
  EXPECT_DEATH(session.bind(kOther, 1, 1), "assertion failed");
}

TEST_F(SessionDeathTest, UnbindingWithoutConnectionIsOurBug) {
  EXPECT_DEATH(session.unbind(), "assertion failed");
}

TEST_F(SessionDeathTest, CommitThatNeverBeganIsOurBug) {
  EXPECT_DEATH(session.commit_finished(), "assertion failed");
}

TEST_F(SessionDeathTest, AnotherThreadMayBindItOnlyAfterItWasReleased) {
  session.bind(kConnection, 1, 1);
  session.unbind();
  EXPECT_DEATH(std::thread([this] { session.bind(kOther, 1, 1); }).join(), "assertion failed: owner == self");
  session.thread().release();
  std::thread([this] { session.bind(kOther, 1, 1); }).join();
  EXPECT_TRUE(session.is_online());
}

}  // namespace
}  // namespace hermod::session
