#include "net/timer_wheel.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <memory>
#include <random>
#include <vector>

namespace hermod::net {
namespace {

using namespace std::chrono_literals;

constexpr MonotonicTime kStart{1h};

/// Remembers which timers fired.
class Recorder final : public TimerHandler {
 public:
  void on_timer(Timer& timer) override { fired.push_back(&timer); }
  std::vector<Timer*> fired;
};

TEST(TimerWheel, EmptyWheelHasNothingDue) {
  TimerWheel wheel(kStart);
  EXPECT_EQ(wheel.next_due(), std::nullopt);
  EXPECT_EQ(wheel.advance(kStart + 24h), 0U);
}

TEST(TimerWheel, TimerFiresOnceAndNotBeforeItsTime) {
  TimerWheel wheel(kStart);
  Recorder recorder;
  Timer timer(recorder);
  wheel.schedule(timer, kStart + 10ms + 1ns);
  EXPECT_EQ(wheel.next_due(), kStart + 11ms);
  EXPECT_EQ(wheel.advance(kStart + 10ms + 1us), 0U);
  EXPECT_TRUE(timer.scheduled());
  EXPECT_EQ(wheel.advance(kStart + 11ms), 1U);
  EXPECT_FALSE(timer.scheduled());
  EXPECT_EQ(wheel.advance(kStart + 24h), 0U);
  EXPECT_EQ(recorder.fired, std::vector<Timer*>{&timer});
}

TEST(TimerWheel, PastTimesFireAtTheNextAdvance) {
  TimerWheel wheel(kStart);
  Recorder recorder;
  Timer before_the_start(recorder);
  Timer at_the_start(recorder);
  wheel.schedule(before_the_start, kStart - 5h);
  wheel.schedule(at_the_start, kStart);
  EXPECT_EQ(wheel.next_due(), kStart);
  EXPECT_EQ(wheel.advance(kStart), 2U);
}

TEST(TimerWheel, SchedulingAgainMovesTheTimer) {
  TimerWheel wheel(kStart);
  Recorder recorder;
  Timer timer(recorder);
  wheel.schedule(timer, kStart + 5ms);
  wheel.schedule(timer, kStart + 90s);
  EXPECT_EQ(wheel.advance(kStart + 89s), 0U);
  wheel.schedule(timer, kStart + 89s + 1ms);
  EXPECT_EQ(wheel.advance(kStart + 89s + 1ms), 1U);
  EXPECT_EQ(wheel.advance(kStart + 1h), 0U);
}

TEST(TimerWheel, CancelledAndDestroyedTimersStaySilentAndAreNotWaitedFor) {
  TimerWheel wheel(kStart);
  Recorder recorder;
  Timer cancelled(recorder);
  wheel.schedule(cancelled, kStart + 3s);
  auto destroyed = std::make_unique<Timer>(recorder);
  wheel.schedule(*destroyed, kStart + 3ms);
  wheel.cancel(cancelled);
  destroyed.reset();
  EXPECT_EQ(wheel.next_due(), std::nullopt);
  EXPECT_EQ(wheel.advance(kStart + 1h), 0U);
}

TEST(TimerWheel, TimersMayOutliveTheWheel) {
  Recorder recorder;
  Timer timer(recorder);
  {
    TimerWheel wheel(kStart);
    wheel.schedule(timer, kStart + 3s);
  }
  EXPECT_FALSE(timer.scheduled());
}

TEST(TimerWheel, FarFutureIsKeptWithoutOverflow) {
  TimerWheel wheel(kStart);
  Recorder recorder;
  Timer never(recorder);
  Timer in_forty_years(recorder);
  wheel.schedule(never, MonotonicTime::max());
  wheel.schedule(in_forty_years, kStart + 24h * 365 * 40);
  EXPECT_EQ(wheel.advance(kStart + 24h * 365 * 40 - 1ms), 0U);
  EXPECT_EQ(wheel.advance(kStart + 24h * 365 * 40), 1U);
  EXPECT_EQ(recorder.fired, std::vector<Timer*>{&in_forty_years});
  EXPECT_TRUE(never.scheduled());
}

TEST(TimerWheel, TimeThatGoesBackIsIgnored) {
  TimerWheel wheel(kStart);
  Recorder recorder;
  Timer timer(recorder);
  wheel.advance(kStart + 10s);
  wheel.schedule(timer, kStart + 11s);
  EXPECT_EQ(wheel.advance(kStart + 1s), 0U);
  EXPECT_EQ(wheel.advance(kStart + 11s - 1ms), 0U);
  EXPECT_EQ(wheel.advance(kStart + 11s), 1U);
}

TEST(TimerWheel, SteppingToNextDueReachesAFarTimerInFewSteps) {
  TimerWheel wheel(kStart);
  Recorder recorder;
  Timer timer(recorder);
  const MonotonicTime due = kStart + 24h * 30 + 123ms;
  wheel.schedule(timer, due);
  int steps = 0;
  while (recorder.fired.empty()) {
    const auto next = wheel.next_due();
    ASSERT_TRUE(next);
    ASSERT_LE(*next, due);
    wheel.advance(*next);
    ++steps;
  }
  EXPECT_LE(steps, 7);
}

/// Does something to the wheel each time it is told.
class Actor final : public TimerHandler {
 public:
  explicit Actor(std::function<void(Timer&)> action) : action_(std::move(action)) {}
  void on_timer(Timer& timer) override { action_(timer); }

