#include "tests/integration/hostile/hostile_test.h"

namespace hermod::integration {

TEST_F(Hostile, T09_SecondConnectIsAProtocolError) {
  for (const Version version : kMainVersions) {
    expect_ended(version, connect_bytes({.client_id = "sender", .version = version}),
                 {reason::kProtocolError});
    expect_ended(version, connect_bytes({.client_id = "other", .version = version}),
                 {reason::kProtocolError});
  }
}

}  // namespace hermod::integration
