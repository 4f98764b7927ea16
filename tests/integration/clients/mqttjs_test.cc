#include "tests/support/broker_test.h"
#include "tests/support/node_modules.h"

namespace hermod::integration {

/// Runs the scripts in mqttjs/ under Node.
class MqttJs : public BrokerTest {
 protected:
  void SetUp() override { install_node_modules(kSource, kBuild); }

  static inline const std::filesystem::path kSource = HERMOD_MQTTJS_SOURCE;
  static inline const std::filesystem::path kBuild = HERMOD_MQTTJS_BUILD;
};

TEST_F(MqttJs, EveryScriptPasses) {
  write_text(kBuild / "mqttjs.test.mjs", read_text(kSource / "mqttjs.test.mjs"));
  const Finished node = run({"env", "HERMOD_PORT=" + std::to_string(port()), "node", "--test",
                             (kBuild / "mqttjs.test.mjs").string()},
                            scaled(60s));
  EXPECT_EQ(node.exit_code, 0) << node.output << node.errors;
}

}  // namespace hermod::integration
