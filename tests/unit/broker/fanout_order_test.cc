// In which order the mailboxes of several shards are filled when a group is done.

#include <array>
#include <memory>
#include <utility>
#include <variant>
#include <vector>

#include "broker/commit_fanout.h"
#include "tests/unit/broker/path_fixture.h"

namespace hermod::broker::testing {
namespace {

/// Looks into every mailbox at the moment at which a shard first hears of a finished commit.
class FanoutOrder : public ::testing::Test {
 protected:
  static constexpr ShardId kPublisher{0};
  static constexpr ShardId kSubscriber{1};

  FanoutOrder() : subscriber_(slots_.open(1, kSubscriber)) {}

  /// A message of shard 0 to a session of shard 1.
  store::Done publication() {
    queue::Message::Fields fields;
    fields.topic = "a";
    fields.qos = kQoS1;
    PublishCommit work;
    work.qos = kQoS1;
    work.message = queue::Message::create(fields);
    queue::Delivery delivery;
    delivery.message = work.message;
    delivery.qos = kQoS1;
    work.targets.push_back({subscriber_, std::move(delivery), false});
    auto ticket = std::make_unique<CommitTicket>(kPublisher, std::nullopt, SessionId{});
    ticket->work = std::move(work);
    return {std::move(ticket), {}};
  }
  void publisher_wakes() {
    std::vector<ShardMessage> posted;
    mailboxes_[kPublisher.v].drain(posted);
    for (ShardMessage& message : posted)
      if (auto* finished = std::get_if<CommitFinished>(&message)) {
        finished->ticket->answered();
        ++finished_;
      }
    waiting_when_finished_ = mailboxes_[kSubscriber.v].size();
  }

  Counters counters_{1};
  session::SessionSlots slots_;
  retain::RetainedIndex retained_{retain::Options{}};
  const SessionId subscriber_;
  std::array<ShardMailbox, 2> mailboxes_{ShardMailbox([this] { publisher_wakes(); }), ShardMailbox([] {})};
  std::array<ShardMailbox*, 2> all_{&mailboxes_[0], &mailboxes_[1]};
  CommitFanout fanout_{all_, slots_, retained_, counters_.block(0)};
  std::size_t finished_ = 0;
  std::size_t waiting_when_finished_ = 0;
};

TEST_F(FanoutOrder, EveryShardHasItsDeliveriesBeforeAPublisherHearsOfItsCommit) {
  std::array<store::Done, 2> group{publication(), publication()};
  fanout_.on_durable(group);
  EXPECT_EQ(finished_, 2U);
  EXPECT_EQ(waiting_when_finished_, 2U) << "else its next direct message would overtake them";
}

TEST_F(FanoutOrder, EveryShardSkipsWhatFailedBeforeAPublisherHearsOfIt) {
  std::array<store::Done, 2> group{publication(), publication()};
  fanout_.on_failed(group, Error{Errc::Io, "the test's journal fails"});
  EXPECT_EQ(finished_, 2U);
  EXPECT_EQ(waiting_when_finished_, 2U);
}

}  // namespace
}  // namespace hermod::broker::testing
