#include <gtest/gtest.h>

#include <map>
#include <mutex>
#include <thread>
#include <vector>

#include "store/committer.h"
#include "store/memory_journal.h"
#include "tests/unit/store/commit_fixture.h"

namespace hermod::store::testing {
namespace {

struct NumberedTicket final : Ticket {
  NumberedTicket(std::size_t from, std::size_t n) : submitter(from), number(n) {}
  std::size_t submitter;
  std::size_t number;
};

/// Checks on the committer's thread that each submitter's tickets come in order.
class OrderObserver final : public CommitObserver {
 public:
  explicit OrderObserver(std::size_t submitters) : next_(submitters) {}
  void on_sequenced(std::span<Done>) override {}
  void on_durable(std::span<Done> group) override {
    for (const Done& done : group) {
      const auto& ticket = dynamic_cast<const NumberedTicket&>(*done.ticket);
      in_order_ = in_order_ && next_[ticket.submitter] == ticket.number;
      next_[ticket.submitter] = ticket.number + 1;
      for (const Appended& appended : done.appended)
        in_order_ = in_order_ && appended.seq.v == ++last_seq_[appended.stream.v];
    }
  }
  void on_failed(std::span<Done>, const Error&) override { in_order_ = false; }
  bool in_order() const { return in_order_; }
  std::size_t count(std::size_t submitter) const { return next_[submitter]; }

 private:
  std::vector<std::size_t> next_;
  std::map<std::uint64_t, std::uint64_t> last_seq_;
  bool in_order_ = true;
};

TEST(CommitterThread, BatchesOfEachSubmitterAreDoneInOrderAndStopFinishesAll) {
  constexpr std::size_t kSubmitters = 4;
  constexpr std::size_t kEach = 3000;
  MemoryJournal journal;
  OrderObserver observer(kSubmitters);
  StillClock clock;
  Committer committer({}, journal, observer, clock);
  committer.start();
  std::vector<std::thread> submitters;
  for (std::size_t from = 0; from < kSubmitters; ++from)
    submitters.emplace_back([&committer, from] {
      std::vector<Submission> tick;
      for (std::size_t n = 0; n < kEach; ++n) {
        WriteBatch batch;
        if (n % 3 != 0) batch = appending(n % 5);
        if (n % 2 == 0 && tick.empty()) {
          committer.submit(std::move(batch), std::make_unique<NumberedTicket>(from, n));
        } else {
          tick.push_back({std::move(batch), std::make_unique<NumberedTicket>(from, n)});
          if (tick.size() == 7) committer.submit_all(tick);
        }
      }
      committer.submit_all(tick);
    });
  for (std::thread& submitter : submitters) submitter.join();
  committer.stop();
  EXPECT_TRUE(observer.in_order());
  for (std::size_t from = 0; from < kSubmitters; ++from) EXPECT_EQ(observer.count(from), kEach);
  EXPECT_EQ(committer.bytes_in_flight(), 0U);
}

TEST(CommitterThread, CanStopAndStartAgain) {
  MemoryJournal journal;
  OrderObserver observer(1);
  StillClock clock;
  Committer committer({}, journal, observer, clock);
  for (std::size_t round = 0; round < 3; ++round) {
    committer.start();
    committer.submit(appending(1), std::make_unique<NumberedTicket>(0, round));
    committer.stop();
    EXPECT_EQ(observer.count(0), round + 1);
  }
  EXPECT_TRUE(observer.in_order());
}

TEST(CommitterThread, TheDestructorFinishesEverything) {
  MemoryJournal journal;
  OrderObserver observer(1);
  StillClock clock;
  {
    Committer committer({}, journal, observer, clock);
    committer.start();
    for (std::size_t n = 0; n < 100; ++n)
      committer.submit(appending(1), std::make_unique<NumberedTicket>(0, n));
  }
  EXPECT_EQ(observer.count(0), 100U);
}

}  // namespace
}  // namespace hermod::store::testing
