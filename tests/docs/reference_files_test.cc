#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "config/reference.h"

namespace hermod::config {
namespace {

/// Holds a file of the tree against what the key table says; HERMOD_UPDATE_DOCS in the environment rewrites
/// it.
void expect_file(const std::string& name, const std::string& expected) {
  const std::filesystem::path path = std::filesystem::path(HERMOD_SOURCE_DIR) / name;
  if (std::getenv("HERMOD_UPDATE_DOCS") != nullptr) {
    std::ofstream(path, std::ios::binary) << expected;
  }
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  EXPECT_EQ(text.str(), expected) << name
                                  << " differs from the key table: run this test with HERMOD_UPDATE_DOCS=1";
}

TEST(ReferenceFiles, CommentedConfigurationNamesEveryKeyAndNoOther) {
  expect_file("config/hermod.toml", reference_toml());
}

TEST(ReferenceFiles, ConfigurationDocumentNamesEveryKeyAndNoOther) {
  expect_file("docs/configuration.md", reference_markdown());
}

}  // namespace
}  // namespace hermod::config
