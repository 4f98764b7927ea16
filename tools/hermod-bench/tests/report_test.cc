#include "report.h"

#include <gtest/gtest.h>

#include "compare.h"
#include "json_line.h"

namespace hermod::bench {
namespace {

Outcome clean(int qos) {
  Outcome outcome;
  outcome.scenario.qos = qos;
  return outcome;
}

TEST(Violations, LossCountsFromQoS1Upward) {
  for (int qos = 0; qos <= 2; ++qos) {
    Outcome outcome = clean(qos);
    EXPECT_TRUE(outcome.violations().empty());
    outcome.lost = 1;
    EXPECT_EQ(outcome.violations().empty(), qos == 0);
  }
}

TEST(Violations, ASecondCopyIsAllowedAtQoS1Only) {
  for (int qos = 0; qos <= 2; ++qos) {
    Outcome outcome = clean(qos);
    outcome.duplicates = 1;
    EXPECT_EQ(outcome.violations().empty(), qos == 1);
  }
}

TEST(Violations, OrderDamageAndStrayAcksAlwaysCount) {
  for (const auto field : {&Outcome::late, &Outcome::late_of_key, &Outcome::damaged, &Outcome::stray_acks,
                           &Outcome::held_not_dup}) {
    Outcome outcome = clean(1);
    outcome.*field = 3;
    ASSERT_EQ(outcome.violations().size(), 1U);
    EXPECT_EQ(outcome.violations()[0].substr(0, 2), "3 ");
  }
}

TEST(Report, SaysWhatIsWrong) {
  Outcome outcome = clean(2);
  EXPECT_NE(as_table(outcome).find("\nOK\n"), std::string::npos);
  outcome.lost = 7;
  EXPECT_NE(as_table(outcome).find("VIOLATED: 7 messages lost"), std::string::npos);
  EXPECT_NE(as_json(outcome).find("\"violations\":[\"7 messages lost\"]"), std::string::npos);
}

TEST(Report, CpuPerMessageIsOverTheMeasuredIntervalOnly) {
  Outcome outcome = clean(0);
  outcome.measured_received = 1000;
  outcome.received = 9999;
  outcome.broker_cpu_ns = 5'000'000;
  EXPECT_DOUBLE_EQ(outcome.broker_us_per_message(), 5.0);
}

TEST(JsonLine, EscapesWhatJsonCannotHold) {
  JsonLine json;
  json.add("text", "a\"b\\c\nd");
  json.add("number", 3);
  EXPECT_EQ(json.str(), "{\"text\":\"a\\\"b\\\\c\\u000ad\",\"number\":3}");
}

TEST(Contestant, IsReadFromNameAddressAndProcess) {
  const auto contestant = parse_contestant("mosquitto=127.0.0.1:1884@123");
  ASSERT_TRUE(contestant);
  EXPECT_EQ(contestant->name, "mosquitto");
  EXPECT_EQ(contestant->broker, "127.0.0.1:1884");
  EXPECT_EQ(contestant->pid, 123);
  EXPECT_FALSE(parse_contestant("mosquitto"));
  EXPECT_FALSE(parse_contestant("a=b"));
  EXPECT_FALSE(parse_contestant("a=b:1@x"));
}

}  // namespace
}  // namespace hermod::bench
