#include "delayed.h"

#include <algorithm>
#include <chrono>
#include <vector>

namespace hermod::backlog {
namespace {

using std::chrono::microseconds;
using std::chrono::seconds;

constexpr int kTooLateToWaitFor = 3600;

std::int64_t now_micros() {
  return std::chrono::duration_cast<microseconds>(std::chrono::system_clock::now().time_since_epoch())
      .count();
}

/// The Unix time in whole seconds when the message is due, so each second has its storm.
std::int64_t due_second(const Plan& plan, std::int64_t begin, std::uint64_t number) {
  const std::uint64_t over = static_cast<std::uint64_t>(std::max(plan.over, 1));
  return begin + static_cast<std::int64_t>(number * over / plan.messages);
}

void send_all(const Plan& plan, std::int64_t begin) {
  Client client(plan, "backlog-delayer", true);
  client.await(2);
  constexpr std::uint64_t kWindow = 500;
  const std::string payload(plan.payload, 'x');
  std::uint64_t sent = 0;
  std::uint64_t acknowledged = 0;
  while (acknowledged < plan.messages) {
    std::string out;
    for (; sent < plan.messages && sent - acknowledged < kWindow; ++sent) {
      // Not in the order in which they are due.
      const std::uint64_t number = sent * 7919 % plan.messages;
      const std::int64_t due = due_second(plan, begin, number);
      std::string body = text("$delayed/" + std::to_string(due) + "/backlog");
      put16(body, sent % 65535 + 1);
      std::string stamped = payload;
      std::memcpy(stamped.data(), &due, sizeof due);
      out += packet(0x32, body + stamped);
    }
    if (!out.empty()) client.send(out);
    client.receive([&](unsigned first, const char*, std::size_t) {
      if (first >> 4 != 4) die("no PUBACK");
      ++acknowledged;
    });
  }
  client.send(packet(0xE0, ""));
}

}  // namespace

void delay(const Plan& plan) {
  if (plan.payload < sizeof(std::int64_t)) die("--payload is 8 or more");
  Client reader(plan, "backlog-reader", true);
  reader.await(2);
  std::string body;
  put16(body, 1);
  body += text("backlog");
  body += '\1';
  reader.send(packet(0x82, body));
  reader.await(9);
  const std::int64_t begin = now_micros() / 1'000'000 + plan.after;
  send_all(plan, begin);
  const std::int64_t in_time = begin * 1'000'000 - now_micros();
  std::printf("sent %.1f s before the first is due\n", static_cast<double>(in_time) / 1e6);
  std::fflush(stdout);
  if (plan.after >= kTooLateToWaitFor) return;
  std::vector<std::int64_t> late;
  late.reserve(plan.messages);
  while (late.size() < plan.messages) {
    std::string acks;
    reader.receive([&](unsigned first, const char* packet_body, std::size_t) {
      if (first >> 4 != 3) return;
      const std::size_t topic =
          static_cast<unsigned char>(packet_body[0]) * 256U + static_cast<unsigned char>(packet_body[1]);
      acks += packet(0x40, std::string(packet_body + 2 + topic, 2));
      std::int64_t due = 0;
      std::memcpy(&due, packet_body + 4 + topic, sizeof due);
      late.push_back(now_micros() - due * 1'000'000);
    });
    if (!acks.empty()) reader.send(acks);
  }
  std::sort(late.begin(), late.end());
  const auto at = [&](double part) {
    return static_cast<double>(late[static_cast<std::size_t>(part * static_cast<double>(late.size() - 1))]) /
           1000;
  };
  std::printf("late: first %.1f ms, half %.1f ms, 99 of 100 %.1f ms, last %.1f ms\n", at(0), at(0.5),
              at(0.99), at(1));
}

}  // namespace hermod::backlog
