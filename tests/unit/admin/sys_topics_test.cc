#include "admin/sys_topics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <map>
#include <set>
#include <string>

#include "queue/delayed_room.h"
#include "queue/queue_catalog.h"
#include "queue/queue_id.h"
#include "queue/transaction_numbers.h"
#include "tests/support/manual_clock.h"

namespace hermod::admin {
namespace {

using std::chrono::seconds;

/// What a View looks at, without a broker behind it.
class SysTopicsTest : public testing::Test {
 protected:
  /// The values of one update by topic, without the part they have in common.
  std::map<std::string, std::string> update(seconds passed = seconds{10}) {
    clock.advance(passed);
    std::map<std::string, std::string> values;
    for (const SysValue& value : topics.update(view, kHeap)) {
      EXPECT_TRUE(value.topic.starts_with(kPrefix)) << value.topic;
      EXPECT_TRUE(values.emplace(value.topic.substr(kPrefix.size()), value.value).second)
          << value.topic << " twice";
    }
    return values;
  }
  void add(Counter counter, std::uint64_t n, std::size_t writer = 0) {
    counters.block(writer).add(counter, n);
  }

  /// So many clients are connected from now on.
  void set_clients(std::uint64_t count) {
    const std::uint64_t before = view.clients();
    if (count > before) add(Counter::ClientsConnected, count - before);
    if (count < before) add(Counter::ClientsDisconnected, before - count);
  }

