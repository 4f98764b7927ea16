#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "admin/heap.h"
#include "admin/sys_topics.h"
#include "tests/support/manual_clock.h"

namespace hermod::admin {
namespace {

/// The numbers of `$SYS` that are more than one counter, with nothing behind the view but counters and slots.
class SysNumbers : public testing::Test {
 protected:
  /// One value of the next update; empty when it did not change.
  std::string next(const std::string& topic, std::uint64_t heap = 0) {
    clock.advance(std::chrono::seconds{10});
    for (const SysValue& value : topics.update(view, heap))
      if (value.topic == "$SYS/broker/" + topic) return value.value;
    return {};
  }
  void add(Counter counter, std::uint64_t n, std::size_t writer = 0) {
    counters.block(writer).add(counter, n);
  }

  test::ManualClock clock;
  Counters counters{2};
  session::SessionDirectory directory{{}};
  topic::SubscriptionIndex subscriptions;
  retain::RetainedIndex retained{{}};
  std::atomic<std::uint32_t> sockets{0};
  broker::ShardMailbox mailbox{[] {}};
  broker::View view{counters, directory, subscriptions, retained, sockets, clock, mailbox};
  SysTopics topics{clock.now()};
};

TEST_F(SysNumbers, ClientsAreConnectionsWhoseConnectWasGranted) {
  sockets = 9;
  add(Counter::ConnectionsAccepted, 9);
  add(Counter::ClientsConnected, 3, 0);
  add(Counter::ClientsConnected, 2, 1);
  add(Counter::ClientsDisconnected, 1, 1);
  EXPECT_EQ(next("clients/connected"), "4");
}

TEST_F(SysNumbers, MaximumOfClientsDoesNotFall) {
  add(Counter::ClientsConnected, 3);
  EXPECT_EQ(next("clients/maximum"), "3");
  add(Counter::ClientsDisconnected, 2);
  EXPECT_EQ(next("clients/maximum"), "");
  EXPECT_EQ(view.clients(), 1U);
}

TEST_F(SysNumbers, PublishBytesArePayloads) {
  add(Counter::PublishBytesReceived, 70);
  add(Counter::PublishBytesSent, 30);
  EXPECT_EQ(next("publish/bytes/received"), "70");
  add(Counter::PublishBytesSent, 1);
  EXPECT_EQ(next("publish/bytes/sent"), "31");
}

TEST_F(SysNumbers, HeapKeepsItsLargestValue) {
  EXPECT_EQ(next("heap/current", 5000), "5000");
  EXPECT_EQ(next("heap/current", 3000), "3000");
  EXPECT_EQ(next("heap/maximum", 5000), "");
  EXPECT_EQ(next("heap/maximum", 6000), "6000");
}

TEST_F(SysNumbers, StoreCountsTheQueuesOfAllSessions) {
  const auto one = directory.claim("one", {ShardId{0}, 0, 1}, clock.now());
  const auto two = directory.claim("two", {ShardId{0}, 1, 1}, clock.now());
  directory.slots().reserve_anyway(one.session, 100);
  directory.slots().reserve_anyway(two.session, 20);
  EXPECT_EQ(next("store/messages/count"), "2");
  directory.slots().release(one.session, 1, 100);
  EXPECT_EQ(next("store/messages/bytes"), "20");
}

TEST_F(SysNumbers, StoreBytesAreWhatWasAcceptedAndWhatWasWrittenForIt) {
  store::Wear wear;
  broker::View with_store{
      counters, directory, subscriptions, retained,
      sockets,  clock,     mailbox,       broker::View::OfStore{{}, [&] { return wear; }, {}}};
  const auto next_of = [&] {
    std::map<std::string, std::string> values;
    for (const SysValue& value : topics.update(with_store, 0))
      if (value.topic.starts_with("$SYS/broker/store/bytes/")) values[value.topic.substr(24)] = value.value;
    return values;
  };
  using Values = std::map<std::string, std::string>;
  EXPECT_EQ(next_of(), (Values{{"accepted", "0"},
                               {"written", "0"},
                               {"written/journal", "0"},
                               {"written/tables", "0"},
                               {"written_per_accepted", "0.00"}}));
  wear = {.accepted = 1000, .journal = 4096, .tables = 0};
  EXPECT_EQ(next_of(), (Values{{"accepted", "1000"},
                               {"written", "4096"},
                               {"written/journal", "4096"},
                               {"written_per_accepted", "4.10"}}));
  wear.tables = 8192;
  EXPECT_EQ(next_of(),
            (Values{{"written", "12288"}, {"written/tables", "8192"}, {"written_per_accepted", "12.29"}}));
}

/// What `store/` says beside its bytes written, of a store as the test has it.
class SysStore : public SysNumbers {
 protected:
  using Values = std::map<std::string, std::string>;
  Values next_of_store() {
    Values values;
    for (const SysValue& value : topics.update(with_store, 0))
      if (value.topic.starts_with(kPrefix)) values[value.topic.substr(kPrefix.size())] = value.value;
    return values;
  }

