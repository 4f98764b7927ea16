// Publications that ask several queues, each on a shard of its own, in any order, with identifiers that
// repeat each other: all of them come to an end, and who was told "kept" is in every queue it was for.

#include <gtest/gtest.h>

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "queue/admission_round.h"
#include "queue/queue_group.h"
#include "tests/sim/random.h"

namespace hermod::model {
namespace {

using queue::AdmissionRound;
using queue::WaiterId;
using Fate = AdmissionRound::Fate;

struct Asking {
  std::vector<QueueId> queues;
  std::string message_id;
  std::unique_ptr<AdmissionRound> round;
  Fate fate = Fate::Open;
};

/// What is on its way between the shards is a deque of calls for each queue, both ways.
class RoundsWorld {
 public:
  explicit RoundsWorld(std::uint64_t seed) : chance_(seed) {
    for (std::size_t i = 0; i < kQueues; ++i) {
      queue::QueueDefinition definition;
      definition.name = "q";
      definition.bind = {"t"};
      definition.dedup_window = std::chrono::minutes(1);
      if (i > 0) definition.max_length = 2 + chance_.below(3);
      if (i == 1) definition.overflow = queue::QueueDefinition::Overflow::DropOldest;
      groups_.push_back(std::make_unique<queue::QueueGroup>(definition, kNow));
    }
  }

  void run() {
    for (std::size_t i = 0; i < 12; ++i) {
      Asking asking;
      for (std::uint64_t one = 0; one < kQueues; ++one)
        if (chance_.chance(70)) asking.queues.push_back(QueueId{one});
      if (asking.queues.empty()) asking.queues.push_back(QueueId{0});
      asking.message_id = "id" + std::to_string(chance_.below(4));
      askings_.push_back(std::move(asking));
      begin_round(i);
      for (std::size_t steps = chance_.below(12); steps > 0; --steps) step();
    }
    int left = 20'000;
    while (left > 0 && step()) --left;
    EXPECT_GT(left, 0) << "nobody asks for ever";
    for (const Asking& asking : askings_) check(asking);
  }

  std::map<Fate, int> fates;
  int withdrawn = 0;

 private:
  static constexpr std::size_t kQueues = 3;
  static constexpr queue::Moment kNow{MonotonicTime{std::chrono::hours(1)},
                                      WallTime{std::chrono::hours(1000)}};

  void begin_round(std::size_t number) {
    Asking& asking = askings_[number];
    const WaiterId waiter{++last_waiter_};
    who_[waiter] = number;
    asking.round = std::make_unique<AdmissionRound>(asking.queues);
    for (const QueueId queue : asking.queues)
      to_queue_[queue.v].push_back(
          [this, queue, waiter, id = asking.message_id] { answer(queue, waiter, id); });
  }

  void answer(QueueId queue, WaiterId waiter, const std::string& id) {
    queue::Message::Fields fields;
    fields.topic = "t";
    const queue::Admission admission =
        groups_[queue.v]->admit({.entry = {.message = queue::Message::create(fields), .key = "k"},
                                 .message_id = id,
                                 .waiter = waiter},
                                kNow);
    from_queue_[queue.v].push_back([this, queue, waiter, admission] { on_answer(queue, waiter, admission); });
  }

  void on_answer(QueueId queue, WaiterId waiter, const queue::Admission& admission) {
    const std::size_t number = who_.at(waiter);
    AdmissionRound& round = *askings_[number].round;
    switch (round.on_answer(queue, admission)) {
      case AdmissionRound::Step::Wait:
        return;
      case AdmissionRound::Step::Submit:
        batches_.push_back(number);
        return;
      case AdmissionRound::Step::Withdraw:
        ++withdrawn;
        for (const auto& it : round.admitted()) decide(it, false, {});
        return look(number);
    }
  }

