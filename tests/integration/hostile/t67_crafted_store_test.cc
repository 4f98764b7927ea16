#include <filesystem>
#include <fstream>
#include <random>

#include "tests/integration/hostile/hostile_test.h"

namespace hermod::integration {
namespace {

namespace fs = std::filesystem;

std::string random_bytes(std::size_t size) {
  std::mt19937_64 random(67);
  std::string bytes(size, '\0');
  for (char& byte : bytes) byte = static_cast<char>(random());
  return bytes;
}

}  // namespace

/// The broker itself on stores that it did not write; what their records can say is tried in
/// integration/store.
class HostileStore : public Hostile {
 protected:
  void SetUp() override {
    HERMOD_NEEDS_OWN_BROKER();
    MqttClient sleeper = durable_client("sleeper");
    sleeper.subscribe("a/#", 1);
    sleeper.disconnect();
    broker().kill();
  }
  fs::path data() { return broker().data_folder(); }
  void overwrite(const std::string& name, const std::string& bytes) { write_text(data() / name, bytes); }
  std::size_t set_aside() {
    std::size_t found = 0;
    for (const auto& entry : fs::directory_iterator(data()))
      if (entry.path().filename().string().starts_with("damaged-")) ++found;
    return found;
  }
  /// It is served from an empty store, and the old one is kept.
  void expect_set_aside() {
    broker().start();
    EXPECT_EQ(set_aside(), 1U);
    MqttClient sleeper = durable_client("sleeper");
    EXPECT_FALSE(sleeper.connack().session_present);
  }
};

TEST_F(HostileStore, T67_AStoreOfAFutureVersionIsSetAside) {
  overwrite("format", "hermod store\nformat 4294967295\n");
  expect_set_aside();
}

TEST_F(HostileStore, T67_AFormatThatIsNotOursIsSetAside) {
  overwrite("format", "mosquitto db\n");
  expect_set_aside();
}

TEST_F(HostileStore, T67_RandomBytesAsFormatAreSetAside) {
  overwrite("format", random_bytes(5000));
  expect_set_aside();
}

TEST_F(HostileStore, T67_RandomBytesAsTablesAreSetAside) {
  overwrite("tables", random_bytes(100'000));
  expect_set_aside();
}

TEST_F(HostileStore, T67_RandomBytesAsJournalAreSetAside) {
  overwrite("journal/segment-1", random_bytes(1 << 20));
  expect_set_aside();
}

TEST_F(HostileStore, T67_TablesWithAnotherMagicAreSetAside) {
  std::string tables = read_text(data() / "tables");
  for (const std::size_t page : {0U, 4096U}) tables.replace(page + 16, 4, 4, '\0');
  overwrite("tables", tables);
  expect_set_aside();
}

/// The journal of format 1 was an LMDB file. Its owner would take an empty store in its place for a loss.
TEST_F(HostileStore, T67_AStoreOfFormat1EndsTheStartInOrderAndStaysAsItIs) {
  overwrite("format", "hermod store\nformat 1\n");
  fs::remove_all(data() / "journal");
  fs::copy_file(data() / "tables", data() / "journal");
  EXPECT_THROW(broker().start(), Unexpected);
  const auto code = broker().process().wait(kPatience);
  ASSERT_TRUE(code.has_value());
  EXPECT_NE(*code, 0);
  EXPECT_LT(*code, 128) << "it was no signal";
  EXPECT_EQ(set_aside(), 0U);
  EXPECT_EQ(read_text(data() / "journal"), read_text(data() / "tables"));
  fs::remove_all(data());
  broker().start();
}

}  // namespace hermod::integration
