#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include "tests/support/broker_test.h"

namespace hermod::integration {

/// Runs the scripts in mqttjs/ under Node. The packages named in package-lock.json are installed into the
/// build folder by the first run; a lock keeps parallel runs apart.
class MqttJs : public BrokerTest {
 protected:
  void SetUp() override {
    ASSERT_TRUE(find_program("node")) << "install nodejs 18 or newer";
    ASSERT_TRUE(find_program("npm")) << "install npm";
    std::filesystem::create_directories(kBuild);
    const int lock = ::open((kBuild / "lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    ASSERT_GE(lock, 0);
    ::flock(lock, LOCK_EX);
    install();
    ::close(lock);
  }

  static void install() {
    const std::string wanted = read_text(kSource / "package-lock.json");
    if (read_text(kBuild / "installed") == wanted) return;
    for (const char* name : {"package.json", "package-lock.json"}) {
      write_text(kBuild / name, read_text(kSource / name));
    }
    const Finished npm =
        run({"npm", "ci", "--no-audit", "--no-fund", "--prefix", kBuild.string()}, scaled(100s));
    ASSERT_EQ(npm.exit_code, 0) << "npm ci failed:\n" << npm.errors << npm.output;
    write_text(kBuild / "installed", wanted);
  }

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
