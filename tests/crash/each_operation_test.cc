#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <iostream>
#include <string>
#include <vector>

#include "tests/crash/crash_test.h"
#include "tests/crash/script.h"

namespace hermod::crash {
namespace {

/// What a script is ended at.
using Moment = std::atomic<std::uint64_t> faults::Control::*;

/// A script, ended at its first operation, at its second, and so on to the last. HERMOD_CRASH_ROUNDS of them,
/// spread evenly over the whole, or "all"; HERMOD_CRASH_SEED says with which the row begins.
class EachOperation : public CrashTest {
 protected:
  void SetUp() override { HERMOD_NEEDS_OWN_BROKER(); }

  static void sweep(Script::Death death, Moment end, Moment counter, std::uint64_t usual) {
    const std::uint64_t seed = number_from("HERMOD_CRASH_SEED", 1);
    Script whole(death, seed);
    whole.run();
    const std::uint64_t operations = whole.control().*counter;
    ASSERT_GT(operations, 20U) << "the file layer sees nothing";
    ASSERT_TRUE(whole.violations().empty());

    const std::uint64_t rounds = wants_all_rounds() ? operations : std::min(operations, rounds_of(usual));
    std::uint64_t deaths = 0;
    for (std::uint64_t round = 0; round < rounds; ++round) {
      const std::uint64_t at = (seed + round * operations / rounds) % operations + 1;
      Script script(death, seed + round);
      script.control().*end = at;
      std::vector<std::string> violations;
      try {
        script.run();
        violations = script.violations();
      } catch (const support::Unexpected& e) {
        violations.emplace_back(e.what());
      }
      for (const std::string& one : violations) ADD_FAILURE() << "ended at " << at << ": " << one;
      deaths += script.has_died() ? 1 : 0;
    }
    std::cout << rounds << " of " << operations << " moments, " << deaths << " deaths" << std::endl;
    // Threads do not share their work in the same way each time: of the last moments some are not reached.
    EXPECT_GT(deaths * 2, rounds);
  }
};

TEST_F(EachOperation, T64_KilledAtItNothingIsLostAndNothingComesTwice) {
  sweep(Script::Death::Kill, &faults::Control::cut_at, &faults::Control::operations, 12);
}

TEST_F(EachOperation, T65_PowerCutAtItNothingIsLostAndNothingComesTwice) {
  sweep(Script::Death::PowerCut, &faults::Control::cut_at, &faults::Control::operations, 6);
}

/// Behind everything that had to be on the disk, in front of the answer.
TEST_F(EachOperation, T64_KilledBeforeItSendsNothingIsLostAndNothingComesTwice) {
  sweep(Script::Death::Kill, &faults::Control::cut_at_send, &faults::Control::sends, 6);
}

}  // namespace
}  // namespace hermod::crash
