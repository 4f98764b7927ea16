#include "store/copy.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "store/file_system.h"
#include "store/folder.h"
#include "store/lmdb/lmdb_tables.h"
#include "store/segment_hold.h"
#include "store/segment_journal.h"
#include "store/store.h"
#include "store/verifier.h"

namespace hermod::store {
namespace {

namespace fs = std::filesystem;

/// How often a journal that moves on under the copy is begun anew.
constexpr int kAttempts = 10;
/// Of the tables, in one transaction.
constexpr std::size_t kBytesPerCommit = std::size_t{8} << 20;
/// Whoever copies or compacts does not decide how large a store may be.
constexpr std::uint64_t kAnySize = std::uint64_t{1} << 42;

tl::unexpected<Error> system_failure(const std::string& what, int code) {
  return failure(errc_of(code), what + ": " + std::strerror(code));
}

/// A file of `size` bytes that begins with these, durably.
Status write_file(const std::string& file, Bytes bytes, std::uint64_t size) {
  const int fd = ::open(file.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (fd < 0) return system_failure(file, errno);
  int code = ::posix_fallocate(fd, 0, static_cast<off_t>(size));
  while (code == 0 && !bytes.empty()) {
    const ssize_t written = ::write(fd, bytes.data(), bytes.size());
    if (written > 0) bytes = bytes.subspan(static_cast<std::size_t>(written));
    if (written < 0 && errno != EINTR) code = errno;
  }
  if (code == 0 && ::fsync(fd) != 0) code = errno;
  ::close(fd);
  if (code != 0) return system_failure(file, code);
  return {};
}

using Segments = std::vector<std::unique_ptr<Segment>>;

/// Every segment in use as far as it has records now. Whoever writes goes on meanwhile.
Result<Segments> open_segments(const std::string& folder) {
  Segments segments;
  std::error_code code;
  for (const auto& found : fs::directory_iterator(folder, code)) {
    const std::string name = found.path().filename();
    if (!name.starts_with("segment-") || name.ends_with(".new")) continue;
    auto segment = Segment::open(found.path(), true);
    if (!segment) return tl::unexpected(segment.error());
    if ((*segment)->life().order != 0) segments.push_back(std::move(*segment));
  }
  if (code) return system_failure(folder, code.value());
  return segments;
}

Result<std::uint64_t> write_segments(const Segments& segments, const std::string& to) {
  std::error_code code;
  fs::remove_all(to, code);
  if (!code) fs::create_directory(to, code);
  if (code) return system_failure(to, code.value());
  std::uint64_t bytes = 0;
  for (const auto& segment : segments) {
    const std::string copy = (fs::path(to) / fs::path(segment->file()).filename()).string();
    if (Status written = write_file(copy, segment->content(), segment->bytes()); !written)
      return tl::unexpected(written.error());
    bytes += segment->content().size();
  }
  return bytes;
}

/// The groups from `position` on that a copied journal has without a gap: the last one's number, position - 1
/// when there is none. Nothing: it is no journal, because segments began another life while they were copied.
std::optional<GroupNo> last_in(const std::string& journal, GroupNo position) {
  auto opened = SegmentJournal::open(journal, 0, true);
  if (!opened) return std::nullopt;
  GroupNo last{position.v - 1};
  const Status walked = (*opened)->replay(position, [&](GroupNo number, Bytes) -> Status {
    if (number.v != last.v + 1) return failure(Errc::Corruption, "a gap");
    last = number;
    return {};
  });
  if (!walked) return std::nullopt;
  return last;
}

/// A snapshot of the tables and all groups that belong to it.
struct Moment {
  std::unique_ptr<LmdbTables> tables;
  std::unique_ptr<LmdbTablesReader> reader;  // behind tables: ends first
  GroupNo position;
  GroupNo last;
  std::uint64_t journal_bytes = 0;
};

/// The snapshot is taken before the journal is read: a checkpoint may have written a part of its generation
/// to the tables, and all groups of that are in the journal by then. A checkpoint that ends meanwhile frees
/// segments, which stay what they are while they are held, unless the store is at the end of its room; then
/// the copied journal does not reach up to the position of now.
Result<Moment> take_moment(const Folder& from, const std::string& to_journal) {
  const SegmentHold hold(from.journal());
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    Moment moment;
    auto tables = LmdbTables::open(from.tables(), LmdbAccess::Watch);
    if (!tables) return tl::unexpected(tables.error());
    moment.tables = std::move(*tables);
    auto reader = moment.tables->reader();
    if (!reader && reader.error().code == Errc::Busy) continue;  // the file has outgrown the map
    if (!reader) return tl::unexpected(reader.error());
    moment.reader = std::make_unique<LmdbTablesReader>(std::move(*reader));
    const auto position = moment.reader->position();
    if (!position) return tl::unexpected(position.error());
    moment.position = *position;
    // All of them before the first is copied, which takes its time: one that begins meanwhile is not part of
    // it.
    const auto segments = open_segments(from.journal());
    if (!segments && segments.error().code != Errc::Corruption) return tl::unexpected(segments.error());
    const auto now = moment.tables->position();
    if (!now && now.error().code == Errc::Busy) continue;
    if (!now) return tl::unexpected(now.error());
    if (!segments) continue;
    const auto bytes = write_segments(*segments, to_journal);
    if (!bytes) return tl::unexpected(bytes.error());
    const auto last = last_in(to_journal, *position);
    if (!last || last->v + 1 < now->v) continue;
    moment.last = last->v < position->v ? GroupNo{} : *last;
    moment.journal_bytes = *bytes;
    return moment;
  }
  return failure(Errc::Busy,
                 from.path() + ": the journal changes faster than it can be copied, or is damaged");
}

/// Fills one table in slices.
Status copy_table(LmdbTablesReader& from, LmdbTables& to, Table table, CopyReport& report) {
  auto record = from.seek(table, {});
  for (bool end = false; !end;) {
    auto writer = to.writer(2 * kBytesPerCommit);
    if (!writer) return tl::unexpected(writer.error());
    for (std::size_t bytes = 0;; record = from.next()) {
      if (!record) return tl::unexpected(record.error());
      end = !*record;
      if (end || bytes >= kBytesPerCommit) break;
      const auto& [key, value] = **record;
      if (Status put = writer->append(table, key, value); !put) return put;
      bytes += key.size() + value.size();
      ++report.records;
      report.bytes += key.size() + value.size();
    }
    if (Status committed = writer->commit(); !committed) return committed;
  }
  return {};
}

Status copy_tables(LmdbTablesReader& from, const std::string& file, GroupNo position, CopyReport& report) {
  auto tables = LmdbTables::open(file);
  if (!tables) return tl::unexpected(tables.error());
  for (std::size_t table = 0; table < kTableCount; ++table)
    if (Status copied = copy_table(from, **tables, static_cast<Table>(table), report); !copied) return copied;
  auto writer = (*tables)->writer(0);
  if (!writer) return tl::unexpected(writer.error());
  if (Status set = writer->set_position(position); !set) return set;
  if (Status committed = writer->commit(); !committed) return committed;
  return (*tables)->sync();
}

/// The group that was being appended when it was copied may be there in part.
Status finish_journal(const std::string& journal, const std::string& tables, CopyReport& report) {
  auto verdict = verify_in_child(journal, tables);
  if (!verdict) return tl::unexpected(verdict.error());
  if (verdict->good && verdict->torn.v != 0) {
    auto opened = SegmentJournal::open(journal, kAnySize);
    if (!opened) return tl::unexpected(opened.error());
    if (Status dropped = (*opened)->drop_from(verdict->torn); !dropped) return dropped;
    report.last_group = verdict->torn.v > report.position.v ? GroupNo{verdict->torn.v - 1} : GroupNo{};
  }
  if (!verdict->good) return failure(Errc::Corruption, "the copy is not good: " + verdict->why);
  return {};
}

Result<CopyReport> copy_into(const Folder& from, const Folder& to) {
  auto moment = take_moment(from, to.journal());
  if (!moment) return tl::unexpected(moment.error());
  CopyReport report{moment->position, moment->last, 0, moment->journal_bytes};
  if (Status copied = copy_tables(*moment->reader, to.tables(), moment->position, report); !copied)
    return tl::unexpected(copied.error());
  if (Status finished = finish_journal(to.journal(), to.tables(), report); !finished)
    return tl::unexpected(finished.error());
  if (Status written = to.write_format(); !written) return tl::unexpected(written.error());
  return report;
}

Status expect_store(const Folder& folder) {
  const auto format = folder.format();
  if (!format) return tl::unexpected(format.error());
  switch (*format) {
    case Folder::Format::Current:
      return {};
    case Folder::Format::None:
      return failure(Errc::NotFound, folder.path() + ": there is no store");
    case Folder::Format::Upgradable:
      return failure(Errc::Unsupported,
                     folder.path() + ": a store of an older format; a start of the broker upgrades it");
    case Folder::Format::Older:
    case Folder::Format::Newer:
      return failure(Errc::Unsupported, folder.path() + ": a store of another format");
    case Folder::Format::Foreign:
      break;
  }
  return failure(Errc::Unsupported, folder.path() + "/format: is not ours");
}

/// Brings the tables up to date. A store that is not good would be set aside by opening it, so it is looked
/// at first.
Status empty_journal(const std::string& path) {
  {
    auto folder = Folder::lock(path);
    if (!folder) return tl::unexpected(folder.error());
    const auto verdict = verify_in_child(folder->journal(), folder->tables());
    if (!verdict) return tl::unexpected(verdict.error());
    if (!verdict->good) return failure(Errc::Corruption, path + ": " + verdict->why);
  }
  Options options;
  options.path = path;
  options.max_size = kAnySize;
  const SystemClock clock;
  OpenReport report;
  auto store = Store::open(options, clock, report);
  if (!store) return tl::unexpected(store.error());
  return (*store)->checkpoint();
}

Status write_tables_again(const Folder& folder, const std::string& fresh, CopyReport& report) {
  auto tables = LmdbTables::open(folder.tables(), LmdbAccess::Look);
  if (!tables) return tl::unexpected(tables.error());
  auto reader = (*tables)->reader();
  if (!reader) return tl::unexpected(reader.error());
  const auto position = reader->position();
  if (!position) return tl::unexpected(position.error());
  return copy_tables(*reader, fresh, *position, report);
}

}  // namespace

Result<CopyReport> copy_store(const std::string& from, const std::string& to) {
  auto source = Folder::look(from);
  if (!source) return tl::unexpected(source.error());
  if (Status known = expect_store(*source); !known) return tl::unexpected(known.error());
  std::error_code code;
  const bool is_new = !fs::exists(to, code);
  if (!is_new && !fs::is_empty(to, code)) return failure(Errc::Invalid, to + ": is not an empty folder");
  Result<CopyReport> copied;
  {
    auto target = Folder::lock(to);
    if (!target) return tl::unexpected(target.error());
    copied = copy_into(*source, *target);
  }
  if (!copied) {
    for (const auto& left : fs::directory_iterator(to, code)) fs::remove_all(left.path(), code);
    if (is_new) fs::remove(to, code);
  }
  return copied;
}

Result<std::uint64_t> compact_store(const std::string& path) {
  auto looked = Folder::look(path);
  if (!looked) return tl::unexpected(looked.error());
  if (Status known = expect_store(*looked); !known) return tl::unexpected(known.error());
  if (Status emptied = empty_journal(path); !emptied) return tl::unexpected(emptied.error());
  auto folder = Folder::lock(path);
  if (!folder) return tl::unexpected(folder.error());
  std::error_code code;
  const std::uint64_t before = fs::file_size(folder->tables(), code);
  const std::string fresh = folder->tables() + ".new";
  for (const char* part : {"", "-lock"}) fs::remove(fresh + part, code);
  CopyReport report;
  if (Status written = write_tables_again(*folder, fresh, report); !written)
    return tl::unexpected(written.error());
  if (std::rename(fresh.c_str(), folder->tables().c_str()) != 0) return system_failure(fresh, errno);
  fs::remove(fresh + "-lock", code);
  if (Status synced = folder->sync(); !synced) return tl::unexpected(synced.error());
  const std::uint64_t after = fs::file_size(folder->tables(), code);
  return before > after ? before - after : 0;
}

}  // namespace hermod::store
