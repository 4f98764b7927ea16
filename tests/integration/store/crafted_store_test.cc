// Stores whose checksums are right and whose contents nobody of ours wrote: what a start makes of them, it
// stays up.

#include <limits>
#include <memory>
#include <random>

#include "base/log.h"
#include "queue/queue_id.h"
#include "queue/queue_records.h"
#include "queue/records.h"
#include "store/group_codec.h"
#include "store/lmdb/lmdb_tables.h"
#include "store/segment_journal.h"
#include "tests/integration/store/store_fixture.h"
#include "tests/support/fake_client.h"
#include "tests/support/stepped_broker.h"
#include "tests/support/temporary_store.h"
#include "wire/property_writer.h"

namespace hermod::test {
namespace {

using store::Table;

constexpr std::uint64_t kMost = std::numeric_limits<std::uint64_t>::max();
constexpr std::size_t kEnough = std::size_t{1} << 30;

/// A broker over a store on disk, into which the test puts records of its own.
class CraftedStore : public ::testing::Test {
 protected:
  static void SetUpTestSuite() { log::set_level(log::Level::Error); }
  static broker::Options options() {
    broker::Options options;
    options.threads = 1;
    options.allow_anonymous = true;
    options.store.max_size = std::uint64_t{16} << 20;
    return options;
  }
  /// A store as a broker left it, with something of every kind.
  CraftedStore() {
    start();
    FakeClient sleeper = login("sleeper");
    sleeper.subscribe({1}, {{"a/#", wire::QoS::ExactlyOnce}});
    sleeper.subscribe({2}, {{"$share/g/b", wire::QoS::AtLeastOnce}});
    broker_->settle();
    FakeClient publisher = login("publisher");
    for (std::uint16_t id = 1; id <= 4; ++id) publish(publisher, id, id % 2 == 0);
    broker_->settle();
    sleeper_ = broker_->directory().find("sleeper").value_or(SessionId{}).v;
    crash();
  }

  void start() {
    broker_ = std::make_unique<SteppedBroker>(options(), SteppedBroker::Ground{clock_, counters_, disk_});
  }
  void crash() {
    disk_.cut_power();
    broker_.reset();
    disk_.lose();
    disk_.open();
  }
  FakeClient login(std::string_view client_id) {
    auto peer = broker_->connect(0);
    peer->make_room(kEnough);
    FakeClient client(std::move(peer), wire::Version::Mqtt5);
    wire::Connect packet;
    packet.version = wire::Version::Mqtt5;
    packet.client_id = client_id;
    wire::PropertyWriter properties;
    properties.add(wire::PropertyId::SessionExpiryInterval, 3600);
    packet.properties = properties.properties();
    client.connect(packet);
    broker_->settle();
    return client;
  }
  static void publish(FakeClient& client, std::uint16_t id, bool retain) {
    wire::Publish packet;
    packet.qos = wire::QoS::ExactlyOnce;
    packet.id = {id};
    packet.topic = "a/b";
    packet.payload = as_bytes("payload");
    packet.retain = retain;
    client.publish(packet);
  }

  /// Puts the records into the store, in a group of their own, with these sequences for what is appended, and
  /// starts a broker on them.
  void start_with(store::WriteBatch batch, bool in_tables, const std::vector<Seq>& sequences = {}) {
    auto next = sequences.begin();
    batch.give_sequences([&](std::size_t, StreamId) { return *next++; });
    const GroupNo number = disk_.store().next_group();
    store::GroupEncoder encoder;
    encoder.begin();
    encoder.add(batch);
    ASSERT_TRUE(
        disk_.store().journal().append(number, encoder.finish(number, {}), store::Journal::Sync::Now));
    std::vector<store::Submission> group;
    group.push_back({std::move(batch), nullptr});
    disk_.store().sink().applied(number, {}, group);
    if (in_tables) {
      ASSERT_TRUE(disk_.store().checkpoint());
    }
    disk_.lose();
    disk_.open();
    start();
    expect_service();
  }
  /// Sessions of the store and new ones are served, and the next start is one too.
  void expect_service() {
    for (const char* client_id : {"sleeper", "publisher", "somebody else"}) {
      FakeClient client = login(client_id);
      // Bytes and not packets: a topic or a property that nobody checked comes as it is.
      const std::string connack = client.peer().take();
      ASSERT_EQ(connack.substr(0, 1), "\x20") << client_id;
      client.subscribe({9}, {{"#", wire::QoS::AtMostOnce}});
      publish(client, 99, true);
      broker_->settle();
      const std::string answers = client.peer().take();
      const bool is_answered = answers.find(std::string("\x50\x02\x00\x63", 4)) != std::string::npos ||
                               answers.find(std::string("\x50\x03\x00\x63\x10", 5)) != std::string::npos;
      ASSERT_TRUE(is_answered) << client_id << " got " << ::testing::PrintToString(answers);
    }
    broker_->pass(std::chrono::seconds{10});
  }
  std::string record_in(Table table) {
    std::string found;
    EXPECT_TRUE(disk_.store().view()->scan(table, {}, [&](Bytes, Bytes value) {
      found = as_text(value);
      return false;
    }));
    return found;
  }

