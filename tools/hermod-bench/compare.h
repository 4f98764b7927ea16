#pragma once
#include <string>
#include <vector>

#include "base/result.h"
#include "scenario.h"

namespace hermod::bench {

/// A broker that runs already.
struct Contestant {
  std::string name;
  std::string broker;
  int pid = 0;
};
/// "name=host:port@pid". Invalid with a text that names what is missing.
Result<Contestant> parse_contestant(const std::string& text);

struct ComparePlan {
  Contestant a;
  Contestant b;
  unsigned rounds = 3;
  Scenario base;  ///< version, threads, seconds, payload
};

/// Runs every scenario `rounds` times on A and B in turn and prints progress to stderr. Gives a Markdown
/// table of medians; `all_held` tells whether no run failed or broke a promise.
Result<std::string> compare(const ComparePlan& plan, bool& all_held);

}  // namespace hermod::bench
