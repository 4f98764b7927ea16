#pragma once
#include <gtest/gtest.h>

#include <cstdint>
#include <memory>
#include <string>

#include "tests/support/broker_process.h"
#include "tests/support/mqtt_client.h"

namespace hermod::integration {

using namespace hermod::support;

/// A test against a broker of its own, started when first needed and stopped at the end, where its exit
/// code and its being alive are checked.
///
/// With HERMOD_TEST_BROKER_PORT in the environment the tests talk to whatever listens on that port of
/// 127.0.0.1 instead: that is for comparing with another broker. Settings are then not applied, and tests
/// that need the process skip.
class BrokerTest : public ::testing::Test {
 protected:
  void TearDown() override;

  /// Starts the broker with these; must be the first use of it.
  void start_broker(BrokerSetup setup);
  void start_with(Settings settings) { start_broker(BrokerSetup{.settings = std::move(settings)}); }

  /// The broker; started with defaults when it does not run yet.
  BrokerProcess& broker();
  std::uint16_t port();
  static bool is_foreign_broker();

  /// A connected client with a clean session.
  MqttClient client(const std::string& id, Version version = Version::V5, Where where = Where::current());
  MqttClient connect(const ConnectOptions& options, Where where = Where::current());
  /// A connected client whose session outlives the connection.
  MqttClient durable_client(const std::string& id, Version version = Version::V5,
                            Where where = Where::current());
  /// The CONNACK of a connection that is then closed.
  Connack connack_of(const ConnectOptions& options, Where where = Where::current());

  /// Reads until a message has that payload.
  static void wait_for_payload(MqttClient& reader, const std::string& payload);
  /// A new client can connect, subscribe and get its own message at QoS 2.
  void expect_service(Where where = Where::current());

 private:
  std::unique_ptr<BrokerProcess> broker_;
};

/// The same, once for each protocol version.
class VersionedBrokerTest : public BrokerTest, public ::testing::WithParamInterface<Version> {
 protected:
  static bool is_v5() { return GetParam() == Version::V5; }
};

/// Options of a session that outlives its connection, in the words of that version.
ConnectOptions durable(const std::string& id, Version version = Version::V5);

/// For INSTANTIATE_TEST_SUITE_P: every protocol version, and the two that most tests need.
inline auto all_versions() {
  return ::testing::Values(Version::V31, Version::V311, Version::V5);
}
inline auto main_versions() {
  return ::testing::Values(Version::V311, Version::V5);
}

/// GTEST_SKIP for tests that need the broker's process or settings.
#define HERMOD_NEEDS_OWN_BROKER() \
  if (is_foreign_broker()) GTEST_SKIP() << "needs a broker of its own"

}  // namespace hermod::integration
