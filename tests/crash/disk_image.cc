#include "tests/crash/disk_image.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <fstream>
#include <span>
#include <utility>

#include "tests/support/child_process.h"
#include "tests/support/packet_bytes.h"

namespace hermod::crash {
namespace {

using faults::Kind;
using faults::Record;

constexpr std::uint64_t kSector = 512;
constexpr std::uint64_t kPage = 4096;
constexpr const char* kFolder = ".";

std::string folder_of(const std::string& name) {
  if (name == kFolder) return "..";
  const std::size_t slash = name.rfind('/');
  return slash == std::string::npos ? kFolder : name.substr(0, slash);
}

}  // namespace

void DiskImage::replay(const std::filesystem::path& log) {
  const std::string text = support::read_text(log);
  for (std::size_t at = 0; text.size() - at >= sizeof(Record);) {
    Record record;
    std::memcpy(static_cast<void*>(&record), text.data() + at, sizeof record);
    if (record.mark != Record::kMark) throw support::Unexpected("the log of the file layer is damaged");
    at += sizeof record;
    if (text.size() - at < record.name_size + record.data_size) return;
    follow(record, text.substr(at, record.name_size), text.substr(at + record.name_size, record.data_size));
    at += record.name_size + record.data_size;
  }
}

void DiskImage::follow(const Record& record, const std::string& name, std::string data) {
  switch (record.kind) {
    case Kind::Opened:
    case Kind::Created:
      return open(record, name);
    case Kind::Written:
    case Kind::Allocated:
    case Kind::Truncated:
      inodes_.at(record.inode)
          ->uncertain.push_back({record.kind, record.number, record.offset, std::move(data)});
      return;
    case Kind::Mapped:
      if (!name.ends_with("-lock"))
        throw support::Unexpected(name + " is written through a map: the file layer does not see that");
      inodes_.at(record.inode)->mapped = true;
      return;
    case Kind::Renamed:
    case Kind::Removed:
    case Kind::MadeFolder:
      return change_name(record, name, data);
    case Kind::Synced:
      return sync(*inodes_.at(record.inode), record.offset);
    case Kind::SyncedOne:
      return settle_pages(*inodes_.at(record.inode), record.offset, true);
    case Kind::SyncFailed:
      return fail_sync(*inodes_.at(record.inode), record.offset, record.flag != 0);
    case Kind::FailedOne:
      return settle_pages(*inodes_.at(record.inode), record.offset, record.flag == 0 && coin(0.5));
    case Kind::SyncedNames:
      return sync_names(name, record.offset);
  }
}

void DiskImage::open(const Record& record, const std::string& name) {
  if (record.kind == Kind::Created) {
    const auto file = std::make_shared<File>();
    inodes_[record.inode] = file;
    names_.push_back({record.kind, record.number, name, {}, file});
    return apply_name(now_, names_.back());
  }
  const auto known = now_.find(name);
  if (known == now_.end()) throw support::Unexpected(name + " was not there and is opened");
  inodes_[record.inode] = known->second;
}

void DiskImage::change_name(const Record& record, const std::string& name, const std::string& second) {
  names_.push_back({record.kind, record.number, name, second, {}});
  apply_name(now_, names_.back());
}

void DiskImage::apply_name(Names& names, const NameChange& change) {
  if (change.kind == Kind::Created) names[change.name] = change.file;
  if (change.kind == Kind::Removed) names.erase(change.name);
  if (change.kind != Kind::Renamed) return;
  const auto old = names.find(change.name);
  if (old == names.end()) return;
  names[change.second] = old->second;
  names.erase(change.name);
}

void DiskImage::sync_names(const std::string& folder, std::uint64_t last) {
  std::erase_if(names_, [&](const NameChange& change) {
    const bool here = folder_of(change.name) == folder ||
                      (change.kind == Kind::Renamed && folder_of(change.second) == folder);
    if (!here || change.number > last) return false;
    if (change.kind == Kind::MadeFolder && change.name == kFolder) has_folder_ = true;
    apply_name(on_disk_, change);
    return true;
  });
}

void DiskImage::sync(File& file, std::uint64_t last) {
  std::erase_if(file.uncertain, [&](const Change& change) {
    if (change.number > last) return false;
    apply(file, change);
    return true;
  });
}

void DiskImage::fail_sync(File& file, std::uint64_t last, bool all_lost) {
  std::erase_if(file.uncertain, [&](const Change& change) {
    if (change.number > last) return false;
    if (!all_lost && coin(0.5)) apply_torn(file, change);
    return true;
  });
}

void DiskImage::settle_pages(File& file, std::uint64_t number, bool kept) {
  const auto one = std::find_if(file.uncertain.begin(), file.uncertain.end(),
                                [&](const Change& change) { return change.number == number; });
  if (one == file.uncertain.end()) return;
  const std::uint64_t first = one->offset / kPage * kPage;
  const std::uint64_t last = (one->end() + kPage - 1) / kPage * kPage;
  std::vector<Change> rest;
  for (const Change& change : file.uncertain) {
    if (change.number > number || change.kind != Kind::Written || change.end() <= first ||
        change.offset >= last) {
      rest.push_back(change);
      continue;
    }
    const auto piece = [&](std::uint64_t from, std::uint64_t to) {
      return Change{change.kind, change.number, from, change.bytes.substr(from - change.offset, to - from)};
    };
    const std::uint64_t from = std::max(change.offset, first);
    const std::uint64_t to = std::min(change.end(), last);
    if (kept) apply(file, piece(from, to));
    if (change.offset < from) rest.push_back(piece(change.offset, from));
    if (to < change.end()) rest.push_back(piece(to, change.end()));
  }
  file.uncertain = std::move(rest);
}

void DiskImage::apply(File& file, const Change& change) {
  if (change.kind == Kind::Truncated) return file.bytes.resize(change.offset);
  const std::uint64_t end = change.kind == Kind::Allocated ? change.offset : change.end();
  if (file.bytes.size() < end) file.bytes.resize(end);
  std::copy(change.bytes.begin(), change.bytes.end(),
            file.bytes.begin() + static_cast<std::ptrdiff_t>(change.offset < end ? change.offset : end));
}

void DiskImage::apply_torn(File& file, const Change& change) {
  if (change.kind != Kind::Written) return apply(file, change);
  const bool front_only = coin(0.5);
  for (std::uint64_t at = change.offset; at < change.end();) {
    const std::uint64_t next = std::min((at / kSector + 1) * kSector, change.end());
    if (coin(front_only ? 0.9 : 0.5)) {
      apply(file, {change.kind, change.number, at, change.bytes.substr(at - change.offset, next - at)});
    } else if (front_only) {
      return;
    }
    at = next;
  }
}

void DiskImage::decide(File& file, Fate fate) {
  static constexpr std::array kFates{Fate::Dropped, Fate::Written, Fate::Some, Fate::Torn};
  const Fate own = fate == Fate::Any ? kFates[random_() % kFates.size()] : fate;
  const double chance = std::uniform_real_distribution(0.1, 0.9)(random_);
  for (const Change& change : file.uncertain) {
    ++uncertain_;
    const bool kept = own == Fate::Written || (own == Fate::Some && coin(chance));
    if (kept) apply(file, change);
    if (!kept) ++lost_;
    if (own == Fate::Torn && coin(chance)) apply_torn(file, change);
  }
  file.uncertain.clear();
}

void DiskImage::cut(Fate fate) {
  // Every file that has a name or may get one.
  Names all = on_disk_;
  for (const NameChange& change : names_)
    if (change.file) all[std::to_string(change.number)] = change.file;
  for (const auto& [name, file] : all) decide(*file, fate);
  std::size_t kept = random_() % (names_.size() + 1);
  if (fate == Fate::Dropped) kept = 0;
  if (fate == Fate::Written) kept = names_.size();
  const std::vector<NameChange> names = std::exchange(names_, {});
  for (const NameChange& change : std::span(names).first(kept)) {
    if (change.kind == Kind::MadeFolder && change.name == kFolder) has_folder_ = true;
    apply_name(on_disk_, change);
  }
  if (!has_folder_) on_disk_.clear();
}

std::string DiskImage::mapped_bytes(const std::filesystem::path& file) {
  const std::string bytes = support::read_text(file);
  switch (random_() % 3) {
    case 0:
      return {};
    case 1:
      return std::string(bytes.size(), '\0');
    default:
      return bytes;
  }
}

void DiskImage::write_to(const std::filesystem::path& folder) {
  for (const auto& [name, file] : on_disk_)
    if (file->mapped) file->bytes = mapped_bytes(folder / name);
  std::filesystem::remove_all(folder);
  if (has_folder_) std::filesystem::create_directory(folder);
  for (const auto& [name, file] : on_disk_) {
    std::filesystem::create_directories((folder / name).parent_path());
    std::ofstream out(folder / name, std::ios::binary);
    const std::string& bytes = file->bytes;
    static const std::string kZeros(kPage, '\0');
    for (std::size_t at = 0; at < bytes.size(); at += kPage) {
      const std::size_t size = std::min<std::size_t>(kPage, bytes.size() - at);
      if (bytes.compare(at, size, kZeros, 0, size) == 0) continue;
      out.seekp(static_cast<std::streamoff>(at));
      out.write(bytes.data() + at, static_cast<std::streamsize>(size));
    }
    if (!out.flush()) throw support::Unexpected("cannot write " + (folder / name).string());
    out.close();
    std::filesystem::resize_file(folder / name, bytes.size());
    file->mapped = false;
  }
  now_ = on_disk_;
  inodes_.clear();
}

}  // namespace hermod::crash
