#include "tests/support/page_desk.h"

#include <algorithm>
#include <utility>
#include <vector>

namespace hermod::test {

bool PageDesk::look_up() {
  if (asked_.empty()) return false;
  const broker::PageWanted wanted = asked_.front();
  asked_.pop_front();
  looked_up_.push_back(page_for(wanted));
  shards_.push_back(wanted.shard);
  return true;
}

broker::PageRead PageDesk::page_for(const broker::PageWanted& wanted) const {
  store::Slice slice = this->slice(wanted);
  const auto has_it = [&](const auto& those, Seq seq) {
    return those.contains({StreamId{wanted.session.v}, seq});
  };
  const bool is_broken = std::any_of(slice.entries.begin(), slice.entries.end(),
                                     [&](const store::StoredEntry& one) { return has_it(broken_, one.seq); });
  if (is_broken || breaks_all_) return failed_page(wanted);
  for (const store::StoredEntry& one : slice.entries)
    if (has_it(damaged_, one.seq)) slice.damaged.push_back({one.seq, "damaged by the test"});
  std::erase_if(slice.entries, [&](const store::StoredEntry& one) { return has_it(damaged_, one.seq); });
  return page_from(wanted, slice, recent_);
}

bool PageDesk::fail() {
  if (asked_.empty()) return false;
  const broker::PageWanted wanted = asked_.front();
  asked_.pop_front();
  looked_up_.push_back(failed_page(wanted));
  shards_.push_back(wanted.shard);
  return answer();
}

bool PageDesk::answer() {
  if (looked_up_.empty() && !look_up()) return false;
  ++answered_;
  mailboxes_[shards_.front().v]->post(std::move(looked_up_.front()));
  looked_up_.pop_front();
  shards_.pop_front();
  return true;
}

}  // namespace hermod::test