  static constexpr std::string_view kPrefix = "$SYS/broker/store/";
  broker::StoreNumbers numbers;
  broker::View with_store{
      counters, directory, subscriptions, retained,
      sockets,  clock,     mailbox,       broker::View::OfStore{{}, {}, [&] { return numbers; }}};
};

TEST_F(SysStore, TellsWhatIsInUseAndWhatWasWritten) {
  numbers.stats.used_bytes = 8192;
  numbers.stats.max_bytes = 65536;
  numbers.stats.disk_free_bytes = 1'000'000;
  numbers.stats.checkpoints = 3;
  numbers.stats.failed_checkpoints = 1;
  numbers.stats.groups = 4;
  numbers.stats.journaled_bytes = 900;
  numbers.stats.commit_micros = 1000;
  add(Counter::StoreFailures, 2);
  add(Counter::PublishElided, 7);
  EXPECT_EQ(next_of_store(), (Values{{"state", "ok"},
                                     {"failures", "2"},
                                     {"bytes/used", "8192"},
                                     {"bytes/max", "65536"},
                                     {"bytes/disk_free", "1000000"},
                                     {"checkpoints", "3"},
                                     {"checkpoints/failed", "1"},
                                     {"commits", "4"},
                                     {"commits/bytes", "900"},
                                     {"commits/micros", "250"},
                                     {"messages/count", "0"},
                                     {"messages/bytes", "0"},
                                     {"messages/elided", "7"}}));
}

TEST_F(SysStore, CommitsTakeWhatThoseSinceTheLastTimeTookOnAverage) {
  numbers.stats.groups = 10;
  numbers.stats.commit_micros = 100;
  EXPECT_EQ(next_of_store()["commits/micros"], "10");
  EXPECT_EQ(next_of_store(), Values{}) << "there were none";
  numbers.stats.groups = 12;
  numbers.stats.commit_micros = 5100;
  EXPECT_EQ(next_of_store(), (Values{{"commits", "12"}, {"commits/micros", "2500"}}));
}

TEST_F(SysStore, IsFullOrReadOnlyUntilItIsNotAnyMore) {
  next_of_store();
  numbers.stats.full = true;
  EXPECT_EQ(next_of_store(), (Values{{"state", "full"}}));
  numbers.is_writable = false;
  EXPECT_EQ(next_of_store(), (Values{{"state", "read-only"}})) << "which refuses more";
  numbers = {};
  EXPECT_EQ(next_of_store(), (Values{{"state", "ok"}}));
}

TEST_F(SysNumbers, HandshakesAreCountedByKindAndFailuresByReason) {
  std::optional<std::chrono::seconds> left = std::chrono::seconds{-5};
  const broker::View with_tls{counters, directory, subscriptions,
                              retained, sockets,   clock,
                              mailbox,  {},        broker::View::OfTls{[&] { return left; }}};
  const auto next_of = [&](const broker::View& of) {
    std::map<std::string, std::string> values;
    for (const SysValue& value : topics.update(of, 0))
      if (value.topic.starts_with("$SYS/broker/tls/")) values[value.topic.substr(16)] = value.value;
    return values;
  };
  using Values = std::map<std::string, std::string>;
  EXPECT_EQ(next_of(view), Values{}) << "there is no TLS listener";
  add(Counter::TlsHandshakes, 10);
  add(Counter::TlsResumptions, 3);
  add(Counter::TlsPskHandshakes, 2);
  add(Counter::TlsFailedLimit, 7);
  EXPECT_EQ(next_of(with_tls), (Values{{"handshakes/full", "5"},
                                       {"handshakes/resumed", "3"},
                                       {"handshakes/psk", "2"},
                                       {"handshakes/refused", "7"},
                                       {"handshakes/failed/certificate", "0"},
                                       {"handshakes/failed/closed", "0"},
                                       {"handshakes/failed/not_tls", "0"},
                                       {"handshakes/failed/other", "0"},
                                       {"handshakes/failed/protocol", "0"},
                                       {"handshakes/failed/psk", "0"},
                                       {"handshakes/failed/timeout", "0"},
                                       {"handshakes/failed/version", "0"},
                                       {"cert_expiry_seconds", "-5"}}));
  add(Counter::TlsFailedPsk, 1);
  left.reset();
  EXPECT_EQ(next_of(with_tls), (Values{{"handshakes/failed/psk", "1"}})) << "a listener may have keys only";
}

TEST_F(SysNumbers, WhatListenersRefuseIsCountedForTheKindsThatThereAre) {
  const auto view_of = [&](broker::View::OfListeners listeners) {
    return broker::View{counters, directory, subscriptions, retained, sockets, clock, mailbox,
                        {},       {},        listeners};
  };
  const auto next_of = [&](const broker::View& of) {
    std::map<std::string, std::string> values;
    for (const SysValue& value : topics.update(of, 0))
      for (const std::string kind : {"connections/", "websocket/", "proxy/"})
        if (value.topic.starts_with("$SYS/broker/" + kind)) values[value.topic.substr(12)] = value.value;
    return values;
  };
  using Values = std::map<std::string, std::string>;
  add(Counter::ConnectionsRefused, 9);
  EXPECT_EQ(next_of(view), (Values{{"connections/refused", "9"}})) << "neither WebSocket nor proxies";
  add(Counter::WebSocketUpgrades, 4, 0);
  add(Counter::WebSocketUpgrades, 1, 1);
  add(Counter::WebSocketFailed, 2);
  EXPECT_EQ(next_of(view_of({.websocket = true, .proxies = false})),
            (Values{{"websocket/upgrades", "5"}, {"websocket/refused", "2"}}));
  add(Counter::ProxyHeaders, 6);
  add(Counter::ProxyFailedAddress, 1);
  add(Counter::ProxyFailedMissing, 2);
  add(Counter::ProxyFailedMalformed, 3);
  add(Counter::ProxyFailedTimeout, 4);
  add(Counter::ProxyFailedClosed, 5);
  EXPECT_EQ(next_of(view_of({.websocket = false, .proxies = true})), (Values{{"proxy/headers", "6"},
                                                                             {"proxy/failed/address", "1"},
                                                                             {"proxy/failed/missing", "2"},
                                                                             {"proxy/failed/malformed", "3"},
                                                                             {"proxy/failed/timeout", "4"},
                                                                             {"proxy/failed/closed", "5"}}));
}

TEST_F(SysNumbers, ABrokerWithoutAFolderSaysNothingOfItsBytes) {
  for (const SysValue& value : topics.update(view, 0)) {
    EXPECT_FALSE(value.topic.starts_with("$SYS/broker/store/bytes/")) << value.topic;
    EXPECT_NE(value.topic, "$SYS/broker/store/state");
  }
}

TEST_F(SysNumbers, LoadTellsSocketsConnectsAndPublishesApart) {
  const std::map<std::string, std::vector<Counter>> loads{
      {"load/sockets/1min", {Counter::ConnectionsAccepted}},
      {"load/connections/1min", {Counter::ConnectReceived}},
      {"load/publish/received/1min", {Counter::PublishReceivedQoS0, Counter::PublishReceivedQoS2}},
      {"load/publish/sent/1min", {Counter::PublishSentQoS1}},
      {"load/publish/dropped/1min", {Counter::DroppedQueueFull, Counter::DroppedExpired}}};
  for (const auto& [topic, counted] : loads) {
    next(topic);
    for (const Counter counter : counted) add(counter, 1000);
    EXPECT_FALSE(next(topic).empty()) << topic << " did not rise";
  }
}

TEST(Heap, GrowsWithWhatIsAllocated) {
  const std::uint64_t before = heap_in_use();
  if (before == 0) GTEST_SKIP() << "this allocator does not tell";
  constexpr std::size_t kSize = std::size_t{64} << 20;
  const auto block = std::make_unique_for_overwrite<char[]>(kSize);
  *const_cast<volatile char*>(block.get()) = 1;
  EXPECT_GE(heap_in_use(), before + kSize);
}

}  // namespace
}  // namespace hermod::admin
