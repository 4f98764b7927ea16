#include <filesystem>
#include <set>

#include "tests/integration/hostile/hostile_test.h"

namespace hermod::integration {

namespace stdfs = std::filesystem;

/// The broker itself on a store of its own that was damaged: it says so, keeps what was there with a report,
/// and serves. Every page and many bits are tried in integration/store.
class HostileDamage : public Hostile {
 protected:
  static constexpr int kCount = 40;  // in the tables, and as many in the journal

  void SetUp() override {
    HERMOD_NEEDS_OWN_BROKER();
    MqttClient sleeper = durable_client("sleeper");
    sleeper.subscribe("a/#", 1);
    sleeper.disconnect();
    publish(0);
    ASSERT_EQ(broker().stop(), 0);
    broker().start();
    publish(kCount);
    broker().kill();
    stdfs::copy(data(), whole(), stdfs::copy_options::recursive);
  }

  void publish(int first) {
    MqttClient publisher = client("publisher");
    for (int i = first; i < first + kCount; ++i)
      ASSERT_LT(publisher.publish("a/" + std::to_string(i), payload(i), 1).reason, 0x80);
    publisher.disconnect();
  }

  static std::string payload(int i) { return "stored-" + std::to_string(i) + "-" + std::string(60, '.'); }
  stdfs::path data() { return broker().data_folder(); }
  stdfs::path whole() { return data().string() + ".whole"; }
  std::string whole_file(const std::string& name) { return read_text(whole() / name); }

  /// The broker that starts on the store as it was, but for this file.
  void start_with_file(const std::string& name, const std::string& bytes) {
    broker().kill();
    stdfs::remove_all(data());
    stdfs::copy(whole(), data(), stdfs::copy_options::recursive);
    write_text(data() / name, bytes);
    broker().start();
  }

  std::set<std::string> set_aside() {
    std::set<std::string> found;
    for (const auto& entry : stdfs::directory_iterator(data()))
      if (entry.path().filename().string().starts_with("damaged-")) found.insert(entry.path());
    return found;
  }

  /// The damage is found, reported and kept, and an empty store is served.
  void expect_set_aside(const std::string& name, const std::string& bytes, const std::string& what) {
    start_with_file(name, bytes);
    const std::set<std::string> found = set_aside();
    ASSERT_EQ(found.size(), 1U) << what;
    const stdfs::path kept = *found.begin();
    EXPECT_EQ(read_text(kept / "report.txt").find("This store was set aside"), 0U) << what;
    EXPECT_EQ(read_text(kept / name), bytes) << what << ": what was there is kept";
    EXPECT_NE(broker().log().find("store.set_aside"), std::string::npos) << what;
    MqttClient sleeper = durable_client("sleeper");
    EXPECT_FALSE(sleeper.connack().session_present) << what;
    sleeper.disconnect();
    expect_service();
  }

  /// All messages below this number are with the sleeper, in order.
  void expect_messages(int count) {
    MqttClient sleeper = durable_client("sleeper");
    EXPECT_TRUE(sleeper.connack().session_present);
    for (int i = 0; i < count; ++i) ASSERT_EQ(sleeper.receive().payload, payload(i));
    sleeper.expect_quiet();
  }
};

TEST_F(HostileDamage, T66_TheUntouchedStoreIsTakenAsItIs) {
  start_with_file("format", whole_file("format"));
  EXPECT_TRUE(set_aside().empty());
  expect_messages(2 * kCount);
}

TEST_F(HostileDamage, T66_AFileOfZeroesIsSetAside) {
  for (const char* name : {"format", "tables", "journal/segment-1"})
    expect_set_aside(name, std::string(whole_file(name).size(), '\0'), std::string(name) + " is zero");
}

TEST_F(HostileDamage, T66_AFileThatWasCutOffIsSetAside) {
  for (const char* name : {"tables", "journal/segment-1"}) {
    for (const std::size_t size : {0U, 1U, 4095U, 4096U})
      expect_set_aside(name, whole_file(name).substr(0, size),
                       std::string(name) + " of " + std::to_string(size) + " bytes");
  }
  expect_set_aside("format", "", "an empty format");
}

TEST_F(HostileDamage, T66_ATurnedBitInARecordIsSetAside) {
  for (const auto& [name, number] : {std::pair("tables", 17), std::pair("journal/segment-1", kCount + 17)}) {
    std::string bytes = whole_file(name);
    const std::size_t at = bytes.find(payload(number));
    ASSERT_NE(at, std::string::npos) << name;
    bytes[at + 20] ^= 1;
    expect_set_aside(name, bytes, std::string(name) + " with a turned bit");
  }
}

/// It looks like a write that was under way, for which nothing was answered.
TEST_F(HostileDamage, T66_ATurnedBitInTheLastGroupEndsTheReplayThere) {
  std::string bytes = whole_file("journal/segment-1");
  const std::size_t at = bytes.find(payload(2 * kCount - 1));
  ASSERT_NE(at, std::string::npos);
  bytes[at + 20] ^= 1;
  start_with_file("journal/segment-1", bytes);
  EXPECT_TRUE(set_aside().empty());
  EXPECT_NE(broker().log().find("torn_tail=1"), std::string::npos);
  expect_messages(2 * kCount - 1);
}

}  // namespace hermod::integration
