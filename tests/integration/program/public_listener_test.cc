#include "tests/integration/program/program_test.h"

namespace hermod::integration {

// Section 2 of the guide: what other machines can reach needs a decision about anonymous clients.
TEST_F(Program, PublicListenerWithoutADecisionIsRefusedWithTheLinesThatSettleIt) {
  const auto config = file("hermod.toml", "[listeners.all]\nurl = \"mqtt://0.0.0.0:18899\"\n");
  expect_refused({"-c", config.string(), "--data-dir", data_folder()}, {"[auth]", "allow_anonymous = true"});
  expect_refused({"--listen", "mqtt://0.0.0.0:18899", "--data-dir", data_folder()}, {"allow_anonymous"});
}

TEST_F(Program, LinesOfTheRefusalSettleIt) {
  const auto config = file(
      "hermod.toml", "[listeners.all]\nurl = \"mqtt://0.0.0.0:18899\"\n[auth]\nallow_anonymous = true\n");
  EXPECT_EQ(hermod({"-t", "-c", config.string()}).exit_code, 0);
}

}  // namespace hermod::integration
