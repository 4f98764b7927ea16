#include "tests/support/broker_test.h"
#include "tests/support/settings.h"

namespace hermod::integration {

using SessionLimit = BrokerTest;

TEST_F(SessionLimit, OneTooManyIsRefusedAndKnownOnesComeBack) {
  HERMOD_NEEDS_OWN_BROKER();
  start_with({{setting::kMaxSessions, "3"}});
  for (int i = 0; i < 3; ++i) durable_client("session-" + std::to_string(i)).disconnect();

  RawClient refused(port());
  refused.send(connect_bytes(durable("session-3")));
  const std::uint8_t given = parse_connack(Version::V5, refused.next()).reason;
  EXPECT_TRUE(given == reason::kQuotaExceeded || given == reason::kServerBusy) << int{given};
  refused.expect_close();

  EXPECT_TRUE(connack_of(durable("session-1")).session_present);
  // A session that ends makes room.
  client("session-1").disconnect();
  EXPECT_EQ(connack_of(durable("session-3")).reason, 0);
}

}  // namespace hermod::integration
