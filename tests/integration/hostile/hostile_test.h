#pragma once
#include <algorithm>
#include <cstddef>
#include <initializer_list>
#include <string>

#include "tests/support/broker_test.h"

namespace hermod::integration {

/// Input that a well-behaved client never sends. Test names begin with the row of the list of hostile input
/// that they try. After each test the broker must still serve a normal client.
class Hostile : public BrokerTest {
 protected:
  void TearDown() override {
    if (!IsSkipped()) expect_service();
    BrokerTest::TearDown();
  }

  /// Sent as the first bytes of a connection, this leads to a close without any answer.
  void expect_close_without_answer(const std::string& bytes, Where where = Where::current()) {
    RawClient raw(port());
    raw.try_send(bytes);
    raw.expect_close(kPatience, where);
  }

  /// A CONNECT that is refused: by a CONNACK with an error and a close, or by a close. A CONNACK of 5.0 gives
  /// one of `reasons`, when there are any.
  void expect_connect_refused(Version version, const std::string& bytes,
                              std::initializer_list<std::uint8_t> reasons = {},
                              Where where = Where::current()) {
    RawClient raw(port());
    raw.try_send(bytes);
    if (const auto answer = raw.poll(kPatience)) {
      const std::uint8_t given = parse_connack(version, *answer).reason;
      EXPECT_NE(given, 0) << "line " << where.line() << ": " << to_hex(bytes);
      if (version == Version::V5 && reasons.size() != 0) {
        EXPECT_NE(std::find(reasons.begin(), reasons.end(), given), reasons.end())
            << "line " << where.line() << ": reason " << int{given} << " for " << to_hex(bytes);
      }
    }
    EXPECT_TRUE(raw.drain_until_closed()) << "line " << where.line() << ": " << to_hex(bytes);
  }

  /// Sent by a connected client, this ends the connection, in 5.0 with one of the reasons.
  void expect_ended(Version version, const std::string& bytes, std::initializer_list<std::uint8_t> reasons,
                    Where where = Where::current()) {
    MqttClient sender = client("sender", version, where);
    sender.raw().try_send(bytes);
    try {
      sender.expect_ended(reasons, kPatience, where);
    } catch (const Unexpected& e) {
      ADD_FAILURE() << e.what() << " after " << to_hex(bytes);
    }
  }

  /// Does it often and requires that the broker's memory does not grow with the number of times.
  template <class Action>
  void expect_no_growth(int times, Action action) {
    for (int i = 0; i < times / 4; ++i) action();
    if (is_foreign_broker() || kSanitized) {  // the leak sanitizer looks for itself
      for (int i = 0; i < times; ++i) action();
      return;
    }
    const std::size_t before = broker().process().resident_bytes();
    for (int i = 0; i < times; ++i) action();
    const std::size_t after = broker().process().resident_bytes();
    constexpr std::size_t kNoise = 4U << 20;
    EXPECT_LT(after, before + kNoise) << "grew by " << after - before << " bytes in " << times << " rounds";
  }
};

inline constexpr std::initializer_list<Version> kMainVersions{Version::V311, Version::V5};

}  // namespace hermod::integration
