#pragma once
#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iomanip>
#include <iterator>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

namespace hermod::integration {

constexpr std::size_t kRowBytes = 64;

inline std::string bytes_of_file(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

/// Two digits a byte; spaces are left out.
inline std::string bytes_of_digits(std::string_view text) {
  std::string digits(text);
  std::erase(digits, ' ');
  std::string bytes;
  for (std::size_t at = 0; at + 1 < digits.size(); at += 2)
    bytes.push_back(static_cast<char>(std::stoul(digits.substr(at, 2), nullptr, 16)));
  return bytes;
}

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
    const std::string bytes = bytes_of_file(file);
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
    std::ofstream(file, std::ios::binary) << bytes;
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
    const std::string row = bytes_of_digits(digits);
    bytes.replace(at, row.size(), row);
  }
  finish();
}

}  // namespace hermod::integration
