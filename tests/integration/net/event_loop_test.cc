#include "net/event_loop.h"

#include <sys/resource.h>

#include <array>
#include <atomic>
#include <deque>
#include <thread>
#include <vector>

#include "tests/integration/net/loop_test.h"

namespace hermod::net {
namespace {

using namespace std::chrono_literals;

/// One end of a socket pair, watched by a loop; the test acts when it is ready.
class Watched final : public IoHandler {
 public:
  Watched(EventLoop& loop, std::function<void(Watched&)> action) : loop_(loop), action_(std::move(action)) {
    int fds[2];
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds), 0);
    ours_ = Fd(fds[0]);
    theirs_ = Fd(fds[1]);
    EXPECT_TRUE(loop_.add(ours_.get(), EPOLLIN, this));
  }
  ~Watched() override { loop_.remove(ours_.get(), this); }

  void make_ready() { EXPECT_EQ(::send(theirs_.get(), "x", 1, 0), 1); }
  void on_ready(std::uint32_t) override {
    char byte;
    EXPECT_EQ(::recv(ours_.get(), &byte, 1, 0), 1);
    action_(*this);
  }

 private:
  EventLoop& loop_;
  std::function<void(Watched&)> action_;
  Fd ours_;
  Fd theirs_;
};

class EventLoopTest : public LoopTest {};

TEST_F(EventLoopTest, ReadyDescriptorIsReportedUntilRead) {
  int calls = 0;
  Watched watched(loop_, [&](Watched&) { ++calls; });
  EXPECT_EQ(loop_.poll(0ns), 0U);
  watched.make_ready();
  watched.make_ready();
  EXPECT_EQ(loop_.poll(0ns), 1U);
  EXPECT_EQ(loop_.poll(0ns), 1U);
  EXPECT_EQ(loop_.poll(0ns), 0U);
  EXPECT_EQ(calls, 2);
}

TEST_F(EventLoopTest, HandlerDestroyedByAnotherOfTheSamePollIsNotCalled) {
  std::vector<std::unique_ptr<Watched>> watched;
  int calls = 0;
  const auto destroy_all_others = [&](Watched& self) {
    ++calls;
    for (auto& other : watched) {
      if (other.get() != &self) other.reset();
    }
  };
  for (int i = 0; i < 20; ++i) watched.push_back(std::make_unique<Watched>(loop_, destroy_all_others));
  for (auto& each : watched) each->make_ready();
  EXPECT_EQ(loop_.poll(1s), 20U);
  EXPECT_EQ(calls, 1);
}

TEST_F(EventLoopTest, NewHandlerAtTheAddressOfADestroyedOneGetsNoneOfItsEvents) {
  // Placed by hand at one address, so that the case is certain.
  alignas(Watched) std::array<std::byte, sizeof(Watched)> place;
  int old_calls = 0;
  int new_calls = 0;
  auto* victim = new (place.data()) Watched(loop_, [&](Watched&) { ++old_calls; });
  bool replaced = false;
  const auto replace = [&](Watched&) {
    if (replaced) return;
    replaced = true;
    victim->~Watched();
    victim = new (place.data()) Watched(loop_, [&](Watched&) { ++new_calls; });
  };
  Watched before(loop_, replace);
  Watched after(loop_, replace);
  before.make_ready();
  victim->make_ready();
  after.make_ready();
  loop_.poll(1s);
  EXPECT_LE(old_calls, 1);
  EXPECT_EQ(new_calls, 0);
  victim->make_ready();
  loop_.poll(1s);
  EXPECT_EQ(new_calls, 1);
  victim->~Watched();
}

TEST_F(EventLoopTest, HandlerMayDestroyItself) {
  std::unique_ptr<Watched> watched;
  watched = std::make_unique<Watched>(loop_, [&](Watched&) { watched.reset(); });
  watched->make_ready();
  EXPECT_EQ(loop_.poll(1s), 1U);
  EXPECT_EQ(watched, nullptr);
  EXPECT_EQ(loop_.poll(0ns), 0U);
}

TEST_F(EventLoopTest, OnePollHandlesABoundedNumberOfEventsAndForgetsNone) {
  constexpr std::size_t kMany = EventLoop::kMaxEvents + 50;
  int calls = 0;
  std::vector<std::unique_ptr<Watched>> watched;
  for (std::size_t i = 0; i < kMany; ++i)
    watched.push_back(std::make_unique<Watched>(loop_, [&](Watched&) { ++calls; }));
  for (auto& each : watched) each->make_ready();
  EXPECT_EQ(loop_.poll(1s), EventLoop::kMaxEvents);
  EXPECT_EQ(loop_.poll(1s), 50U);
  EXPECT_EQ(calls, static_cast<int>(kMany));
}

TEST_F(EventLoopTest, AddingAClosedDescriptorIsAnError) {
  Watched watched(loop_, [](Watched&) {});
  const Status added = loop_.add(-1, EPOLLIN, &watched);
  ASSERT_FALSE(added);
  EXPECT_EQ(added.error().code, Errc::Io);
}

TEST_F(EventLoopTest, WaitEndsWithTheNextTimer) {
  int fired = 0;
  CallbackTimer timer([&] { ++fired; });
  const auto before = std::chrono::steady_clock::now();
  loop_.timers().schedule(timer, loop_.now() + 30ms);
  while (fired == 0) loop_.poll(EventLoop::kForever);
  const auto waited = std::chrono::steady_clock::now() - before;
  EXPECT_GE(waited, 25ms);
  EXPECT_LT(waited, 10s);
  // 30 ms are one level up at most, so the loop woke at most twice: it did not look in between.
  EXPECT_LE(loop_.statistics().polls, 3U);
}

