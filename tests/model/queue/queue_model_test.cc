// A named queue under everything that can happen to it, a thousand times. HERMOD_QUEUE_SEED=<n> runs one seed
// alone, HERMOD_QUEUE_SEEDS=<n> so many.

#include <gtest/gtest.h>

#include <cstdlib>
#include <map>
#include <string>

#include "tests/model/queue/queue_world.h"

namespace hermod::model {
namespace {

constexpr std::uint64_t kSeeds = HERMOD_QUEUE_STORIES;  // a thousand, or fewer
constexpr int kSteps = 250;

std::uint64_t number_from(const char* name, std::uint64_t otherwise) {
  const char* text = std::getenv(name);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

TEST(QueueModel, EveryRuleHoldsInEveryStory) {
  const std::uint64_t only = number_from("HERMOD_QUEUE_SEED", 0);
  const std::uint64_t last = only != 0 ? only : number_from("HERMOD_QUEUE_SEEDS", kSeeds);
  std::map<std::string, int> seen;
  for (std::uint64_t seed = only != 0 ? only : 1; seed <= last; ++seed) {
    QueueWorld world(seed);
    const std::string violation = world.run(kSteps);
    ASSERT_EQ(violation, "") << "HERMOD_QUEUE_SEED=" << seed;
    for (const auto& [what, times] : world.seen()) seen[what] += times;
  }
  if (only != 0) return;
  // Stories in which a rule never comes up would hold without it.
  for (const char* what : {"acknowledged",
                           "answered duplicate",
                           "asks again",
                           "batch full",
                           "busy",
                           "called back",
                           "changed",
                           "claim given back",
                           "claim timed out",
                           "clock set",
                           "closed",
                           "crash",
                           "dead: delivery_limit",
                           "dead letter read",
                           "dead: expired",
                           "dead: maxlen",
                           "dead: rejected",
                           "drained",
                           "dropped newest",
                           "dropped oldest",
                           "duplicate",
                           "expired for good",
                           "failed claim",
                           "failed eviction",
                           "failed move",
                           "failed for good",
                           "failed publication",
                           "failed settlement",
                           "first delivery",
                           "full",
                           "given back",
                           "kept claim",
                           "late answer",
                           "moved",
                           "nack",
                           "never stored",
                           "never stored, and a consumer has it",
                           "never stored, and came back",
                           "not asked",
                           "page read",
                           "pending duplicate",
                           "purge",
                           "QoS 0",
                           "rate limited",
                           "redelivery",
                           "rejected for good",
                           "replaced",
                           "restored claim",
                           "retry",
                           "settled",
                           "timed out",
                           "told early",
                           "took over",
                           "trimmed",
                           "unsent",
                           "unsent together"})
    EXPECT_GT(seen[what], kSeeds / 50) << what;
}

}  // namespace
}  // namespace hermod::model
