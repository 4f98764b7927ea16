#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "tests/integration/listeners/listeners_test.h"
#include "tests/support/loopback.h"

namespace hermod::integration {

/// A socket that listens and is inherited by whoever is started; the test does what systemd would.
class Activation : public LanListener {
 protected:
  ~Activation() override { ::close(socket_); }

  void listen_on_port() {
    const sockaddr_in address = loopback_address(lan_port_.number());
    listen_at(AF_INET, reinterpret_cast<const sockaddr*>(&address), sizeof address);
  }
  void listen_on_path() {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path("hermod.sock").copy(address.sun_path, sizeof address.sun_path - 1);
    listen_at(AF_UNIX, reinterpret_cast<const sockaddr*>(&address), sizeof address);
  }
  /// Words in front of a command that give it the socket under this name, as its descriptor 3.
  std::vector<std::string> handed_over_as(const std::string& name) const {
    return {"bash", "-c",
            "export LISTEN_PID=$$ LISTEN_FDS=1 LISTEN_FDNAMES=" + name + "; exec \"$@\" 3<&" +
                std::to_string(socket_),
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
    socket_ = ::socket(family, SOCK_STREAM, 0);
    const int on = 1;
    ::setsockopt(socket_, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    ASSERT_EQ(::bind(socket_, address, length), 0);
    ASSERT_EQ(::listen(socket_, 16), 0);
  }

  int socket_ = -1;
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
