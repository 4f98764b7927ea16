// Stores of this format and of earlier ones, as a broker once wrote them:
// tests/data/store/<format>/store.txt. tools/golden-store writes that of the present format anew.

#include "tests/integration/golden/golden_store.h"

#include <cstdlib>
#include <filesystem>

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

/// The broker does not start on one, and leaves every byte as it was.
TEST_F(GoldenStore, T67_StoresOfEarlierFormatsAreRefusedAndStayAsTheyAre) {
  const int present = format_of(data());
  for (const auto& entry : fs::directory_iterator(kStores)) {
    const int format = std::stoi(entry.path().filename().string());
    ASSERT_LE(format, present);
    if (format == present || !fs::exists(entry.path() / "store.txt")) continue;
    replace_store(entry.path() / "store.txt");
    const std::string before = store_as_text(data());
    EXPECT_THROW(broker().start(), Unexpected) << "format " << format;
    EXPECT_THAT(broker().log(), ::testing::HasSubstr("older format"));
    EXPECT_EQ(store_as_text(data()), before);
    fs::remove_all(data());
    broker().start();
  }
}

}  // namespace
}  // namespace hermod::integration
