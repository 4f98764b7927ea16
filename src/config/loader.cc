#include "config/loader.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <iterator>
#include <memory>
#include <system_error>

#include "config/environment.h"
#include "config/toml_file.h"

namespace hermod::config {
namespace {

void append(Assignments& all, Assignments more) {
  std::ranges::move(more.values, std::back_inserter(all.values));
  std::ranges::move(more.problems, std::back_inserter(all.problems));
}

/// The whole file, or the system's word for why not.
Result<std::string> text_of(const std::string& path) {
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(path.c_str(), "re"), &std::fclose);
  std::string text;
  std::array<char, 4096> piece{};
  while (file != nullptr) {
    const std::size_t size = std::fread(piece.data(), 1, piece.size(), file.get());
    text.append(piece.data(), size);
    if (size < piece.size()) break;
  }
  if (file == nullptr || std::ferror(file.get()) != 0) {
    return failure(Errc::Io, std::error_code(errno, std::generic_category()).message());
  }
  return text;
}

void read_file(const std::filesystem::path& path, Assignments& all) {
  const Result<std::string> text = text_of(path.string());
  if (text) return append(all, parse_toml(*text, path.string()));
  all.problems.push_back({{Origin::Place::File, path.string()}, "cannot be read: " + text.error().detail});
}

/// conf.d/*.toml beside `file`, by name. A folder that does not exist is an empty one.
std::vector<std::filesystem::path> fragments(const std::filesystem::path& file) {
  std::vector<std::filesystem::path> found;
  std::error_code fault;
  for (std::filesystem::directory_iterator entry(file.parent_path() / "conf.d", fault), end;
       !fault && entry != end; entry.increment(fault)) {
    if (entry->path().extension() == ".toml") found.push_back(entry->path());
  }
  std::ranges::sort(found);
  return found;
}

}  // namespace

Loaded load(const CommandLine& line, const std::vector<std::string>& environment) {
  Assignments all = parse_service_environment(environment);
  if (!line.file.empty()) {
    read_file(line.file, all);
    for (const std::filesystem::path& fragment : fragments(line.file)) read_file(fragment, all);
  }
  append(all, parse_environment(environment));
  append(all, line.assignments);
  Loaded loaded;
  loaded.problems = std::move(all.problems);
  loaded.configuration = Configuration::build(all.values, loaded.problems);
  return loaded;
}

std::vector<std::string> process_environment() {
  std::vector<std::string> out;
  for (char** variable = environ; *variable != nullptr; ++variable) out.emplace_back(*variable);
  return out;
}

}  // namespace hermod::config
