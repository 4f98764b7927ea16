#pragma once
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <vector>

#include "tests/support/broker_test.h"

namespace hermod::integration {

/// The command line: runs of the binary that are expected to end by themselves.
class Program : public ::testing::Test {
 protected:
  std::filesystem::path file(const std::string& name, const std::string& text) {
    const std::filesystem::path path = folder_.path() / name;
    std::filesystem::create_directories(path.parent_path());
    write_text(path, text);
    return path;
  }
  Finished hermod(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), support::broker_binary());
    return run(arguments);
  }
  /// The broker may not come up: it ends with an error that contains each of these.
  void expect_refused(const std::vector<std::string>& arguments, const std::vector<std::string>& said) {
    const Finished finished = hermod(arguments);
    EXPECT_NE(finished.exit_code, 0) << finished.output;
    EXPECT_LT(finished.exit_code, 128) << "ended by a signal";
    for (const std::string& words : said) EXPECT_THAT(finished.errors, ::testing::HasSubstr(words));
  }
  std::string data_folder() const { return (folder_.path() / "data").string(); }

  TemporaryFolder folder_;
};

}  // namespace hermod::integration
