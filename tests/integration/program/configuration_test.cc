#include "tests/integration/program/program_test.h"

namespace hermod::integration {

TEST_F(Program, GoodConfigurationIsAccepted) {
  const auto config = file("hermod.toml",
                           "[mqtt]\nmax_packet_size = \"1MB\"\nconnect_timeout = \"5s\"\n"
                           "[limits]\nmax_connections = 100\n"
                           "[session]\nmax_inflight = 20\n");
  const Finished finished = hermod({"-t", "-c", config.string()});
  EXPECT_EQ(finished.exit_code, 0) << finished.errors;
}

TEST_F(Program, MisspeltKeyIsNamedWithFileLineAndTheNearestKey) {
  const auto config = file("hermod.toml", "[mqtt]\nmax_packet_size = \"1MB\"\n\nconect_timeout = \"5s\"\n");
  const std::vector<std::string> said{config.string() + ":4", "conect_timeout", "connect_timeout"};
  expect_refused({"-t", "-c", config.string()}, said);
  expect_refused({"-c", config.string(), "--data-dir", data_folder()}, said);
}

TEST_F(Program, WrongValueIsNamedWithFileAndLine) {
  const auto config = file("hermod.toml", "[mqtt]\nconnect_timeout = \"soon\"\n");
  expect_refused({"-t", "-c", config.string()}, {config.string() + ":2", "connect_timeout"});
}

TEST_F(Program, EveryMistakeIsNamedAtOnce) {
  const auto config =
      file("hermod.toml", "[mqtt]\nconect_timeout = \"5s\"\nmax_packet_size = true\n[limts]\na = 1\n");
  expect_refused({"-t", "-c", config.string()},
                 {config.string() + ":2", config.string() + ":3", config.string() + ":"});
}

TEST_F(Program, SyntaxErrorIsNamedWithFileAndLine) {
  const auto config = file("hermod.toml", "[mqtt]\n\nconnect_timeout = = 5\n");
  expect_refused({"-t", "-c", config.string()}, {config.string() + ":3"});
}

TEST_F(Program, MissingFileIsNamed) {
  expect_refused({"-t", "-c", "/nowhere/hermod.toml"}, {"/nowhere/hermod.toml"});
}

TEST_F(Program, FragmentsAreReadAndNamed) {
  const auto config = file("hermod.toml", "[mqtt]\nmax_packet_size = \"1MB\"\n");
  const auto fragment = file("conf.d/50-site.toml", "[mqtt]\nconect_timeout = \"5s\"\n");
  expect_refused({"-t", "-c", config.string()}, {fragment.string() + ":2"});
}

TEST_F(Program, MistakesOfTheCommandLineAreNamed) {
  expect_refused({"-t", "--set", "mqtt.conect_timeout=5s"}, {"conect_timeout", "connect_timeout"});
  expect_refused({"-t", "--set", "nonsense"}, {"nonsense"});
  expect_refused({"--no-such-flag"}, {"--no-such-flag"});
  expect_refused({"-t", "--listen", "gopher://127.0.0.1:70"}, {"--listen"});
  expect_refused({"-t", "--listen", "mqtt://127.0.0.1:99999"}, {"--listen", "port"});
}

TEST_F(Program, MistakesOfTheEnvironmentAreNamed) {
  const Finished finished = run(
      {"env", "HERMOD_MQTT__CONNECT_TIMEOUT=soon", "HERMOD_MQTT__CONECT=1", support::broker_binary(), "-t"});
  EXPECT_NE(finished.exit_code, 0);
  for (const char* name : {"HERMOD_MQTT__CONNECT_TIMEOUT", "HERMOD_MQTT__CONECT"}) {
    EXPECT_THAT(finished.errors, ::testing::HasSubstr(name));
  }
}

TEST_F(Program, QueuesOfTheConfigurationAreCheckedAndListed) {
  const auto config = file("hermod.toml",
                           "[queue]\nauto_create = true\n\n[queues.orders]\nbind = \"shop/+/order\"\n"
                           "max_length = 1000\n");
  const Finished good = run(
      {"env", "HERMOD_QUEUES__ORDERS__LANES=8", support::broker_binary(), "-t", "-v", "-c", config.string()});
  EXPECT_EQ(good.exit_code, 0) << good.errors;
  const std::vector<std::string> listed{"queues.orders.bind = shop/+/order ",
                                        "queues.orders.max_length = 1000 ",
                                        "(" + config.string() + ":6)",
                                        "queues.orders.lanes = 8 ",
                                        "HERMOD_QUEUES__ORDERS__LANES in the environment",
                                        "queues.orders.dead_letter = orders.dlq ",
                                        "queue.auto_create = true "};
  for (const std::string& line : listed) EXPECT_THAT(good.output, ::testing::HasSubstr(line));

  const auto bad = file("bad.toml", "[queues.orders]\nbind = \"shop/#/order\"\n\n[queues.work]\nlanes = 3\n");
  expect_refused({"-t", "-c", bad.string()},
                 {bad.string() + ":2: queues.orders.bind: # is not the whole last level of the filter",
                  bad.string() + ":5: queues.work.bind: at least one topic filter"});
}

TEST_F(Program, HelpAndVersionAreAnswered) {
  const Finished help = hermod({"--help"});
  EXPECT_EQ(help.exit_code, 0);
  for (const char* flag : {"--config", "--listen", "--data-dir", "--threads", "--set", "--version"}) {
    EXPECT_THAT(help.output, ::testing::HasSubstr(flag));
  }
  const Finished version = hermod({"--version"});
  EXPECT_EQ(version.exit_code, 0);
  EXPECT_THAT(version.output, ::testing::HasSubstr(HERMOD_VERSION));
}

}  // namespace hermod::integration
