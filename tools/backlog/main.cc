// hermod-backlog: fills the queues of sessions that are away, and drains them; takes from named queues;
// delays messages. tools/backlog/measure, tools/backlog/queues and tools/backlog/delayed run it.

#include <poll.h>

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "client.h"
#include "delayed.h"
#include "named_queue.h"

namespace hermod::backlog {
namespace {

void subscribe(const Plan& plan) {
  for (int i = 0; i < plan.sessions; ++i) {
    Client client(plan, "backlog-" + std::to_string(i), false);
    client.await(2);
    std::string body;
    put16(body, 1);
    body += text(topic_of(plan, i));
    body += static_cast<char>(plan.qos);
    client.send(packet(0x82, body));
    client.await(9);
    client.send(packet(0xE0, ""));
  }
}

/// With the QoS of the plan; each exchange is finished.
void fill(const Plan& plan) {
  Client client(plan, "backlog-publisher", true);
  client.await(2);
  constexpr std::uint32_t kWindow = 100;
  const std::uint64_t total = std::uint64_t{plan.messages} * (plan.own_topics ? plan.sessions : 1U);
  const auto copies = static_cast<std::uint64_t>(plan.own_topics ? plan.sessions : 1);
  const std::string payload(plan.payload, 'x');
  std::uint64_t sent = 0;
  std::uint64_t acknowledged = 0;
  while (acknowledged < total) {
    std::string out;
    for (; sent < total && sent - acknowledged < kWindow; ++sent) {
      std::string body = text(topic_of(plan, static_cast<int>(sent % copies)));
      put16(body, sent % 65535 + 1);
      const auto number = static_cast<std::uint32_t>(sent / copies);
      std::string numbered = payload;
      std::memcpy(numbered.data(), &number, sizeof number);
      out += packet(plan.qos == 2 ? 0x34 : 0x32, body + numbered);
    }
    if (!out.empty()) client.send(out);
    std::string releases;
    client.receive([&](unsigned first, const char* body, std::size_t size) {
      if (plan.qos == 2 && first >> 4 == 5 && size >= 2) {  // PUBREC; MQTT 3.1.1 has no refusal in it
        releases += packet(0x62, std::string(body, 2));
        return;
      }
      if (first >> 4 != (plan.qos == 2 ? 7U : 4U)) die(plan.qos == 2 ? "no PUBREC or PUBCOMP" : "no PUBACK");
      ++acknowledged;
    });
    if (!releases.empty()) client.send(releases);
  }
  client.send(packet(0xE0, ""));
}

/// Everything has to come in order, each message once. At QoS 2 every exchange is finished.
void drain(const Plan& plan) {
  std::vector<std::unique_ptr<Client>> clients;
  std::vector<pollfd> polled;
  std::vector<std::uint32_t> next(static_cast<std::size_t>(plan.sessions), 0);
  for (int i = 0; i < plan.sessions; ++i) {
    clients.push_back(std::make_unique<Client>(plan, "backlog-" + std::to_string(i), false));
    polled.push_back({clients.back()->socket(), POLLIN, 0});
  }
  std::uint64_t left = std::uint64_t{plan.messages} * static_cast<std::uint64_t>(plan.sessions);
  std::uint64_t exchanges = plan.qos == 2 ? left : 0;
  while (left > 0 || exchanges > 0) {
    if (::poll(polled.data(), polled.size(), 10'000) <= 0)
      die("nothing comes; missing " + std::to_string(left));
    for (std::size_t i = 0; i < polled.size(); ++i) {
      if ((polled[i].revents & POLLIN) == 0) continue;
      std::string acks;
      clients[i]->receive([&](unsigned first, const char* body, std::size_t size) {
        if (first >> 4 == 6) {  // PUBREL
          acks += packet(0x70, std::string(body, 2));
          --exchanges;
        }
        if (first >> 4 != 3) return;
        const std::size_t topic =
            static_cast<unsigned char>(body[0]) * 256U + static_cast<unsigned char>(body[1]);
        if (size < topic + 8) die("a damaged message");
        acks += packet(plan.qos == 2 ? 0x50 : 0x40, std::string(body + 2 + topic, 2));
        const std::uint32_t number = number_at(body + 4 + topic);
        if (number != next[i])
          die("session " + std::to_string(i) + " got " + std::to_string(number) + " in place of " +
              std::to_string(next[i]));
        ++next[i];
        --left;
      });
      if (!acks.empty()) clients[i]->send(acks);
    }
  }
  for (auto& client : clients) client->send(packet(0xE0, ""));
}

}  // namespace
}  // namespace hermod::backlog

int main(int count, char** words) {
  using namespace hermod::backlog;
  Plan plan;
  const std::string what = count > 1 ? words[1] : "";
  for (int i = 2; i + 1 < count; i += 2) {
    const std::string name = words[i];
    const int value = std::atoi(words[i + 1]);
    if (name == "--port") plan.port = value;
    if (name == "--sessions") plan.sessions = value;
    if (name == "--messages") plan.messages = static_cast<std::uint32_t>(value);
    if (name == "--payload") plan.payload = static_cast<std::size_t>(value);
    if (name == "--own-topics") plan.own_topics = value != 0;
    if (name == "--qos") plan.qos = value;
    if (name == "--after") plan.after = value;
    if (name == "--over") plan.over = value;
    if (name == "--queue") plan.queue = words[i + 1];
  }
  if (plan.qos != 1 && plan.qos != 2) die("--qos is 1 or 2");
  const auto begin = std::chrono::steady_clock::now();
  std::uint64_t messages = std::uint64_t{plan.messages} * static_cast<std::uint64_t>(plan.sessions);
  if (what == "subscribe") {
    subscribe(plan);
    messages = 0;
  } else if (what == "fill") {
    fill(plan);
  } else if (what == "drain") {
    drain(plan);
  } else if (what == "delay") {
    delay(plan);
    messages = plan.messages;
  } else if (what == "take") {
    take(plan);
  } else if (what == "visit") {
    visit(plan);
  } else {
    die("subscribe, fill, drain, delay, take or visit --port N --sessions N --messages N --payload BYTES "
        "--own-topics 0|1 --qos "
        "1|2 --queue NAME --after SECONDS --over SECONDS");
  }
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  std::printf("%s: %llu queue entries in %.1f s, %.0f/s\n", what.c_str(),
              static_cast<unsigned long long>(messages), seconds, static_cast<double>(messages) / seconds);
  return 0;
}
