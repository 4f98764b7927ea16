#include "store_commands.h"

#include <filesystem>
#include <iostream>

#include "store/copy.h"
#include "store/folder.h"
#include "store/lmdb/lmdb_tables.h"
#include "store/segment_journal.h"
#include "store/verifier.h"

namespace hermod::ctl {
namespace {

using store::LmdbAccess;
using store::Table;

void print_list(const CommandLine& line, const Fields& fields) {
  std::cout << (line.format == Format::Json ? json_line(fields) : plain_list(fields));
}

std::uint64_t size_of(const std::string& path) {
  std::error_code code;
  if (!std::filesystem::is_directory(path, code)) return std::filesystem::file_size(path, code);
  std::uint64_t bytes = 0;
  for (const auto& file : std::filesystem::directory_iterator(path, code)) bytes += file.file_size(code);
  return bytes;
}

/// What is in a store that was found good.
Status count(const store::Folder& folder, Fields& fields) {
  auto tables = store::LmdbTables::open(folder.tables(), LmdbAccess::Look);
  if (!tables) return tl::unexpected(tables.error());
  auto reader = (*tables)->reader();
  if (!reader) return tl::unexpected(reader.error());
  auto position = reader->position();
  if (!position) return tl::unexpected(position.error());
  auto journal = store::SegmentJournal::open(folder.journal(), 0, true);
  if (!journal) return tl::unexpected(journal.error());
  const auto [first, last] = (*journal)->range();
  const std::uint64_t next = std::max(position->v, last.v + 1);
  fields.push_back({"last_group", number(next - 1)});
  fields.push_back({"groups_to_replay", number(next - position->v)});
  fields.push_back({"journal_bytes", number(size_of(folder.journal()))});
  fields.push_back({"tables_bytes", number(size_of(folder.tables()))});
  for (std::size_t i = 0; i < store::kTableCount; ++i) {
    const auto table = static_cast<Table>(i);
    std::uint64_t records = 0;
    for (auto record = reader->seek(table, {});; record = reader->next()) {
      if (!record) return tl::unexpected(record.error());
      if (!*record) break;
      ++records;
    }
    fields.push_back({store::table_name(table), number(records)});
  }
  return {};
}

int print_verdict(const CommandLine& line, Fields fields, const char* verdict, const std::string& reason) {
  fields.push_back({"verdict", text(verdict)});
  if (!reason.empty()) fields.push_back({"reason", text(reason)});
  print_list(line, fields);
  return reason.empty() ? kGood : kDamaged;
}

/// It may be whole: nobody has looked.
int print_other_format(const CommandLine& line, const Fields& fields, const std::string& reason) {
  print_verdict(line, fields, "other format", reason);
  return kOtherFormat;
}

/// Prints what a store is. Precondition: nobody has it open.
int check_folder(const CommandLine& line, const store::Folder& folder) {
  Fields fields{{"store", text(folder.path())}};
  const auto format = folder.format();
  if (!format) return report_failure(format.error());
  switch (*format) {
    case store::Folder::Format::None:
      return report_failure({Errc::NotFound, folder.path() + ": there is no store"});
    case store::Folder::Format::Upgradable:
      return print_other_format(line, fields,
                                "it is of an older format; the broker upgrades it when it starts");
    case store::Folder::Format::Older:
      return print_other_format(line, fields,
                                "it is of an older format, which only the version that wrote it reads");
    case store::Folder::Format::Newer:
      return print_other_format(line, fields, "it is of a newer format than this program knows");
    case store::Folder::Format::Foreign:
      return print_verdict(line, fields, "damaged", "the file that names the format is not ours");
    case store::Folder::Format::Current:
      break;
  }
  const auto verdict = store::verify_in_child(folder.journal(), folder.tables());
  if (!verdict) return report_failure(verdict.error());
  if (verdict->torn.v != 0) fields.push_back({"torn_group", number(verdict->torn.v)});
  if (!verdict->good) return print_verdict(line, fields, "damaged", verdict->why);
  if (Status counted = count(folder, fields); !counted) return report_failure(counted.error());
  return print_verdict(line, fields, "good", {});
}

/// The lock keeps a broker from starting while somebody looks.
Result<store::Folder> lock_store(const std::string& path) {
  if (auto looked = store::Folder::look(path); !looked) return looked;
  auto locked = store::Folder::lock(path);
  if (!locked && locked.error().code == Errc::Busy)
    locked.error().detail += "; stop it, or look at a backup (hermodctl backup works while it runs)";
  return locked;
}

Fields describe(const std::string& folder, const store::CopyReport& report) {
  return {{"folder", text(folder)},
          {"last_group", number(report.last_group.v != 0 ? report.last_group.v : report.position.v - 1)},
          {"records", number(report.records)},
          {"bytes", number(report.bytes)}};
}

}  // namespace

int report_failure(const Error& error) {
  std::cerr << "hermodctl: " << error.detail << "\n";
  return error.code == Errc::Corruption ? kDamaged : kFailed;
}

int check_store(const CommandLine& line) {
  const auto folder = lock_store(line.data_dir);
  if (!folder) return report_failure(folder.error());
  return check_folder(line, *folder);
}

int compact_store(const CommandLine& line) {
  const auto saved = store::compact_store(line.data_dir);
  if (!saved) return report_failure(saved.error());
  print_list(line, {{"store", text(line.data_dir)}, {"bytes_saved", number(*saved)}});
  return kGood;
}

int back_up(const CommandLine& line) {
  const auto copied = store::copy_store(line.data_dir, line.backup);
  if (!copied) return report_failure(copied.error());
  print_list(line, describe(line.backup, *copied));
  return kGood;
}

int restore(const CommandLine& line) {
  if (line.check_only) {
    const auto folder = store::Folder::lock_to_read(line.backup);  // it may be on a disk for reading only
    if (!folder) return report_failure(folder.error());
    return check_folder(line, *folder);
  }
  const auto copied = store::copy_store(line.backup, line.data_dir);
  if (!copied) return report_failure(copied.error());
  print_list(line, describe(line.data_dir, *copied));
  return kGood;
}

}  // namespace hermod::ctl
