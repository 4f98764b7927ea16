// Stores of this format and of earlier ones, as a broker once wrote them:
// tests/data/store/<format>/store.txt. tools/golden-store writes that of the present format anew.

#include "tests/integration/golden/golden_store.h"

#include <cstdlib>
#include <filesystem>
#include <string_view>
#include <vector>

#include "tests/integration/golden/store_text.h"

namespace hermod::integration {
namespace {

namespace fs = std::filesystem;

const fs::path kStores{HERMOD_GOLDEN_STORES};

class GoldenStore : public GoldenContents {
 protected:
  void SetUp() override {
    GoldenContents::SetUp();
    if (IsSkipped()) return;
    start_with({{"store.max_size", "64MiB"}});  // the smallest segments there are
  }
  /// What the broker's `format` file says.
  int format_of(const fs::path& folder) {
    const std::string text = read_text(folder / "format");
    return std::stoi(text.substr(text.rfind(' ') + 1));
  }
  /// The broker ends, and has this store when it is started again.
  void replace_store(const fs::path& file) {
    broker().kill();
    fs::remove_all(data());
    write_store(read_text(file), data());
  }
};

/// What stands in the tables, and what in the journal alone.
TEST_F(GoldenStore, StoreOfThisFormatIsReadToTheLastRecord) {
  const int format = format_of(data());
  const fs::path file = kStores / std::to_string(format) / "store.txt";
  if (std::getenv("HERMOD_UPDATE_STORE") != nullptr) {
    {
      const Connected connected = write_contents("tables");
      broker().kill();
    }
    broker().start();
    ASSERT_EQ(broker().stop(), 0);
    broker().start();
    const Connected connected = write_contents("journal");
    const MqttClient mortal = write_hasty_will();
    broker().kill();
    fs::create_directories(file.parent_path());
    write_text(file, store_as_text(data()));
    broker().start();
  }
  ASSERT_TRUE(fs::exists(file)) << "there is no store of format " << format
                                << " yet: run tools/golden-store and commit what it writes";
  replace_store(file);
  const std::string tables = hermodctl({"store", "dump", "-d", data(), "-o", "json"}, 0);
  const std::string journal = hermodctl({"store", "dump", "-d", data(), "-o", "json", "-t", "journal"}, 0);
  expect_dumped(tables.substr(0, tables.size() - journal.size()), "tables");
  expect_dumped(journal, "journal");
  hermodctl({"store", "check", "-d", data()}, 0);

  broker().start();
  EXPECT_THAT(broker().log(), ::testing::Not(::testing::HasSubstr("store.set_aside")));
  EXPECT_THAT(broker().log(), ::testing::Not(::testing::HasSubstr("store.record_damaged")));
  expect_hasty_will();
  expect_contents("tables");
  expect_contents("journal");
}

/// Of named queues, half of them in the tables.
TEST_F(GoldenStore, RecordsOfNamedQueuesAreCountedAndDumped) {
  replace_store(kStores / std::to_string(format_of(data())) / "queues.txt");
  const std::string said = hermodctl({"store", "check", "-d", data(), "-o", "json"}, 0);
  for (const char* part : {"\"queues\":1", "\"deliveries\":1", "\"message_ids\":1", "\"verdict\":\"good\""})
    EXPECT_THAT(said, ::testing::HasSubstr(part));
  const std::string tables = hermodctl({"store", "dump", "-d", data(), "-o", "json"}, 0);
  const std::string journal = hermodctl({"store", "dump", "-d", data(), "-o", "json", "-t", "journal"}, 0);
  const auto expect_dump = [](const std::string& dump, const std::string& number, const std::string& name) {
    const std::string queue = "\"queue\":" + number;
    for (const std::string& part :
         {"\"table\":\"queues\"," + queue + ",\"name\":\"" + name + "\"",
          std::string("\"bind\":\"shop/+/orders\",\"match\":\"none\",\"kind\":\"queue\",\"order\":\"key\""),
          queue + ",\"sequence\":2,\"key\":\"" + name + "-key\",\"topic\":\"shop/7/orders\",\"qos\":1",
          queue + ",\"sequence\":4,\"message\":" + number + ",\"key\":\"shared\"",
          queue + ",\"sequence\":5,\"key\":\"dead\",\"deaths\":1,\"died_in\":\"graves\",\"died_of\":"
                  "\"delivery_limit\"",
          "\"table\":\"deliveries\"," + queue + ",\"sequence\":2,\"deliveries\":3",
          "\"table\":\"message_ids\"," + queue + ",\"number\":2,\"msg_id\":\"" + name + "-second\"",
          "\"claimed_queue\":" + number + ",\"claimed_sequence\":2,\"deliveries\":1",
          std::string("\"released\":true")})
      EXPECT_THAT(dump, ::testing::HasSubstr(part));
  };
  expect_dump(tables.substr(0, tables.size() - journal.size()), "1", "orders");
  expect_dump(journal, "2", "returns");

  broker().start();
  EXPECT_THAT(broker().log(), ::testing::Not(::testing::HasSubstr("store.set_aside")));
  EXPECT_THAT(broker().log(), ::testing::Not(::testing::HasSubstr("store.record_damaged")));
  expect_service();
}

/// A store of the format before this one is upgraded: everything is there, and beside it the store as it was.
TEST_F(GoldenStore, StoreOfTheFormatBeforeIsUpgradedAndKeptAsItWas) {
  const std::string before = std::to_string(format_of(data()) - 1);
  const fs::path file = kStores / before / "store.txt";
  ASSERT_TRUE(fs::exists(file));
  replace_store(file);
  const std::string as_it_was = store_as_text(data());
  broker().start();
  EXPECT_THAT(broker().log(), ::testing::Not(::testing::HasSubstr("store.set_aside")));
  EXPECT_THAT(broker().log(), ::testing::Not(::testing::HasSubstr("store.record_damaged")));
  EXPECT_EQ(std::to_string(format_of(data()) - 1), before);
  std::vector<fs::path> backups;
  for (const auto& entry : fs::directory_iterator(data()))
    if (entry.path().filename().string().starts_with("format-" + before + "-")) backups.push_back(entry);
  ASSERT_EQ(backups.size(), 1U);
  EXPECT_THAT(broker().log(), ::testing::HasSubstr("store.upgraded folder=" + data() +
                                                   " backup=" + backups.front().string()));
  EXPECT_THAT(read_text(backups.front() / "report.txt"), ::testing::HasSubstr("To go back"));
  fs::remove(backups.front() / "report.txt");
  EXPECT_EQ(store_as_text(backups.front()), as_it_was);
  expect_contents("tables");
  expect_contents("journal");
  ASSERT_EQ(broker().stop(), 0);
  hermodctl({"store", "check", "-d", data()}, 0);
  broker().start();
  expect_service();
  EXPECT_EQ(store_as_text(backups.front()), as_it_was) << "it is made once, and never touched";
}

/// The broker may end in the middle of it, before the new number is written or after.
TEST_F(GoldenStore, AnUpgradeThatWasInterruptedIsDoneAgain) {
  const std::string before = std::to_string(format_of(data()) - 1);
  const fs::path file = kStores / before / "store.txt";
  replace_store(file);
  broker().start();
  broker().kill();
  ASSERT_TRUE(fs::exists(fs::path(data()) / "journal/segment-2")) << "what the upgrade has made";
  const std::string made = read_text(fs::path(data()) / "journal/segment-2");
  replace_store(file);
  write_text(fs::path(data()) / "journal/segment-2", made);
  broker().start();
  EXPECT_THAT(broker().log(), ::testing::Not(::testing::HasSubstr("store.set_aside")));
  expect_contents("tables");
  expect_contents("journal");
}

TEST_F(GoldenStore, T66_ADamagedStoreOfTheFormatBeforeIsSetAside) {
  const std::string before = std::to_string(format_of(data()) - 1);
  const fs::path file = kStores / before / "store.txt";
  for (const char* damage : {"a group", "the header of the segment", "no tables"}) {
    replace_store(file);
    const fs::path segment = fs::path(data()) / "journal/segment-1";
    std::string bytes = read_text(segment);
    const bool is_group = std::string_view(damage) == "a group";
    bytes[is_group ? 0x5000 + 60 : 10] ^= 1;
    if (std::string_view(damage) == "no tables") {
      fs::remove(fs::path(data()) / "tables");
    } else {
      write_text(segment, bytes);
    }
    broker().start();
    EXPECT_THAT(broker().log(), ::testing::HasSubstr("store.set_aside")) << damage;
    expect_service();
    broker().kill();
    std::size_t kept = 0;
    for (const auto& entry : fs::directory_iterator(data()))
      if (entry.path().filename().string().starts_with("damaged-")) ++kept;
    EXPECT_EQ(kept, 1U) << damage;
    broker().start();
  }
}

/// On one that is older still the broker does not start, and leaves every byte as it was.
TEST_F(GoldenStore, T67_StoresOfOlderFormatsAreRefusedAndStayAsTheyAre) {
  ASSERT_EQ(broker().stop(), 0);
  write_text(fs::path(data()) / "format", "hermod store\nformat 1\n");
  const std::string before = store_as_text(data());
  EXPECT_THROW(broker().start(), Unexpected);
  EXPECT_THAT(broker().log(), ::testing::HasSubstr("older format"));
  EXPECT_THAT(broker().log(), ::testing::HasSubstr(data()));
  EXPECT_EQ(store_as_text(data()), before);
  fs::remove_all(data());
  broker().start();
}

}  // namespace
}  // namespace hermod::integration