  static constexpr std::string_view kPrefix = "$SYS/broker/";
  static constexpr std::uint64_t kHeap = 4096;
  test::ManualClock clock;
  Counters counters{2};
  session::SessionDirectory directory{{}};
  topic::SubscriptionIndex subscriptions;
  retain::RetainedIndex retained{{}};
  std::atomic<std::uint32_t> connections{0};
  broker::ShardMailbox mailbox{[] {}};
  broker::View view{counters, directory, subscriptions, retained, connections, clock, mailbox};
  SysTopics topics{clock.now()};
};

TEST_F(SysTopicsTest, DelayedMessagesAreToldOfFromTheFirstOneOn) {
  queue::DelayedRoom delayed(10);
  const broker::View with_delayed{counters,    directory, subscriptions, retained,
                                  connections, clock,     mailbox,       {},
                                  {},          {},        nullptr,       &delayed};
  for (const SysValue& value : topics.update(with_delayed, kHeap))
    EXPECT_FALSE(value.topic.starts_with("$SYS/broker/delayed/")) << value.topic;
  ASSERT_TRUE(delayed.take());
  add(Counter::DelayedStored, 3);
  add(Counter::DelayedPublished, 2);
  std::map<std::string, std::string> values;
  for (const SysValue& value : topics.update(with_delayed, kHeap))
    values.emplace(value.topic.substr(kPrefix.size()), value.value);
  EXPECT_EQ(values.at("delayed/pending"), "1");
  EXPECT_EQ(values.at("delayed/stored"), "3");
  EXPECT_EQ(values.at("delayed/published"), "2");
  EXPECT_EQ(values.at("delayed/cancelled"), "0");
}

TEST_F(SysTopicsTest, EventsAreToldOfFromTheFirstOneOn) {
  for (const SysValue& value : topics.update(view, kHeap))
    EXPECT_FALSE(value.topic.starts_with("$SYS/broker/events/")) << value.topic;
  add(Counter::EventsPublished, 3);
  add(Counter::EventsMissed, 1);
  add(Counter::TapCopies, 4);
  add(Counter::TapMissed, 2);
  std::map<std::string, std::string> values;
  for (const SysValue& value : topics.update(view, kHeap))
    values.emplace(value.topic.substr(kPrefix.size()), value.value);
  EXPECT_EQ(values.at("events/published"), "3");
  EXPECT_EQ(values.at("events/missed"), "1");
  EXPECT_EQ(values.at("events/copies/published"), "4");
  EXPECT_EQ(values.at("events/copies/missed"), "2");
}

TEST_F(SysTopicsTest, TransactionsAreToldOfFromTheFirstOneOn) {
  queue::TransactionNumbers transactions;
  const broker::View with_transactions{
      counters, directory, subscriptions, retained, connections,  clock, mailbox, {},
      {},       {},        nullptr,       nullptr,  &transactions};
  for (const SysValue& value : topics.update(with_transactions, kHeap))
    EXPECT_FALSE(value.topic.starts_with("$SYS/broker/transactions/")) << value.topic;
  transactions.set_open(2);
  add(Counter::TransactionsPrepared, 5);
  add(Counter::TransactionsGivenUp, 1);
  std::map<std::string, std::string> values;
  for (const SysValue& value : topics.update(with_transactions, kHeap))
    values.emplace(value.topic.substr(kPrefix.size()), value.value);
  EXPECT_EQ(values.at("transactions/open"), "2");
  EXPECT_EQ(values.at("transactions/prepared"), "5");
  EXPECT_EQ(values.at("transactions/given_up"), "1");
  EXPECT_EQ(values.at("transactions/committed"), "0");
}

TEST_F(SysTopicsTest, NamedQueuesAreToldOfWhereThereAreAny) {
  queue::QueueCatalog queues{{}};
  const broker::View with_queues{
      counters, directory, subscriptions, retained, connections, clock, mailbox, {}, {}, {}, &queues};
  for (const SysValue& value : topics.update(with_queues, kHeap))
    EXPECT_FALSE(value.topic.starts_with("$SYS/broker/queues/")) << value.topic;
  queue::QueueDefinition definition;
  definition.name = "orders";
  definition.bind = {"shop/#"};
  const auto queue = queues.add(queue::named_queue(1), definition);
  ASSERT_TRUE(queue.has_value());
  ASSERT_TRUE((*queue)->room->take({1, 100}));
  (*queue)->room->say_in_memory({2, 70});
  add(Counter::QueueStored, 3);
  add(Counter::QueueAckTimeouts, 2);
  add(Counter::QueueDeadRejected, 1);
  add(Counter::SequenceGaps, 1);
  add(Counter::SequenceMissing, 7);
  add(Counter::SequenceRepeats, 2);
  std::map<std::string, std::string> values;
  for (const SysValue& value : topics.update(with_queues, kHeap))
    values[value.topic.substr(kPrefix.size())] = value.value;
  EXPECT_EQ(values.at("queues/count"), "1");
  EXPECT_EQ(values.at("queues/messages/count"), "1");
  EXPECT_EQ(values.at("queues/messages/bytes"), "100");
  EXPECT_EQ(values.at("queues/memory/count"), "2");
  EXPECT_EQ(values.at("queues/memory/bytes"), "70");
  EXPECT_EQ(values.at("queues/stored"), "3");
  EXPECT_EQ(values.at("queues/returned/timeout"), "2");
  EXPECT_EQ(values.at("queues/dead/rejected"), "1");
  EXPECT_EQ(values.at("queues/sequence/gaps"), "1");
  EXPECT_EQ(values.at("queues/sequence/missing"), "7");
  EXPECT_EQ(values.at("queues/sequence/repeats"), "2");
  EXPECT_EQ(values.at("queues/dropped/rejected"), "0");
}

TEST_F(SysTopicsTest, TheFlushPolicyIsToldWhereThereIsAStore) {
  const broker::View stored{
      counters,
      directory,
      subscriptions,
      retained,
      connections,
      clock,
      mailbox,
      broker::View::OfStore{
          store::Flush{store::Flush::When::Interval, std::chrono::milliseconds(100)}, {}, {}}};
  EXPECT_THAT(topics.update(stored, kHeap), ::testing::Contains(::testing::AllOf(
                                                ::testing::Field(&SysValue::topic, "$SYS/broker/store/flush"),
                                                ::testing::Field(&SysValue::value, "interval:100"))));
}

TEST_F(SysTopicsTest, QueuesWhoseMessagesAPowerCutMayTakeAreCountedWhereThereIsAStore) {
  using When = store::Flush::When;
  queue::QueueCatalog queues{{}};
  std::uint64_t number = 0;
  for (const std::optional<store::Flush>& own : std::initializer_list<std::optional<store::Flush>>{
           std::nullopt, store::Flush{}, store::Flush{When::Memory, {}},
           store::Flush{When::Interval, std::chrono::seconds(1)}}) {
    queue::QueueDefinition definition;
    definition.name = "q" + std::to_string(++number);
    definition.bind = {"shop/#"};
    definition.flush = own;
    ASSERT_TRUE(queues.add(queue::named_queue(number), definition));
  }
  const auto relaxed_of = [&](broker::View::OfStore store) {
    const broker::View with_queues{counters,    directory, subscriptions, retained,
                                   connections, clock,     mailbox,       std::move(store),
                                   {},          {},        &queues};
    SysTopics of_it{clock.now()};
    std::map<std::string, std::string> values;
    for (const SysValue& value : of_it.update(with_queues, kHeap)) values[value.topic] = value.value;
    const auto found = values.find("$SYS/broker/queues/flush/relaxed");
    return found == values.end() ? std::string("none") : found->second;
  };
  EXPECT_EQ(relaxed_of({store::Flush{}, {}, {}}), "2");
  EXPECT_EQ(relaxed_of({store::Flush{When::Memory, {}}, {}, {}}), "3")
      << "and the one that follows the broker";
  EXPECT_EQ(relaxed_of({}), "none") << "nothing is stored";
}

TEST_F(SysTopicsTest, FirstUpdateTellsEveryTopicWithMosquittosNames) {
  std::set<std::string> names;
  for (const auto& [topic, value] : update()) names.insert(topic);
  std::set<std::string> expected{"version",
                                 "uptime",
                                 "clients/connected",
                                 "clients/disconnected",
                                 "clients/total",
                                 "clients/maximum",
                                 "clients/expired",
                                 "subscriptions/count",
                                 "shared_subscriptions/count",
                                 "messages/received",
                                 "messages/sent",
                                 "bytes/received",
                                 "bytes/sent",
                                 "publish/messages/received",
                                 "publish/messages/sent",
                                 "publish/messages/dropped",
                                 "publish/bytes/received",
                                 "publish/bytes/sent",
                                 "publishers/paused",
                                 "publishers/receive_maximum_exceeded",
                                 "store/messages/count",
                                 "store/messages/bytes",
                                 "connections/refused",
                                 "heap/current",
                                 "heap/maximum",
                                 "retained messages/count"};
  for (const char* load : {"connections", "sockets", "messages/received", "messages/sent", "bytes/received",
                           "bytes/sent", "publish/received", "publish/sent", "publish/dropped"})
    for (const char* minutes : {"1min", "5min", "15min"})
      expected.insert(std::string("load/") + load + "/" + minutes);
  EXPECT_EQ(names, expected);
}

TEST_F(SysTopicsTest, OnlyWhatChangedIsToldAgain) {
  update();
  EXPECT_EQ(update(), (std::map<std::string, std::string>{{"uptime", "20 seconds"}}));
  add(Counter::SessionsExpired, 2);
  EXPECT_EQ(update(),
            (std::map<std::string, std::string>{{"uptime", "30 seconds"}, {"clients/expired", "2"}}));
}

TEST_F(SysTopicsTest, VersionIsThatOfTheProgram) {
  EXPECT_EQ(update()["version"], "hermod version " HERMOD_VERSION);
}

TEST_F(SysTopicsTest, ClientsAreThoseConnectedAndTheSessionsBehindThem) {
  set_clients(1);
  directory.claim("here", {ShardId{0}, 0, 1}, clock.now());
  directory.claim("away", {ShardId{0}, 1, 1}, clock.now());
  auto values = update();
  EXPECT_EQ(values["clients/connected"], "1");
  EXPECT_EQ(values["clients/total"], "2");
  EXPECT_EQ(values["clients/disconnected"], "1");
}

TEST_F(SysTopicsTest, ConnectionsThatHaveNoSessionYetDoNotMakeANegativeNumber) {
  set_clients(3);
  directory.claim("here", {ShardId{0}, 0, 1}, clock.now());
  auto values = update();
  EXPECT_EQ(values["clients/total"], "3");
  EXPECT_EQ(values["clients/disconnected"], "0");
}

TEST_F(SysTopicsTest, MaximumRemembersTheMostThatWereSeen) {
  set_clients(5);
  EXPECT_EQ(update()["clients/maximum"], "5");
  set_clients(2);
  EXPECT_FALSE(update().contains("clients/maximum"));
  set_clients(6);
  EXPECT_EQ(update()["clients/maximum"], "6");
}

TEST_F(SysTopicsTest, CountersAreSummedOverWritersAndKinds) {
  add(Counter::PacketsReceived, 1, 0);
  add(Counter::PacketsReceived, 2, 1);
  add(Counter::PacketsSent, 4);
  add(Counter::BytesReceived, 8);
  add(Counter::BytesSent, 16);
  add(Counter::PublishReceivedQoS0, 1);
  add(Counter::PublishReceivedQoS1, 10);
  add(Counter::PublishReceivedQoS2, 100);
  add(Counter::PublishSentQoS0, 2);
  add(Counter::PublishSentQoS1, 20);
  add(Counter::PublishSentQoS2, 200);
  auto values = update();
  EXPECT_EQ(values["messages/received"], "3");
  EXPECT_EQ(values["messages/sent"], "4");
  EXPECT_EQ(values["bytes/received"], "8");
  EXPECT_EQ(values["bytes/sent"], "16");
  EXPECT_EQ(values["publish/messages/received"], "111");
  EXPECT_EQ(values["publish/messages/sent"], "222");
}

TEST_F(SysTopicsTest, DroppedCountsEveryReasonExceptAbsentQoS0) {
  std::uint64_t one = 1;
  for (const Counter reason :
       {Counter::DroppedExpired, Counter::DroppedQueueFull, Counter::DroppedSlowReader,
        Counter::DroppedTooLarge, Counter::DroppedSessionEnded, Counter::DroppedCommitFailed,
        Counter::DroppedDamaged, Counter::DroppedRefusedByReceiver})
    add(reason, std::exchange(one, one * 10));
  add(Counter::DroppedOffline, 5'000'000'000);  // nobody promised these
  EXPECT_EQ(update()["publish/messages/dropped"], "11111111");
}

TEST_F(SysTopicsTest, PublishersThatWereSlowedDownOrSentTooMuchAreCountedApart) {
  EXPECT_EQ(update()["publishers/paused"], "0");
  add(Counter::PublishersPaused, 2, 0);
  add(Counter::PublishersPaused, 3, 1);
  add(Counter::ReceiveMaximumExceeded, 7);
  auto values = update();
  EXPECT_EQ(values["publishers/paused"], "5");
  EXPECT_EQ(values["publishers/receive_maximum_exceeded"], "7");
}

TEST_F(SysTopicsTest, SubscriptionsAndRetainedMessagesAreCounted) {
  for (const char* filter : {"a/#", "b", "$share/g/c"}) {
    const auto target = topic::parse_subscription(filter, {});
    ASSERT_TRUE(target);
    const topic::SubscriptionChange change{topic::SubscriptionChange::Kind::Set, *target, SessionId{1}};
    subscriptions.apply({&change, 1});
  }
  queue::Message::Fields fields;
  fields.topic = "t";
  fields.payload = as_bytes("p");
  ASSERT_TRUE(retained.set(queue::Message::create(fields)));
  auto values = update();
  EXPECT_EQ(values["subscriptions/count"], std::to_string(subscriptions.subscription_count()));
  EXPECT_NE(values["subscriptions/count"], "0");
  EXPECT_EQ(values["shared_subscriptions/count"], "1");
  EXPECT_EQ(values["retained messages/count"], "1");
}

TEST_F(SysTopicsTest, LoadsArePerMinuteAndTheShortestWindowRisesFastest) {
  add(Counter::PacketsReceived, 60);
  auto values = update(seconds{60});
  // 60 in a minute: 1 - 1/e of it in the first window.
  EXPECT_EQ(values["load/messages/received/1min"], "37.93");
  EXPECT_EQ(values["load/messages/received/5min"], "10.88");
  EXPECT_EQ(values["load/messages/received/15min"], "3.87");
  EXPECT_EQ(values["load/messages/sent/1min"], "0.00");
}

TEST_F(SysTopicsTest, UpdateAtTheVeryStartHasNoLoads) {
  for (const auto& [topic, value] : update(seconds{0})) EXPECT_FALSE(topic.starts_with("load/")) << topic;
}

}  // namespace
}  // namespace hermod::admin
