#include "store/store.h"

#include <algorithm>
#include <utility>

#include "store/checkpointer.h"
#include "store/file_system.h"
#include "store/folder.h"
#include "store/group_codec.h"
#include "store/lmdb/lmdb_tables.h"
#include "store/memtable.h"
#include "store/segment_journal.h"
#include "store/segment_maker.h"
#include "store/upgrade.h"
#include "store/verifier.h"

namespace hermod::store {
namespace {

tl::unexpected<Error> not_upgraded(const Folder& folder, const Error& why) {
  return failure(why.code, folder.path() + ": the store is of format " + std::to_string(Folder::kUpgradable) +
                               " and could not be upgraded: " + why.detail +
                               ". Nothing of it is lost. Make room for a copy of it in this folder, or "
                               "start the version that wrote it");
}

/// Why the store is not good; empty when it is.
Result<std::string> reason_against(const Folder& folder, GroupNo& torn) {
  auto verdict = verify_in_child(folder.journal(), folder.tables());
  if (!verdict) return tl::unexpected(verdict.error());
  torn = verdict->torn;
  return verdict->good ? std::string() : std::move(verdict->why);
}

/// Looks at what is in the folder, upgrades it where it can be, and moves it away when it is not a good store
/// of ours.
Status inspect(const Folder& folder, const Clock& clock, const Progress& progress, OpenReport& report,
               GroupNo& torn) {
  const auto format = folder.format();
  if (!format) return tl::unexpected(format.error());
  std::string why;
  switch (*format) {
    case Folder::Format::None:
      report.fresh = true;
      if (!folder.has_files()) return {};
      why = "there are files of a store without the file that names the format";
      break;
    case Folder::Format::Newer:
      why = "the store is of format " + std::to_string(folder.format_number()) +
            ", newer than what this broker knows, which is format " + std::to_string(Folder::kFormat);
      break;
    case Folder::Format::Older:
      // Whole, and somebody may want it: an empty store in its place would look like a loss.
      return failure(
          Errc::Unsupported,
          folder.path() + ": the store is of an older format, " + std::to_string(folder.format_number()) +
              ", from before the first release, which this broker does not read: it reads format " +
              std::to_string(Folder::kFormat) + " and upgrades format " +
              std::to_string(Folder::kUpgradable) +
              ". Nothing was changed. Start the version that wrote it, or move the folder away to "
              "begin with an empty store");
    case Folder::Format::Foreign:
      why = "the file that names the format is not ours";
      break;
    case Folder::Format::Upgradable: {
      auto upgraded = upgrade(folder, clock.wall(), progress);
      if (upgraded) {
        report.upgraded = true;
        report.backup_path = std::move(upgraded->backup_path);
        report.torn_tail = upgraded->torn_tail;
        return {};
      }
      if (upgraded.error().code != Errc::Corruption) return not_upgraded(folder, upgraded.error());
      why = std::move(upgraded.error().detail);
      break;
    }
    case Folder::Format::Current: {
      auto reason = reason_against(folder, torn);
      if (!reason) return tl::unexpected(reason.error());
      if (reason->empty()) return {};
      why = std::move(*reason);
      break;
    }
  }
  auto aside = folder.set_aside(clock.wall(), why);
  if (!aside) return tl::unexpected(aside.error());
  report.fresh = true;
  report.set_aside = true;
  report.set_aside_path = std::move(*aside);
  report.why = std::move(why);
  return {};
}

}  // namespace

struct Store::Parts {
  Parts(const Options& given, Folder&& locked) : options(given), folder(std::move(locked)) {}

  const Options options;
  const Folder folder;  // first: the lock ends last
  std::unique_ptr<LmdbTables> tables;
  std::unique_ptr<SegmentJournal> journal;
  std::unique_ptr<SegmentMaker> maker;
  std::unique_ptr<Memtable> memtable;
  std::unique_ptr<Checkpointer> checkpointer;

