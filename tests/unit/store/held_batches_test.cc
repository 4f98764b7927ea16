#include "store/held_batches.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/unit/store/commit_fixture.h"

namespace hermod::store::testing {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

using Entry = std::pair<std::uint64_t, std::uint64_t>;  // stream, sequence

class HeldBatchesTest : public ::testing::Test {
 protected:
  void append(const std::string& name, const std::vector<Entry>& entries, bool waits = true) {
    Submission submission{{}, named(name), waits};
    std::vector<Appended> appends;
    for (const auto& [stream, seq] : entries)
      appends.push_back({submission.batch.append({stream}, as_bytes("value")), {stream}, {seq}, true});
    add(std::move(submission), appends, waits);
  }
  void erase(const std::string& name, const std::vector<Entry>& entries) {
    Submission submission{{}, named(name), true};
    for (const auto& [stream, seq] : entries) submission.batch.erase_entry({stream}, {seq});
    add(std::move(submission), {}, true);
  }
  void barrier(const std::string& name) { add({{}, named(name)}, {}, false); }
  void add(Submission submission, std::span<const Appended> appends, bool waits) {
    const auto until = waits ? std::optional(MonotonicTime{} + ++time_) : std::nullopt;
    held_.add(std::move(submission), appends, kCost, until);
  }

  /// The names of what is finished, those that are elided in brackets.
  std::vector<std::string> finished() {
    std::vector<std::string> names;
    held_.finish([&](std::span<Done> run) {
      for (const Done& done : run) names.push_back(name_of(done));
    });
    return names;
  }
  static std::string name_of(const Done& done) {
    const std::string name = static_cast<const NamedTicket&>(*done.ticket).name;
    return done.elided ? "(" + name + ")" : name;
  }
  /// The ops that a write would write: + for an append, - for an erase.
  std::string written() {
    held_.leave_out_cancelled();
    std::string text;
    for (const Submission& submission : held_.batches()) {
      OpReader ops = submission.batch.ops();
      while (const auto op = ops.next())
        text += std::string(op->kind == Op::Kind::EraseEntry ? " -" : " +") + std::to_string(op->stream.v) +
                (op->kind == Op::Kind::EraseEntry ? "/" + std::to_string(op->seq.v) : "");
    }
    return text;
  }

  static constexpr std::size_t kCost = 10;
  HeldBatches held_;
  std::chrono::nanoseconds time_{0};
};

TEST_F(HeldBatchesTest, ABatchWhoseEntriesAreAllErasedNeedsNoDiskAndNeitherDoTheErases) {
  append("m", {{1, 5}, {2, 7}});
  erase("e1", {{1, 5}});
  EXPECT_THAT(finished(), IsEmpty()) << "one receiver of two";
  erase("e2", {{2, 7}});
  EXPECT_THAT(finished(), ElementsAre("(m)", "e1", "e2"));
  EXPECT_EQ(held_.bytes(), 0U);
  EXPECT_EQ(held_.cost(), 0U);
  EXPECT_EQ(held_.size(), 0U);
  EXPECT_FALSE(held_.wait_until());
}

TEST_F(HeldBatchesTest, WhatOneReceiverHasNotErasedIsWrittenWithTheErasesOfTheOthers) {
  append("m", {{1, 5}, {2, 7}});
  erase("e1", {{1, 5}});
  EXPECT_EQ(written(), " +1 +2 -1/5");
}

TEST_F(HeldBatchesTest, AnEraseKeepsWhatItErasesOnTheDisk) {
  append("m", {{1, 5}});
  erase("e", {{1, 3}, {1, 5}, {1, 2}});
  EXPECT_THAT(finished(), ElementsAre("(m)"));
  EXPECT_EQ(written(), " -1/3 -1/2");
}

TEST_F(HeldBatchesTest, AnsweredInTheOrderOfSubmission) {
  append("slow", {{1, 1}});
  append("fast", {{2, 1}});
  barrier("b");
  erase("e", {{2, 1}});
  EXPECT_THAT(finished(), IsEmpty());
  erase("f", {{1, 1}});
  EXPECT_THAT(finished(), ElementsAre("(slow)", "(fast)", "b", "e", "f"));
}

TEST_F(HeldBatchesTest, ErasesHoldUpNothing) {
  erase("e", {{1, 1}});
  barrier("b");
  append("m", {{1, 2}});
  erase("f", {{1, 2}});
  EXPECT_THAT(finished(), ElementsAre("b", "(m)", "f"));
  EXPECT_EQ(held_.cost(), kCost) << "the first erase waits for its write";
  EXPECT_EQ(held_.wait_until(), MonotonicTime{} + std::chrono::nanoseconds(1));
  EXPECT_EQ(written(), " -1/1");
}

TEST_F(HeldBatchesTest, WhatMayNotWaitIsUrgentAndNeverElided) {
  append("m", {{1, 1}}, /*waits=*/false);
  EXPECT_TRUE(held_.is_urgent());
  erase("e", {{1, 1}});
  EXPECT_THAT(finished(), IsEmpty());
  EXPECT_EQ(written(), " +1 -1/1");
}

TEST_F(HeldBatchesTest, TheRestIsAnsweredAtOnceAndCanBeSplitByWhetherItNeededADisk) {
  erase("e", {{9, 9}});
  barrier("a");
  append("m", {{1, 1}});
  append("n", {{2, 1}});
  barrier("b");
  EXPECT_THAT(finished(), ElementsAre("a"));
  std::vector<std::string> names;
  BatchMemory spent;
  held_.finish_all(/*split=*/true, spent, [&](std::span<Done> run, bool empty) {
    std::string joined = empty ? "empty" : "";
    for (const Done& done : run) joined += (joined.empty() ? "" : " ") + name_of(done);
    names.push_back(joined);
  });
  EXPECT_THAT(names, ElementsAre("e", "m n", "empty b"));
  EXPECT_EQ(held_.size(), 0U);
}

TEST_F(HeldBatchesTest, GoesOnWithoutEndWhenOneIsAlwaysOpen) {
  append("1", {{1, 1}});
  for (std::uint64_t seq = 2; seq < 5000; ++seq) {
    append(std::to_string(seq), {{1, seq}});
    erase("e", {{1, seq - 1}});
    ASSERT_THAT(finished(), Contains("(" + std::to_string(seq - 1) + ")"));
    ASSERT_LE(held_.size(), 1000U);
    // The erase is behind the next message, which is open.
    ASSERT_EQ(held_.bytes(), appending(1).bytes());
  }
}

}  // namespace
}  // namespace hermod::store::testing
