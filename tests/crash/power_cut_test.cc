#include <chrono>
#include <iostream>
#include <thread>

#include "tests/crash/disk_test.h"

namespace hermod::crash {
namespace {

using namespace support;
using namespace std::chrono_literals;

/// Makes a checkpoint due after some hundred messages.
constexpr std::size_t kPadding = 2000;
/// For a machine that has other things to do: the sync itself, and until the test sees that the broker has
/// ended.
constexpr std::chrono::milliseconds kLate{3000};

class PowerCut : public DiskTest {
 protected:
  /// Behind start(): the load and power cuts, also during starts.
  void run_rounds(std::uint64_t rounds) {
    faults_.control().sync_micros = 2000;
    start_load(kPadding);
    std::uint64_t cuts = 0;
    for (std::uint64_t round = 0; round < rounds; ++round) {
      const bool looks = round % 2 == 1;  // else the publishers of retained messages are back at once
      if (looks) hold_retained();
      cuts += live_until_cut(round);
      ASSERT_FALSE(logged("store.set_aside")) << broker().log();
      if (looks) check_retained();
      ASSERT_FALSE(HasFailure()) << "round " << round;
    }
    faults_.control().sync_micros = 0;
    finish_load_and_check();
    report(std::to_string(rounds) + " rounds, " + std::to_string(cuts) + " power cuts");
    std::cout << "  forgiven: " << ledger_.lost_count("sleeper", "l/")
              << " lost with their PUBACK; writes without a sync: " << faults_.disk().uncertain_writes()
              << ", not kept: " << faults_.disk().lost_writes() << "\n";
  }
};

TEST_F(PowerCut, T65_AtAnyMomentKeepsEveryPromise) {
  start();
  run_rounds(rounds_of(15));
}

TEST_F(PowerCut, T65_AtAnyMomentLosesAndRepeatsNoDelayedMessage) {
  delays_ = true;
  start();
  run_rounds(rounds_of(8));
}

TEST_F(PowerCut, T65_AtAnyMomentLeavesNoGapInAStream) {
  start(with_stream(settings_));
  faults_.control().sync_micros = 2000;
  start_stream_load(kPadding);
  const std::uint64_t rounds = rounds_of(8);
  std::uint64_t cuts = 0;
  for (std::uint64_t round = 0; round < rounds; ++round) {
    cuts += live_until_cut(round);
    ASSERT_FALSE(logged("store.set_aside")) << broker().log();
  }
  faults_.control().sync_micros = 0;
  finish_stream_load_and_check();
  report_stream(std::to_string(rounds) + " rounds, " + std::to_string(cuts) + " power cuts");
}

/// Everything else than a PUBACK is kept as before: the ledger forgives nothing of QoS 2 and of retained
/// messages.
TEST_F(PowerCut, T65_WithAnIntervalLosesAtMostWhatWasAcknowledgedInIt) {
  settings_.emplace_back("store.flush", "interval:100");
  start();
  forgiven_ = 100ms + kLate;
  run_rounds(rounds_of(10));
}

TEST_F(PowerCut, T65_WithMemoryLosesOnlyQoS1) {
  settings_.emplace_back("store.flush", "memory");
  start();
  forgiven_ = 24h;
  run_rounds(rounds_of(8));
}

/// What is left of one message that was acknowledged and `pause` later all that is not synced is gone.
class PowerCutOfOne : public PowerCut {
 protected:
  std::size_t left_of_two(const char* flush, std::chrono::milliseconds pause) {
    start({{"store.flush", flush}});
    subscribe_and_leave("sleeper", "l/#", 1);
    {
      MqttClient publisher = client("publisher");
      publisher.publish("l/1", "1", 1);  // synced, with the reservation of its sequence
      publisher.publish("l/2", "2", 1);
      std::this_thread::sleep_for(pause);
    }
    cut(Fate::Dropped);
    broker().start();
    EXPECT_FALSE(logged("store.set_aside"));
    MqttClient sleeper = durable_client("sleeper");
    std::size_t left = 0;
    while (sleeper.try_receive(scaled(500ms))) ++left;
    return left;
  }
};

TEST_F(PowerCutOfOne, T65_WhatIsOlderThanTheIntervalIsThere) {
  EXPECT_EQ(left_of_two("interval:100", 100ms + kLate), 2U);
}

TEST_F(PowerCutOfOne, T65_WithMemoryNothingIsSyncedByItself) {
  EXPECT_EQ(left_of_two("memory", 100ms), 1U);
}

/// The same of two messages in a named queue with a policy of its own.
class PowerCutOfAQueue : public PowerCut {
 protected:
  std::size_t left_of_two(const char* broker_flush, const char* queue_flush,
                          std::chrono::milliseconds pause = 100ms) {
    start(
        {{"store.flush", broker_flush}, {"queues.orders.bind", "l/#"}, {"queues.orders.flush", queue_flush}});
    {
      MqttClient publisher = client("publisher");
      publisher.publish("l/1", "1", 1);  // synced, with the reservation of its sequence
      publisher.publish("l/2", "2", 1);
      std::this_thread::sleep_for(pause);
    }
    cut(Fate::Dropped);
    broker().start();
    EXPECT_FALSE(logged("store.set_aside"));
    MqttClient consumer = client("consumer");
    consumer.subscribe("$queue/orders", 1);
    std::size_t left = 0;
    while (consumer.try_receive(scaled(500ms))) ++left;
    return left;
  }
};

TEST_F(PowerCutOfAQueue, T65_ASyncedOneKeepsWhatItsBrokerWouldLose) {
  EXPECT_EQ(left_of_two("memory", "sync"), 2U);
}

TEST_F(PowerCutOfAQueue, T65_OneThatFollowsItsBrokerLosesWithIt) {
  EXPECT_EQ(left_of_two("memory", "broker"), 1U);
}

TEST_F(PowerCutOfAQueue, T65_OneInMemoryLosesWhatItsBrokerWouldKeep) {
  EXPECT_EQ(left_of_two("sync", "memory"), 1U);
}

TEST_F(PowerCutOfAQueue, T65_WhatIsOlderThanItsIntervalIsThere) {
  EXPECT_EQ(left_of_two("memory", "interval:100", 100ms + kLate), 2U);
}

/// A power cut at any moment, of a broker that syncs nothing for QoS 1 but for the stream.
TEST_F(PowerCut, T65_ASyncedStreamHasNoGapInABrokerThatIsNot) {
  auto settings = with_stream(settings_);
  settings.emplace_back("store.flush", "memory");
  settings.emplace_back("queues.log.flush", "sync");
  start(settings);
  faults_.control().sync_micros = 2000;
  start_stream_load(kPadding);
  const std::uint64_t rounds = rounds_of(5);
  std::uint64_t cuts = 0;
  for (std::uint64_t round = 0; round < rounds; ++round) {
    cuts += live_until_cut(round);
    ASSERT_FALSE(logged("store.set_aside")) << broker().log();
  }
  faults_.control().sync_micros = 0;
  finish_stream_load_and_check();
  report_stream(std::to_string(rounds) + " rounds, " + std::to_string(cuts) + " power cuts");
}

/// What the other test rests on: when the disk forgets what it was told to keep, the ledger shows it.
TEST_F(PowerCut, T65_DiskThatOnlyPretendsToSyncIsFoundOut) {
  start();
  start_load();
  faults_.control().lies = true;
  const std::uint64_t before = ledger_.acknowledged_count();
  ASSERT_TRUE(in_time([&] { return ledger_.acknowledged_count() > before + 200; }));
  finish_publishers();
  ASSERT_FALSE(HasFailure());
  stop_clients();
  cut(Fate::Dropped);
  faults_.control().lies = false;
  ASSERT_TRUE(starts_again());
  MqttClient sleeper = durable_client("sleeper");
  while (const auto message = sleeper.try_receive(scaled(500ms)))
    ledger_.arrived("sleeper", message->topic, std::stoull(message->payload), true);
  EXPECT_FALSE(ledger_.is_complete("sleeper", "l/"));
  EXPECT_FALSE(logged("store.set_aside")) << "a disk that keeps its order loses only the end";
}

/// The file that names the format comes last: a start that finds it finds a whole store.
TEST_F(PowerCut, T65_AtAnyMomentOfTheFirstStartLeavesAWholeStoreOrNoFormat) {
  start();
  const std::uint64_t operations = faults_.control().operations;
  for (std::uint64_t at = 1; at <= operations; ++at) {
    FileFaults faults(random_());
    BrokerProcess young({.in_front = faults.words()});
    faults.control().cut_at = at;
    try {
      young.start();
    } catch (const Unexpected&) {  // meant to end
    }
    young.kill();
    faults.control().cut_at = faults::kNever;
    faults.cut_power(young.data_folder(), Fate::Any);
    young.start();
    const std::string log = young.log();
    EXPECT_EQ(log.find("store.set_aside") != std::string::npos,
              log.find("without the file that names the format") != std::string::npos)
        << "operation " << at << "\n"
        << log;
    young.kill();
  }
}

}  // namespace
}  // namespace hermod::crash
