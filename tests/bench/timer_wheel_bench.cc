#include <benchmark/benchmark.h>

#include <chrono>
#include <cstddef>
#include <memory>
#include <random>
#include <vector>

#include "net/timer_wheel.h"

namespace hermod::net {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t kTimers = 100'000;

/// 100,000 connections with keep-alive times up to ten minutes.
class Crowd final : public TimerHandler {
 public:
  Crowd() {
    std::mt19937 random(1);
    for (std::size_t i = 0; i < kTimers; ++i) {
      timers.push_back(std::make_unique<Timer>(*this));
      after.push_back(std::chrono::milliseconds(1 + random() % 600'000));
    }
  }
  void on_timer(Timer& timer) override {
    if (again) wheel.schedule(timer, now + 60s);
  }
  void schedule_all() {
    for (std::size_t i = 0; i < kTimers; ++i) wheel.schedule(*timers[i], now + after[i]);
  }

  MonotonicTime now{1h};
  TimerWheel wheel{now};
  std::vector<std::unique_ptr<Timer>> timers;
  std::vector<std::chrono::milliseconds> after;
  bool again = false;
};

/// One iteration moves all timers.
void BM_TimerWheelSchedule(benchmark::State& state) {
  Crowd crowd;
  for (auto _ : state) crowd.schedule_all();
  state.SetItemsProcessed(static_cast<std::int64_t>(state.iterations() * kTimers));
}
BENCHMARK(BM_TimerWheelSchedule)->Unit(benchmark::kMillisecond);

void BM_TimerWheelScheduleAndCancel(benchmark::State& state) {
  Crowd crowd;
  for (auto _ : state) {
    crowd.schedule_all();
    for (auto& timer : crowd.timers) timer->cancel();
  }
  state.SetItemsProcessed(static_cast<std::int64_t>(state.iterations() * kTimers));
}
BENCHMARK(BM_TimerWheelScheduleAndCancel)->Unit(benchmark::kMillisecond);

/// Everything fires and is scheduled again, in steps of 10 ms: the life of keep-alive timers.
void BM_TimerWheelFireAndScheduleAgain(benchmark::State& state) {
  Crowd crowd;
  crowd.schedule_all();
  crowd.again = true;
  std::size_t fired = 0;
  for (auto _ : state) {
    crowd.now += 10ms;
    fired += crowd.wheel.advance(crowd.now);
  }
  state.SetItemsProcessed(static_cast<std::int64_t>(fired));
}
BENCHMARK(BM_TimerWheelFireAndScheduleAgain);

/// What every poll of a loop asks, with 100,000 timers waiting.
void BM_TimerWheelNextDue(benchmark::State& state) {
  Crowd crowd;
  crowd.schedule_all();
  for (auto _ : state) benchmark::DoNotOptimize(crowd.wheel.next_due());
}
BENCHMARK(BM_TimerWheelNextDue);

}  // namespace
}  // namespace hermod::net
