#include "tests/integration/hostile/hostile_test.h"
#include "tests/support/settings.h"

namespace hermod::integration {

TEST_F(Hostile, T42_AggressiveReconnectOfOneIdentifierIsThrottled) {
  HERMOD_NEEDS_OWN_BROKER();
  start_with({{setting::kTakeoversPerMinute, "20"}});
  std::vector<RawClient> fighters;  // each stays open, so that each next one is a takeover
  std::uint8_t given = 0;
  for (int i = 0; i < 60 && given == 0; ++i) {
    fighters.emplace_back(port());
    fighters.back().send(connect_bytes({.client_id = "aggressive"}));
    given = parse_connack(Version::V5, fighters.back().next()).reason;
  }
  EXPECT_EQ(given, reason::kServerBusy);
  EXPECT_GT(fighters.size(), 15U);
  fighters.back().expect_close();
  RawClient old_words(port());
  old_words.send(connect_bytes({.client_id = "aggressive", .version = Version::V311}));
  EXPECT_EQ(parse_connack(Version::V311, old_words.next()).reason, return_code::kServerUnavailable);
  // Others are not affected.
  client("peaceful").ping();
}

}  // namespace hermod::integration
