#include <cerrno>
#include <chrono>
#include <string>

#include "tests/crash/disk_test.h"

namespace hermod::crash {
namespace {

using namespace support;
using namespace std::chrono_literals;

constexpr std::uint8_t kQuotaExceeded = 0x97;
constexpr std::uint8_t kImplementationSpecificError = 0x83;

class FailingDisk : public DiskTest {
 protected:
  /// Messages to "l/full" with numbers, for the sleeper.
  std::uint8_t publish(MqttClient& publisher, std::size_t padding) {
    const std::uint64_t number = next_++;
    ledger_.sent(kTopic, 1, number);
    const std::uint8_t reason =
        publisher.publish(kTopic, std::to_string(number) + std::string(padding, ' '), 1).reason;
    if (reason < 0x80) ledger_.acknowledged(kTopic, number);
    return reason;
  }

  /// The store refuses with `refusal`, and the log says why: publishers hear of it in their version's words,
  /// and what needs no disk goes on.
  void expect_refusal(MqttClient& publisher, MqttClient& listener, std::size_t padding, const char* why,
                      std::uint8_t refusal = kQuotaExceeded) {
    std::uint8_t reason = 0;
    ASSERT_TRUE(in_time([&] {
      reason = publish(publisher, padding);
      return reason == refusal;
    })) << "the last answer was "
        << int{reason};

    RawClient old(port());
    old.send(connect_bytes({.client_id = "old", .version = Version::V311}));
    old.next();
    ledger_.sent(kTopic, 1, next_);
    old.send(publish_bytes(Version::V311, {.topic = kTopic,
                                           .payload = std::to_string(next_++) + std::string(padding, ' '),
                                           .qos = 1,
                                           .packet_id = 1}));
    old.expect_close();  // without a PUBACK

    MqttClient other = client("other");
    other.publish("free/0", "goes on", 0);
    EXPECT_EQ(listener.receive().payload, "goes on");
    EXPECT_TRUE(in_time([&] { return logged(why); }));
    EXPECT_TRUE(broker().running());
  }

  /// By itself, soon.
  void expect_recovery(MqttClient& publisher, std::size_t padding) {
    EXPECT_TRUE(in_time([&] { return publish(publisher, padding) == 0; }));
    EXPECT_TRUE(in_time([&] { return logged("store.writable"); }));
  }

  /// What $SYS says below store/ becomes so, soon.
  template <class Is>
  void expect_told(const std::string& name, Is is) {
    MqttClient watch = client("watch-" + name);
    watch.subscribe("$SYS/broker/store/" + name, 0);
    std::string last;
    EXPECT_TRUE(in_time([&] {
      watch.ping();  // it may take longer than a Keep Alive
      if (const auto said = watch.try_receive(100ms)) last = said->payload;
      return is(last);
    })) << name
        << " is " << last;
  }
  void expect_counted(const std::string& name) {
    expect_told(name, [](const std::string& said) { return !said.empty() && said != "0"; });
  }

  /// Checkpoints fail with this code: acknowledged messages are in the journal, and nobody has to hear of it
  /// but who looks after the broker. They go on by themselves.
  void tables_refuse_and_recover(int code) {
    constexpr std::size_t kSize = 100'000;  // some of them make a checkpoint due
    start();
    subscribe_and_leave("sleeper", "l/#", 1);
    MqttClient publisher = client("publisher");
    faults_.fail_writes("tables", code);
    EXPECT_TRUE(in_time([&] {
      EXPECT_EQ(publish(publisher, kSize), 0);
      return HasFailure() || logged("store.checkpoint_failed");
    }));
    expect_counted("checkpoints/failed");
    EXPECT_FALSE(logged("store.read_only")) << "the journal works";
    faults_.fail_writes("", 0);
    EXPECT_TRUE(in_time([&] {
      EXPECT_EQ(publish(publisher, 10), 0);
      return HasFailure() || logged("store.checkpoints_go_on");
    }));
    expect_all_there();
  }

  /// A queue that nobody reads is filled on a running broker; `spoil` makes the store refuse what comes next,
  /// `mend` lets it go on.
  template <class Spoil, class Mend>
  void refuse_and_recover(std::size_t padding, Spoil spoil, Mend mend,
                          std::uint8_t refusal = kQuotaExceeded) {
    subscribe_and_leave("sleeper", "l/#", 1);
    MqttClient listener = client("listener");
    listener.subscribe("free/#", 0);
    MqttClient publisher = client("publisher");
    EXPECT_EQ(publish(publisher, padding), 0);
    spoil();
    expect_refusal(publisher, listener, padding, "store.read_only", refusal);
    expect_counted("failures");
    mend();
    expect_recovery(publisher, padding);
    expect_told("state", [](const std::string& said) { return said == "ok"; });
  }

