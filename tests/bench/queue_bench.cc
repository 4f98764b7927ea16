// What the rules of a named queue cost: time and allocations of a message from its arrival to the durable
// end, and the memory of what waits. How many messages there are is fixed, for counts that no other load
// disturbs:
//   perf stat -e instructions:u build/release/tests/bench_queue --benchmark_filter=MessagePlain/0

#include <benchmark/benchmark.h>
#include <malloc.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <deque>
#include <memory>
#include <new>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "queue/queue_group.h"

namespace {

/// Of the whole program, which has one thread.
struct Heap {
  std::uint64_t allocations = 0;
  std::uint64_t bytes = 0;  ///< held now, as the allocator rounds them
};
Heap heap;

}  // namespace

void* operator new(std::size_t size) {
  void* memory = std::malloc(size);
  if (memory == nullptr) std::abort();
  ++heap.allocations;
  heap.bytes += malloc_usable_size(memory) + sizeof(std::size_t);
  return memory;
}
void operator delete(void* memory) noexcept {
  if (memory != nullptr) heap.bytes -= malloc_usable_size(memory) + sizeof(std::size_t);
  std::free(memory);
}
void operator delete(void* memory, std::size_t) noexcept {
  operator delete(memory);
}

namespace hermod::queue {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t kMessages = 250'000;
constexpr std::size_t kBatch = 64;
constexpr std::size_t kConsumers = 4;
constexpr std::uint64_t kCredit = 32;

MessagePtr message_for_queue() {
  static const std::string payload(256, 'x');
  Message::Fields fields;
  fields.topic = "plant/line/7";
  fields.payload = as_bytes(payload);
  fields.qos = wire::QoS::AtLeastOnce;
  return Message::create(fields);
}

/// A queue, those who publish to it without asking, its consumers, and a store that makes things durable a
/// batch at a time.
class QueueLoad {
 public:
  QueueLoad(const QueueDefinition& definition, std::size_t keys) : group_(definition, now_) {
    for (std::size_t i = 0; i < keys; ++i) keys_.push_back("machine/" + std::to_string(i));
    if (keys == 0) keys_.emplace_back();
  }
  /// Consumers whose filters let through what they are given, or all.
  void join_all(bool with_claims) {
    for (std::uint64_t i = 1; i <= kConsumers; ++i) {
      const wire::QoS qos = with_claims ? wire::QoS::ExactlyOnce : wire::QoS::AtLeastOnce;
      group_.join(ConsumerId{i}, AttachmentNo{1}, {.qos = qos, .filter = {}}, now_);
      group_.grant(ConsumerId{i}, AttachmentNo{1}, kCredit, now_);
      granted_.push_back(kCredit);
    }
  }
  void publish(std::size_t count) {
    for (; count > 0; --count) {
      ++next_;
      if (!group_.room()->take({1, message_->size()})) std::abort();
      group_.on_stored({.entry = {.message = message_, .key = keys_[next_ % keys_.size()]}}, Seq{next_},
                       now_);
    }
  }
  /// Everything that consumers have is sent, acknowledged and erased, up to a batch of it.
  std::size_t consume() {
    take_effects();
    for (std::size_t i = 0; i < kBatch && !lent_.empty(); ++i) {
      const auto [lease, consumer] = lent_.front();
      lent_.pop_front();
      group_.settle(lease, Outcome::Done, std::nullopt, now_);
      std::uint64_t& granted = granted_[consumer.v - 1];
      group_.grant(consumer, AttachmentNo{1}, ++granted, now_);
      take_effects();
    }
    for (const Seq seq : std::exchange(erased_, {})) {
      group_.on_settled(seq, now_);
      ++settled_;
      take_effects();
    }
    now_.steady += 1ms;
    return std::exchange(settled_, 0);
  }

 private:
  void take_effects() {
    for (const QueueEffect& effect : group_.take_effects()) {
      if (const auto* deliver = std::get_if<Deliver>(&effect)) {
        group_.sent(deliver->lease, now_);
        lent_.emplace_back(deliver->lease, deliver->consumer);
      } else if (const auto* erase = std::get_if<EraseEntry>(&effect)) {
        erased_.push_back(erase->seq);
      }
    }
  }

