#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <regex>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "config/key.h"

namespace hermod::config {
namespace {

/// The texts in one line of C++. An event of the log is a name without blanks, and no text.
std::vector<std::string> texts_in(const std::string& line) {
  static const std::regex kPart(R"re(//.*|'(?:\\.|[^'\\])'|"((?:\\.|[^"\\])*)")re");
  std::vector<std::string> texts;
  for (std::sregex_iterator part(line.begin(), line.end(), kPart), none; part != none; ++part)
    if ((*part)[1].matched && part->str(1).find(' ') != std::string::npos) texts.push_back(part->str(1));
  return texts;
}

/// What looks like a key in a text: a section that there is, a dot and a name; no document, and no name of
/// the kernel's with more dots.
std::vector<std::string> keys_named_in(const std::string& text, const std::set<std::string>& sections) {
  static const std::regex kName(R"re((?:^|[^\w.])([a-z]+)\.(?!md\b)([a-z_]+)\b(?!\.\w))re");
  std::vector<std::string> names;
  for (std::sregex_iterator name(text.begin(), text.end(), kName), none; name != none; ++name)
    if (sections.contains(name->str(1))) names.push_back(name->str(1) + "." + name->str(2));
  return names;
}

std::set<std::string> all_keys() {
  std::set<std::string> names;
  for (const Key& key : keys()) names.emplace(key.name);
  return names;
}

std::set<std::string> all_sections() {
  std::set<std::string> sections;
  for (const std::string& name : all_keys()) sections.insert(name.substr(0, name.find('.')));
  return sections;
}

TEST(NamedKeys, AreFoundInTextsAndNotInEventsOrComments) {
  const std::string line =
      R"re(  event("store.full", '"', "limits.max_sessions is reached (see mqtt.max_qos)");  // "log.x y")re";
  const auto texts = texts_in(line);
  ASSERT_EQ(texts.size(), 1);
  EXPECT_EQ(keys_named_in(texts[0], all_sections()),
            (std::vector<std::string>{"limits.max_sessions", "mqtt.max_qos"}));
}

TEST(NamedKeys, OfReasonsAndLogTextsExist) {
  const std::set<std::string> known = all_keys();
  const std::set<std::string> sections = all_sections();
  std::size_t named = 0;
  for (const auto& entry :
       std::filesystem::recursive_directory_iterator(std::filesystem::path(HERMOD_SOURCE_DIR) / "src")) {
    if (entry.path().extension() != ".cc" && entry.path().extension() != ".h") continue;
    std::ifstream file(entry.path());
    int number = 0;
    for (std::string line; std::getline(file, line);) {
      ++number;
      for (const std::string& text : texts_in(line)) {
        for (const std::string& name : keys_named_in(text, sections)) {
          ++named;
          EXPECT_TRUE(known.contains(name)) << entry.path().string() << ":" << number << " names " << name;
        }
      }
    }
  }
  EXPECT_GT(named, 10U);
}

}  // namespace
}  // namespace hermod::config