  void expect_all_there() {
    cut(Fate::Any);
    ASSERT_TRUE(starts_again());
    EXPECT_FALSE(logged("store.set_aside"));
    add({.id = "sleeper"});
    in_time([&] { return ledger_.is_complete("sleeper", "l/"); });
    stop_clients();
    for (const std::string& violation : ledger_.violations({"sleeper"}, "l/")) ADD_FAILURE() << violation;
  }

  /// The load, with `fault` before every round and the power cut behind some of them. Of the first fault the
  /// broker recovers by itself, and logs `recovery`; of the others a power cut may come first.
  template <class Fault>
  void run_rounds(std::uint64_t otherwise, const char* recovery, Fault fault) {
    const std::uint64_t rounds = rounds_of(otherwise);
    start(settings_);
    start_load(2000);
    fault();
    ASSERT_TRUE(in_time([&] { return faults_.control().refused_syncs > 0; }));
    ASSERT_TRUE(in_time([&] { return logged(recovery); }));
    std::uint64_t cuts = 0;
    for (std::uint64_t round = 0; round < rounds; ++round) {
      fault();
      if (random_() % 2 == 0) cut_after(1 + random_() % 300);
      hold_retained();
      run_at_most(500ms);
      if (!broker().running() || random_() % 4 == 0) {
        faults_.fail_no_sync();
        ++cuts;
        cut(Fate::Any);
        ASSERT_TRUE(starts_again());
        check_retained();
      }
      release_retained();
      call_off_cut();
      ASSERT_FALSE(logged("store.set_aside")) << "round " << round;
    }
    faults_.fail_no_sync();
    if (!broker().running()) {
      cut(Fate::Any);
      ASSERT_TRUE(starts_again());
    }
    finish_load_and_check();
    report(std::to_string(rounds) + " rounds, " + std::to_string(faults_.control().refused_syncs) +
           " syncs failed, " + std::to_string(cuts) + " power cuts");
  }

  void run_rounds_with_failing_journal() {
    run_rounds(8, "store.writable",
               [&] { faults_.fail_syncs("journal/segment-1", random_() % 60, 1 + random_() % 3); });
  }