  Moment now_{MonotonicTime{1h}, WallTime{1000h}};
  QueueGroup group_;
  MessagePtr message_ = message_for_queue();
  std::vector<std::string> keys_;
  std::vector<std::uint64_t> granted_;
  std::deque<std::pair<LeaseId, ConsumerId>> lent_;
  std::vector<Seq> erased_;
  std::size_t settled_ = 0;
  std::uint64_t next_ = 0;
};

QueueDefinition definition_of(QueueDefinition::Order order) {
  QueueDefinition definition;
  definition.name = "orders";
  definition.bind = {"plant/#"};
  definition.order = order;
  return definition;
}

/// One iteration is a message; so many wait all the time.
void run_messages(benchmark::State& state, QueueDefinition::Order order, std::size_t keys, bool with_claims) {
  QueueLoad load(definition_of(order), keys);
  load.publish(static_cast<std::size_t>(state.range(0)));
  load.join_all(with_claims);
  std::size_t ready = 0;
  const std::uint64_t before = heap.allocations;
  for (auto _ : state) {
    if (ready > 0) {
      --ready;
      continue;
    }
    load.publish(kBatch);
    while (ready < kBatch) ready += load.consume();
    --ready;
  }
  state.SetItemsProcessed(state.iterations());
  state.counters["allocations"] =
      benchmark::Counter(static_cast<double>(heap.allocations - before), benchmark::Counter::kAvgIterations);
}
void BM_QueueMessagePlain(benchmark::State& state) {
  run_messages(state, QueueDefinition::Order::None, 0, false);
}
void BM_QueueMessageByKey(benchmark::State& state) {
  run_messages(state, QueueDefinition::Order::Key, 1000, false);
}
void BM_QueueMessageClaimed(benchmark::State& state) {
  run_messages(state, QueueDefinition::Order::None, 0, true);
}
BENCHMARK(BM_QueueMessagePlain)->Arg(0)->Arg(10'000)->Arg(1'000'000)->Iterations(kMessages);
BENCHMARK(BM_QueueMessageByKey)->Arg(0)->Arg(10'000)->Iterations(kMessages);
BENCHMARK(BM_QueueMessageClaimed)->Arg(0)->Iterations(kMessages);

/// Bytes for each entry that waits, but for the message itself, which is shared here.
void run_waiting(benchmark::State& state, QueueDefinition::Order order, std::size_t keys) {
  const auto entries = static_cast<std::size_t>(state.range(0));
  for (auto _ : state) {
    const std::uint64_t before = heap.bytes;
    QueueLoad load(definition_of(order), keys);
    load.publish(entries);
    state.counters["bytes/entry"] = static_cast<double>(heap.bytes - before) / static_cast<double>(entries);
  }
}
void BM_QueueWaitingPlain(benchmark::State& state) {
  run_waiting(state, QueueDefinition::Order::None, 0);
}
void BM_QueueWaitingByKey(benchmark::State& state) {
  run_waiting(state, QueueDefinition::Order::Key, 1000);
}
BENCHMARK(BM_QueueWaitingPlain)->Arg(1'000'000)->Iterations(1)->Unit(benchmark::kMillisecond);
BENCHMARK(BM_QueueWaitingByKey)->Arg(1'000'000)->Iterations(1)->Unit(benchmark::kMillisecond);

/// Bytes of each of 10,000 queues: empty, and with one entry in it.
void BM_Queues(benchmark::State& state) {
  constexpr std::size_t kQueues = 10'000;
  const QueueDefinition definition = definition_of(QueueDefinition::Order::Key);
  const MessagePtr message = message_for_queue();
  const Moment now{MonotonicTime{1h}, WallTime{1000h}};
  for (auto _ : state) {
    const std::uint64_t before = heap.bytes;
    std::vector<std::unique_ptr<QueueGroup>> groups;
    for (std::size_t i = 0; i < kQueues; ++i) groups.push_back(std::make_unique<QueueGroup>(definition, now));
    const std::uint64_t empty = heap.bytes;
    for (auto& group : groups) {
      if (!group->room()->take({1, message->size()})) std::abort();
      group->on_stored({.entry = {.message = message, .key = "k"}}, Seq{1}, now);
    }
    state.counters["bytes/queue"] = static_cast<double>(empty - before) / kQueues;
    state.counters["bytes/entry"] = static_cast<double>(heap.bytes - empty) / kQueues;
  }
}
BENCHMARK(BM_Queues)->Iterations(1)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace hermod::queue