TEST_F(EventLoopTest, IdleLoopSleepsForTheWholeWait) {
  Watched watched(loop_, [](Watched&) {});
  rusage before{};
  rusage after{};
  ASSERT_EQ(::getrusage(RUSAGE_THREAD, &before), 0);
  EXPECT_EQ(loop_.poll(100ms), 0U);
  ASSERT_EQ(::getrusage(RUSAGE_THREAD, &after), 0);
  EXPECT_LE(after.ru_nvcsw - before.ru_nvcsw, 2);
}

TEST_F(EventLoopTest, WakeFromAnotherThreadEndsTheWait) {
  std::atomic<bool> posted{false};
  std::thread other([&] {
    std::this_thread::sleep_for(20ms);
    posted = true;
    loop_.wake();
  });
  loop_.poll(EventLoop::kForever);
  EXPECT_TRUE(posted);
  other.join();
  EXPECT_EQ(loop_.poll(0ns), 0U);
}

TEST_F(EventLoopTest, NoWakeIsLostUnderManyThreads) {
  constexpr int kThreads = 4;
  constexpr int kWakes = 2'000;
  struct Mail {
    std::atomic<int> posted{0};
    std::atomic<int> seen{0};
  };
  std::array<Mail, kThreads> mails;
  std::vector<std::thread> threads;
  threads.reserve(kThreads);
  for (Mail& mail : mails) {
    threads.emplace_back([&] {
      for (int n = 1; n <= kWakes; ++n) {
        mail.posted = n;
        loop_.wake();
        while (mail.seen < n) std::this_thread::yield();
      }
    });
  }
  // Every thread waits until its post was seen, so a lost wake would leave all of them waiting for ever.
  for (int finished = 0; finished < kThreads;) {
    loop_.poll(EventLoop::kForever);
    finished = 0;
    for (Mail& mail : mails) {
      mail.seen = mail.posted.load();
      if (mail.seen == kWakes) ++finished;
    }
  }
  for (std::thread& thread : threads) thread.join();
  SUCCEED();
}

TEST_F(EventLoopTest, WakeBeforeTheWaitIsNotLost) {
  for (int i = 0; i < 3; ++i) {
    loop_.wake();
    loop_.wake();
    EXPECT_EQ(loop_.poll(EventLoop::kForever), 1U);
  }
}

/// Counts its calls and asks again as often as it is told to.
class Asking final : public Flushable, public Deferred {
 public:
  Asking(EventLoop& loop, int times) : loop_(loop), times_(times) {}
  void on_flush() override {
    ++flushed;
    if (--times_ > 0) loop_.flush_at_tick_end(*this);
  }
  void on_later() override {
    ++deferred;
    if (--times_ > 0) loop_.later(*this);
  }
  int flushed = 0;
  int deferred = 0;

 private:
  EventLoop& loop_;
  int times_;
};

TEST_F(EventLoopTest, FlushRunsOncePerTickHoweverOftenItWasAskedFor) {
  Asking asking(loop_, 1);
  loop_.flush_at_tick_end(asking);
  loop_.flush_at_tick_end(asking);
  EXPECT_EQ(asking.flushed, 0);
  loop_.flush_pending();
  loop_.flush_pending();
  EXPECT_EQ(asking.flushed, 1);
}

TEST_F(EventLoopTest, WhoAsksForAFlushWhileFlushingWaitsForTheNextTickAndTheLoopDoesNot) {
  Asking asking(loop_, 2);
  loop_.flush_at_tick_end(asking);
  loop_.flush_pending();
  EXPECT_EQ(asking.flushed, 1);
  loop_.poll(EventLoop::kForever);
  loop_.flush_pending();
  EXPECT_EQ(asking.flushed, 2);
}

TEST_F(EventLoopTest, DeferredWorkRunsInTheNextPollWithoutWaiting) {
  Asking asking(loop_, 2);
  loop_.later(asking);
  EXPECT_EQ(loop_.poll(EventLoop::kForever), 1U);
  EXPECT_EQ(asking.deferred, 1);
  EXPECT_EQ(loop_.poll(EventLoop::kForever), 1U);
  EXPECT_EQ(asking.deferred, 2);
}

TEST_F(EventLoopTest, DeferredWorkOfManyIsSpreadOverPollsInOrder) {
  std::deque<Asking> many;
  for (std::size_t i = 0; i < EventLoop::kMaxEvents + 1; ++i) loop_.later(many.emplace_back(loop_, 2));
  EXPECT_EQ(loop_.poll(EventLoop::kForever), EventLoop::kMaxEvents);
  EXPECT_EQ(many.back().deferred, 0);
  EXPECT_EQ(loop_.poll(EventLoop::kForever), EventLoop::kMaxEvents);
  EXPECT_EQ(many.back().deferred, 1) << "before those that have had a turn";
}

TEST_F(EventLoopTest, DestroyedObjectsAreNeitherFlushedNorCalledLater) {
  {
    Asking asking(loop_, 1);
    loop_.flush_at_tick_end(asking);
    loop_.later(asking);
  }
  EXPECT_EQ(loop_.poll(0ns), 0U);
  loop_.flush_pending();
}

}  // namespace
}  // namespace hermod::net
