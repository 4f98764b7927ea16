#include "store/upgrade.h"

#include <string>
#include <utility>

#include "store/format3.h"
#include "store/lmdb/lmdb_tables.h"
#include "store/verifier.h"

namespace hermod::store {
namespace {

/// Makes of the files what this format wants. The tables get those that are new; who wrote the store does not
/// look at them.
Status convert(const Folder& folder, GroupNo torn, const Progress& progress) {
  auto tables = LmdbTables::open(folder.tables());
  if (!tables) return tl::unexpected(tables.error());
  const auto position = (*tables)->position();
  if (!position) return tl::unexpected(position.error());
  if (Status synced = (*tables)->sync(); !synced) return synced;
  return convert_journal_of_format_3(folder.journal(), *position, torn, progress);
}

/// As this format has it, which is what counts from the moment on in which the number is written.
Status check_converted(const Folder& folder, const Progress& progress) {
  const auto verdict = verify_in_child(folder.journal(), folder.tables(), StoreFormat::Converted, [&] {
    if (progress) progress("Upgrading the store: reading the new journal");
  });
  if (!verdict) return tl::unexpected(verdict.error());
  if (!verdict->good) return failure(Errc::Io, "what was made of it is not good: " + verdict->why);
  if (verdict->torn.v != 0)
    return failure(Errc::Io, "what was made of it is cut off at group " + std::to_string(verdict->torn.v));
  return {};
}

void undo(const Folder& folder, const std::string& backup) {
  static_cast<void>(drop_converted_journal(folder.journal()));
  Folder::drop_backup(backup);
}

/// The store was found good: what goes wrong from here on is no damage to it.
tl::unexpected<Error> no_damage(Error why) {
  if (why.code == Errc::Corruption) why.code = Errc::Io;
  return tl::unexpected(std::move(why));
}

}  // namespace

Result<Upgraded> upgrade(const Folder& folder, WallTime now, const Progress& progress) {
  const auto verdict = verify_in_child(folder.journal(), folder.tables(), StoreFormat::Before, [&] {
    if (progress) progress("Upgrading the store: reading it");
  });
  if (!verdict) return tl::unexpected(verdict.error());
  if (!verdict->good) return failure(Errc::Corruption, verdict->why);
  // What an earlier attempt left has no place in the copy.
  if (Status dropped = drop_converted_journal(folder.journal()); !dropped) return no_damage(dropped.error());
  auto copy = folder.begin_backup(now, progress);
  if (!copy) return no_damage(copy.error());
  Status made = convert(folder, verdict->torn, progress);
  if (made) made = check_converted(folder, progress);
  if (!made) {
    undo(folder, *copy);
    return no_damage(made.error());
  }
  auto backup = folder.finish_backup(now);
  if (!backup) {
    undo(folder, *copy);
    return no_damage(backup.error());
  }
  if (Status written = folder.write_format(); !written) {
    // The number may be there all the same, and then what was made is the store.
    if (folder.format_number() == Folder::kUpgradable) undo(folder, *backup);
    return no_damage(written.error());
  }
  return Upgraded{std::move(*backup), verdict->torn.v != 0};
}

}  // namespace hermod::store
