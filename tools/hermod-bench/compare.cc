#include "compare.h"

#include <algorithm>
#include <cstdio>

#include "report.h"
#include "runner.h"

namespace hermod::bench {
namespace {

struct Row {
  std::string title;
  Scenario scenario;
};

/// The medians of one contestant in one scenario.
struct Figures {
  double us = 0;
  double rate = 0;
  double own_us = 0;
  double p99_us = 0;
};

std::vector<Row> rows(const Scenario& base) {
  std::vector<Row> list;
  for (int qos = 0; qos <= 2; ++qos) {
    Scenario pair = base;
    pair.name = "pair";
    pair.shape = Shape::Pair;
    pair.publishers = pair.subscribers = 10;
    pair.qos = qos;
    pair.window_by = qos == 0 ? WindowBy::Receipt : WindowBy::Both;
    list.push_back({"QoS " + std::to_string(qos) + ", 10 pairs, 100 in flight", pair});
  }
  for (int qos = 0; qos <= 2; ++qos) {
    Scenario fan = base;
    fan.name = "fan";
    fan.shape = Shape::Fan;
    fan.publishers = 1;
    fan.subscribers = 100;
    fan.topic_per_pair = false;
    fan.qos = qos;
    fan.window_by = qos == 0 ? WindowBy::Receipt : WindowBy::Both;
    list.push_back({"QoS " + std::to_string(qos) + ", fan-out 1:100", fan});
  }
  return list;
}

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  const std::size_t half = values.size() / 2;
  return values.size() % 2 == 1 ? values[half] : (values[half - 1] + values[half]) / 2;
}

Figures medians(const std::vector<Outcome>& outcomes) {
  std::vector<double> us, rate, own, p99;
  for (const Outcome& outcome : outcomes) {
    us.push_back(outcome.broker_us_per_message());
    rate.push_back(outcome.messages_per_second());
    own.push_back(outcome.own_us_per_message());
    p99.push_back(static_cast<double>(outcome.latency.at(0.99)) / 1e3);
  }
  return {median(us), median(rate), median(own), median(p99)};
}

std::string markdown_row(const std::string& title, const Figures& a, const Figures& b) {
  char text[256];
  std::snprintf(text, sizeof text, "| %s | %.2f | %.2f | %.3f | %.0f | %.0f | %.0f | %.0f | %.2f |\n",
                title.c_str(), a.us, b.us, b.us > 0 ? a.us / b.us : 0.0, a.rate, b.rate, a.p99_us, b.p99_us,
                b.own_us);
  return text;
}

}  // namespace

Result<Contestant> parse_contestant(const std::string& text) {
  const std::size_t equals = text.find('=');
  const std::size_t at = text.rfind('@');
  if (equals == std::string::npos || at == std::string::npos || at < equals)
    return failure(Errc::Invalid, "\"" + text + "\": write name=host:port@pid");
  Contestant contestant{text.substr(0, equals), text.substr(equals + 1, at - equals - 1), 0};
  char* end = nullptr;
  contestant.pid = static_cast<int>(std::strtol(text.c_str() + at + 1, &end, 10));
  if (contestant.pid <= 0 || *end != '\0')
    return failure(Errc::Invalid, "\"" + text + "\": behind @ stands the broker's process number");
  return contestant;
}

Result<std::string> compare(const ComparePlan& plan, bool& all_held) {
  all_held = true;
  const std::string& a = plan.a.name;
  const std::string& b = plan.b.name;
  std::string table = "| scenario | " + a + " us/message | " + b + " us/message | " + a + " / " + b + " | " +
                      a + " messages/s | " + b + " messages/s | " + a + " p99 us | " + b +
                      " p99 us | generator us/message |\n|---|---|---|---|---|---|---|---|---|\n";
  for (const Row& row : rows(plan.base)) {
    std::vector<Outcome> of_a, of_b;
    for (unsigned round = 0; round < plan.rounds; ++round) {
      for (const Contestant* contestant : {&plan.a, &plan.b}) {
        Scenario scenario = row.scenario;
        scenario.broker = contestant->broker;
        scenario.broker_pid = contestant->pid;
        auto outcome = run_scenario(scenario);
        if (!outcome) return tl::unexpected(outcome.error());
        const bool held = outcome->failure.empty() && outcome->violations().empty();
        all_held = all_held && held;
        std::fprintf(stderr, "%s, %s: %.2f us/message%s\n", contestant->name.c_str(), row.title.c_str(),
                     outcome->broker_us_per_message(), held ? "" : " (not clean)");
        if (!held) std::fputs(as_table(*outcome).c_str(), stderr);
        (contestant == &plan.a ? of_a : of_b).push_back(std::move(*outcome));
      }
    }
    table += markdown_row(row.title, medians(of_a), medians(of_b));
  }
  return table;
}

}  // namespace hermod::bench
