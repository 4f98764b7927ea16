#pragma once
#include <memory>
#include <optional>

#include "base/clock.h"
#include "store/store.h"
#include "tests/support/faulty_journal.h"
#include "tests/support/temporary_folder.h"

namespace hermod::test {

/// A real store in a folder of its own, in memory where the system has such a file system; the folder goes
/// with the object. It can be lost as a crash loses it, and be opened again. One thread, no other is started.
class TemporaryStore {
 public:
  /// Opens it. `options.path` is filled in.
  TemporaryStore(store::Options options, const Clock& clock);
  ~TemporaryStore();
  TemporaryStore(const TemporaryStore&) = delete;
  TemporaryStore& operator=(const TemporaryStore&) = delete;

  /// From here on nothing reaches the disk but the next `good` groups.
  void cut_power(std::size_t good = 0) { journal_->cut_after(good); }
  /// The process is gone, and what it had in memory. Nobody uses the store any more.
  void lose();
  /// Precondition: lost. The journal is replayed.
  void open();

  /// What the broker runs on; until lose().
  store::Store& store() { return *store_; }
  FaultyJournal& journal() { return *journal_; }

 private:
  support::TemporaryFolder folder_;
  store::Options options_;
  const Clock& clock_;
  std::unique_ptr<store::Store> store_;
  std::optional<FaultyJournal> journal_;
};

}  // namespace hermod::test
