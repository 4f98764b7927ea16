#include "store/verifier.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "store/format3.h"
#include "store/generation.h"
#include "store/group_codec.h"
#include "store/journal_end.h"
#include "store/lmdb/lmdb_tables.h"
#include "store/segment_journal.h"

namespace hermod::store {
namespace {

Verdict damaged_store(std::string why) {
  return {false, std::move(why), {}};
}

Status check_table(LmdbTables& tables, Table table) {
  auto reader = tables.reader();
  if (!reader) return tl::unexpected(reader.error());
  std::string before;
  for (auto record = reader->seek(table, {});; record = reader->next()) {
    if (!record) return tl::unexpected(record.error());
    if (!*record) return {};
    const std::string_view key = as_text((*record)->key);
    // A damaged page may lead back: then the keys do not rise, and the walk would not end.
    if (!before.empty() && key <= before)
      return failure(Errc::Corruption, std::string("table ") + table_name(table) + ": keys do not rise");
    before = key;
    if (table != Table::Entries) continue;
    if (key.size() != 16) return failure(Errc::Corruption, "table entries: a key of another size");
    if (auto parts = parts_in_table((*record)->value); !parts) return tl::unexpected(parts.error());
  }
}

/// From here on there are no numbers of groups: a broker that appends a million each second does not come so
/// far.
constexpr std::uint64_t kGroupNumbers = std::uint64_t{1} << 55;

/// The number of a group that is whole; zero for any other.
GroupNo whole_group(Bytes record, StoreFormat format) {
  if (format == StoreFormat::Before) {
    const auto group = decode_group_of_format_3(record);
    return group ? group->number : GroupNo{};
  }
  const auto group = decode_group(record);
  return group ? group->number : GroupNo{};
}

/// Why the journal is not good, and where its torn tail begins.
Status check_journal(const SegmentJournal& journal, GroupNo position, StoreFormat format, GroupNo& torn) {
  const bool is_before = format == StoreFormat::Before;
  JournalEnd end(position);
  Status checked =
      journal.visit_found([&](const Segment::Record& record, Bytes bytes, bool behind_gap) -> Status {
        if (record.group.v >= kGroupNumbers)
          return failure(Errc::Corruption, "journal: group " + std::to_string(record.group.v) + " cannot be");
        // What the tables have is not read again, and may be much: segments wait for another life.
        const bool is_needed = is_before || record.group >= position;
        const bool is_whole = !is_needed || whole_group(bytes, format) == record.group;
        return end.add({record.group, record.synced, is_whole, behind_gap});
      });
  torn = end.torn();
  return checked;
}

bool is_file(const std::string& file) {
  struct stat status {};
  return ::stat(file.c_str(), &status) == 0 && S_ISREG(status.st_mode) && status.st_size > 0;
}

bool is_folder(const std::string& file) {
  struct stat status {};
  return ::stat(file.c_str(), &status) == 0 && S_ISDIR(status.st_mode);
}

/// First byte 'g' good, 't' torn, 'd' damaged; then a number or a text.
std::string printed(const Verdict& verdict) {
  if (!verdict.good) return "d" + verdict.why;
  return verdict.torn.v != 0 ? "t" + std::to_string(verdict.torn.v) : "g";
}

[[noreturn]] void run_child(int pipe, const std::string& journal, const std::string& tables,
                            StoreFormat format) {
  for (const int number : {SIGSEGV, SIGBUS, SIGABRT, SIGILL, SIGFPE, SIGTERM, SIGINT})
    ::signal(number, SIG_DFL);
  // Nothing of the broker stays open here, least of all the lock on its folder: that ends with the broker,
  // also when it is killed.
  if (pipe > 3) ::close_range(3, static_cast<unsigned>(pipe) - 1, 0);
  ::close_range(static_cast<unsigned>(pipe) + 1, ~0U, 0);
  const struct rlimit no_core {};
  ::setrlimit(RLIMIT_CORE, &no_core);
  const std::string text = printed(verify(journal, tables, format));
  const ssize_t written = ::write(pipe, text.data(), text.size());
  ::_exit(written == static_cast<ssize_t>(text.size()) ? 0 : 1);
}

/// Between two calls of `waiting`.
constexpr int kWaitingEveryMillis = 5'000;

std::string read_all(int pipe, const std::function<void()>& waiting) {
  std::string text;
  std::array<char, 512> piece{};
  for (;;) {
    pollfd end{.fd = pipe, .events = POLLIN, .revents = 0};
    const int ready = waiting ? ::poll(&end, 1, kWaitingEveryMillis) : 1;
    if (ready == 0) waiting();
    if (ready == 0 || (ready < 0 && errno == EINTR)) continue;
    const ssize_t size = ::read(pipe, piece.data(), piece.size());
    if (size < 0 && errno == EINTR) continue;
    if (size <= 0) return text;
    text.append(piece.data(), static_cast<std::size_t>(size));
  }
}

}  // namespace

Verdict verify(const std::string& journal_folder, const std::string& tables_file, StoreFormat format) {
  const bool is_before = format == StoreFormat::Before;
  const std::size_t table_count = is_before ? kTablesOfFormat3 : kTableCount;
  if (!is_file(tables_file)) return damaged_store(tables_file + ": missing or empty");
  if (!is_folder(journal_folder)) return damaged_store(journal_folder + ": missing, or not a folder");
  auto tables = LmdbTables::open(tables_file, LmdbAccess::Look, table_count);
  if (!tables) return damaged_store(tables.error().detail);
  const auto position = (*tables)->position();
  if (!position) return damaged_store(position.error().detail);
  if (position->v >= kGroupNumbers)
    return damaged_store("tables: position " + std::to_string(position->v) + " cannot be");
  // Of one that was converted those before were looked at as the format before has them.
  const std::size_t first = format == StoreFormat::Converted ? kTablesOfFormat3 : 0;
  for (std::size_t table = first; table < table_count; ++table)
    if (Status checked = check_table(**tables, static_cast<Table>(table)); !checked)
      return damaged_store(checked.error().detail);
  if (Status checked = (*tables)->check_free_pages(); !checked) return damaged_store(checked.error().detail);
  auto journal = SegmentJournal::open(journal_folder, 0, true, is_before ? kMarksOfFormat3 : Segment::kMarks);
  if (!journal) return damaged_store(journal.error().detail);
  Verdict verdict{true, {}, {}};
  if (Status checked = check_journal(**journal, *position, format, verdict.torn); !checked)
    return damaged_store(checked.error().detail);
  return verdict;
}

Result<Verdict> verify_in_child(const std::string& journal, const std::string& tables, StoreFormat format,
                                const std::function<void()>& waiting) {
  if (waiting) waiting();
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0)
    return failure(Errc::Io, std::string("pipe: ") + std::strerror(errno));
  const pid_t child = ::fork();
  if (child == 0) run_child(ends[1], journal, tables, format);
  const int code = errno;
  ::close(ends[1]);
  if (child < 0) {
    ::close(ends[0]);
    return failure(Errc::Io, std::string("fork: ") + std::strerror(code));
  }
  const std::string text = read_all(ends[0], waiting);
  ::close(ends[0]);
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  if (WIFSIGNALED(status))
    return damaged_store(std::string("reading it ends the process with ") + ::strsignal(WTERMSIG(status)));
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0 || text.empty())
    return damaged_store("reading it ends the process");
  if (text[0] == 'd') return damaged_store(text.substr(1));
  Verdict verdict{true, {}, {}};
  if (text[0] == 't') verdict.torn = {std::strtoull(text.c_str() + 1, nullptr, 10)};
  return verdict;
}

}  // namespace hermod::store
