#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "tests/integration/listeners/listeners_test.h"
#include "tests/support/loopback.h"

namespace hermod::integration {

/// Sockets that listen and are inherited by whoever is started; the test does what systemd would.
class Activation : public LanListener {
 protected:
  ~Activation() override {
    for (const int socket : sockets_) ::close(socket);
  }

  void listen_on_port() { listen_on_port(lan_port_.number()); }
  void listen_on_port(std::uint16_t port) {
    const sockaddr_in address = loopback_address(port);
    listen_at(AF_INET, reinterpret_cast<const sockaddr*>(&address), sizeof address);
  }
  void listen_on_path() {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path("hermod.sock").copy(address.sun_path, sizeof address.sun_path - 1);
    listen_at(AF_UNIX, reinterpret_cast<const sockaddr*>(&address), sizeof address);
  }
  /// Words in front of a command that give it the sockets under this name, as its descriptors from 3 on.
  std::vector<std::string> handed_over_as(const std::string& name) const {
    std::string names;
    std::string aside;  // first out of the way: one may have the number that another is to get
    std::string in_place;
    for (std::size_t i = 0; i < sockets_.size(); ++i) {
      const std::string away = std::to_string(200 + i);
      names += (i == 0 ? "" : ":") + name;
      aside += " " + away + "<&" + std::to_string(sockets_[i]);
      in_place += " " + std::to_string(3 + i) + "<&" + away + " " + away + "<&-";
    }
    return {"bash", "-c",
            "export LISTEN_PID=$$ LISTEN_FDS=" + std::to_string(sockets_.size()) +
                " LISTEN_FDNAMES=" + names + "; exec \"$@\"" + aside + in_place,
            "bash"};
  }
  void start_activated(const Settings& listener, int threads = 2) {
    start_broker({.settings = lan(listener), .in_front = handed_over_as("lan"), .threads = threads});
  }
  /// A broker with this listener, to which the socket is handed over as `name`, does not come up.
  void expect_not_activated(const std::string& name, const std::string& url, const std::string& said) {
    std::vector<std::string> words = handed_over_as(name);
    words.insert(words.end(),
                 {support::broker_binary(), "--data-dir", "", "--set", "listeners.lan.url=" + url});
    const Finished finished = run(words);
    EXPECT_EQ(finished.exit_code, 1);
    EXPECT_THAT(finished.errors, HasSubstr(said));
  }

 private:
  void listen_at(int family, const sockaddr* address, socklen_t length) {
    const int socket = ::socket(family, SOCK_STREAM, 0);
    sockets_.push_back(socket);
    const int on = 1;
    ::setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    ASSERT_EQ(::bind(socket, address, length), 0);
    ASSERT_EQ(::listen(socket, 16), 0);
  }

  std::vector<int> sockets_;
};

TEST_F(Activation, TheSocketOfItsNameIsUsedAndOutlivesTheBroker) {
  listen_on_port();
  start_activated({{"url", url()}}, 3);
  expect_logged("listener=lan address=127.0.0.1 port=" + std::to_string(lan_port_.number()) +
                " protocol=mqtt opened_by=systemd");
  std::vector<MqttClient> clients;
  for (int i = 0; i < 12; ++i)
    clients.emplace_back(lan_port_.number(), ConnectOptions{.client_id = "c" + std::to_string(i)});
  for (MqttClient& each : clients) each.disconnect();
  EXPECT_EQ(broker().stop(), 0);
  RawClient early(lan_port_.number());  // waits for the next broker instead of being refused
  early.send(connect_bytes({.client_id = "early"}));
  broker().start();
  EXPECT_EQ(parse_connack(Version::V5, early.next()).reason, 0);
}

TEST_F(Activation, SocketsOfOneNameAreTheUrlsOfItsListener) {
  const LeasedPort second;
  const LeasedPort third;  // systemd has no socket for this one
  listen_on_port();
  listen_on_port(second.number());
  const auto at = [](std::uint16_t port) { return "mqtt://127.0.0.1:" + std::to_string(port); };
  start_activated({{"url", url() + ", " + at(third.number()) + ", " + at(second.number())}});
  const auto expect_opened_by = [&](const std::string& who, std::uint16_t port) {
    expect_logged("listener=lan address=127.0.0.1 port=" + std::to_string(port) +
                  " protocol=mqtt opened_by=" + who);
    MqttClient(port, {.client_id = "c" + std::to_string(port)}).ping();
  };
  expect_opened_by("systemd", lan_port_.number());
  expect_opened_by("systemd", second.number());
  expect_opened_by("hermod", third.number());
}

TEST_F(Activation, ASocketMayBeForWebSocket) {
  listen_on_port();
  start_activated({{"url", "ws://127.0.0.1:" + std::to_string(lan_port_.number()) + "/mqtt"}});
  expect_logged("protocol=ws opened_by=systemd");
  RawClient raw(lan_port_.number());
  raw.upgrade();
  MqttClient(std::move(raw), {.client_id = "page"}).ping();
}

TEST_F(Activation, ASocketMayBeForTls) {
  const support::TlsFiles files;
  listen_on_port();
  start_broker({.settings = files.settings(lan_port_.number()), .in_front = handed_over_as("secure")});
  expect_logged("protocol=mqtts opened_by=systemd");
  MqttClient(RawClient(lan_port_.number(), support::TlsClient{}), {.client_id = "sealed"}).ping();
}

TEST_F(Activation, AUnixSocketStaysSystemds) {
  listen_on_path();
  start_activated({{"url", "unix://" + path("hermod.sock")}, {"mode", "0600"}});
  MqttClient(RawClient::at(path("hermod.sock")), {.client_id = "local"}).ping();
  EXPECT_EQ(broker().stop(), 0);
  EXPECT_TRUE(std::filesystem::exists(path("hermod.sock")));
  broker().start();
}

TEST_F(Activation, ASocketThatIsForNoListenerIsAnError) {
  listen_on_port();
  const std::string bound = "127.0.0.1:" + std::to_string(lan_port_.number());
  expect_not_activated(
      "wan", "mqtt://" + bound,
      "systemd hands over the socket wan on " + bound + ", and no listener has this name and address");
  expect_not_activated("lan", "mqtt://127.0.0.2:" + std::to_string(lan_port_.number()),
                       "systemd hands over the socket lan on " + bound);
}

}  // namespace hermod::integration
