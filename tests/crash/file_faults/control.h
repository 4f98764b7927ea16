#pragma once
#include <array>
#include <atomic>
#include <cstdint>
#include <limits>

/// What a test and the file layer in the broker say to each other: the switches of the faults in a file that
/// both map, and the log of everything that was done to the files of the store.
namespace hermod::crash::faults {

/// Names in the environment: the folder with the two files below, and the folder that is watched (absolute,
/// or from the working directory at the start).
inline constexpr const char* kFolderVariable = "HERMOD_FILE_FAULTS";
inline constexpr const char* kWatchVariable = "HERMOD_FILE_FAULTS_WATCH";
inline constexpr const char* kControlFile = "control";
inline constexpr const char* kLogFile = "log";

inline constexpr std::uint64_t kNever = std::numeric_limits<std::uint64_t>::max();

/// The test writes the first part, the layer reads it before every action; the other way round below.
struct Control {
  /// The process is killed in the middle of this operation: it is in the log, and not done.
  std::atomic<std::uint64_t> cut_at{kNever};
  /// The next so many syncs of `faulty_file` fail with EIO, after `good_syncs` more that do not. A write on a
  /// descriptor with O_DSYNC is a sync too.
  std::atomic<std::uint64_t> good_syncs{0};
  std::atomic<std::uint64_t> bad_syncs{0};
  /// Behind those, so many more syncs of the file come back and the next one ends the process instead.
  std::atomic<std::uint64_t> syncs_before_cut{kNever};
  /// Name in the watched folder; empty: any. Set while no sync is to fail.
  std::array<char, 32> faulty_file{};
  /// After a failed sync the file shows what the disk has, as if the system had thrown the pages out; it
  /// shows what was written otherwise. Costs memory; set before the broker starts.
  std::atomic<bool> evicts{false};
  /// Every write and everything else that changes the disk fails with this code; 0: nothing does. Only what
  /// is done to files whose name begins with `refusing_files`, which is set while nothing fails.
  std::atomic<std::int32_t> write_error{0};
  std::array<char, 32> refusing_files{};
  /// The process is killed instead of sending so many times to a socket.
  std::atomic<std::uint64_t> cut_at_send{kNever};
  /// Bytes by which files may grow; what was used is counted off.
  std::atomic<std::uint64_t> room{kNever};
  /// Syncs succeed and have no effect.
  std::atomic<bool> lies{false};
  /// A sync takes up to so long.
  std::atomic<std::uint32_t> sync_micros{0};

  std::atomic<std::uint64_t> operations{0};
  std::atomic<std::uint64_t> sends{0};
  std::atomic<std::uint64_t> refused_syncs{0};
  std::atomic<std::uint64_t> refused_writes{0};
};
static_assert(std::atomic<std::uint64_t>::is_always_lock_free);

enum class Kind : std::uint32_t {
  Opened,       // name, inode; for a file that was there
  Created,      // name, inode
  Written,      // inode, offset, data
  Allocated,    // inode, new least size in `offset`
  Truncated,    // inode, new size in `offset`
  Mapped,       // inode: written through a map from now on, which leaves nothing in the log
  Renamed,      // name, second name as data
  Removed,      // name
  MadeFolder,   // name
  Synced,       // inode: everything of it below `offset`, a number of an operation
  SyncedOne,    // inode: the one operation with the number `offset`
  SyncFailed,   // inode, as Synced; `flag`: none of it has reached the disk
  FailedOne,    // inode, as SyncedOne
  SyncedNames,  // name of a folder: its names below `offset`
};

/// One entry of the log; the name and the data follow. Paths are relative to the watched folder; the folder
/// itself is ".". Written before the action, and Synced and its like behind it. Numbers begin at 1 and rise.
/// A record that is not whole was not acted upon.
struct Record {
  static constexpr std::uint32_t kMark = 0x4d524548;

  std::uint32_t mark = kMark;
  Kind kind{};
  std::uint64_t number = 0;
  std::uint64_t inode = 0;
  std::uint64_t offset = 0;
  std::uint64_t data_size = 0;
  std::uint32_t name_size = 0;
  std::uint32_t flag = 0;
};

}  // namespace hermod::crash::faults
