#include "tests/integration/hostile/hostile_test.h"

namespace hermod::integration {

TEST_F(Hostile, T17_PasswordWithoutUserNameIsRefusedInVersionThree) {
  for (const Version version : {Version::V31, Version::V311}) {
    expect_connect_refused(version,
                           connect_bytes({.client_id = "token", .version = version, .password = "secret"}));
  }
}

TEST_F(Hostile, T17_PasswordWithoutUserNameIsFineInVersionFive) {
  EXPECT_EQ(connack_of({.client_id = "token", .password = "secret"}).reason, 0);
}

}  // namespace hermod::integration
