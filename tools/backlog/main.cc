// hermod-backlog: fills the queues of sessions that are away, and drains them. tools/backlog/measure runs it.

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

namespace {

struct Plan {
  int port = 1883;
  int sessions = 100;
  std::uint32_t messages = 100'000;  ///< for each session
  std::size_t payload = 64;
  bool own_topics = false;  ///< a topic for each session instead of one for all
  int qos = 1;
};

[[noreturn]] void die(const std::string& why) {
  std::fprintf(stderr, "hermod-backlog: %s\n", why.c_str());
  std::exit(1);
}

void put16(std::string& out, std::size_t value) {
  out += static_cast<char>(value >> 8);
  out += static_cast<char>(value);
}

std::string packet(unsigned first, const std::string& body) {
  std::string out(1, static_cast<char>(first));
  std::size_t left = body.size();
  do {
    const std::size_t digit = left % 128;
    left /= 128;
    out += static_cast<char>(left > 0 ? digit | 128 : digit);
  } while (left > 0);
  return out + body;
}

std::string text(const std::string& value) {
  std::string out;
  put16(out, value.size());
  return out + value;
}

std::uint32_t number_at(const char* data) {
  std::uint32_t value = 0;
  std::memcpy(&value, data, sizeof value);
  return value;
}

/// One MQTT 3.1.1 connection over a blocking socket.
class Client {
 public:
  Client(const Plan& plan, const std::string& id, bool clean) {
    socket_ = ::socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(plan.port));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (::connect(socket_, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) die("cannot connect");
    const int on = 1;
    ::setsockopt(socket_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    std::string body = text("MQTT");
    body += '\4';
    body += static_cast<char>(clean ? 2 : 0);
    put16(body, 0);
    send(packet(0x10, body + text(id)));
  }
  ~Client() { ::close(socket_); }
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  int socket() const { return socket_; }
  void send(const std::string& bytes) {
    for (std::size_t at = 0; at < bytes.size();) {
      const ssize_t sent = ::send(socket_, bytes.data() + at, bytes.size() - at, MSG_NOSIGNAL);
      if (sent <= 0) die("the broker closed a connection");
      at += static_cast<std::size_t>(sent);
    }
  }
  /// Waits for bytes and calls visit(first byte, body, size) for each whole packet.
  template <class Visit>
  void receive(Visit visit) {
    char chunk[65536];
    const ssize_t got = ::recv(socket_, chunk, sizeof chunk, 0);
    if (got <= 0) die("the broker closed a connection");
    in_.append(chunk, static_cast<std::size_t>(got));
    std::size_t at = 0;
    for (;;) {
      std::size_t size = 0;
      std::size_t head = at + 1;
      bool whole = false;
      for (unsigned shift = 0; head < in_.size(); shift += 7) {
        const auto digit = static_cast<unsigned char>(in_[head++]);
        size |= std::size_t{digit & 127U} << shift;
        if (digit < 128) {
          whole = head + size <= in_.size();
          break;
        }
      }
      if (!whole) break;
      visit(static_cast<unsigned char>(in_[at]), in_.data() + head, size);
      at = head + size;
    }
    in_.erase(0, at);
  }
  /// Waits for one packet of this type.
  void await(unsigned type) {
    for (bool come = false; !come;)
      receive([&](unsigned first, const char*, std::size_t) { come |= first >> 4 == type; });
  }

 private:
  int socket_ = -1;
  std::string in_;
};

std::string topic_of(const Plan& plan, int session) {
  return plan.own_topics ? "backlog/" + std::to_string(session) : "backlog";
}

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

int main(int count, char** words) {
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
  } else {
    die("subscribe, fill or drain --port N --sessions N --messages N --payload BYTES --own-topics 0|1 --qos "
        "1|2");
  }
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  std::printf("%s: %llu queue entries in %.1f s, %.0f/s\n", what.c_str(),
              static_cast<unsigned long long>(messages), seconds, static_cast<double>(messages) / seconds);
  return 0;
}
