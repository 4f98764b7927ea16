#pragma once
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <span>

#include "store/committer.h"

namespace hermod::store {

/// Keeps where the committed entries are, in order; ends the bench when a commit fails. The committer's
/// thread, or the one that calls run_once().
class EntryCollector final : public CommitObserver {
 public:
  void on_sequenced(std::span<Done>) override {}
  void on_durable(std::span<Done> group) override {
    for (const Done& done : group)
      for (const Appended& appended : done.appended) entries.push_back(appended);
  }
  void on_failed(std::span<Done>, const Error& why) override {
    std::fprintf(stderr, "commit failed: %s\n", why.detail.c_str());
    std::exit(1);
  }
  std::deque<Appended> entries;
};

}  // namespace hermod::store