  ManualClock clock_;
  Counters counters_{2};
  TemporaryStore disk_{options().store, clock_};
  std::unique_ptr<SteppedBroker> broker_;
  std::uint64_t sleeper_ = 0;  ///< a session that is there
};

/// Keys as their tables have them, with numbers from the ends of what there is.
std::string crafted_key(Table table, std::uint64_t session, std::mt19937_64& random) {
  const std::array<std::uint64_t, 8> numbers{0,          session,    session + 1, 3,
                                             1ULL << 32, 1ULL << 56, kMost - 1,   kMost};
  std::string key;
  ByteWriter out(key);
  out.u64(numbers[random() % numbers.size()]);
  if (table == Table::Subscriptions) out.u32(random() % 2 == 0 ? 0xFFFFFFFFU : 1);
  if (table == Table::InboundIds) out.u16(static_cast<std::uint16_t>(random() % 3 == 0 ? 0 : random()));
  if (store::key_size_of(table) == 16) out.u64(numbers[random() % numbers.size()]);
  const bool may_be_odd = store::key_size_of(table) == 0;
  if (may_be_odd && random() % 4 == 0) key.resize(1 + random() % 20, 'k');
  return key;
}

/// A good value with bytes changed, cut off or added; or no good one at all.
std::string crafted_value(const std::string& good, std::mt19937_64& random) {
  std::string value = good;
  switch (random() % 6) {
    case 0:
      return {};
    case 1:
      value.assign(random() % 60, static_cast<char>(random()));
      return value;
    case 2:
      value.resize(value.size() / (1 + random() % 8));
      return value;
    case 3:
      return value + std::string(1 + random() % 40, static_cast<char>(random()));
    default:
      for (std::size_t i = 0; !value.empty() && i < 1 + random() % 4; ++i)
        value[random() % value.size()] = static_cast<char>(random() % 3 == 0 ? 0xFF : random());
      return value;
  }
}

TEST_F(CraftedStore, T67_RecordsThatNobodyWroteAreLeftOutOrTakenAndTheBrokerStaysUp) {
  std::mt19937_64 random(67);
  std::array<std::string, store::kTableCount> good;
  for (std::size_t i = 0; i < store::kTableCount; ++i)
    if (static_cast<Table>(i) != Table::Entries) good[i] = record_in(static_cast<Table>(i));
  for (int round = 0; round < 60; ++round) {
    SCOPED_TRACE("round " + std::to_string(round));
    store::WriteBatch batch;
    for (int i = 0; i < 12; ++i) {
      const auto table = static_cast<Table>(random() % store::kTableCount);
      if (table == Table::Entries) continue;
      batch.put(table, as_bytes(crafted_key(table, sleeper_, random)),
                as_bytes(crafted_value(good[static_cast<std::size_t>(table)], random)));
    }
    ASSERT_NO_FATAL_FAILURE(start_with(std::move(batch), round % 2 == 0));
    crash();
  }
}

TEST_F(CraftedStore, T67_EntriesThatNobodyWroteAreLeftOutOrTakenAndTheBrokerStaysUp) {
  std::mt19937_64 random(68);
  queue::Message::Fields fields;
  fields.topic = "a/b";
  fields.payload = as_bytes("payload");
  fields.qos = wire::QoS::ExactlyOnce;
  queue::Delivery delivery;
  delivery.message = queue::Message::create(fields);
  delivery.qos = wire::QoS::ExactlyOnce;
  delivery.identifiers = {1, 2};
  const std::string good = queue::encode_entry(delivery);
  const std::string claim =
      queue::encode_claim({.queue = queue::named_queue(5), .seq = Seq{7}, .deliveries = 1});
  for (int round = 0; round < 60; ++round) {
    SCOPED_TRACE("round " + std::to_string(round));
    store::WriteBatch batch;
    std::vector<Seq> sequences;
    for (int i = 0; i < 12; ++i) {
      const StreamId stream{random() % 8 == 0 ? kMost : sleeper_ + random() % 2};
      const std::string value = crafted_value(random() % 6 == 0 ? claim : good, random);
      // Far from the ones that are there, and among them.
      const Seq seq{random() % 2 == 0 ? 1 + random() % 8 : std::uint64_t{1} << (20 + random() % 40)};
      sequences.push_back(seq);
      random() % 3 == 0 ? static_cast<void>(batch.append_shared(stream, {1 + random() % 3}, as_bytes(value)))
                        : static_cast<void>(batch.append(stream, as_bytes(value)));
    }
    ASSERT_NO_FATAL_FAILURE(start_with(std::move(batch), round % 2 == 0, sequences));
    crash();
  }
}

/// Numbers behind which there is no next one.
TEST_F(CraftedStore, T67_SequencesAtTheEndOfAllNumbersDoNotTurnAround) {
  for (const std::uint64_t seq : {std::uint64_t{1} << 63, kMost - 1, kMost}) {
    SCOPED_TRACE(seq);
    store::WriteBatch batch;
    batch.append({sleeper_}, as_bytes(std::string_view("\x01\xFF", 2)));
    batch.put(Table::Streams, as_bytes(store::number_key(sleeper_)), as_bytes(store::number_key(seq)));
    ASSERT_NO_FATAL_FAILURE(start_with(std::move(batch), false, {Seq{seq}}));
    crash();
  }
}

}  // namespace
}  // namespace hermod::test

