// A thousand random lives of transactions: never half visible, never lost behind an acknowledged commit, and
// every one of them comes to an end.

#include "tests/sim/transaction_world.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <map>
#include <string>

#include "base/log.h"

namespace hermod::test {
namespace {

constexpr std::uint64_t kSeeds = HERMOD_SIM_CASES * 50;
constexpr int kSteps = 25;

TEST(TransactionLives, AreWholeOrNothingOverCrashesRefusalsAndFailures) {
  log::set_level(log::Level::Error);
  const char* const only = std::getenv("HERMOD_TRANSACTION_SEED");
  const std::uint64_t first = only != nullptr ? std::strtoull(only, nullptr, 10) : 1;
  const std::uint64_t last = only != nullptr ? first : kSeeds;
  std::map<std::string, std::uint64_t> happened;
  for (std::uint64_t seed = first; seed <= last; ++seed) {
    TransactionWorld world(seed);
    for (int i = 0; i < kSteps && world.fault().empty(); ++i) world.step();
    if (world.fault().empty()) world.finish();
    ASSERT_EQ(world.fault(), "") << "HERMOD_TRANSACTION_SEED=" << seed << "\n" << world.history();
    for (const auto& [what, times] : world.happened()) happened[what] += times;
  }
  if (only != nullptr) return;
  for (const char* what :
       {"prepared", "prepare refused", "prepare cut", "prepare sent again", "commit done", "commit refused",
        "commit refused, full", "rollback done", "rollback refused", "end cut", "crash",
        "store failed, crash", "store failed, mended", "drained", "time passed"})
    EXPECT_GT(happened[what], kSeeds / 100) << what << " has hardly happened";
}

}  // namespace
}  // namespace hermod::test
