#include "broker/barriers.h"

#include <utility>

#include "base/assert.h"

namespace hermod::broker {

std::uint64_t Barriers::begin(std::size_t answers, Barrier barrier) {
  HERMOD_ASSERT(answers > 0);
  waiting_.emplace(++begun_, Waiting{answers, std::move(barrier)});
  return begun_;
}

std::optional<Barrier> Barriers::on_answer(std::uint64_t number) {
  const auto found = waiting_.find(number);
  HERMOD_ASSERT(found != waiting_.end());
  if (--found->second.answers > 0) return std::nullopt;
  std::optional<Barrier> barrier = std::move(found->second.barrier);
  waiting_.erase(found);
  return barrier;
}

std::vector<AskSubmitted> Barriers::take_answerable(const AskedPublications& asked) {
  std::vector<AskSubmitted> answerable;
  std::erase_if(asks_, [&](const Ask& one) {
    if (asked.has_up_to(one.last_asked)) return false;
    answerable.push_back(one.ask);
    return true;
  });
  return answerable;
}

}  // namespace hermod::broker
