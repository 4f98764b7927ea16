#include "named_queue.h"

#include <algorithm>
#include <chrono>
#include <deque>
#include <vector>

namespace hermod::backlog {
namespace {

using SteadyClock = std::chrono::steady_clock;

constexpr unsigned kPublish = 3;
constexpr unsigned kSuback = 9;
constexpr unsigned kUnsuback = 11;
/// How many are taken one by one.
constexpr std::uint32_t kOneByOne = 10'000;

double microseconds_since(SteadyClock::time_point begin) {
  return std::chrono::duration<double, std::micro>(SteadyClock::now() - begin).count();
}

void print_delays(const char* what, std::vector<double> delays) {
  if (delays.empty()) return;
  std::sort(delays.begin(), delays.end());
  const auto at = [&](double share) {
    return delays[static_cast<std::size_t>(share * static_cast<double>(delays.size() - 1))];
  };
  std::printf("  %s, us: %.0f p50, %.0f p99, %.0f max\n", what, at(0.5), at(0.99), at(1));
}

std::string subscribe_to(const Plan& plan, const std::string& queue) {
  std::string body;
  put16(body, 1);
  body += text("$queue/" + queue);
  body += static_cast<char>(plan.qos);
  return packet(0x82, body);
}

/// What has come to a consumer and was not acknowledged; checks that each number comes once.
class Taken {
 public:
  explicit Taken(std::uint32_t messages) : seen_(messages) {}

  void on_publish(const char* body, std::size_t size) {
    const std::size_t topic =
        static_cast<unsigned char>(body[0]) * 256U + static_cast<unsigned char>(body[1]);
    if (size < topic + 8) die("a damaged message");
    const std::uint32_t number = number_at(body + 4 + topic);
    if (number >= seen_.size() || seen_[number]) die("message " + std::to_string(number) + " came twice");
    seen_[number] = true;
    ++count_;
    waiting_.emplace_back(body + 2 + topic, 2);
  }
  std::uint32_t count() const { return count_; }
  bool has_waiting() const { return !waiting_.empty(); }
  /// PUBACK for the oldest.
  std::string next_ack() {
    const std::string ack = packet(0x40, waiting_.front());
    waiting_.pop_front();
    return ack;
  }

 private:
  std::vector<bool> seen_;
  std::uint32_t count_ = 0;
  std::deque<std::string> waiting_;  // packet identifiers
};

}  // namespace

void take(const Plan& plan) {
  if (plan.qos != 1) die("take is for QoS 1");
  Client client(plan, "backlog-taker", true);
  client.await(2);
  Taken taken(plan.messages);
  const auto receive = [&] {
    client.receive([&](unsigned first, const char* body, std::size_t size) {
      if (first >> 4 == kPublish) taken.on_publish(body, size);
    });
  };
  auto begin = SteadyClock::now();
  client.send(subscribe_to(plan, plan.queue));
  while (taken.count() == 0) receive();
  print_delays("from SUBSCRIBE to the first message", {microseconds_since(begin)});
  std::vector<double> delays;
  while (delays.size() < kOneByOne && taken.count() < plan.messages && taken.has_waiting()) {
    const std::uint32_t before = taken.count();
    begin = SteadyClock::now();
    client.send(taken.next_ack());
    while (taken.count() == before) receive();
    delays.push_back(microseconds_since(begin));
  }
  print_delays("from PUBACK to the next message", std::move(delays));
  while (true) {
    std::string acks;
    while (taken.has_waiting()) acks += taken.next_ack();
    if (!acks.empty()) client.send(acks);
    if (taken.count() == plan.messages) break;
    receive();
  }
  client.send(packet(0xE0, ""));
}

void visit(const Plan& plan) {
  if (plan.qos != 1) die("visit is for QoS 1");
  Client client(plan, "backlog-visitor", true);
  client.await(2);
  std::vector<double> delays;
  for (int i = 0; i < plan.sessions; ++i) {
    const std::string queue = plan.queue + std::to_string(i);
    Taken taken(1);
    bool is_subscribed = false;
    const auto begin = SteadyClock::now();
    client.send(subscribe_to(plan, queue));
    while (taken.count() == 0 || !is_subscribed)
      client.receive([&](unsigned first, const char* body, std::size_t size) {
        is_subscribed |= first >> 4 == kSuback;
        if (first >> 4 == kPublish) taken.on_publish(body, size);
      });
    delays.push_back(microseconds_since(begin));
    std::string body;
    put16(body, 2);
    client.send(taken.next_ack() + packet(0xA2, body + text("$queue/" + queue)));
    client.await(kUnsuback);
  }
  print_delays("from SUBSCRIBE to the message", std::move(delays));
  client.send(packet(0xE0, ""));
}

}  // namespace hermod::backlog