 private:
  std::function<void(Timer&)> action_;
};

TEST(TimerWheel, ReschedulingToNowWaitsForTheNextAdvance) {
  TimerWheel wheel(kStart);
  int fired = 0;
  Actor again([&](Timer& timer) {
    if (++fired < 10) wheel.schedule(timer, kStart + 1s);
  });
  Timer timer(again);
  wheel.schedule(timer, kStart + 5ms);
  EXPECT_EQ(wheel.advance(kStart + 1s), 1U);
  EXPECT_EQ(wheel.advance(kStart + 1s), 1U);
  EXPECT_EQ(fired, 2);
}

TEST(TimerWheel, FiringTimerMayCancelAndDestroyOthersOfTheSameMoment) {
  TimerWheel wheel(kStart);
  Recorder recorder;
  auto destroyed = std::make_unique<Timer>(recorder);
  Timer cancelled(recorder);
  Timer survivor(recorder);
  Actor actor([&](Timer&) {
    destroyed.reset();
    cancelled.cancel();
  });
  Timer first(actor);
  for (Timer* timer : {&first, destroyed.get(), &cancelled, &survivor}) wheel.schedule(*timer, kStart + 7ms);
  EXPECT_EQ(wheel.advance(kStart + 7ms), 2U);
  EXPECT_EQ(recorder.fired, std::vector<Timer*>{&survivor});
}

TEST(TimerWheel, FiringTimerMayDestroyItself) {
  TimerWheel wheel(kStart);
  std::unique_ptr<Timer> own;
  Actor actor([&](Timer&) { own.reset(); });
  own = std::make_unique<Timer>(actor);
  wheel.schedule(*own, kStart + 7ms);
  EXPECT_EQ(wheel.advance(kStart + 8ms), 1U);
  EXPECT_EQ(own, nullptr);
}

TEST(TimerWheel, CallbackTimerCallsItsFunction) {
  TimerWheel wheel(kStart);
  int calls = 0;
  CallbackTimer timer([&] { ++calls; });
  wheel.schedule(timer, kStart + 1s);
  wheel.advance(kStart + 1s);
  EXPECT_EQ(calls, 1);
}

TEST(TimerWheel, OneTimerIsSmall) {
  EXPECT_LE(sizeof(Timer), 32U);
}

/// A sorted map does what the wheel promises, without its levels.
class Oracle {
 public:
  explicit Oracle(std::size_t timers) : where_(timers, by_due_.end()) {}

  void schedule(std::size_t timer, MonotonicTime due) {
    cancel(timer);
    where_[timer] = by_due_.emplace(std::chrono::ceil<std::chrono::milliseconds>(due), timer);
  }
  void cancel(std::size_t timer) {
    if (where_[timer] != by_due_.end()) by_due_.erase(where_[timer]);
    where_[timer] = by_due_.end();
  }
  std::vector<std::pair<MonotonicTime, std::size_t>> advance(MonotonicTime now) {
    std::vector<std::pair<MonotonicTime, std::size_t>> fired;
    while (!by_due_.empty() && by_due_.begin()->first <= now) {
      fired.emplace_back(*by_due_.begin());
      cancel(fired.back().second);
    }
    return fired;
  }
  std::optional<MonotonicTime> next_due() const {
    if (by_due_.empty()) return std::nullopt;
    return by_due_.begin()->first;
  }
  bool scheduled(std::size_t timer) const { return where_[timer] != by_due_.end(); }

