#pragma once
#include <span>
#include <utility>

#include "base/assert.h"
#include "store/store.h"
#include "tests/support/page_desk.h"

namespace hermod::test {

/// Pages from a real store, read as broker::StoreReader reads them. One thread.
class StorePages final : public PageDesk {
 public:
  StorePages(const store::Store& store, std::span<broker::ShardMailbox* const> mailboxes)
      : PageDesk(mailboxes), store_(store) {}

 private:
  store::Slice slice(const broker::PageWanted& wanted) const override {
    auto slice = store_.view()->read_stream(StreamId{wanted.session.v}, wanted.from, wanted.most.messages,
                                            wanted.most.bytes);
    HERMOD_ASSERT(slice.has_value());
    return std::move(*slice);
  }

  const store::Store& store_;
};

}  // namespace hermod::test
