#include "base/mailbox.h"

#include <gtest/gtest.h>

#include <condition_variable>
#include <memory>
#include <thread>
#include <vector>

namespace hermod {
namespace {

TEST(Mailbox, MessagesComeOutInTheOrderInWhichTheyWerePosted) {
  Mailbox<int> mailbox([] {});
  mailbox.post(1);
  std::vector<int> batch{2, 3};
  mailbox.post_all(batch);
  mailbox.post(4);
  EXPECT_TRUE(batch.empty());
  EXPECT_EQ(mailbox.size(), 4U);
  std::vector<int> out{99};
  mailbox.drain(out);
  EXPECT_EQ(out, (std::vector<int>{1, 2, 3, 4}));
  EXPECT_EQ(mailbox.size(), 0U);
  mailbox.drain(out);
  EXPECT_TRUE(out.empty());
}

TEST(Mailbox, ConsumerIsWokenOnlyWhenTheMailboxWasEmpty) {
  int woken = 0;
  Mailbox<int> mailbox([&] { ++woken; });
  std::vector<int> batch;
  mailbox.post_all(batch);
  EXPECT_EQ(woken, 0) << "nothing was posted";
  batch = {1, 2};
  mailbox.post_all(batch);
  mailbox.post(3);
  EXPECT_EQ(woken, 1);
  std::vector<int> out;
  mailbox.drain(out);
  mailbox.post(4);
  EXPECT_EQ(woken, 2);
}

TEST(Mailbox, ValuesThatOnlyMoveAreCarried) {
  Mailbox<std::unique_ptr<int>> mailbox([] {});
  mailbox.post(std::make_unique<int>(7));
  std::vector<std::unique_ptr<int>> out;
  mailbox.drain(out);
  ASSERT_EQ(out.size(), 1U);
  EXPECT_EQ(*out[0], 7);
}

/// A consumer that sleeps until it is woken: a wake-up that is lost would let the test hang.
TEST(Mailbox, EveryMessageOfEveryThreadArrivesInItsOrder) {
  constexpr int kThreads = 4;
  constexpr int kEach = 20'000;
  struct Message {
    int from;
    int number;
  };
  std::mutex mutex;
  std::condition_variable changed;
  bool woken = false;
  Mailbox<Message> mailbox([&] {
    const std::lock_guard lock(mutex);
    woken = true;
    changed.notify_one();
  });
  std::vector<std::thread> threads;
  threads.reserve(kThreads);
  for (int from = 0; from < kThreads; ++from) {
    threads.emplace_back([&mailbox, from] {
      std::vector<Message> batch;
      for (int i = 0; i < kEach; ++i) {
        if (from % 2 == 0) {
          mailbox.post({from, i});
          continue;
        }
        batch.push_back({from, i});
        if (batch.size() == 7 || i + 1 == kEach) mailbox.post_all(batch);
      }
    });
  }
  std::vector<int> next(kThreads, 0);
  std::vector<Message> out;
  int arrived = 0;
  int out_of_order = 0;
  while (arrived < kThreads * kEach) {
    {
      std::unique_lock lock(mutex);
      changed.wait(lock, [&] { return woken; });
      woken = false;
    }
    mailbox.drain(out);
    for (const Message& message : out)
      if (message.number != next[static_cast<std::size_t>(message.from)]++) ++out_of_order;
    arrived += static_cast<int>(out.size());
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(out_of_order, 0);
  EXPECT_EQ(mailbox.size(), 0U);
}

}  // namespace
}  // namespace hermod
