#include <algorithm>
#include <atomic>
#include <thread>

#include "tests/integration/hermodctl/hermodctl_test.h"

namespace hermod::integration {

using Backup = Hermodctl;

/// What was acknowledged before the backup is in it, and of what came during it a beginning without gaps.
TEST_F(Backup, OfABusyBrokerIsOneMoment) {
  start_with({{"store.checkpoint_size", "1MiB"}, {"session.max_queued_messages", "1000000"}});
  add_sleeper();
  const std::string padding(1000, '.');
  publish(0, 100, padding);
  std::atomic<bool> stop{false};
  std::atomic<int> sent{100};
  std::thread load([&] {
    MqttClient publisher = client("busy");
    while (!stop) {
      publisher.publish("work/one", std::to_string(sent.load()) + padding, 1);
      ++sent;
    }
  });
  for (int round = 0; round < 5; ++round) {
    std::filesystem::remove_all(backup());
    const int before = sent.load();
    hermodctl({"backup", backup(), "-d", data()}, 0);
    if (round < 4) continue;
    stop = true;
    load.join();
    restore_into_broker();
    MqttClient sleeper = durable_client("sleeper");
    int next = 0;
    while (const auto message = sleeper.try_receive(next < before ? kPatience : kQuiet))
      ASSERT_EQ(message->payload, std::to_string(next++) + padding);
    EXPECT_GE(next, before);
    EXPECT_LE(next, sent.load());
  }
}

TEST_F(Backup, HasRetainedMessagesAndSubscriptions) {
  add_sleeper();
  client("publisher").publish(PublishOptions{.topic = "kept", .payload = "value", .qos = 1, .retain = true});
  hermodctl({"backup", backup(), "-d", data()}, 0);
  restore_into_broker();
  MqttClient reader = client("reader");
  reader.subscribe("kept", 1);
  EXPECT_EQ(reader.receive().payload, "value");
  publish(7, 8);
  EXPECT_EQ(durable_client("sleeper").receive().payload, "7");
}

TEST_F(Backup, IsCheckedWithoutARestore) {
  add_sleeper();
  publish(0, 10);
  hermodctl({"backup", backup(), "-d", data()}, 0);
  EXPECT_THAT(hermodctl({"restore", "--check", backup(), "-o", "json"}, 0),
              ::testing::HasSubstr("\"verdict\":\"good\""));
}

/// It may be on a disk that nobody can write: so nothing is written, not even a lock.
TEST_F(Backup, IsCheckedWhereNothingMayBeWritten) {
  namespace fs = std::filesystem;
  add_sleeper();
  publish(0, 10);
  hermodctl({"backup", backup(), "-d", data()}, 0);
  const auto forbid = fs::perms::owner_write | fs::perms::group_write | fs::perms::others_write;
  const auto files = [&] {
    std::vector<std::string> found;
    for (const auto& file : fs::recursive_directory_iterator(backup())) found.push_back(file.path().string());
    std::sort(found.begin(), found.end());
    return found;
  };
  for (const bool has_lock : {true, false}) {
    if (!has_lock) fs::remove(backup() + "/lock");
    const auto before = files();
    for (const std::string& file : before) fs::permissions(file, forbid, fs::perm_options::remove);
    fs::permissions(backup(), forbid, fs::perm_options::remove);
    const std::string lock = has_lock ? read_text(backup() + "/lock") : "";
    EXPECT_THAT(hermodctl({"restore", "--check", backup()}, 0), ::testing::HasSubstr("good"));
    EXPECT_EQ(files(), before);
    if (has_lock) {
      EXPECT_EQ(read_text(backup() + "/lock"), lock);
    }
    for (const std::string& file : before)
      fs::permissions(file, fs::perms::owner_write, fs::perm_options::add);
    fs::permissions(backup(), fs::perms::owner_write, fs::perm_options::add);
  }
}

TEST_F(Backup, ThatABrokerIsUsingIsNotChecked) {
  add_sleeper();
  EXPECT_THAT(hermodctl({"restore", "--check", data()}, 1),
              ::testing::HasSubstr("another broker uses this store, process " +
                                   std::to_string(broker().process().pid())));
}

TEST_F(Backup, GoesIntoAnEmptyFolderOnly) {
  add_sleeper();
  hermodctl({"backup", backup(), "-d", data()}, 0);
  EXPECT_THAT(hermodctl({"backup", backup(), "-d", data()}, 1),
              ::testing::HasSubstr("is not an empty folder"));
  EXPECT_THAT(hermodctl({"restore", backup(), "-d", data()}, 1),
              ::testing::HasSubstr("is not an empty folder"));
  hermodctl({"restore", "--check", backup()}, 0);
}

TEST_F(Backup, OfNoStoreSaysSo) {
  EXPECT_THAT(hermodctl({"backup", backup(), "-d", (folder_.path() / "nothing").string()}, 1),
              ::testing::HasSubstr("no such folder"));
  EXPECT_THAT(hermodctl({"backup", backup(), "-d", folder_.path().string()}, 1),
              ::testing::HasSubstr("there is no store"));
  EXPECT_FALSE(std::filesystem::exists(backup()));
}

TEST_F(Backup, ThatIsDamagedIsNotRestored) {
  add_sleeper();
  publish(0, 10);
  hermodctl({"backup", backup(), "-d", data()}, 0);
  std::filesystem::resize_file(backup() + "/tables", 4096);
  const std::string target = (folder_.path() / "target").string();
  hermodctl({"restore", "--check", backup()}, 3);
  EXPECT_NE(hermodctl({"restore", backup(), "-d", target}).exit_code, 0);
  EXPECT_FALSE(std::filesystem::exists(target));
}

}  // namespace hermod::integration
