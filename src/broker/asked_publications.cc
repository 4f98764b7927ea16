#include "broker/asked_publications.h"

#include "base/assert.h"

namespace hermod::broker {

std::uint64_t AskedPublications::begin(SessionId publisher) {
  open_.emplace(++last_, publisher);
  ++of_[publisher];
  return last_;
}

void AskedPublications::end(std::uint64_t number) {
  const auto found = open_.find(number);
  HERMOD_ASSERT(found != open_.end());
  const auto of = of_.find(found->second);
  if (--of->second == 0) of_.erase(of);
  open_.erase(found);
}

}  // namespace hermod::broker
