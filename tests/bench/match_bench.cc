// Matching: what one PUBLISH costs before anything is sent, and what a subscription costs to make and to
// keep.
#include <benchmark/benchmark.h>
#include <malloc.h>

#include <cstdint>
#include <string>
#include <vector>

#include "topic/subscription_index.h"

namespace hermod::topic {
namespace {

class EverybodyOnline final : public MemberSelector {
 public:
  Rank rank(SessionId) const override { return Rank::Online; }
};

const EverybodyOnline kOnline;

void subscribe(SubscriptionIndex& index, const std::string& target, std::uint64_t session,
               std::uint32_t identifier = 0) {
  const SubscriptionChange change{SubscriptionChange::Kind::Set,
                                  parse_subscription(target).value(),
                                  {session},
                                  {.granted_qos = 1, .identifier = identifier}};
  index.apply({&change, 1});
}

void unsubscribe(SubscriptionIndex& index, const std::string& target, std::uint64_t session) {
  const SubscriptionChange change{
      SubscriptionChange::Kind::Remove, parse_subscription(target).value(), {session}};
  index.apply({&change, 1});
}

/// `device/<n>/<last>` for n below `count`, one session each.
void subscribe_devices(SubscriptionIndex& index, std::uint64_t count, const std::string& last) {
  for (std::uint64_t n = 0; n < count; ++n)
    subscribe(index, "device/" + std::to_string(n) + '/' + last, n + 1);
}

void match_topics(benchmark::State& state, const SubscriptionIndex& index,
                  const std::vector<std::string>& topics) {
  MatchSet found;
  std::size_t at = 0;
  std::size_t matches = 0;
  for (auto _ : state) {
    index.match(TopicName::parse(topics[at]).value(), {}, kOnline, found);
    matches += found.size();
    if (++at == topics.size()) at = 0;
  }
  state.counters["matches"] =
      benchmark::Counter(static_cast<double>(matches), benchmark::Counter::kAvgIterations);
}

std::vector<std::string> device_topics(std::uint64_t count, const std::string& last) {
  std::vector<std::string> topics;
  for (std::uint64_t i = 0; i < 4096; ++i) {
    topics.push_back("device/" + std::to_string(i * 2654435761U % count) + '/' + last);
  }
  return topics;
}

void exact_among_exact(benchmark::State& state) {
  SubscriptionIndex index;
  const auto count = static_cast<std::uint64_t>(state.range(0));
  subscribe_devices(index, count, "cmd");
  match_topics(state, index, device_topics(count, "cmd"));
}
BENCHMARK(exact_among_exact)->Arg(1)->Arg(10'000)->Arg(1'000'000);

void one_exact_among_wildcards(benchmark::State& state, const char* before, const char* behind) {
  SubscriptionIndex index;
  for (std::uint64_t n = 0; n < 30'000; ++n) subscribe(index, before + std::to_string(n) + behind, n + 1);
  subscribe(index, "bench/target/value", 1'000'000);
  match_topics(state, index, {"bench/target/value"});
}
BENCHMARK_CAPTURE(one_exact_among_wildcards, number_then_plus, "bench/", "/+");
BENCHMARK_CAPTURE(one_exact_among_wildcards, plus_then_number, "+/", "/value");
BENCHMARK_CAPTURE(one_exact_among_wildcards, number_then_hash, "bench/", "/#");

void one_wildcard_of_many(benchmark::State& state) {
  SubscriptionIndex index;
  const auto count = static_cast<std::uint64_t>(state.range(0));
  subscribe_devices(index, count, "+");
  match_topics(state, index, device_topics(count, "cmd"));
}
BENCHMARK(one_wildcard_of_many)->Arg(10'000)->Arg(1'000'000);

void fan_out(benchmark::State& state) {
  SubscriptionIndex index;
  for (std::uint64_t n = 1; n <= static_cast<std::uint64_t>(state.range(0)); ++n)
    subscribe(index, "news/sport", n);
  match_topics(state, index, {"news/sport"});
}
BENCHMARK(fan_out)->Arg(1'000)->Arg(100'000);

void fan_out_with_one_monitor(benchmark::State& state) {
  SubscriptionIndex index;
  for (std::uint64_t n = 1; n <= static_cast<std::uint64_t>(state.range(0)); ++n)
    subscribe(index, "news/sport", n);
  subscribe(index, "#", 77);
  match_topics(state, index, {"news/sport"});
}
BENCHMARK(fan_out_with_one_monitor)->Arg(1'000)->Arg(100'000);

void fan_out_all_overlapping(benchmark::State& state) {
  SubscriptionIndex index;
  for (std::uint64_t n = 1; n <= static_cast<std::uint64_t>(state.range(0)); ++n) {
    subscribe(index, "news/sport", n, 1);
    subscribe(index, "news/+", n, 2);
  }
  match_topics(state, index, {"news/sport"});
}
BENCHMARK(fan_out_all_overlapping)->Arg(1'000)->Arg(100'000);

void shared_group(benchmark::State& state) {
  SubscriptionIndex index;
  for (std::uint64_t n = 1; n <= 100; ++n) subscribe(index, "$share/workers/jobs/+", n);
  match_topics(state, index, {"jobs/new"});
}
BENCHMARK(shared_group);

/// Every shard matches in the same index.
void exact_on_all_shards(benchmark::State& state) {
  static SubscriptionIndex index;
  if (state.thread_index() == 0 && index.subscription_count() == 0) subscribe_devices(index, 10'000, "cmd");
  match_topics(state, index, device_topics(10'000, "cmd"));
}
BENCHMARK(exact_on_all_shards)->ThreadRange(1, 2)->UseRealTime();

void join_and_leave_a_crowd(benchmark::State& state) {
  SubscriptionIndex index;
  for (std::uint64_t n = 1; n <= 100'000; ++n) subscribe(index, "news/sport", n);
  std::uint64_t session = 50'000;
  for (auto _ : state) {
    unsubscribe(index, "news/sport", session);
    subscribe(index, "news/sport", session);
    session = session % 100'000 + 1;
  }
}
BENCHMARK(join_and_leave_a_crowd);

/// Making the subscriptions of `count` devices; reports the heap one of them keeps, in bytes.
void subscribe_many(benchmark::State& state, const char* last) {
  const auto count = static_cast<std::uint64_t>(state.range(0));
  double bytes = 0;
  for (auto _ : state) {
    const std::size_t before = mallinfo2().uordblks + mallinfo2().hblkhd;
    SubscriptionIndex index;
    subscribe_devices(index, count, last);
    bytes = static_cast<double>(mallinfo2().uordblks + mallinfo2().hblkhd - before);
  }
  state.counters["bytes_each"] = bytes / static_cast<double>(count);
  state.counters["each"] =
      benchmark::Counter(static_cast<double>(count),
                         benchmark::Counter::kIsIterationInvariantRate | benchmark::Counter::kInvert);
}
BENCHMARK_CAPTURE(subscribe_many, exact, "cmd")->Arg(10'000)->Arg(1'000'000)->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(subscribe_many, single_level, "+")
    ->Arg(10'000)
    ->Arg(1'000'000)
    ->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(subscribe_many, multi_level, "#")->Arg(1'000'000)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace hermod::topic
