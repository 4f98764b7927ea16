#include <gmock/gmock.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>

#include "tests/support/broker_test.h"

namespace hermod::integration {

/// What the broker tells systemd, at a socket that the test reads.
class Notify : public BrokerTest {
 protected:
  void SetUp() override {
    HERMOD_NEEDS_OWN_BROKER();
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    const std::string path = (folder_.path() / "notify").string();
    path.copy(address.sun_path, sizeof address.sun_path - 1);
    socket_ = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    ASSERT_EQ(::bind(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
    const timeval patience{.tv_sec = kPatience / 1s, .tv_usec = 0};
    ::setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    start_broker({.in_front = {"env", "NOTIFY_SOCKET=" + path}});
  }
  ~Notify() override { ::close(socket_); }

  /// Everything up to READY=1.
  std::vector<std::string> told_until_ready() {
    std::vector<std::string> told;
    std::array<char, 4096> buffer{};
    while (told.empty() || !told.back().starts_with("READY=1")) {
      const ssize_t size = ::recv(socket_, buffer.data(), buffer.size(), 0);
      if (size < 0) {
        ADD_FAILURE() << "it was not said that the broker is ready";
        break;
      }
      told.emplace_back(buffer.data(), static_cast<std::size_t>(size));
    }
    return told;
  }

 private:
  TemporaryFolder folder_;
  int socket_ = -1;
};

TEST_F(Notify, AStartWithMuchToRecoverAsksForTimeBeforeItIsReady) {
  EXPECT_THAT(told_until_ready(), ::testing::ElementsAre("READY=1\nSTATUS=Accepting connections"))
      << "there was nothing";
  constexpr int kSleepers = 120;
  constexpr int kMessages = 500;
  for (int i = 0; i < kSleepers; ++i) {
    MqttClient sleeper = durable_client("sleeper-" + std::to_string(i));
    sleeper.subscribe("work", 1);
    sleeper.disconnect();
  }
  MqttClient publisher = client("publisher");
  for (int i = 0; i < kMessages; ++i) publisher.publish("work", std::to_string(i), 1);
  broker().kill();
  broker().start();
  const std::vector<std::string> told = told_until_ready();
  ASSERT_GE(told.size(), 2U);
  EXPECT_THAT(told.front(), ::testing::AllOf(::testing::StartsWith("STATUS=Recovering: 120 sessions, "),
                                             ::testing::HasSubstr(" queued messages\n"),
                                             ::testing::HasSubstr("\nEXTEND_TIMEOUT_USEC=")));
}

}  // namespace hermod::integration
