#include "config/loader.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>

#include "config/environment.h"
#include "config/toml_file.h"

namespace hermod::config {
namespace {

void append(Assignments& all, Assignments more) {
  std::ranges::move(more.values, std::back_inserter(all.values));
  std::ranges::move(more.problems, std::back_inserter(all.problems));
}

void read_file(const std::filesystem::path& path, Assignments& all) {
  const std::string name = path.string();
  errno = 0;
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  // Through the stream's own operator, which turns a read error into a bit; an empty file sets failbit only.
  if (file.is_open()) text << file.rdbuf();
  if (!file.is_open() || text.bad()) {
    const int fault = errno;
    all.problems.push_back(
        {{Origin::Place::File, name}, std::string("cannot be read: ") + std::strerror(fault)});
    return;
  }
  append(all, parse_toml(text.str(), name));
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