namespace hermod::store::testing {
namespace {

/// The files themselves, with checksums that fit.
class CraftedFiles : public StoreTest {
 protected:
  CraftedFiles() { options_.max_size = 16 * kMegabyte; }
  /// A whole and empty store.
  void make_store() {
    close();
    std::filesystem::remove_all(options_.path);
    open();
    close();
  }
  /// Whatever is there now: a store that works is what comes of it.
  void expect_sound() {
    reopen();
    ASSERT_TRUE(store_);
    for (int i = 0; i < 3; ++i) append(9, "goes on");
    EXPECT_EQ(observer_.failed, 0U) << observer_.last_error.detail;
    EXPECT_TRUE(store_->checkpoint());
    reopen();
    EXPECT_EQ(entries(9).size(), 3U);
    EXPECT_FALSE(report_.set_aside) << report_.why;
    close();
  }
  /// A journal record of this group with one entry.
  void append_record(GroupNo number) {
    auto journal = SegmentJournal::open(options_.path + "/journal", options_.journal_size());
    ASSERT_TRUE(journal);
    WriteBatch batch;
    batch.put_entry({1}, {1}, as_bytes("value"));
    GroupEncoder encoder;
    encoder.begin();
    encoder.add(batch);
    ASSERT_TRUE((*journal)->append(number, encoder.finish(number, {}), Journal::Sync::Now));
  }
  void set_position(GroupNo next) {
    auto tables = LmdbTables::open(options_.path + "/tables");
    ASSERT_TRUE(tables);
    auto writer = (*tables)->writer(0);
    ASSERT_TRUE(writer);
    ASSERT_TRUE(writer->set_position(next));
    ASSERT_TRUE(writer->commit());
  }
};

constexpr std::uint64_t kLast = std::numeric_limits<std::uint64_t>::max();

TEST_F(CraftedFiles, T67_GroupsAtTheEndOfAllNumbersAreDamage) {
  for (const std::uint64_t number : {std::uint64_t{1} << 56, std::uint64_t{1} << 63, kLast - 1, kLast}) {
    SCOPED_TRACE(number);
    make_store();
    ASSERT_NO_FATAL_FAILURE(set_position({number}));
    ASSERT_NO_FATAL_FAILURE(append_record({number}));
    ASSERT_NO_FATAL_FAILURE(expect_sound());
  }
}

TEST_F(CraftedFiles, T67_APositionAtTheEndOfAllNumbersIsDamage) {
  for (const std::uint64_t number : {(std::uint64_t{1} << 56) - 1, std::uint64_t{1} << 56, kLast}) {
    SCOPED_TRACE(number);
    make_store();
    ASSERT_NO_FATAL_FAILURE(set_position({number}));
    ASSERT_NO_FATAL_FAILURE(expect_sound());
  }
}

/// What stood there before the first release: the journal was an LMDB file.
TEST_F(CraftedFiles, T67_FilesOfFormat1UnderALaterNumberAreSetAside) {
  make_store();
  const std::string journal = options_.path + "/journal";
  std::filesystem::remove_all(journal);
  std::filesystem::copy_file(options_.path + "/tables", journal);
  open();
  EXPECT_TRUE(report_.set_aside);
  EXPECT_TRUE(std::filesystem::is_regular_file(report_.set_aside_path + "/journal"));
  ASSERT_NO_FATAL_FAILURE(expect_sound());
}

TEST_F(CraftedFiles, T67_FoldersInPlaceOfFilesAndTheOtherWayRoundAreSetAside) {
  for (const char* name : {"format", "tables", "journal/segment-1"}) {
    SCOPED_TRACE(name);
    make_store();
    std::filesystem::remove_all(options_.path + "/" + name);
    std::filesystem::create_directories(options_.path + "/" + name);
    auto opened = Store::open(options_, clock_, report_);
    if (!opened) continue;  // an error that names the file, and nothing was changed
    EXPECT_TRUE(report_.set_aside);
    opened->reset();
    ASSERT_NO_FATAL_FAILURE(expect_sound());
  }
}

TEST_F(CraftedFiles, T67_RandomBytesInEveryFileAreSetAside) {
  std::mt19937_64 random(67);
  for (const char* name : {"format", "tables", "journal/segment-1"}) {
    for (const std::size_t size : {1U, 31U, 4096U, 8192U, 300'000U}) {
      SCOPED_TRACE(std::string(name) + " of " + std::to_string(size));
      make_store();
      std::string bytes(size, '\0');
      for (char& byte : bytes) byte = static_cast<char>(random());
      std::ofstream(options_.path + "/" + name, std::ios::binary | std::ios::trunc) << bytes;
      open();
      EXPECT_TRUE(report_.set_aside);
      ASSERT_NO_FATAL_FAILURE(expect_sound());
    }
  }
}

}  // namespace
}  // namespace hermod::store::testing
