#include <sys/resource.h>

#include "tests/integration/hostile/hostile_test.h"
#include "tests/support/settings.h"

namespace hermod::integration {

namespace {

/// Raises this process's limit of descriptors to the most it may have, as the broker does for itself, and
/// puts it back at the end.
class AllDescriptors {
 public:
  AllDescriptors() {
    EXPECT_EQ(::getrlimit(RLIMIT_NOFILE, &before_), 0);
    const rlimit raised{before_.rlim_max, before_.rlim_max};
    EXPECT_EQ(::setrlimit(RLIMIT_NOFILE, &raised), 0);
  }
  AllDescriptors(const AllDescriptors&) = delete;
  AllDescriptors& operator=(const AllDescriptors&) = delete;
  ~AllDescriptors() { ::setrlimit(RLIMIT_NOFILE, &before_); }

  std::size_t count() const { return before_.rlim_max; }

 private:
  rlimit before_{};
};

}  // namespace

TEST_F(Hostile, T41_IdleConnectionsCostLittle) {
  HERMOD_NEEDS_OWN_BROKER();
  const AllDescriptors descriptors;
  broker();
  // Of a few thousand each needs a descriptor here and one of the broker's.
  const std::size_t many = std::min<std::size_t>(4000, descriptors.count() - 200);
  const std::size_t before = broker().process().resident_bytes();
  std::vector<MqttClient> idle;
  idle.reserve(many);
  for (std::size_t i = 0; i < many; ++i) {
    idle.push_back(connect({.client_id = "idle-" + std::to_string(i),
                            .version = i % 3 == 0 ? Version::V311 : Version::V5,
                            .keep_alive = static_cast<std::uint16_t>(i % 2 == 0 ? 0 : 65535)}));
  }
  if (!kSanitized) {
    EXPECT_LT(broker().process().resident_bytes(), before + many * 16000U);
  }
  expect_service();
  idle.back().ping();
  idle.front().ping();
}

TEST_F(Hostile, T41_KeepAliveIsCappedSoThatIdleConnectionsEnd) {
  HERMOD_NEEDS_OWN_BROKER();
  start_with({{setting::kMaxKeepAlive, "1s"}});
  for (const std::uint16_t asked : std::initializer_list<std::uint16_t>{0, 65535}) {
    MqttClient idle = connect({.client_id = "idle", .keep_alive = asked});
    EXPECT_EQ(idle.connack().properties.number(property::kServerKeepAlive), 1U);
    idle.expect_ended({reason::kKeepAliveTimeout}, scaled(4s));
  }
}

TEST_F(Hostile, T41_OneAddressMayOnlyHaveSoManyConnections) {
  HERMOD_NEEDS_OWN_BROKER();
  start_with({{setting::kMaxConnectionsPerAddress, "5"}});
  std::vector<MqttClient> clients;
  for (int i = 0; i < 5; ++i) clients.push_back(client("client-" + std::to_string(i)));
  expect_connect_refused(Version::V5, connect_bytes({.client_id = "one-more"}));
  clients.back().disconnect();
  clients.pop_back();
  // The place is free when the broker has seen the end of the stream.
  const auto end = Clock::now() + kPatience;
  bool accepted = false;
  while (!accepted && Clock::now() < end) {
    RawClient raw(port());
    const auto answer =
        raw.try_send(connect_bytes({.client_id = "takes-the-place"})) ? raw.poll(kPatience) : std::nullopt;
    accepted = answer && parse_connack(Version::V5, *answer).reason == 0;
  }
  EXPECT_TRUE(accepted);
  // The one that is to serve below does not count who has gone and was not seen to go.
  clients.clear();
  EXPECT_EQ(broker().stop(), 0);
  broker().start();
}

}  // namespace hermod::integration
