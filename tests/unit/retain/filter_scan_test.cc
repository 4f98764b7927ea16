#include "retain/filter_scan.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

#include "retain/topic_order.h"
#include "tests/unit/retain/retained_messages.h"
#include "topic/matches.h"

namespace hermod::retain {
namespace {

struct InOrder {
  bool operator()(const std::string& a, const std::string& b) const { return compare_topics(a, b) < 0; }
};
using Topics = std::set<std::string, InOrder>;

TEST(FilterScan, NeverJumpsOverAMatchAndNeverBack) {
  for (std::uint32_t seed = 1; seed <= 300; ++seed) {
    RandomTexts random(seed);
    Topics topics;
    for (int i = 0; i < 120; ++i) topics.insert(random.topic());
    for (int i = 0; i < 20; ++i) {
      const std::string text = random.filter();
      const topic::TopicFilter filter = filter_of(text);
      FilterScan scan(filter);
      const Seek start = scan.start();
      for (const std::string& topic : topics) {
        const bool matches = topic::matches(filter, topic::TopicName::parse(topic).value());
        ASSERT_FALSE(matches && start.is_before(topic)) << text << " starts behind " << topic;
      }
      for (const std::string& topic : topics) {
        const FilterScan::Verdict verdict = scan.look_at(topic);
        ASSERT_EQ(verdict.matches, topic::matches(filter, topic::TopicName::parse(topic).value()))
            << text << " and " << topic;
        if (verdict.next.to == Seek::To::AtLeast || verdict.next.to == Seek::To::PastSubtree) {
          ASSERT_TRUE(verdict.next.is_before(topic)) << text << " does not move on from " << topic;
        }
        if (verdict.next.to == Seek::To::Next) continue;
        for (auto later = topics.upper_bound(topic); later != topics.end(); ++later) {
          const bool jumped_over = verdict.next.to == Seek::To::End || verdict.next.is_before(*later);
          const bool matches = topic::matches(filter, topic::TopicName::parse(*later).value());
          ASSERT_FALSE(jumped_over && matches) << text << " jumps from " << topic << " over " << *later;
        }
      }
    }
  }
}

TEST(FilterScan, JumpsToTheNextCandidate) {
  const topic::TopicFilter filter = filter_of("+/temp");
  FilterScan scan(filter);
  const FilterScan::Verdict low = scan.look_at("room1/alarm");
  EXPECT_FALSE(low.matches);
  EXPECT_EQ(low.next.to, Seek::To::AtLeast);
  EXPECT_EQ(low.next.text, "room1/temp");
  const FilterScan::Verdict high = scan.look_at("room1/volume/left");
  EXPECT_EQ(high.next.to, Seek::To::PastSubtree);
  EXPECT_EQ(high.next.text, "room1");
  EXPECT_TRUE(scan.look_at("room1/temp").matches);
  EXPECT_EQ(scan.look_at("$SYS/temp").next.text, "%");
}

TEST(FilterScan, EndsBehindTheLastCandidate) {
  const topic::TopicFilter filter = filter_of("a/b/#");
  FilterScan scan(filter);
  EXPECT_EQ(scan.start().text, "a/b");
  EXPECT_TRUE(scan.look_at("a/b").matches);
  EXPECT_EQ(scan.look_at("a/c").next.to, Seek::To::End);
  EXPECT_EQ(scan.look_at("b").next.to, Seek::To::End);
}

}  // namespace
}  // namespace hermod::retain
