#include "tests/support/broker_test.h"

#include <cstdlib>
#include <utility>

namespace hermod::integration {
namespace {

const char* foreign_port() {
  return std::getenv("HERMOD_TEST_BROKER_PORT");
}

/// The end of the log, for a failed test.
std::string tail(const std::string& log) {
  constexpr std::size_t kShown = 8000;
  return log.size() <= kShown ? log : log.substr(log.size() - kShown);
}

}  // namespace

bool BrokerTest::is_foreign_broker() {
  return foreign_port() != nullptr;
}

void BrokerTest::start_broker(BrokerSetup setup) {
  if (is_foreign_broker()) return;
  if (broker_) throw Unexpected("the broker runs already");
  broker_ = std::make_unique<BrokerProcess>(std::move(setup));
  broker_->start();
}

BrokerProcess& BrokerTest::broker() {
  if (!broker_) start_broker(BrokerSetup{});
  return *broker_;
}

std::uint16_t BrokerTest::port() {
  if (is_foreign_broker()) return static_cast<std::uint16_t>(std::stoi(foreign_port()));
  return broker().port();
}

void BrokerTest::TearDown() {
  if (!broker_) return;
  if (broker_->running()) {
    EXPECT_EQ(broker_->stop(), 0) << "exit code after SIGTERM";
  } else {
    ADD_FAILURE() << "the broker ended before the test did";
  }
  if (HasFailure())
    std::fprintf(stderr, "--- broker log\n%s--- end of broker log\n", tail(broker_->log()).c_str());
}

MqttClient BrokerTest::client(const std::string& id, Version version, Where where) {
  return {port(), {.client_id = id, .version = version}, where};
}

MqttClient BrokerTest::connect(const ConnectOptions& options, Where where) {
  return {port(), options, where};
}

MqttClient BrokerTest::durable_client(const std::string& id, Version version, Where where) {
  return {port(), durable(id, version), where};
}

Connack BrokerTest::connack_of(const ConnectOptions& options, Where where) {
  RawClient raw(port());
  raw.send(connect_bytes(options), where);
  return parse_connack(options.version, raw.next(kPatience, where));
}

void BrokerTest::wait_for_payload(MqttClient& reader, const std::string& payload) {
  const auto deadline = Clock::now() + kPatience;
  std::string last;
  while (last != payload) {
    ASSERT_LT(Clock::now(), deadline) << "the last value was " << last;
    if (const auto message = reader.try_receive(100ms)) last = message->payload;
  }
}

void BrokerTest::expect_service(Where where) {
  MqttClient probe = client("service-probe", Version::V5, where);
  probe.subscribe("service/probe", 2, 0, {}, where);
  probe.publish("service/probe", "alive", 2, where);
  EXPECT_EQ(probe.receive(where).payload, "alive");
  probe.disconnect(0, {}, where);
}

ConnectOptions durable(const std::string& id, Version version) {
  ConnectOptions options{.client_id = id, .version = version, .clean = false};
  if (version == Version::V5) options.properties.add(property::kSessionExpiryInterval, 3600);
  return options;
}

}  // namespace hermod::integration
