#include "delayed.h"

#include <algorithm>
#include <chrono>
#include <memory>
#include <set>
#include <thread>
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

/// What a message is known by, in front of its payload.
struct Stamp {
  std::int64_t due = 0;  ///< Unix time, seconds
  std::uint32_t number = 0;
};

void send_all(const Plan& plan, std::int64_t begin) {
  Client client(plan, "backlog-delayer", true);
  client.await(2);
  constexpr std::uint64_t kWindow = 500;
  const std::string payload(plan.payload, 'x');
  const unsigned publish = 0x30U | static_cast<unsigned>(plan.qos) << 1;
  std::uint64_t sent = 0;
  std::uint64_t ended = 0;
  while (ended < plan.messages) {
    std::string out;
    for (; sent < plan.messages && sent - ended < kWindow; ++sent) {
      // Not in the order in which they are due.
      const std::uint64_t number = sent * 7919 % plan.messages;
      const Stamp stamp{due_second(plan, begin, number), static_cast<std::uint32_t>(number)};
      std::string body = text("$delayed/" + std::to_string(stamp.due) + "/backlog");
      put16(body, sent % 65535 + 1);
      std::string stamped = payload;
      std::memcpy(stamped.data(), &stamp, sizeof stamp);
      out += packet(publish, body + stamped);
    }
    if (!out.empty()) client.send(out);
    std::string releases;
    client.receive([&](unsigned first, const char* body, std::size_t) {
      if (first >> 4 == 5) {
        releases += packet(0x62, std::string(body, 2));
      } else if (first >> 4 == (plan.qos == 2 ? 7U : 4U)) {
        ++ended;
      } else {
        die("a PUBLISH was not acknowledged");
      }
    });
    if (!releases.empty()) client.send(releases);
  }
  client.send(packet(0xE0, ""));
}

/// Takes the messages in a session that survives, with the plan's QoS, and says how late they came, which did
/// not, and which came twice. When the broker goes away it connects again.
class Reader {
 public:
  explicit Reader(const Plan& plan) : plan_(plan), came_(plan.messages) {
    connect();
    std::string body;
    put16(body, 1);
    body += text("backlog");
    body += static_cast<char>(plan.qos);
    client_->send(packet(0x82, body));
    client_->await(9);
    late_.reserve(plan.messages);
  }

  /// Until all have come, or none for the client's patience.
  void take_all() {
    while (late_.size() < plan_.messages) {
      std::string answers;
      const bool is_there = client_->receive_if_there([&](unsigned first, const char* body, std::size_t) {
        if (first >> 4 == 3) take(first, body, answers);
        if (first >> 4 == 6) {
          open_.erase(std::string(body, 2));
          answers += packet(0x70, std::string(body, 2));
        }
      });
      if (!is_there || (!answers.empty() && !client_->send_if_there(answers))) connect();
    }
  }

  void tell() {
    std::sort(late_.begin(), late_.end());
    const auto at = [&](double part) {
      const auto place = static_cast<std::size_t>(part * static_cast<double>(late_.size() - 1));
      return static_cast<double>(late_[place]) / 1000;
    };
    std::printf("late: first %.1f ms, half %.1f ms, 99 of 100 %.1f ms, last %.1f ms\n", at(0), at(0.5),
                at(0.99), at(1));
    if (restarts_ == 0) return;
    // What was due meanwhile could only come behind it.
    std::printf("%d restarts, at most %.1f s away; %zu lost, %zu twice; late but for what was due then: ",
                restarts_, static_cast<double>(longest_away_) / 1e6, plan_.messages - late_.size(), twice_);
    std::sort(late_beside_.begin(), late_beside_.end());
    std::printf(
        "99 of 100 %.1f ms\n",
        static_cast<double>(
            late_beside_[static_cast<std::size_t>(0.99 * static_cast<double>(late_beside_.size() - 1))]) /
            1000);
  }

 private:
  void connect() {
    const std::int64_t from = now_micros();
    client_.reset();
    while (!client_ && now_micros() - from < kPatience) {
      auto next = std::make_unique<Client>(plan_, "backlog-reader", /*clean=*/false, /*must=*/false);
      if (next->is_connected() && next->await_if_there(2))
        client_ = std::move(next);
      else
        std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
    if (!client_) die("the broker does not come back");
    if (last_came_ == 0) return;
    ++restarts_;
    back_ = now_micros();
    longest_away_ = std::max(longest_away_, back_ - last_came_);
  }

  void take(unsigned first, const char* body, std::string& answers) {
    const std::size_t topic =
        static_cast<unsigned char>(body[0]) * 256U + static_cast<unsigned char>(body[1]);
    const unsigned qos = first >> 1 & 3U;
    const std::string id(body + 2 + topic, qos > 0 ? 2 : 0);
    if (qos > 0) answers += packet(qos == 2 ? 0x50 : 0x40, id);
    if (qos == 2 && !open_.insert(id).second) return;  // its PUBREC was lost [MQTT-4.3.3-10]
    Stamp stamp;
    std::memcpy(&stamp, body + 2 + topic + id.size(), sizeof stamp);
    last_came_ = now_micros();
    if (stamp.number >= came_.size() || came_[stamp.number]) {
      ++twice_;
      return;
    }
    came_[stamp.number] = true;
    late_.push_back(last_came_ - stamp.due * 1'000'000);
    if (back_ == 0 || stamp.due * 1'000'000 > back_ + kSettling ||
        stamp.due * 1'000'000 < back_ - longest_away_ - kSettling)
      late_beside_.push_back(late_.back());
  }

  static constexpr std::int64_t kPatience = 60'000'000;
  static constexpr std::int64_t kSettling = 2'000'000;  ///< what was due while it was away comes in this time

  const Plan& plan_;
  std::unique_ptr<Client> client_;
  std::vector<bool> came_;
  std::vector<std::int64_t> late_;         ///< microseconds
  std::vector<std::int64_t> late_beside_;  ///< of what was not due while the broker was away
  std::set<std::string> open_;             ///< packet identifiers of QoS 2 without PUBREL
  std::size_t twice_ = 0;
  std::int64_t last_came_ = 0;
  std::int64_t back_ = 0;
  std::int64_t longest_away_ = 0;
  int restarts_ = 0;
};

}  // namespace

void delay(const Plan& plan) {
  if (plan.payload < sizeof(Stamp)) die("--payload is 16 or more");
  Reader reader(plan);
  const std::int64_t begin = now_micros() / 1'000'000 + plan.after;
  send_all(plan, begin);
  const std::int64_t in_time = begin * 1'000'000 - now_micros();
  std::printf("sent %.1f s before the first is due\n", static_cast<double>(in_time) / 1e6);
  std::fflush(stdout);
  if (plan.after >= kTooLateToWaitFor) return;
  reader.take_all();
  reader.tell();
}

}  // namespace hermod::backlog
