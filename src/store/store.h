#pragma once
#include <cstdint>
#include <memory>
#include <string>

#include "base/clock.h"
#include "base/ids.h"
#include "base/result.h"
#include "store/commit_sink.h"
#include "store/journal.h"
#include "store/options.h"
#include "store/progress.h"
#include "store/read_view.h"
#include "store/stats.h"

namespace hermod::store {

/// What opening found, for the log and the operator.
struct OpenReport {
  bool fresh = false;          // nothing was there, or what was there has been set aside
  bool set_aside = false;      // a damaged, foreign or newer store was moved
  std::string set_aside_path;  // to here
  std::string why;             // what was wrong, for people
  bool upgraded = false;       // a store of the format before was made one of this
  std::string backup_path;     // as it was, it is here
  GroupNo replayed_from{1};    // the first group that the tables did not have
  GroupNo next_group{1};       // for Committer::resume()
  std::uint64_t groups_replayed = 0;
  std::uint64_t bytes_replayed = 0;
  bool torn_tail = false;  // what no sync had covered was not whole: dropped from its first hole on
};

/// The store on disk: one folder. Owns the lock on the folder, the journal and the tables, what is not in the
/// tables yet, and the checkpointer's thread. Opened and destroyed by one thread; lives longer than the
/// committer and every ReadView.
class Store {
 public:
  /// Opens the folder of options.path, makes it if need be, and brings back what was committed. A store that
  /// is damaged, of a newer format or not ours is set aside and a fresh one opened, and one of the format
  /// before this is upgraded behind a backup; the report says so.
  /// Errors: Busy (another broker has the folder; names its process), Unsupported (the store is of a format
  /// older than that; it stays as it is), Invalid (no path, or not a folder), Io, NoSpace.
  /// An upgrade, which takes several times as long as reading everything once, tells `progress`.
  static Result<std::unique_ptr<Store>> open(const Options& options, const Clock& clock, OpenReport& report,
                                             const Progress& progress = {});
  ~Store();
  Store(const Store&) = delete;
  Store& operator=(const Store&) = delete;

  /// For the committer.
  Journal& journal();
  CommitSink& sink();
  GroupNo next_group() const;

  /// Any thread.
  std::unique_ptr<ReadView> view() const;

  /// Starts the checkpointer's thread.
  void start();
  /// Ends it and brings the tables up to date. After the committer's stop().
  void stop();
  /// Brings the tables up to date now, on the caller's thread. Any thread. On an error the tables stay as
  /// they were or further on the way, and the next checkpoint goes on.
  Status checkpoint();

  /// After a failed append or sync: opens the journal again and drops what the failed append may have left,
  /// because nobody was told that it holds; what was told before is kept, and written again where no sync had
  /// covered it. Gives the number for Committer::resume(). On the thread that calls resume, while the
  /// committer is not healthy.
  Result<GroupNo> reopen_journal();

  /// Any thread.
  Stats stats() const;
  /// The part of it that costs nothing to ask for. Any thread.
  Wear wear() const;

 private:
  struct Parts;
  explicit Store(std::unique_ptr<Parts> parts);

  std::unique_ptr<Parts> parts_;
};

}  // namespace hermod::store