  static constexpr const char* kTopic = "l/full";
  std::uint64_t next_ = 0;
};

TEST_F(FailingDisk, T68_FullDiskRefusesWhatItCannotStoreAndGoesOnWhenThereIsRoom) {
  faults_.control().room = 400'000;
  start();
  refuse_and_recover(
      10'000, [] {}, [&] { faults_.control().room = faults::kNever; });
  expect_all_there();
}

TEST_F(FailingDisk, T68_DiskThatBecameReadOnlyRefusesAndGoesOnWhenItIsWritable) {
  start();
  refuse_and_recover(
      10, [&] { faults_.control().write_error = EROFS; }, [&] { faults_.control().write_error = 0; });
  expect_all_there();
}

/// The disk gives an error for what is written to the journal, not only for its syncs: no success is told,
/// and what cannot be known to be a lack of room is called another thing.
TEST_F(FailingDisk, T68_FailedWriteOfTheJournalRefusesAndGoesOnWhenItWorks) {
  start();
  refuse_and_recover(
      10, [&] { faults_.fail_writes("journal", EIO); }, [&] { faults_.fail_writes("", 0); },
      kImplementationSpecificError);
  expect_all_there();
}

TEST_F(FailingDisk, T68_NoRoomForTheJournalAloneRefusesAndGoesOnWhenThereIs) {
  start();
  refuse_and_recover(
      10, [&] { faults_.fail_writes("journal", ENOSPC); }, [&] { faults_.fail_writes("", 0); });
  expect_all_there();
}

TEST_F(FailingDisk, T68_FailedWriteOfTheTablesIsToldAndLosesNothing) {
  tables_refuse_and_recover(EIO);
}

TEST_F(FailingDisk, T68_NoRoomForTheTablesIsToldAndLosesNothing) {
  tables_refuse_and_recover(ENOSPC);
}

/// The journal cannot be trimmed meanwhile. It has its own end, and that is told before it is reached.
TEST_F(FailingDisk, T68_TablesThatCannotBeWrittenForLongRefuseAndGoOnWhenTheyCan) {
  constexpr std::size_t kSize = 1'000'000;
  start(
      {{"store.max_size", "64MiB"}, {"store.checkpoint_size", "1MiB"}, {"session.max_queued_bytes", "1GiB"}});
  subscribe_and_leave("sleeper", "l/#", 1);
  MqttClient publisher = client("publisher");
  faults_.fail_writes("tables", EIO);
  EXPECT_TRUE(in_time([&] { return publish(publisher, kSize) == kQuotaExceeded; }));
  EXPECT_TRUE(logged("store.checkpoint_failed"));
  EXPECT_TRUE(broker().running());
  faults_.fail_writes("", 0);
  EXPECT_TRUE(in_time([&] { return publish(publisher, kSize) == 0; }));
  expect_all_there();
}

/// The smallest store there may be, filled by a queue that nobody reads.
TEST_F(FailingDisk, T68_FullStoreRefusesUntilAConsumerMakesRoom) {
  start(
      {{"store.max_size", "64MiB"}, {"store.checkpoint_size", "1MiB"}, {"session.max_queued_bytes", "1GiB"}});
  constexpr std::size_t kSize = 1'000'000;
  subscribe_and_leave("sleeper", "l/#", 1);
  {
    MqttClient listener = client("listener");
    listener.subscribe("free/#", 0);
    MqttClient publisher = client("publisher");
    expect_refusal(publisher, listener, kSize, "store.full");
  }
  cut(Fate::Any);
  ASSERT_TRUE(starts_again());
  MqttClient publisher = client("publisher");
  EXPECT_EQ(publish(publisher, kSize), kQuotaExceeded);
  add({.id = "sleeper"});
  EXPECT_TRUE(in_time([&] { return publish(publisher, kSize) == 0; }));
  EXPECT_TRUE(logged("store.has_room"));
  EXPECT_FALSE(logged("store.read_only")) << "nothing failed: it was only refused";
  EXPECT_TRUE(in_time([&] { return ledger_.is_complete("sleeper", "l/"); }));
  stop_clients();
  for (const std::string& violation : ledger_.violations({"sleeper"}, "l/")) ADD_FAILURE() << violation;
}

TEST_F(FailingDisk, T68_FailedSyncOfTheJournalLosesNothingThatWasAcknowledged) {
  run_rounds_with_failing_journal();
  EXPECT_TRUE(logged("store.read_only"));
  EXPECT_TRUE(logged("store.writable"));
}

/// What was answered before the failure is written again, so no later record calls synced what is not.
TEST_F(FailingDisk, T68_FailedSyncOfWhatWasAnsweredLosesOnlyQoS1AndOnlyInAPowerCut) {
  forgiven_ = 24h;
  settings_.emplace_back("store.flush", "interval:20");
  run_rounds_with_failing_journal();
  EXPECT_TRUE(logged("store.read_only"));
  EXPECT_TRUE(logged("store.writable"));
}

TEST_F(FailingDisk, T68_FailedSyncWhosePagesAreThrownOutLosesNothingThatWasAcknowledged) {
  faults_.control().evicts = true;
  run_rounds_with_failing_journal();
}

TEST_F(FailingDisk, T68_FailedSyncOfTheTablesLosesNothingThatWasAcknowledged) {
  settings_.emplace_back("store.elide_wait",
                         "0s");  // everything is written, so that checkpoints are due all the time
  run_rounds(6, "store.checkpoints_go_on",
             [&] { faults_.fail_syncs("tables", random_() % 4, 1 + random_() % 2); });
}

/// A checkpoint of several transactions fails in one of them, and the power is cut in one of those that try
/// again.
TEST_F(FailingDisk, T68_PowerCutBehindAFailedSyncOfTheTablesFindsAWholeStore) {
  constexpr std::size_t kSize = 100'000;
  constexpr int kMessages = 250;  // more than a checkpoint
  const std::uint64_t rounds = rounds_of(5);
  start({{"store.checkpoint_size", "16MiB"}, {"session.max_queued_bytes", "4GiB"}});
  subscribe_and_leave("sleeper", "l/#", 1);
  for (std::uint64_t round = 0; round < rounds; ++round) {
    faults_.fail_syncs("tables", 1 + random_() % 2, 1, 1 + random_() % 4);
    try {
      MqttClient publisher = client("publisher");
      for (int i = 0; i < kMessages; ++i) publish(publisher, kSize);
    } catch (const Unexpected&) {  // the broker has ended
    }
    ASSERT_TRUE(in_time([&] { return !broker().running(); }));
    faults_.fail_no_sync();
    cut(Fate::Some);
    ASSERT_TRUE(starts_again());
    ASSERT_FALSE(logged("store.set_aside")) << "round " << round;
  }
  expect_all_there();
}

}  // namespace
}  // namespace hermod::crash