  Status open_files();
  Status recover(OpenReport& report, GroupNo torn);
};

Status Store::Parts::open_files() {
  auto opened_tables = LmdbTables::open(folder.tables());
  if (!opened_tables) return tl::unexpected(opened_tables.error());
  tables = std::move(*opened_tables);
  auto opened_journal = SegmentJournal::open(folder.journal(), options.journal_size());
  if (!opened_journal) return tl::unexpected(opened_journal.error());
  journal = std::move(*opened_journal);
  return {};
}

Status Store::Parts::recover(OpenReport& report, GroupNo torn) {
  if (torn.v != 0) {
    if (Status dropped = journal->drop_from(torn); !dropped) return dropped;
    report.torn_tail = true;
  }
  const auto position = tables->position();
  if (!position) return tl::unexpected(position.error());
  memtable = std::make_unique<Memtable>(true);
  Status replayed = journal->replay(*position, [&](GroupNo number, Bytes record) {
    ++report.groups_replayed;
    report.bytes_replayed += record.size();
    return memtable->replay(number, record);
  });
  if (!replayed) return replayed;
  if (report.groups_replayed == 0) memtable = std::make_unique<Memtable>();
  const GroupNo next{std::max(journal->range().second.v + 1, position->v)};
  memtable->set_next_group(next);
  report.replayed_from = *position;
  report.next_group = next;
  // What a process that was killed had written and not synced was replayed, and is told to clients from now
  // on.
  if (Status settled = journal->settle(*position, next); !settled) return settled;
  // Only what the tables have may go from the journal, which they durably have up to here.
  if (Status trimmed = journal->trim(*position); !trimmed) return trimmed;
  checkpointer = std::make_unique<Checkpointer>(options, *memtable, *tables, *journal);
  maker = std::make_unique<SegmentMaker>(*journal);
  return {};
}

Store::Store(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}

Store::~Store() {
  parts_->checkpointer->stop();
}

Result<std::unique_ptr<Store>> Store::open(const Options& options, const Clock& clock, OpenReport& report,
                                           const Progress& progress) {
  report = {};
  auto folder = Folder::lock(options.path);
  if (!folder) return tl::unexpected(folder.error());
  auto parts = std::make_unique<Parts>(options, std::move(*folder));
  GroupNo torn;
  if (Status looked = inspect(parts->folder, clock, progress, report, torn); !looked)
    return tl::unexpected(looked.error());
  if (Status opened = parts->open_files(); !opened) return tl::unexpected(opened.error());
  if (Status restricted = parts->folder.restrict_modes(); !restricted)
    return tl::unexpected(restricted.error());
  if (report.fresh) {
    // Last, so that a folder with this file is a whole store.
    if (Status synced = parts->tables->sync(); !synced) return tl::unexpected(synced.error());
    if (Status written = parts->folder.write_format(); !written) return tl::unexpected(written.error());
  }
  if (Status recovered = parts->recover(report, torn); !recovered) return tl::unexpected(recovered.error());
  return std::unique_ptr<Store>(new Store(std::move(parts)));
}

Journal& Store::journal() {
  return *parts_->journal;
}

CommitSink& Store::sink() {
  return *parts_->memtable;
}

GroupNo Store::next_group() const {
  return parts_->memtable->next_group();
}

std::unique_ptr<ReadView> Store::view() const {
  return std::make_unique<ReadView>(*parts_->memtable, *parts_->tables, *parts_->journal);
}

void Store::start() {
  parts_->checkpointer->start();
  parts_->maker->start();
}

void Store::stop() {
  parts_->maker->stop();
  parts_->checkpointer->stop();
  static_cast<void>(parts_->checkpointer->run_once());  // otherwise the next start replays
}

Status Store::checkpoint() {
  return parts_->checkpointer->run_once();
}

Result<GroupNo> Store::reopen_journal() {
  const GroupNo next = parts_->memtable->next_group();
  Status repaired = parts_->journal->repair(next, [](GroupNo number, Bytes record) -> Status {
    const auto group = decode_group(record);
    if (group && group->number == number) return {};
    return failure(Errc::Corruption, "journal: group " + std::to_string(number.v) + " is damaged");
  });
  if (!repaired) return tl::unexpected(repaired.error());
  return next;
}

Stats Store::stats() const {
  Stats stats;
  const Checkpointer::Numbers numbers = parts_->checkpointer->numbers();
  const Memtable::Size size = parts_->memtable->size();
  stats.journal_used_bytes = parts_->journal->used_bytes();
  stats.tables_used_bytes = parts_->tables->used_bytes();
  stats.used_bytes = stats.journal_used_bytes + stats.tables_used_bytes;
  stats.max_bytes = parts_->options.max_size;
  stats.full = parts_->checkpointer->full();
  stats.disk_free_bytes = free_bytes(parts_->folder.path());
  stats.journal_file_bytes = parts_->journal->file_bytes();
  stats.tables_file_bytes = parts_->tables->file_bytes();
  stats.groups = parts_->journal->groups();
  stats.journaled_bytes = parts_->journal->bytes();
  stats.wear = wear();
  stats.checkpointed_bytes = numbers.bytes;
  stats.memtable_entries = size.live_entries;
  stats.waiting_bytes = size.record_bytes;
  stats.checkpoints = numbers.checkpoints;
  stats.failed_checkpoints = numbers.failed;
  stats.commit_micros = parts_->journal->commit_micros();
  stats.last_checkpoint_micros = numbers.last_micros;
  return stats;
}

Wear Store::wear() const {
  return {parts_->memtable->accepted_bytes(), parts_->journal->written_bytes(),
          parts_->tables->written_bytes()};
}

}  // namespace hermod::store
