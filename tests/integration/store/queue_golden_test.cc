// A store with records of named queues of every kind, as the store once wrote it:
// tests/data/store/<format>/queues.txt. tools/golden-store writes that of the present format anew.

#include <cstdlib>

#include "queue/queue_changes.h"
#include "queue/queue_id.h"
#include "queue/records.h"
#include "store/folder.h"
#include "tests/integration/golden/store_text.h"
#include "tests/integration/store/store_fixture.h"

namespace hermod::store::testing {
namespace {

namespace fs = std::filesystem;

class QueueGolden : public StoreTest {
 protected:
  static constexpr StreamId kConsumer{77};

  QueueGolden() { options_.max_size = 64 * kMegabyte; }

  static queue::MessagePtr order(std::string_view payload) {
    queue::Message::Fields fields;
    fields.topic = "shop/7/orders";
    fields.payload = as_bytes(payload);
    fields.qos = wire::QoS::AtLeastOnce;
    fields.stored_at = wall_time_of(1'700'000'000'000'000);
    return queue::Message::create(fields);
  }
  /// A queue with five entries, of which the fourth is shared with its dead-letter queue and the last has
  /// died.
  void write_queue(std::uint64_t number, const std::string& name) {
    const QueueId id = queue::named_queue(number);
    queue::QueueRecord record;
    record.definition.name = name;
    record.definition.bind = {"shop/+/orders"};
    record.is_paused = number == 2;
    WriteBatch batch;
    queue::record_queue(batch, id, record);
    queue::record_next_queue(batch, number + 1);
    for (const char* payload : {"one", "two", "three"})
      queue::append_queue_entry(batch, id, {.message = order(payload), .key = name + "-key"});
    const queue::MessagePtr shared = order("shared");
    queue::put_message(batch, MessageId{number}, *shared);
    queue::append_queue_entry(batch, id, {.message = shared, .key = "shared"}, MessageId{number});
    queue::QueueEntry dead{.message = order("dead"), .key = "dead"};
    dead.moved_at = wall_time_of(1'700'000'000'000'001);
    dead.deaths = {{"graves", queue::DeathReason::DeliveryLimit, 17, *dead.moved_at}};
    queue::append_queue_entry(batch, id, dead);
    queue::record_message_id(batch, id, 1, name + "-first", wall_time_of(1'700'000'000'000'000));
    queue::record_message_id(batch, id, 2, name + "-second", wall_time_of(1'700'000'000'000'000));
    queue::append_claim(batch, kConsumer, {id, Seq{2}, 1});
    queue::append_claim(batch, kConsumer, {id, Seq{3}, 1});
    const std::vector<Seq> sequences = commit(std::move(batch));
    ASSERT_EQ(sequences.size(), 7U);
    WriteBatch settled;
    queue::record_delivery_state(settled, id, sequences[1],
                                 {.deliveries = 3,
                                  .due = wall_time_of(1'700'000'060'000'000),
                                  .pause = std::chrono::minutes(1),
                                  .last = queue::Outcome::RetryLater});
    queue::erase_queue_entry(settled, id, sequences[0], /*has_state=*/true);
    queue::erase_message_id(settled, id, 1);
    queue::end_claim(settled, kConsumer, sequences[6], /*is_released=*/true);
    commit(std::move(settled));
  }
  void expect_queue(std::uint64_t number, const std::string& name) {
    SCOPED_TRACE(name);
    const QueueId id = queue::named_queue(number);
    const auto view = store_->view();
    const auto record = queue::decode_queue(as_bytes(value(Table::Queues, number_key(id.v))));
    ASSERT_TRUE(record) << record.error().detail;
    EXPECT_EQ(record->definition.name, name);
    EXPECT_EQ(record->is_paused, number == 2);
    const auto slice = view->read_stream(queue::stream_of(id), Seq{0}, 10, kMegabyte);
    ASSERT_TRUE(slice);
    std::string payloads;
    for (const StoredEntry& stored : slice->entries) {
      const auto entry = queue::queue_entry_from(stored);
      ASSERT_TRUE(entry) << entry.error().detail;
      payloads += std::string(as_text(entry->message->payload())) + " ";
      EXPECT_EQ(entry->deaths.size(), stored.seq.v == 5 ? 1U : 0U);
    }
    EXPECT_EQ(payloads, "two three shared dead ");
    const auto state = queue::decode_delivery_state(
        as_bytes(value(Table::Deliveries, entry_key(queue::stream_of(id), {2}))));
    ASSERT_TRUE(state) << state.error().detail;
    EXPECT_EQ(state->deliveries, 3U);
  }
};

TEST_F(QueueGolden, RecordsOfNamedQueuesAreReadToTheLastOne) {
  const fs::path file = fs::path(HERMOD_GOLDEN_STORES) / std::to_string(Folder::kFormat) / "queues.txt";
  if (std::getenv("HERMOD_UPDATE_STORE") != nullptr) {
    open();
    write_queue(1, "orders");
    ASSERT_TRUE(store_->checkpoint());
    write_queue(2, "returns");
    close();
    std::ofstream(file, std::ios::binary) << integration::store_as_text(options_.path);
    fs::remove_all(options_.path);
  }
  integration::write_store(integration::bytes_of_file(file), options_.path);
  for (int round = 0; round < 2; ++round) {
    open();
    ASSERT_FALSE(report_.set_aside) << report_.why;
    expect_queue(1, "orders");
    expect_queue(2, "returns");
    EXPECT_EQ(queue::decode_next_queue(as_bytes(value(Table::Meta, queue::kNextQueueKey))), 3U);
    EXPECT_EQ(keys(Table::MessageIds).size(), 2U);
    EXPECT_EQ(keys(Table::Deliveries).size(), 2U);
    const auto claims = store_->view()->read_stream(kConsumer, Seq{0}, 10, kMegabyte);
    ASSERT_TRUE(claims);
    ASSERT_EQ(claims->entries.size(), 4U);
    for (std::size_t i = 0; i < 4; ++i) {
      const Bytes record = as_bytes(claims->entries[i].value);
      EXPECT_EQ(queue::is_released(record), i % 2 == 1);
      EXPECT_EQ(queue::is_claim(record), i % 2 == 0);
    }
    ASSERT_TRUE(store_->checkpoint());
    close();
  }
}

}  // namespace
}  // namespace hermod::store::testing
