#include "tests/integration/hostile/hostile_test.h"

namespace hermod::integration {

TEST_F(Hostile, T07_PacketsOfAServerAreProtocolErrors) {
  for (const Version version : kMainVersions) {
    const bool v5 = version == Version::V5;
    for (const char* packet :
         {v5 ? "20 03 00 00 00" : "20 02 00 00", v5 ? "90 04 00 01 00 00" : "90 03 00 01 00",
          v5 ? "B0 04 00 01 00 00" : "B0 02 00 01", "D0 00"}) {
      expect_ended(version, hex(packet), {reason::kProtocolError});
    }
  }
}

}  // namespace hermod::integration
