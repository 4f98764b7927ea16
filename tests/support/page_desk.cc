#include "tests/support/page_desk.h"

#include <utility>

namespace hermod::test {

bool PageDesk::look_up() {
  if (asked_.empty()) return false;
  const broker::PageWanted wanted = asked_.front();
  asked_.pop_front();
  broker::PageRead page = page_from(wanted, slice(wanted));
  looked_up_.push_back(std::move(page));
  shards_.push_back(wanted.shard);
  return true;
}

bool PageDesk::fail() {
  if (asked_.empty()) return false;
  const broker::PageWanted wanted = asked_.front();
  asked_.pop_front();
  looked_up_.push_back(
      {.session = wanted.session, .purpose = wanted.purpose, .end = wanted.from, .failed = true});
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
