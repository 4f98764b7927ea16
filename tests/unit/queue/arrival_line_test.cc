// What has a sequence comes in when nothing is missing in front of it.

#include "queue/arrival_line.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace hermod::queue {
namespace {

class ArrivalLineTest : public testing::Test {
 protected:
  /// "3" came in before it was durable, "3!" behind that.
  static std::string text_of(const std::optional<ArrivalLine::Arrival>& arrival) {
    if (!arrival) return "";
    EXPECT_EQ(arrival->entry.key, std::to_string(arrival->seq.v)) << "an entry keeps its sequence";
    return arrival->entry.key + (arrival->is_durable ? "!" : "");
  }
  std::string sequenced(std::uint64_t seq) {
    if (!line_.is_next(Seq{seq})) {
      line_.wait(Seq{seq}, {.message = {}, .key = std::to_string(seq)});
      return "";
    }
    line_.on_came(Seq{seq});
    return std::to_string(seq);
  }
  std::vector<std::string> durable(std::uint64_t last) {
    line_.on_durable(Seq{last});
    return rest();
  }
  std::vector<std::string> rest() {
    std::vector<std::string> all;
    for (std::string next = text_of(line_.take_next()); !next.empty(); next = text_of(line_.take_next()))
      all.push_back(next);
    return all;
  }
  ArrivalLine line_;
};

using Texts = std::vector<std::string>;

TEST_F(ArrivalLineTest, BehindAStartTheFirstWaitUntilTheyAreDurable) {
  EXPECT_EQ(sequenced(5), "");
  EXPECT_EQ(sequenced(6), "");
  EXPECT_EQ(rest(), Texts{});
  EXPECT_EQ(durable(5), (Texts{"5!", "6"})) << "and what follows at once comes with it";
  EXPECT_EQ(sequenced(7), "7");
}

TEST_F(ArrivalLineTest, WhatIsMissingInFrontHoldsUpTheOthers) {
  durable(4);
  EXPECT_EQ(sequenced(5), "5");
  EXPECT_EQ(sequenced(7), "") << "6 was admitted, and comes when it is durable";
  EXPECT_EQ(sequenced(8), "");
  EXPECT_EQ(durable(5), Texts{});
  line_.on_came(Seq{6});
  EXPECT_EQ(rest(), (Texts{"7", "8"}));
}

TEST_F(ArrivalLineTest, WhatIsDurableWaitsForNothing) {
  durable(4);
  EXPECT_EQ(sequenced(6), "");
  EXPECT_EQ(sequenced(8), "");
  EXPECT_EQ(durable(7), (Texts{"6!", "8"})) << "what had the sequences between is over";
}

TEST_F(ArrivalLineTest, OrderIsKeptBehindWhatWaits) {
  durable(4);
  EXPECT_EQ(sequenced(6), "");
  EXPECT_EQ(sequenced(7), "") << "though it follows on nothing that is missing but through 6";
  line_.on_came(Seq{5});
  EXPECT_EQ(rest(), (Texts{"6", "7"}));
}

TEST_F(ArrivalLineTest, WhatFailsLeavesTheLineOnce) {
  durable(4);
  EXPECT_EQ(sequenced(5), "5");
  EXPECT_EQ(sequenced(7), "");
  EXPECT_EQ(text_of(line_.on_failed(Seq{5})), "") << "it has come in";
  EXPECT_EQ(text_of(line_.on_failed(Seq{7})), "7");
  EXPECT_EQ(text_of(line_.on_failed(Seq{7})), "");
  EXPECT_EQ(durable(7), Texts{});
  EXPECT_EQ(sequenced(8), "8");
}

}  // namespace
}  // namespace hermod::queue
