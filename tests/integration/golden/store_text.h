#pragma once
#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <iomanip>
#include <sstream>
#include <string>
#include <vector>

#include "tests/support/child_process.h"
#include "tests/support/packet_bytes.h"

namespace hermod::integration {

constexpr std::size_t kRowBytes = 64;

/// The files of a store as text: of each its name and size and, in hexadecimal digits, what in it is not
/// zero. The files of locks are left out.
inline std::string store_as_text(const std::filesystem::path& folder) {
  namespace fs = std::filesystem;
  std::vector<fs::path> files;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    const std::string name = entry.path().filename().string();
    if (entry.is_regular_file() && name != "lock" && name != "tables-lock") files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  std::ostringstream out;
  for (const fs::path& file : files) {
    const std::string bytes = support::read_text(file);
    out << "file " << fs::relative(file, folder).string() << " " << std::dec << bytes.size() << "\n";
    for (std::size_t at = 0; at < bytes.size(); at += kRowBytes) {
      std::string row = bytes.substr(at, kRowBytes);
      row.resize(row.find_last_not_of('\0') + 1);  // npos + 1 is nothing
      if (row.empty()) continue;
      out << std::hex << at << " ";
      for (const char byte : row)
        out << std::setw(2) << std::setfill('0') << (static_cast<unsigned>(byte) & 0xFFU);
      out << "\n";
    }
  }
  return out.str();
}

/// The other way round, into a folder that is not there yet.
inline void write_store(const std::string& text, const std::filesystem::path& folder) {
  namespace fs = std::filesystem;
  std::istringstream lines(text);
  fs::path file;
  std::string bytes;
  const auto finish = [&] {
    if (file.empty()) return;
    fs::create_directories(file.parent_path());
    support::write_text(file, bytes);
  };
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    std::string first;
    words >> first;
    if (first == "file") {
      finish();
      std::string name;
      std::size_t size = 0;
      words >> name >> size;
      file = folder / name;
      bytes.assign(size, '\0');
      continue;
    }
    const std::size_t at = std::stoul(first, nullptr, 16);
    std::string digits;
    std::getline(words, digits);
    const std::string row = support::hex(digits);
    bytes.replace(at, row.size(), row);
  }
  finish();
}

}  // namespace hermod::integration
