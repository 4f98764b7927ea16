#include "tests/support/broker_test.h"

namespace hermod::integration {

using Ping = VersionedBrokerTest;

TEST_P(Ping, IsAnswered) {
  MqttClient pinging = client("pinging", GetParam());
  pinging.raw().send(pingreq_bytes());
  pinging.raw().expect_bytes(hex("D0 00"));
}

TEST_P(Ping, ManyAtOnceAreAnsweredOneByOne) {
  MqttClient pinging = client("pinging", GetParam());
  std::string requests;
  std::string answers;
  for (int i = 0; i < 1000; ++i) {
    requests += pingreq_bytes();
    answers += hex("D0 00");
  }
  pinging.raw().send(requests);
  pinging.raw().expect_bytes(answers);
  pinging.raw().expect_silence(50ms);
}

INSTANTIATE_TEST_SUITE_P(All, Ping, all_versions());

}  // namespace hermod::integration
