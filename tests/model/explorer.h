#pragma once
#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <unordered_set>
#include <utility>
#include <vector>

namespace hermod::model {

/// One step of a run, for the reader of a counterexample.
struct Step {
  const char* what = "";
  int argument = 0;
};

/// What an exploration found.
struct Outcome {
  std::size_t states = 0;
  std::size_t transitions = 0;
  std::size_t depth = 0;             // steps of the longest shortest run
  std::string violation;             // empty: none
  std::vector<Step> counterexample;  // the shortest run to the violation

  /// The counterexample as text, one step per line.
  std::string story() const {
    std::string text;
    for (const Step& step : counterexample)
      text += std::string("  ") + step.what + " " + std::to_string(step.argument) + "\n";
    return text + "  => " + violation;
  }
};

/// Visits every state that a model can reach, breadth first, so that a counterexample is as short as can be.
/// States are compared by their full encoding, not by a hash of it. A model offers:
///
///   State                                      a value
///   State initial() const
///   void for_each_step(const State&, Emit) const     emit(Step, State) for every possible step
///   std::string encode(const State&) const           equal exactly for states that behave alike
///   std::string violation(const State&) const        empty when all is well
///
/// With `wanted`, only that violation ends the search; a state with another one is not followed further.
template <class Model>
Outcome explore(const Model& model, const std::string& wanted = {}) {
  struct Visit {
    std::uint32_t parent;
    Step step;
  };
  Outcome outcome;
  std::vector<Visit> visits;
  std::unordered_set<std::string> seen;
  struct Open {
    typename Model::State state;
    std::uint32_t number;
    std::size_t depth;
  };
  std::deque<Open> open;

  const auto run_to = [&](std::uint32_t number) {
    std::vector<Step> steps;
    for (; number != 0; number = visits[number].parent) steps.push_back(visits[number].step);
    return std::vector<Step>(steps.rbegin(), steps.rend());
  };
  /// True when the search is over.
  const auto visit = [&](Step step, typename Model::State state, std::uint32_t parent, std::size_t depth) {
    if (!seen.insert(model.encode(state)).second) return false;
    const auto number = static_cast<std::uint32_t>(visits.size());
    visits.push_back({parent, step});
    outcome.depth = depth;
    if (std::string wrong = model.violation(state); !wrong.empty()) {
      if (!wanted.empty() && wrong != wanted) return false;
      outcome.violation = std::move(wrong);
      outcome.counterexample = run_to(number);
      return true;
    }
    open.push_back({std::move(state), number, depth});
    return false;
  };

  bool over = visit({"start", 0}, model.initial(), 0, 0);
  while (!over && !open.empty()) {
    const Open from = std::move(open.front());
    open.pop_front();
    model.for_each_step(from.state, [&](Step step, typename Model::State next) {
      if (over) return;
      ++outcome.transitions;
      over = visit(step, std::move(next), from.number, from.depth + 1);
    });
  }
  outcome.states = visits.size();
  return outcome;
}

}  // namespace hermod::model