 private:
  using Map = std::multimap<MonotonicTime, std::size_t>;
  Map by_due_;
  std::vector<Map::iterator> where_;
};

class TimerWheelAgainstOracle : public testing::TestWithParam<unsigned> {};

TEST_P(TimerWheelAgainstOracle, FiresTheSameTimersInTheSameOrder) {
  constexpr std::size_t kTimers = 200;
  std::mt19937_64 random(GetParam());
  // Mostly short, sometimes very long, so that every level is used and crossed.
  const auto random_time = [&random](int most_bits) {
    const auto bits = random() % static_cast<std::uint64_t>(most_bits) + 1;
    return std::chrono::nanoseconds(random() % (std::uint64_t{1} << bits));
  };

  TimerWheel wheel(kStart);
  Oracle oracle(kTimers);
  Recorder recorder;
  std::vector<std::unique_ptr<Timer>> timers;
  std::map<Timer*, std::size_t> number_of;
  const auto renew = [&](std::size_t n) {
    if (n < timers.size()) number_of.erase(timers[n].get());
    auto timer = std::make_unique<Timer>(recorder);
    number_of[timer.get()] = n;
    if (n < timers.size()) {
      timers[n] = std::move(timer);
    } else {
      timers.push_back(std::move(timer));
    }
  };
  for (std::size_t n = 0; n < kTimers; ++n) renew(n);

  MonotonicTime now = kStart;
  for (int step = 0; step < 20'000; ++step) {
    const std::size_t n = random() % kTimers;
    switch (random() % 8) {
      case 0:
        wheel.cancel(*timers[n]);
        oracle.cancel(n);
        break;
      case 1:
        renew(n);
        oracle.cancel(n);
        break;
      case 2: {
        now = random() % 4 == 0 && oracle.next_due() ? std::max(now, *oracle.next_due())
                                                     : now + random_time(42);
        recorder.fired.clear();
        const auto expected = oracle.advance(now);
        ASSERT_EQ(wheel.advance(now), expected.size()) << "step " << step;
        std::vector<std::size_t> fired;
        std::vector<std::size_t> wanted;
        fired.reserve(expected.size());
        wanted.reserve(expected.size());
        for (Timer* timer : recorder.fired) fired.push_back(number_of.at(timer));
        for (const auto& [due, timer] : expected) wanted.push_back(timer);
        // Within one tick the order is free.
        ASSERT_TRUE(std::is_permutation(fired.begin(), fired.end(), wanted.begin(), wanted.end()));
        break;
      }
      default: {
        const MonotonicTime due = now + random_time(54);
        wheel.schedule(*timers[n], due);
        oracle.schedule(n, due);
        break;
      }
    }
    ASSERT_EQ(timers[n]->scheduled(), oracle.scheduled(n));
    const auto next = wheel.next_due();
    const auto oracle_next = oracle.next_due();
    ASSERT_EQ(next.has_value(), oracle_next.has_value()) << "step " << step;
    if (next) {
      ASSERT_LE(*next, std::max(*oracle_next, now)) << "step " << step;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, TimerWheelAgainstOracle, testing::Range(1U, 9U));

/// Timers whose handlers schedule, cancel and destroy at random while they fire.
class Crowd final : public TimerHandler {
 public:
  explicit Crowd(unsigned seed) : random_(seed) {
    for (std::size_t n = 0; n < kSize; ++n) schedule(n);
  }

  void advance(std::chrono::nanoseconds step) {
    now_ += step;
    due_before_ = due_;
    wheel_.advance(now_);
    // Whatever was due a whole tick ago, and nobody touched, has fired.
    for (const auto& [timer, due] : due_before_) EXPECT_GT(due, now_ - 1ms) << timer;
  }

  std::size_t fired() const { return fired_; }

 private:
  static constexpr std::size_t kSize = 100;

  void on_timer(Timer& timer) override {
    ++fired_;
    ASSERT_EQ(due_.count(&timer), 1U);
    EXPECT_LE(due_.at(&timer), now_);
    forget(&timer);
    for (int i = 0; i < 3; ++i) schedule(random_() % kSize);
    const std::size_t victim = random_() % kSize;
    if (timers_[victim]) forget(timers_[victim].get());
    timers_[victim].reset();
  }

  void schedule(std::size_t n) {
    if (!timers_[n]) timers_[n] = std::make_unique<Timer>(*this);
    Timer* timer = timers_[n].get();
    forget(timer);
    due_[timer] = now_ + std::chrono::microseconds(random_() % (std::uint64_t{1} << (random_() % 24))) - 2ms;
    wheel_.schedule(*timer, due_[timer]);
  }

  void forget(Timer* timer) {
    due_.erase(timer);
    due_before_.erase(timer);
  }

  std::mt19937_64 random_;
  MonotonicTime now_ = kStart;
  TimerWheel wheel_{kStart};
  std::vector<std::unique_ptr<Timer>> timers_{kSize};
  std::map<Timer*, MonotonicTime> due_;
  std::map<Timer*, MonotonicTime>
      due_before_;  ///< due_ at the start of advance(), less what was touched since
  std::size_t fired_ = 0;
};

TEST(TimerWheel, HandlersMayScheduleCancelAndDestroyAnything) {
  for (unsigned seed = 0; seed < 5; ++seed) {
    Crowd crowd(seed);
    for (int step = 0; step < 2'000; ++step) crowd.advance(std::chrono::milliseconds(step % 50));
    EXPECT_GT(crowd.fired(), 5'000U);
  }
}

TEST(TimerWheel, FiresInOrderOfTimeAcrossLevels) {
  TimerWheel wheel(kStart);
  std::mt19937_64 random(7);
  std::vector<MonotonicTime> fired;
  std::map<Timer*, MonotonicTime> due_of;
  Actor actor([&](Timer& timer) { fired.push_back(due_of.at(&timer)); });
  std::vector<std::unique_ptr<Timer>> timers;
  for (int i = 0; i < 5'000; ++i) {
    timers.push_back(std::make_unique<Timer>(actor));
    const MonotonicTime due = kStart + std::chrono::milliseconds(random() % 100'000'000);
    due_of[timers.back().get()] = due;
    wheel.schedule(*timers.back(), due);
  }
  EXPECT_EQ(wheel.advance(kStart + 100'000s), 5'000U);
  EXPECT_TRUE(std::is_sorted(fired.begin(), fired.end()));
}

}  // namespace
}  // namespace hermod::net
