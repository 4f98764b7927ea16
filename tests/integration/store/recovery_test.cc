// What a start makes of the store: sessions, and queues that sessions left to others when they ended.

#include "broker/recovery.h"

#include "queue/records.h"
#include "tests/integration/store/store_fixture.h"

namespace hermod::broker {
namespace {

class RecoveryTest : public store::testing::StoreTest {
 protected:
  static queue::Delivery delivery(std::string_view payload, std::uint64_t group = 0) {
    queue::Message::Fields fields;
    fields.topic = "a";
    fields.payload = as_bytes(payload);
    fields.qos = wire::QoS::AtLeastOnce;
    queue::Delivery delivery;
    delivery.message = queue::Message::create(fields);
    delivery.qos = wire::QoS::AtLeastOnce;
    delivery.group = group;
    return delivery;
  }
  void enqueue(SessionId session, std::string_view payload) {
    store::WriteBatch batch;
    queue::append_entry(batch, StreamId{session.v}, delivery(payload, 7));
    commit(std::move(batch));
  }
  void record(SessionId id, std::string client_id) {
    session::Session session(id, std::move(client_id), /*durable=*/true, options().session);
    session.set_expiry_interval(100);
    session.set_absent_since(clock_.wall());
    store::WriteBatch batch;
    session::record_session(batch, session);
    commit(std::move(batch));
  }
  static const Options& options() {
    static const Options kOptions;
    return kOptions;
  }

  Recovered recover() {
    topic::SubscriptionIndex subscriptions;
    retain::RetainedIndex retained(options().retain);
    session::SessionDirectory directory({options().session.max_sessions, 0});
    const Recovery::Parts parts{options(), subscriptions, retained, directory, *committer_, 2, clock_.wall()};
    const auto view = store_->view();
    Recovery recovery(parts, *view, progress_);
    living_ = {};
    const auto found = recovery.run(living_);
    EXPECT_TRUE(found.has_value());
    committer_->run_once();
    return found.value_or(Recovered{});
  }

  Recovery::Living living_;
  Recovery::Progress progress_;
};

TEST_F(RecoveryTest, AQueueIsCountedAndItsMessagesStayInTheStore) {
  open();
  record(SessionId{5}, "c");
  for (const char* payload : {"1", "22", "333"}) enqueue(SessionId{5}, payload);
  reopen();
  const Recovered found = recover();
  EXPECT_EQ(found.queued_messages, 3U);
  EXPECT_EQ(found.remaining_messages, 0U);
  ASSERT_EQ(living_.sessions.size(), 1U);
  EXPECT_EQ(living_.sessions[0].session->queue().stored().messages, 3U);
  EXPECT_EQ(living_.sessions[0].session->queue().loaded().messages, 0U);
}

TEST_F(RecoveryTest, ProgressIsToldWhileThereIsMuchToRead) {
  open();
  record(SessionId{5}, "c");
  const std::string entry = queue::encode_entry(delivery("1"));
  constexpr std::uint64_t kMessages = 120'000;
  for (std::uint64_t i = 0; i < kMessages; i += 1000) {
    store::WriteBatch batch;
    for (int of_batch = 0; of_batch < 1000; ++of_batch) batch.append(StreamId{5}, as_bytes(entry));
    commit(std::move(batch));
  }
  reopen();
  std::vector<Recovered> told;
  progress_ = [&](const Recovered& found) { told.push_back(found); };
  const Recovered found = recover();
  EXPECT_EQ(found.queued_messages, kMessages);
  ASSERT_EQ(told.size(), 2U) << "every 50,000 records";
  for (const Recovered& one : told) EXPECT_EQ(one.sessions, 1U);
  EXPECT_GT(told[0].queued_messages, 0U);
  EXPECT_LT(told[0].queued_messages, told[1].queued_messages);
  EXPECT_LT(told[1].queued_messages, kMessages);
}

TEST_F(RecoveryTest, WhatAnEndedSessionLeftToItsGroupIsHandedOver) {
  open();
  for (const char* payload : {"1", "22", "333"}) enqueue(SessionId{6}, payload);
  for (int start = 0; start < 2; ++start) {
    reopen();
    const Recovered found = recover();
    EXPECT_EQ(found.orphans, 0U);
    EXPECT_EQ(found.remaining_messages, 3U);
    ASSERT_EQ(living_.remains.size(), 1U) << "start " << start;
    EXPECT_EQ(living_.remains[0].ended, SessionId{6});
    EXPECT_EQ(living_.remains[0].queue.stored().messages, 3U);
    EXPECT_TRUE(living_.remains[0].queue.holds_stored(Seq{1}));
    EXPECT_GT(living_.remains[0].queue.next(), Seq{3});
  }
}

TEST_F(RecoveryTest, TheClocksOfWhoWasThereBeginAtTheFirstStartOnly) {
  open();
  session::Session session(SessionId{5}, "c", /*durable=*/true, options().session);
  session.set_expiry_interval(100);
  store::WriteBatch batch;
  session::record_session(batch, session);
  commit(std::move(batch));
  reopen();
  recover();
  ASSERT_EQ(living_.sessions.size(), 1U);
  const auto absent = living_.sessions[0].session->absent_since();
  ASSERT_TRUE(absent.has_value());
  reopen();
  recover();
  EXPECT_EQ(living_.sessions.at(0).session->absent_since(), absent) << "and not at every crash anew";
}

TEST_F(RecoveryTest, AnEmptyQueueOfNobodyIsErased) {
  open();
  enqueue(SessionId{6}, "1");
  store::WriteBatch batch;
  queue::erase_entry(batch, StreamId{6}, Seq{1});
  commit(std::move(batch));
  reopen();
  EXPECT_EQ(recover().orphans, 1U);
  EXPECT_TRUE(living_.remains.empty());
  reopen();
  EXPECT_EQ(recover().orphans, 0U);
  EXPECT_TRUE(keys(store::Table::Streams).empty());
}

}  // namespace
}  // namespace hermod::broker
