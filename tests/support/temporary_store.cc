#include "tests/support/temporary_store.h"

#include <utility>

#include "base/assert.h"

namespace hermod::test {
TemporaryStore::TemporaryStore(store::Options options, const Clock& clock)
    : folder_(support::memory_base()), options_(std::move(options)), clock_(clock) {
  options_.path = (folder_.path() / "store").string();
  open();
}

TemporaryStore::~TemporaryStore() {
  lose();
}

void TemporaryStore::lose() {
  journal_.reset();
  store_.reset();
}

void TemporaryStore::open() {
  store::OpenReport report;
  auto opened = store::Store::open(options_, clock_, report);
  HERMOD_ASSERT(opened.has_value() && !report.set_aside);
  store_ = std::move(*opened);
  journal_.emplace(store_->journal());
}

}  // namespace hermod::test
