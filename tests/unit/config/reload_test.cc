#include "config/reload.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

namespace hermod::config {
namespace {

/// Without a file, so that nothing is read: what there is comes from the environment and --set.
CommandLine line_with(std::vector<std::pair<std::string, std::string>> settings = {}) {
  CommandLine line;
  for (auto& [key, value] : settings)
    line.assignments.values.push_back({key, Value{value}, false, {Origin::Place::Flag, "--set"}});
  return line;
}

/// As a broker that has started with these settings.
Configuration running(std::vector<std::pair<std::string, std::string>> settings = {}) {
  Loaded loaded = load(line_with(std::move(settings)), {});
  EXPECT_TRUE(loaded.problems.empty());
  return std::move(loaded.configuration);
}

/// The log is the process's: each begins with one of its own, and what is written to it is kept.
class ReloadTest : public testing::Test {
 protected:
  ReloadTest() {
    log::start(log::Sink::Text, log::Level::Info);
    testing::internal::CaptureStderr();
  }
  ~ReloadTest() override { log::start(log::Sink::Text, log::Level::Info); }

  /// What the log says, once.
  static std::string logged() { return testing::internal::GetCapturedStderr(); }
};

TEST_F(ReloadTest, NewSettingsCountOnceTheyAreAccepted) {
  Configuration current = running();
  bool asked = false;
  EXPECT_TRUE(reload(line_with({{"mqtt.max_qos", "1"}}), {}, current, [&](const Settings& next) -> Status {
    asked = true;
    EXPECT_EQ(next.broker.mqtt.max_qos, 1);
    EXPECT_EQ(current.settings().broker.mqtt.max_qos, 2) << "not yet";
    return {};
  }));
  EXPECT_TRUE(asked);
  EXPECT_EQ(current.settings().broker.mqtt.max_qos, 1);
  const std::string text = logged();
  EXPECT_NE(text.find("config.needs_restart key=mqtt.max_qos from=2 to=1"), std::string::npos) << text;
  EXPECT_NE(text.find("config.reloaded"), std::string::npos) << text;
}

TEST_F(ReloadTest, WithAnyProblemNothingChangesAndNobodyIsAsked) {
  Configuration current = running();
  bool asked = false;
  const auto accept = [&](const Settings&) -> Status {
    asked = true;
    return {};
  };
  const CommandLine line =
      line_with({{"log.level", "error"}, {"mqtt.colour", "red"}, {"mqtt.shape", "round"}});
  EXPECT_FALSE(reload(line, {}, current, accept));
  EXPECT_FALSE(asked);
  EXPECT_EQ(current.settings().log.level, log::Level::Info);
  EXPECT_TRUE(log::enabled(log::Level::Info));
  const std::string text = logged();
  EXPECT_NE(text.find("mqtt.colour"), std::string::npos) << text;
  EXPECT_NE(text.find("mqtt.shape"), std::string::npos) << "all of them are told: " << text;
}

TEST_F(ReloadTest, WhatIsNotAcceptedLeavesEverythingAsItWas) {
  Configuration current = running();
  const auto refuse = [](const Settings&) -> Status { return failure(Errc::Invalid, "a.pem: not there"); };
  EXPECT_FALSE(reload(line_with({{"mqtt.max_qos", "0"}, {"log.level", "error"}}), {}, current, refuse));
  EXPECT_EQ(current.settings().broker.mqtt.max_qos, 2);
  EXPECT_TRUE(log::enabled(log::Level::Info));
  EXPECT_NE(logged().find("a.pem: not there"), std::string::npos);
}

TEST_F(ReloadTest, TheLevelOfTheLogIsSetAtOnce) {
  Configuration current = running();
  EXPECT_TRUE(reload(line_with({{"log.level", "error"}}), {}, current));
  EXPECT_FALSE(log::enabled(log::Level::Warning));
  EXPECT_TRUE(reload(line_with({{"log.level", "debug"}}), {}, current));
  EXPECT_TRUE(log::enabled(log::Level::Debug));
  EXPECT_NE(logged().find("config.changed key=log.level"), std::string::npos);
}

TEST(Load, TheServicesFolderGivesWayToTheEnvironmentAndThatToFlags) {
  const auto folder = [](const CommandLine& line, const std::vector<std::string>& environment) {
    return load(line, environment).configuration.settings().broker.store.path;
  };
  const std::string service = "STATE_DIRECTORY=/service";
  const std::string variable = "HERMOD_STORE__DATA_DIR=/variable";
  EXPECT_EQ(folder(line_with(), {service}), "/service");
  EXPECT_EQ(folder(line_with(), {variable, service}), "/variable");
  EXPECT_EQ(folder(line_with({{"store.data_dir", "/flag"}}), {service, variable}), "/flag");
}

TEST(Load, WhatIsWrongAnywhereIsToldWithItsPlace) {
  CommandLine line = line_with({{"mqtt.max_qos", "3"}});
  line.assignments.problems.push_back({{Origin::Place::Flag, "--set x"}, "key=value is expected"});
  const Loaded loaded = load(line, {"HERMOD_MQTT__COLOUR=red"});
  std::vector<std::string> places;
  for (const Problem& problem : loaded.problems) places.push_back(problem.origin.text());
  std::ranges::sort(places);
  EXPECT_EQ(places, (std::vector<std::string>{"HERMOD_MQTT__COLOUR in the environment", "flag --set",
                                              "flag --set x"}));
}

TEST(Load, AnEmptyPortOrNumberOfThreadsIsNoDefault) {
  for (const char* flag : {"-p", "--threads"})
    EXPECT_EQ(load(parse_command_line({"hermod", flag, ""}), {}).problems.size(), 1U) << flag;
}

TEST(Origin, SaysWhereSomethingIsWritten) {
  using Place = Origin::Place;
  EXPECT_EQ(Origin{}.text(), "default");
  EXPECT_EQ((Origin{Place::File, "a.toml", 12}).text(), "a.toml:12");
  EXPECT_EQ((Origin{Place::File, "a.toml"}).text(), "a.toml") << "of the whole file";
  EXPECT_EQ((Problem{{Place::Flag, "-p"}, "too large"}).message(), "flag -p: too large");
}

}  // namespace
}  // namespace hermod::config
