#include "tests/integration/hermodctl/hermodctl_test.h"

namespace hermod::integration {
namespace {

using ::testing::HasSubstr;

/// The value of a number in a line of JSON; -1 when it is not there.
long long member(const std::string& json, const std::string& name) {
  const std::size_t at = json.find("\"" + name + "\":");
  return at == std::string::npos ? -1 : std::stoll(json.substr(at + name.size() + 3));
}

}  // namespace

using StoreCommands = Hermodctl;

TEST_F(StoreCommands, CheckCountsTheRecordsOfAGoodStore) {
  add_sleeper();
  publish(0, 10);
  ASSERT_EQ(broker().stop(), 0);
  const std::string said = hermodctl({"store", "check", "-d", data(), "-o", "json"}, 0);
  EXPECT_THAT(said, HasSubstr("\"verdict\":\"good\""));
  EXPECT_EQ(member(said, "sessions"), 1);
  EXPECT_EQ(member(said, "subscriptions"), 1);
  EXPECT_EQ(member(said, "entries"), 10);
  EXPECT_EQ(member(said, "groups_to_replay"), 0);
  broker().start();
  EXPECT_EQ(durable_client("sleeper").receive_payloads(10).back(), "9");
}

TEST_F(StoreCommands, CheckSeesWhatAKilledBrokerLeftInTheJournal) {
  add_sleeper();
  publish(0, 10);
  broker().kill();
  const std::string said = hermodctl({"store", "check", "-d", data(), "-o", "json"}, 0);
  EXPECT_GE(member(said, "groups_to_replay"), 10);
  broker().start();
}

TEST_F(StoreCommands, CheckNamesWhatIsDamagedAndChangesNothing) {
  add_sleeper();
  ASSERT_EQ(broker().stop(), 0);
  std::string tables;
  {
    std::ifstream in(data() + "/tables", std::ios::binary);
    tables.assign(std::istreambuf_iterator<char>(in), {});
  }
  for (std::size_t at = tables.find("sleeper"); at != std::string::npos; at = tables.find("sleeper", at + 1))
    tables[at] = 'S';
  write_text(data() + "/tables", tables);
  const std::string said = hermodctl({"store", "check", "-d", data()}, 3);
  EXPECT_THAT(said, HasSubstr("damaged"));
  EXPECT_THAT(said, HasSubstr("table sessions"));
  EXPECT_TRUE(std::filesystem::exists(data() + "/tables"));
  EXPECT_THAT(hermodctl({"store", "compact", "-d", data()}, 3), HasSubstr("table sessions"));
  broker().start();
}

TEST_F(StoreCommands, ARunningBrokersStoreIsLeftAlone) {
  add_sleeper();
  for (const char* verb : {"check", "dump", "compact"})
    EXPECT_THAT(hermodctl({"store", verb, "-d", data()}, 1),
                HasSubstr("another broker uses this store, process "));
  expect_service();
}

TEST_F(StoreCommands, DumpPrintsWhatTheJournalHolds) {
  add_sleeper();
  publish(0, 1);
  broker().kill();
  const std::string said = hermodctl({"store", "dump", "-d", data(), "-t", "journal", "-o", "json"}, 0);
  EXPECT_THAT(said, HasSubstr("\"change\":\"put\",\"table\":\"sessions\""));
  EXPECT_THAT(said, HasSubstr("\"client_id\":\"sleeper\""));
  EXPECT_THAT(said, HasSubstr("\"filter\":\"work/#\""));
  EXPECT_THAT(said, HasSubstr("\"change\":\"append\""));
  EXPECT_THAT(said, HasSubstr("\"topic\":\"work/one\""));
  broker().start();
}

TEST_F(StoreCommands, DumpPrintsWhatTheTablesHold) {
  add_sleeper();
  publish(0, 1);
  client("publisher").publish(PublishOptions{.topic = "kept", .payload = "value", .qos = 1, .retain = true});
  ASSERT_EQ(broker().stop(), 0);
  const std::string all = hermodctl({"store", "dump", "-d", data()}, 0);
  EXPECT_THAT(all, HasSubstr("table=sessions"));
  EXPECT_THAT(all, HasSubstr("client_id=sleeper"));
  EXPECT_THAT(all, HasSubstr("table=subscriptions"));
  EXPECT_THAT(all, HasSubstr("topic=work/one"));
  EXPECT_THAT(all, HasSubstr("topic=kept qos=1 retain=true payload_bytes=5"));
  const std::string one = hermodctl({"store", "dump", "-d", data(), "-t", "retained"}, 0);
  EXPECT_THAT(one, HasSubstr("topic=kept"));
  EXPECT_THAT(one, ::testing::Not(HasSubstr("client_id")));
  broker().start();
}

/// It is not damaged: another version reads it.
TEST_F(StoreCommands, AStoreOfAnotherFormatIsNotCalledDamaged) {
  add_sleeper();
  ASSERT_EQ(broker().stop(), 0);
  const std::string format = read_text(data() + "/format");
  for (const auto& [number, said] : {std::pair{"1", "only the version that wrote it reads"},
                                     {"2", "only the version that wrote it reads"},
                                     {"3", "the broker upgrades it"},
                                     {"1000", "a newer format"}}) {
    write_text(data() + "/format", std::string("hermod store\nformat ") + number + "\n");
    for (const std::vector<std::string>& command :
         {std::vector<std::string>{"store", "check", "-d", data()}, {"restore", "--check", data()}}) {
      const Finished checked = hermodctl(command);
      EXPECT_EQ(checked.exit_code, 4) << checked.output << checked.errors;
      EXPECT_THAT(checked.output, HasSubstr("other format"));
      EXPECT_THAT(checked.output, HasSubstr(said));
    }
    EXPECT_THAT(hermodctl({"backup", (folder_.path() / "copy").string(), "-d", data()}, 1),
                HasSubstr("format"));
  }
  write_text(data() + "/format", format);
  broker().start();
}

TEST_F(StoreCommands, CompactGivesBackWhatIsNotUsedAndKeepsTheRest) {
  start_with({{"store.checkpoint_size", "1MiB"}, {"session.max_queued_messages", "1000000"}});
  add_sleeper();
  const std::string padding(4000, '.');
  publish(0, 1500, padding);
  ASSERT_EQ(broker().stop(), 0);
  broker().start();
  durable_client("sleeper").receive_payloads(1500);
  publish(1500, 1510);
  broker().kill();
  const auto before = std::filesystem::file_size(data() + "/tables");
  const std::string said = hermodctl({"store", "compact", "-d", data(), "-o", "json"}, 0);
  EXPECT_GT(member(said, "bytes_saved"), 4'000'000);
  EXPECT_LT(std::filesystem::file_size(data() + "/tables") + 4'000'000, before);
  hermodctl({"store", "check", "-d", data()}, 0);
  broker().start();
  EXPECT_EQ(durable_client("sleeper").receive_payloads(10).front(), "1500");
}

TEST_F(StoreCommands, WhatIsNotUnderstoodIsRefused) {
  EXPECT_THAT(hermodctl({}, 2), HasSubstr("subcommand"));
  EXPECT_THAT(hermodctl({"store", "dump", "-t", "sesions"}, 2), HasSubstr("sesions"));
  EXPECT_THAT(hermodctl({"backup"}, 2), HasSubstr("folder is required"));
}

}  // namespace hermod::integration
