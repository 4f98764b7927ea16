#include <algorithm>
#include <iostream>

#include "record_text.h"
#include "store/folder.h"
#include "store/group_codec.h"
#include "store/lmdb/lmdb_tables.h"
#include "store/segment_journal.h"
#include "store_commands.h"

namespace hermod::ctl {
namespace {

using store::Table;

void print_line(const CommandLine& line, const Fields& fields) {
  std::cout << (line.format == Format::Json ? json_line(fields) : plain_line(fields));
}

bool is_wanted(const CommandLine& line, const std::string& name) {
  return line.tables.empty() || std::find(line.tables.begin(), line.tables.end(), name) != line.tables.end();
}

Status dump_tables(const CommandLine& line, const std::string& file) {
  auto tables = store::LmdbTables::open(file, store::LmdbAccess::Look);
  if (!tables) return tl::unexpected(tables.error());
  auto reader = (*tables)->reader();
  if (!reader) return tl::unexpected(reader.error());
  for (std::size_t i = 0; i < store::kTableCount; ++i) {
    const auto table = static_cast<Table>(i);
    if (!is_wanted(line, store::table_name(table))) continue;
    for (auto record = reader->seek(table, {});; record = reader->next()) {
      if (!record) return tl::unexpected(record.error());
      if (!*record) break;
      print_line(line, describe_record(table, (*record)->key, (*record)->value));
    }
  }
  return {};
}

Status dump_journal(const CommandLine& line, const store::Folder& folder) {
  auto tables = store::LmdbTables::open(folder.tables(), store::LmdbAccess::Look);
  if (!tables) return tl::unexpected(tables.error());
  const auto position = (*tables)->position();
  if (!position) return tl::unexpected(position.error());
  auto journal = store::SegmentJournal::open(folder.journal(), 0, true);
  if (!journal) return tl::unexpected(journal.error());
  return (*journal)->replay(*position, [&](GroupNo group, Bytes record) -> Status {
    const auto decoded = store::decode_group(record);
    if (!decoded) return tl::unexpected(decoded.error());
    for (std::size_t batch = 0; batch < decoded->batches.size(); ++batch) {
      store::OpReader ops(decoded->batches[batch]);
      while (const auto op = ops.next()) {
        Fields fields{{"group", number(group.v)}, {"batch", number(batch + 1)}};
        for (Field& field : describe_op(*op)) fields.push_back(std::move(field));
        print_line(line, fields);
      }
    }
    return {};
  });
}

}  // namespace

int dump_store(const CommandLine& line) {
  if (const auto looked = store::Folder::look(line.data_dir); !looked) return report_failure(looked.error());
  const auto folder = store::Folder::lock(line.data_dir);
  if (!folder) return report_failure(folder.error());
  const auto format = folder->format();
  if (!format) return report_failure(format.error());
  if (*format != store::Folder::Format::Current)
    return report_failure({Errc::Unsupported, line.data_dir + ": no store of this format"});
  if (Status dumped = dump_tables(line, folder->tables()); !dumped) return report_failure(dumped.error());
  if (!is_wanted(line, "journal")) return kGood;
  if (Status dumped = dump_journal(line, *folder); !dumped) return report_failure(dumped.error());
  return kGood;
}

}  // namespace hermod::ctl
