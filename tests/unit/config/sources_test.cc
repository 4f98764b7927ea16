#include <gtest/gtest.h>

#include "config/command_line.h"
#include "config/environment.h"
#include "config/toml_file.h"

namespace hermod::config {
namespace {

using Action = CommandLine::Action;

TEST(TomlFile, ValuesComeWithTheirTypeFileAndLine) {
  const Assignments read =
      parse_toml("[mqtt]\nmax_qos = 1\n\n[log]\nlevel = \"debug\"\n[net]\nno_delay = false\n", "h.toml");
  ASSERT_TRUE(read.problems.empty());
  ASSERT_EQ(read.values.size(), 3U);
  EXPECT_EQ(read.values[0].key, "mqtt.max_qos");
  EXPECT_EQ(read.values[0].value, Value{std::int64_t{1}});
  EXPECT_EQ(read.values[0].origin.text(), "h.toml:2");
  EXPECT_TRUE(read.values[0].typed);
  EXPECT_EQ(read.values[1].origin.text(), "h.toml:5");
  EXPECT_EQ(read.values[2].value, Value{false});
}

TEST(TomlFile, TablesOfListenersKeepTheirNames) {
  const Assignments read = parse_toml("[listeners.lan]\nurl = \"mqtt://127.0.0.1:1\"\n", "h.toml");
  ASSERT_EQ(read.values.size(), 1U);
  EXPECT_EQ(read.values[0].key, "listeners.lan.url");
}

TEST(TomlFile, ASyntaxErrorIsAProblemWithItsLine) {
  const Assignments read = parse_toml("[mqtt]\nmax_qos = \n", "h.toml");
  EXPECT_TRUE(read.values.empty());
  ASSERT_EQ(read.problems.size(), 1U);
  EXPECT_EQ(read.problems[0].origin.text(), "h.toml:2");
}

TEST(TomlFile, AKeyWrittenTwiceIsAProblem) {
  EXPECT_EQ(parse_toml("[mqtt]\nmax_qos = 1\nmax_qos = 2\n", "h.toml").problems.size(), 1U);
}

TEST(TomlFile, ListsAndFractionsAreProblemsOfTheirLines) {
  const Assignments read = parse_toml("[mqtt]\nmax_qos = [1]\nreceive_maximum = 1.5\n", "h.toml");
  ASSERT_EQ(read.problems.size(), 2U);
  EXPECT_NE(read.problems[0].origin.line, read.problems[1].origin.line);
}

TEST(TomlFile, BytesThatAreNoUtf8AreAProblem) {
  EXPECT_EQ(parse_toml("[log]\nlevel = \"\xff\"\n", "h.toml").problems.size(), 1U);
}

TEST(Environment, ADoubleUnderscoreSeparatesSectionAndKey) {
  const std::vector<std::string> variables{
      "PATH=/bin",  "HERMOD_MQTT__MAX_QOS=1", "HERMOD_LISTENERS__LAN__URL=mqtt://*", "HERMOD_BUILD=x",
      "OTHER__X=1", "HERMOD_LOG__LEVEL=a=b"};
  const Assignments read = parse_environment(variables);
  ASSERT_EQ(read.values.size(), 3U);
  EXPECT_EQ(read.values[0].key, "mqtt.max_qos");
  EXPECT_EQ(read.values[0].value, Value{std::string("1")});
  EXPECT_FALSE(read.values[0].typed);
  EXPECT_EQ(read.values[0].origin.text(), "HERMOD_MQTT__MAX_QOS in the environment");
  EXPECT_EQ(read.values[1].key, "listeners.lan.url");
  EXPECT_EQ(read.values[2].value, Value{std::string("a=b")});
}

TEST(Environment, TheStateFolderOfTheServiceIsWhereTheStoreLives) {
  const std::vector<std::string> variables{"STATE_DIRECTORY=/var/lib/hermod:/var/lib/other"};
  const Assignments read = parse_service_environment(variables);
  ASSERT_EQ(read.values.size(), 1U);
  EXPECT_EQ(read.values[0].key, "store.data_dir");
  EXPECT_EQ(read.values[0].value, Value{std::string("/var/lib/hermod")});
  EXPECT_TRUE(parse_service_environment({}).values.empty());
}

TEST(CommandLine, NothingGivenMeansRunWithoutAFile) {
  const CommandLine line = parse_command_line({"hermod"});
  EXPECT_EQ(line.action, Action::Run);
  EXPECT_TRUE(line.file.empty());
  EXPECT_TRUE(line.assignments.values.empty());
}

TEST(CommandLine, ShortFlagsStandForTheirKeys) {
  const CommandLine line =
      parse_command_line({"hermod", "-c", "x.toml", "-v", "--threads", "4", "-p", "1900"});
  EXPECT_EQ(line.file, "x.toml");
  ASSERT_EQ(line.assignments.values.size(), 3U);
  EXPECT_EQ(line.assignments.values[0].key, "log.level");
  EXPECT_EQ(line.assignments.values[1].key, "broker.threads");
  EXPECT_EQ(line.assignments.values[1].value, Value{std::string("4")});
  EXPECT_EQ(line.assignments.values[2].value, Value{std::string("mqtt://127.0.0.1:1900")});
  EXPECT_EQ(line.assignments.values[2].origin.text(), "flag -p");
}

TEST(CommandLine, ListenAndSetMayBeRepeatedInAnyOrder) {
  const CommandLine line =
      parse_command_line({"hermod", "--listen", "mqtt://127.0.0.1:1", "--set", "a.b=c=d", "--listen",
                          "mqtt://127.0.0.1:2", "--set", "mqtt.server_reference="});
  ASSERT_EQ(line.assignments.values.size(), 4U);
  EXPECT_NE(line.assignments.values[0].key, line.assignments.values[1].key);
  EXPECT_EQ(line.assignments.values[2].key, "a.b");
  EXPECT_EQ(line.assignments.values[2].value, Value{std::string("c=d")});
  EXPECT_EQ(line.assignments.values[3].value, Value{std::string()});
}

TEST(CommandLine, AnEmptyFolderIsAValueAndNotNothing) {
  const CommandLine line = parse_command_line({"hermod", "--data-dir", ""});
  EXPECT_EQ(line.action, Action::Run) << line.text;
  ASSERT_EQ(line.assignments.values.size(), 1U);
  EXPECT_EQ(line.assignments.values[0].key, "store.data_dir");
  EXPECT_EQ(line.assignments.values[0].value, Value{std::string()});
}

// A variable of the shell that is not set must not start a broker with other settings than were meant.
TEST(CommandLine, AnEmptyFileNameIsWrongAndAnEmptyPortOrNumberIsAValue) {
  for (const char* flag : {"-c", "--config"}) {
    const CommandLine line = parse_command_line({"hermod", flag, ""});
    EXPECT_EQ(line.action, Action::Wrong) << flag;
    EXPECT_TRUE(line.text.starts_with("--config: the name of the file is empty")) << line.text;
  }
  const CommandLine line = parse_command_line({"hermod", "-p", "", "--threads", ""});
  ASSERT_EQ(line.assignments.values.size(), 2U);
  EXPECT_EQ(line.assignments.values[0].value, Value{std::string()});
  EXPECT_EQ(line.assignments.values[1].value, Value{std::string("mqtt://127.0.0.1:")});
}

TEST(CommandLine, SetWithoutAnEqualsSignIsAProblemOfItsFlag) {
  const CommandLine line = parse_command_line({"hermod", "--set", "log.level"});
  ASSERT_EQ(line.assignments.problems.size(), 1U);
  EXPECT_EQ(line.assignments.problems[0].message(),
            "flag --set log.level: key=value is expected, for example log.level=debug");
}

TEST(CommandLine, ActionsAreRecognised) {
  EXPECT_EQ(parse_command_line({"hermod", "-t"}).action, Action::TestConfig);
  for (const char* flag : {"--version", "--print-config", "-h", "--help"}) {
    const CommandLine line = parse_command_line({"hermod", flag});
    EXPECT_EQ(line.action, Action::Tell) << flag;
    EXPECT_TRUE(line.text.ends_with('\n')) << flag;
  }
  EXPECT_TRUE(parse_command_line({"hermod", "--version"}).text.starts_with("hermod "));
}

TEST(CommandLine, VerboseTestOfAConfigurationLeavesItsLogLevelAlone) {
  EXPECT_TRUE(parse_command_line({"hermod", "-t", "-v"}).assignments.values.empty());
}

TEST(CommandLine, HelpNamesEveryFlag) {
  const CommandLine line = parse_command_line({"hermod", "--help"});
  for (const char* word : {"-c", "-p", "-v", "-t", "--test-config", "--data-dir", "--listen", "--threads",
                           "--set", "--version", "--print-config", "hermod pub"}) {
    EXPECT_NE(line.text.find(word), std::string::npos) << word;
  }
}

TEST(CommandLine, AnUnknownFlagOrAStrayWordIsWrong) {
  EXPECT_EQ(parse_command_line({"hermod", "--nonsense"}).action, Action::Wrong);
  EXPECT_EQ(parse_command_line({"hermod", "stray"}).action, Action::Wrong);
  EXPECT_EQ(parse_command_line({"hermod", "-c"}).action, Action::Wrong);
  EXPECT_NE(parse_command_line({"hermod", "--nonsense"}).text.find("--nonsense"), std::string::npos);
}

}  // namespace
}  // namespace hermod::config
