// The bytes of every record that docs/store-format.md knows, as tests/data/store/<format>/records.txt has
// them. LMDB's own pages are in store.txt beside it.

#include <cstdlib>
#include <sstream>

#include "queue/delayed_records.h"
#include "queue/group_records.h"
#include "queue/queue_changes.h"
#include "queue/queue_id.h"
#include "queue/records.h"
#include "queue/stream_records.h"
#include "queue/transaction_records.h"
#include "retain/records.h"
#include "session/records.h"
#include "session/will.h"
#include "store/group_codec.h"
#include "store/lmdb/lmdb_tables.h"
#include "store/segment_journal.h"
#include "tests/integration/store/store_fixture.h"

namespace hermod::store::testing {
namespace {

namespace fs = std::filesystem;

std::string digits_of(Bytes bytes) {
  static constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  for (const std::uint8_t byte : bytes) {
    text.push_back(kDigits[byte >> 4]);
    text.push_back(kDigits[byte & 15]);
  }
  return text;
}

std::string content_of(const std::string& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

queue::MessagePtr pinned_message() {
  queue::Message::Fields fields;
  fields.topic = "a/topic";
  fields.payload = as_bytes("payload");
  fields.forwarded_properties = as_bytes(std::string_view("\x01\x01\x03\x00\x01t", 6));
  fields.qos = wire::QoS::ExactlyOnce;
  fields.retain = true;
  fields.publisher = SessionId{0x0102030405060708};
  fields.stored_at = wall_time_of(1'700'000'000'000'001);
  fields.expires_at = wall_time_of(1'700'000'060'000'001);
  return queue::Message::create(fields);
}

/// "name bytes" for each kind of record, in the order of the document.
class PinnedRecords : public StoreTest {
 protected:
  static constexpr SessionId kSession{0x1122334455667788};
  static constexpr StreamId kStream{kSession.v};

  void add(const std::string& name, Bytes bytes) { lines_ += name + " " + digits_of(bytes) + "\n"; }
  /// A batch as the journal has it.
  void add(const std::string& name, WriteBatch batch) {
    batch.give_sequences([](std::size_t, StreamId) { return Seq{0x0A0B}; });
    const EncodedBatch encoded = batch.encoded();
    std::string bytes;
    batch.add_head(bytes);
    add(name, as_bytes(bytes + std::string(as_text(encoded.ops)) + std::string(as_text(encoded.sequences))));
  }

  void add_sessions() {
    session::Session session(kSession, "client", /*durable=*/true, {});
    session.set_expiry_interval(3600);
    WriteBatch present;
    session::record_session(present, session);
    add("session", std::move(present));
    session.set_absent_since(wall_time_of(1'700'000'000'000'002));
    auto will = std::make_unique<session::Will>();
    will->topic = "will/topic";
    will->payload = "gone";
    will->forwarded_properties = std::string("\x01\x01", 2);
    will->qos = wire::QoS::AtLeastOnce;
    will->retain = true;
    will->delay = 5;
    will->message_expiry_interval = 60;
    session.set_will(std::move(will));
    WriteBatch absent;
    session::record_session(absent, session);
    add("session_with_will", std::move(absent));
    WriteBatch ended;
    session::erase_session(ended, session);
    add("session_erased", std::move(ended));
  }
  void add_subscriptions() {
    topic::SubscriptionOptions options;
    options.granted_qos = 2;
    options.no_local = true;
    options.retain_as_published = true;
    options.identifier = 268'435'455;
    WriteBatch batch;
    session::record_subscription(batch, kSession, 7, "a/+/#", options, /*retained_due=*/true);
    add("subscription", std::move(batch));
    WriteBatch filtered;
    session::record_subscription(filtered, kSession, 7, "$queue/q", options, /*retained_due=*/false, "n>25");
    add("subscription_filtered", std::move(filtered));
    WriteBatch erased;
    session::erase_subscription(erased, kSession, 7);
    add("subscription_erased", std::move(erased));
  }
  void add_entries() {
    queue::Delivery delivery;
    delivery.message = pinned_message();
    delivery.qos = wire::QoS::AtLeastOnce;
    delivery.retain = true;
    delivery.group = 0x0C0D;
    delivery.identifiers = {1, 268'435'455};
    const auto pinned = [&](const char* name, auto&& fill) {
      WriteBatch batch;
      fill(batch);
      add(name, std::move(batch));
    };
    pinned("message", [&](WriteBatch& batch) { queue::put_message(batch, {0x0E0F}, *delivery.message); });
    pinned("entry", [&](WriteBatch& batch) { queue::append_entry(batch, kStream, delivery); });
    pinned("entry_shared",
           [&](WriteBatch& batch) { queue::append_entry(batch, kStream, delivery, {0x0E0F}); });
    pinned("entry_released", [&](WriteBatch& batch) { queue::record_released(batch, kStream, {0x0A0B}); });
    pinned("entry_erased", [&](WriteBatch& batch) { queue::erase_entry(batch, kStream, {0x0A0B}); });
    pinned("stream_erased", [&](WriteBatch& batch) { batch.erase_stream(kStream); });
    pinned("retained", [&](WriteBatch& batch) { retain::record(batch, 3, *delivery.message); });
    pinned("retained_erased", [&](WriteBatch& batch) { retain::erase(batch, 3); });
    pinned("inbound_id", [&](WriteBatch& batch) { session::record_inbound_id(batch, kSession, {0xFEDC}); });
    pinned("inbound_id_erased",
           [&](WriteBatch& batch) { session::erase_inbound_id(batch, kSession, {0xFEDC}); });
  }
  void add_named_queues() {
    constexpr QueueId kQueue = queue::named_queue(0x0305);
    constexpr Seq kEntry{0x0A0B};
    queue::QueueRecord orders;
    orders.definition.name = "orders";
    orders.definition.bind = {"shop/+/orders", "orders/#"};
    orders.is_paused = true;
    const queue::QueueEntry entry{.message = pinned_message(), .key = "customer"};
    queue::QueueEntry dead = entry;
    dead.moved_at = wall_time_of(1'700'000'000'000'004);
    dead.deaths = {{"orders", queue::DeathReason::DeliveryLimit, 17, wall_time_of(1'700'000'000'000'005)}};
    const queue::DeliveryState state{.deliveries = 3,
                                     .due = wall_time_of(1'700'000'000'000'006),
                                     .pause = std::chrono::minutes(1),
                                     .last = queue::Outcome::RetryLater};
    const auto pinned = [&](const char* name, auto&& fill) {
      WriteBatch batch;
      fill(batch);
      add(name, std::move(batch));
    };
    pinned("queue", [&](WriteBatch& batch) { queue::record_queue(batch, kQueue, orders); });
    pinned("queue_erased", [&](WriteBatch& batch) { queue::erase_queue(batch, kQueue); });
    pinned("next_queue", [&](WriteBatch& batch) { queue::record_next_queue(batch, 0x0306); });
    pinned("queue_entry", [&](WriteBatch& batch) { queue::append_queue_entry(batch, kQueue, entry); });
    pinned("queue_entry_dead", [&](WriteBatch& batch) { queue::append_queue_entry(batch, kQueue, dead); });
    pinned("queue_entry_shared",
           [&](WriteBatch& batch) { queue::append_queue_entry(batch, kQueue, entry, {0x0E0F}); });
    pinned("queue_entry_erased", [&](WriteBatch& batch) {
      queue::erase_queue_entry(batch, kQueue, kEntry, /*has_state=*/true);
      queue::erase_queue_entry(batch, kQueue, Seq{kEntry.v + 1}, /*has_state=*/false);
    });
    pinned("delivery",
           [&](WriteBatch& batch) { queue::record_delivery_state(batch, kQueue, kEntry, state); });
    pinned("reader", [&](WriteBatch& batch) {
      queue::record_reader(batch, kQueue, kSession, {kEntry, wall_time_of(1'700'000'000'000'008)});
    });
    queue::GroupRecord group{"work", queue::GroupPosition({kEntry, wall_time_of(1'700'000'000'000'008)})};
    pinned("group_begun",
           [&](WriteBatch& batch) { queue::record_group(batch, kQueue, queue::group_number(1), group); });
    pinned("group_of_stream", [&](WriteBatch& batch) {
      group.position.settle(Seq{0x0A10}, Seq{0x0A12});
      queue::record_group(batch, kQueue, queue::group_number(1), group);
    });
    pinned("group_erased",
           [&](WriteBatch& batch) { queue::erase_group(batch, kQueue, queue::group_number(1)); });
    pinned("message_id", [&](WriteBatch& batch) {
      queue::record_message_id(batch, kQueue, 0x0102, "order-7", wall_time_of(1'700'000'000'000'007));
    });
    pinned("message_id_erased", [&](WriteBatch& batch) { queue::erase_message_id(batch, kQueue, 0x0102); });
    pinned("claim", [&](WriteBatch& batch) { queue::append_claim(batch, kStream, {kQueue, kEntry, 2}); });
    pinned("claim_released",
           [&](WriteBatch& batch) { queue::end_claim(batch, kStream, kEntry, /*is_released=*/true); });
  }
  void add_delayed() {
    const queue::DelayedTime time{queue::DelayedTime::Kind::TimeOfDay, wall_time_of(1'700'000'000'000'009),
                                  wall_time_of(1'700'000'000'000'008)};
    WriteBatch batch;
    queue::append_delayed(batch, time, "client", *pinned_message());
    add("delayed", std::move(batch));
    WriteBatch erased;
    queue::erase_delayed(erased, Seq{0x0A0B});
    add("delayed_erased", std::move(erased));
  }
  void add_transactions() {
    WriteBatch batch;
    queue::append_prepared(
        batch, {"order-7", "till", "client", wall_time_of(1'700'000'000'000'008), pinned_message()});
    add("prepared", std::move(batch));
    WriteBatch end;
    queue::append_transaction_end(
        end, {"order-7", queue::TransactionOutcome::RolledBack, wall_time_of(1'700'000'000'000'009)});
    add("transaction_end", std::move(end));
    WriteBatch erased;
    queue::erase_transaction_record(erased, Seq{0x0A0B});
    add("transaction_erased", std::move(erased));
  }
  /// What the store itself writes: files, the records around a group, values in the tables.
  void add_store() {
    open();
    add("format", as_bytes(content_of(options_.path + "/format")));
    append(5, "reserves");
    std::string reservation = value(Table::Streams, number_key(5));
    add("reservation", as_bytes(reservation));
    WriteBatch batch;
    batch.put(Table::Meta, as_bytes("key"), as_bytes("value"));
    GroupEncoder encoder;
    encoder.begin();
    encoder.add(batch);
    std::string group;
    for (const Bytes piece : encoder.finish({2}, wall_time_of(1'700'000'000'000'003)))
      group += as_text(piece);
    add("group", as_bytes(group));
    const std::vector<Bytes> pieces{as_bytes(group)};
    ASSERT_TRUE(store_->journal().append({2}, pieces, Journal::Sync::Now));
    close();
    std::string segment = content_of(options_.path + "/journal/segment-1");
    ASSERT_GT(segment.size(), 2 * Segment::kBlock);
    std::string secret = segment.substr(16, 8);
    // The secret of this life is another one each time, and so are the checksums over it: what is around them
    // is pinned.
    const auto without_secret = [&](std::string header) {
      const std::size_t at = header.find(secret);
      EXPECT_NE(at, std::string::npos) << "a header without the secret";
      return header.substr(0, at) + "[secret]" + header.substr(at + 8, header.size() - at - 12);
    };
    const std::size_t begin = segment.find(group, Segment::kBlock);
    ASSERT_NE(begin, std::string::npos);
    const std::size_t block = begin / Segment::kBlock * Segment::kBlock;
    const std::string record_header = without_secret(segment.substr(block, begin - block));
    // Of a segment whose size is known; that of the first one is the store's choice.
    const std::string file = (folder_.path() / "segment").string();
    ASSERT_TRUE(Segment::create(file, 16 * kMegabyte, Segment::Life::begin(1)));
    segment = content_of(file);
    secret = segment.substr(16, 8);
    add("segment_header", as_bytes(without_secret(segment.substr(0, 36))));
    add("record_header", as_bytes(record_header));
  }
  void add_table_values() {
    const std::string file = (folder_.path() / "pinned").string();
    auto tables = LmdbTables::open(file);
    ASSERT_TRUE(tables);
    {
      auto writer = (*tables)->writer(0);
      ASSERT_TRUE(writer);
      ASSERT_TRUE(writer->put(Table::Meta, as_bytes("pinned-key"), {as_bytes("pinned-value")}));
      ASSERT_TRUE(writer->set_position({0x0102}));
      ASSERT_TRUE(writer->commit());
      ASSERT_TRUE((*tables)->sync());
    }
    const std::string bytes = content_of(file);
    for (const char* key : {"pinned-key", "position"}) {
      const std::size_t at = bytes.rfind(key);
      ASSERT_NE(at, std::string::npos) << key;
      const std::size_t size = std::string_view(key) == "position" ? 8 + 13 : 10 + 16;
      add(std::string("table_value ") + key, as_bytes(bytes.substr(at, size)));
    }
  }

  std::string lines_;
};

TEST_F(PinnedRecords, EveryKindIsEncodedAsTheFilesOfItsFormatHaveIt) {
  add_sessions();
  add_subscriptions();
  add_entries();
  add_named_queues();
  add_delayed();
  add_transactions();
  ASSERT_NO_FATAL_FAILURE(add_store());
  ASSERT_NO_FATAL_FAILURE(add_table_values());

  const std::string format = content_of(options_.path + "/format");
  const std::string number = std::to_string(std::stoi(format.substr(format.rfind(' ') + 1)));
  const fs::path file = fs::path(HERMOD_GOLDEN_STORES) / number / "records.txt";
  if (std::getenv("HERMOD_UPDATE_STORE") != nullptr) {
    fs::create_directories(file.parent_path());
    std::ofstream(file, std::ios::binary) << lines_;
  }
  std::istringstream expected(content_of(file.string()));
  std::istringstream found(lines_);
  std::string golden;
  for (std::string line; std::getline(found, line); golden.clear()) {
    std::getline(expected, golden);
    EXPECT_EQ(line, golden)
        << "What format " << number << " writes has changed, and stores that are there would be read "
        << "wrongly. Raise kFormat in src/store/folder.h (and the version of the record), describe it in "
        << "docs/store-format.md, run tools/golden-store, and keep the folder of the old format.";
  }
  EXPECT_FALSE(std::getline(expected, golden)) << "a kind of record is gone: " << golden;
}

}  // namespace
}  // namespace hermod::store::testing
