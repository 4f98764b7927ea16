#pragma once
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "tests/crash/file_faults/control.h"

namespace hermod::crash {

/// What becomes of the writes of one file that no sync has covered.
enum class Fate { Dropped, Written, Some, Torn, Any };

/// What a disk holds when the power fails: follows the log of the file layer from sync to sync and decides
/// about the rest. Owns the contents of all files, in memory; belongs to the test's thread, lives over any
/// number of cuts.
///
/// Modelled: a sync makes the file's earlier writes and its size certain, and nothing of other files; a write
/// with O_DSYNC makes its own pages certain. Everything else may be there or not, each write for itself and,
/// torn, each sector of 512 bytes for itself; a sector is old or new. A name (new file, rename, remove, new
/// folder) is certain behind the sync of its folder; of those that are not, the first few are there and the
/// last ones are not, as a file system with a journal has it. A failed sync loses what it should have
/// written: no later one tries again. Not modelled: a disk that changes sectors nobody wrote, or that gives
/// back what it was sent in another sector; rights, times and owners of files.
class DiskImage {
 public:
  explicit DiskImage(std::uint64_t seed) : random_(seed) {}

  /// Follows what the log holds; once per log.
  void replay(const std::filesystem::path& log);
  /// The power is off: decides about everything that is not certain.
  void cut(Fate fate);
  /// Puts the disk's files in the place of those in `folder`.
  void write_to(const std::filesystem::path& folder);

  /// Bytes of a file on the disk, as far as is certain.
  const std::string& certain(const std::string& name) const { return on_disk_.at(name)->bytes; }
  bool has(const std::string& name) const { return on_disk_.contains(name); }
  /// Over all cuts: writes that no sync had covered, and those of them that were not or not wholly kept.
  std::uint64_t uncertain_writes() const { return uncertain_; }
  std::uint64_t lost_writes() const { return lost_; }

 private:
  struct Change {
    faults::Kind kind{};
    std::uint64_t number = 0;
    std::uint64_t offset = 0;
    std::string bytes{};

    std::uint64_t end() const { return offset + bytes.size(); }
  };
  struct File {
    std::string bytes;
    std::vector<Change> uncertain;  // in order
    bool mapped = false;
  };
  struct NameChange {
    faults::Kind kind{};
    std::uint64_t number = 0;
    std::string name;
    std::string second;
    std::shared_ptr<File> file;
  };
  using Names = std::map<std::string, std::shared_ptr<File>>;

  void follow(const faults::Record& record, const std::string& name, std::string data);
  void open(const faults::Record& record, const std::string& name);
  void change_name(const faults::Record& record, const std::string& name, const std::string& second);
  static void apply_name(Names& names, const NameChange& change);
  void sync_names(const std::string& folder, std::uint64_t last);
  static void sync(File& file, std::uint64_t last);
  void fail_sync(File& file, std::uint64_t last, bool all_lost);
  /// The pages of one write, with what earlier writes left in them; `kept` false: they are lost.
  static void settle_pages(File& file, std::uint64_t number, bool kept);
  static void apply(File& file, const Change& change);
  void decide(File& file, Fate fate);
  void apply_torn(File& file, const Change& change);
  /// Zeros, nothing or what was there: a map has no order.
  std::string mapped_bytes(const std::filesystem::path& file);
  bool coin(double chance) { return std::bernoulli_distribution(chance)(random_); }

  std::mt19937_64 random_;
  Names now_;      // as the process sees it
  Names on_disk_;  // certain names
  std::map<std::uint64_t, std::shared_ptr<File>> inodes_;
  std::vector<NameChange> names_;  // uncertain, in order
  bool has_folder_ = false;
  std::uint64_t uncertain_ = 0;
  std::uint64_t lost_ = 0;
};

}  // namespace hermod::crash
