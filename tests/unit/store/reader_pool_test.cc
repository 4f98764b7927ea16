#include "store/reader_pool.h"

#include <gtest/gtest.h>

#include <mutex>
#include <set>
#include <thread>
#include <vector>

namespace hermod::store {
namespace {

/// Answers with its number doubled.
struct Doubling final : ReadJob {
  explicit Doubling(int n) : number(n) {}
  void read() override { answer = 2 * number; }
  int number;
  int answer = 0;
};

/// Collects the answers of finished jobs, from any thread.
class Answers {
 public:
  void add(std::unique_ptr<ReadJob> job) {
    const std::lock_guard lock(mutex_);
    answers_.push_back(dynamic_cast<const Doubling&>(*job).answer);
  }
  std::vector<int> all() const {
    const std::lock_guard lock(mutex_);
    return answers_;
  }

 private:
  mutable std::mutex mutex_;
  std::vector<int> answers_;
};

TEST(ReaderPool, StepsOneJobAtATimeInOrder) {
  Answers answers;
  ReaderPool pool([&](std::unique_ptr<ReadJob> job) { answers.add(std::move(job)); });
  EXPECT_FALSE(pool.run_once());
  pool.submit(std::make_unique<Doubling>(1));
  pool.submit(std::make_unique<Doubling>(2));
  EXPECT_EQ(pool.waiting(), 2U);
  EXPECT_TRUE(pool.run_once());
  EXPECT_EQ(answers.all(), std::vector<int>{2});
  EXPECT_TRUE(pool.run_once());
  EXPECT_FALSE(pool.run_once());
  EXPECT_EQ(answers.all(), (std::vector<int>{2, 4}));
}

TEST(ReaderPool, StopFinishesEveryJob) {
  Answers answers;
  ReaderPool pool([&](std::unique_ptr<ReadJob> job) { answers.add(std::move(job)); });
  pool.start(3);
  std::multiset<int> expected;
  for (int n = 0; n < 500; ++n) {
    pool.submit(std::make_unique<Doubling>(n));
    expected.insert(2 * n);
  }
  pool.stop();
  const std::vector<int> all = answers.all();
  EXPECT_EQ(std::multiset<int>(all.begin(), all.end()), expected);
  EXPECT_EQ(pool.waiting(), 0U);
}

TEST(ReaderPool, AJobMaySubmitTheNextSlice) {
  std::vector<int> answers;
  ReaderPool* self = nullptr;
  ReaderPool pool([&](std::unique_ptr<ReadJob> job) {
    const int number = dynamic_cast<const Doubling&>(*job).number;
    answers.push_back(number);
    if (number < 5) self->submit(std::make_unique<Doubling>(number + 1));
  });
  self = &pool;
  pool.start(1);
  pool.submit(std::make_unique<Doubling>(1));
  pool.stop();
  EXPECT_EQ(answers, (std::vector<int>{1, 2, 3, 4, 5}));
}

}  // namespace
}  // namespace hermod::store