  /// The owner hears what became of what it admitted, and tells who waits.
  void decide(const AdmissionRound::Admitted& it, bool is_stored, Seq seq) {
    to_queue_[it.queue.v].push_back([this, queue = it.queue, id = it.admission.id, is_stored, seq] {
      queue::QueueGroup& group = *groups_[queue.v];
      const auto waiters = is_stored ? group.on_stored(id, seq, kNow) : group.on_failed(id, kNow);
      for (const WaiterId waiter : waiters)
        from_queue_[queue.v].push_back([this, queue, waiter, is_stored] {
          if (Asking* asking = current(waiter)) asking->round->on_repeated(queue, is_stored);
          look(who_.at(waiter));
        });
      for (const queue::QueueEffect& effect : group.take_effects())
        for (const WaiterId waiter : std::get<queue::AskAgain>(effect).waiters)
          from_queue_[queue.v].push_back([this, waiter] {
            if (Asking* asking = current(waiter)) asking->round->on_ask_again();
            look(who_.at(waiter));
          });
    });
  }

  /// Null when that was an older round.
  Asking* current(WaiterId waiter) {
    const std::size_t number = who_.at(waiter);
    for (const auto& [other, its] : who_)
      if (its == number && waiter < other) return nullptr;
    return &askings_[number];
  }

  void look(std::size_t number) {
    Asking& asking = askings_[number];
    if (asking.fate != Fate::Open) return;
    asking.fate = asking.round->fate();
    ++fates[asking.fate];
    if (asking.fate != Fate::AskAgain) return;
    asking.fate = Fate::Open;
    begin_round(number);
  }

  void end_batch() {
    const std::size_t number = batches_.front();
    batches_.pop_front();
    AdmissionRound& round = *askings_[number].round;
    const bool is_stored = !chance_.chance(15);
    for (const auto& it : round.admitted()) {
      if (is_stored) stored_ids_[it.queue.v].insert(askings_[number].message_id);
      decide(it, is_stored, is_stored ? Seq{++last_seq_} : Seq{});
    }
    round.on_batch(is_stored);
    look(number);
  }

  /// False when nothing is on its way.
  bool step() {
    const std::size_t first = chance_.below(2 * kQueues + 1);
    for (std::size_t i = 0; i <= 2 * kQueues; ++i) {
      const std::size_t which = (first + i) % (2 * kQueues + 1);
      if (which == 2 * kQueues) {
        if (batches_.empty()) continue;
        end_batch();
        return true;
      }
      Calls& calls = which < kQueues ? to_queue_[which] : from_queue_[which - kQueues];
      if (calls.empty()) continue;
      const auto call = std::move(calls.front());
      calls.pop_front();
      call();
      return true;
    }
    return false;
  }

  void check(const Asking& asking) {
    EXPECT_NE(asking.fate, Fate::Open) << "nobody waits for ever";
    if (asking.fate != Fate::Kept) return;
    for (const QueueId queue : asking.queues)
      EXPECT_TRUE(stored_ids_[queue.v].contains(asking.message_id)) << "kept is kept everywhere";
  }

  using Calls = std::deque<std::function<void()>>;

  sim::Random chance_;
  std::vector<std::unique_ptr<queue::QueueGroup>> groups_;
  std::vector<Asking> askings_;
  std::map<WaiterId, std::size_t> who_;
  std::uint64_t last_waiter_ = 0;
  std::uint64_t last_seq_ = 0;
  Calls to_queue_[kQueues];
  Calls from_queue_[kQueues];
  std::deque<std::size_t> batches_;
  std::set<std::string> stored_ids_[kQueues];
};

TEST(AdmissionRoundsModel, EveryPublicationComesToAnEnd) {
  std::map<Fate, int> fates;
  int withdrawn = 0;
  for (std::uint64_t seed = 1; seed <= 1'000 && !testing::Test::HasFailure(); ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    RoundsWorld world(seed);
    world.run();
    for (const auto& [fate, times] : world.fates) fates[fate] += times;
    withdrawn += world.withdrawn;
  }
  for (const Fate fate : {Fate::Kept, Fate::Refused, Fate::Failed, Fate::AskAgain})
    EXPECT_GT(fates[fate], 20) << static_cast<int>(fate);
  EXPECT_GT(withdrawn, 20);
}

}  // namespace
}  // namespace hermod::model
