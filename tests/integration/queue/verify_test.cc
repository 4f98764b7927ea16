// `hermod-bench verify` against the real broker: it finds nothing where nothing is missing, over kills too,
// and a hole where there is one.

#include <thread>

#include "tests/integration/queue/queue_test.h"
#include "tests/support/child_process.h"

namespace hermod::integration {
namespace {

constexpr const char* kFormatOfRun = "--json";

class Verify : public BrokerTest {
 protected:
  void SetUp() override { HERMOD_NEEDS_OWN_BROKER(); }
  /// A stream of the topic "bench", with what is said of it besides.
  void start(const Settings& more = {}) {
    Settings settings{{"queues.bench.bind", "bench"}, {"queues.bench.kind", "stream"}};
    for (const auto& [key, value] : more) settings.emplace_back("queues.bench." + key, value);
    start_with(std::move(settings));
  }
  std::vector<std::string> command(std::vector<std::string> more) {
    std::vector<std::string> words{HERMOD_BENCH_BINARY,
                                   "verify",
                                   kFormatOfRun,
                                   "-p",
                                   "3",
                                   "-n",
                                   "2",
                                   "-b",
                                   "127.0.0.1:" + std::to_string(port())};
    words.insert(words.end(), more.begin(), more.end());
    return words;
  }
  Finished verify(std::vector<std::string> more) { return run(command(std::move(more)), scaled(60s)); }
};

TEST_F(Verify, FindsNothingInAStreamThatKeepsItsPromises) {
  start();
  for (const char* qos : {"1", "2"}) {
    const Finished run = verify({"-q", qos, "-m", "2000"});
    EXPECT_EQ(run.exit_code, 0) << run.output << run.errors;
    EXPECT_NE(run.output.find("\"received\":12000,"), std::string::npos) << run.output;
  }
}

TEST_F(Verify, FindsNothingOverLostConnectionsAndAKill) {
  start();
  ChildProcess bench(command({"-q", "1", "-d", "2", "--churn", "100", "--drain", "20"}));
  for (int kills = 0; kills < 2; ++kills) {
    std::this_thread::sleep_for(600ms);  // it is in the middle of its run
    broker().kill();
    broker().start();
  }
  const auto code = bench.wait(scaled(60s));
  ASSERT_TRUE(code.has_value());
  EXPECT_EQ(*code, 0) << bench.output() << bench.errors();
}

/// A retention that keeps too little takes away what readers that were gone have not got.
TEST_F(Verify, FindsAHole) {
  start({{"retention_count", "1"}});
  const Finished run = verify({"-q", "1", "-d", "1", "--churn", "20", "--drain", "0.5"});
  EXPECT_EQ(run.exit_code, 1) << run.output << run.errors;
  EXPECT_NE(run.output.find("offsets missing\""), std::string::npos) << run.output;
  EXPECT_NE(run.output.find("messages lost\""), std::string::npos) << run.output;
}

}  // namespace
}  // namespace hermod::integration
