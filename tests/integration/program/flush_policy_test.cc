#include <gmock/gmock.h>

#include "tests/support/broker_test.h"
#include "tests/support/settings.h"

namespace hermod::integration {

using ::testing::HasSubstr;
using ::testing::Not;

/// Which promise is in force is not to be guessed: the log of every start and `$SYS` say it.
class FlushPolicy : public BrokerTest {
 protected:
  void SetUp() override { HERMOD_NEEDS_OWN_BROKER(); }
  std::string told() {
    MqttClient reader = client("reader");
    reader.subscribe("$SYS/broker/store/flush", 0);
    return reader.receive().payload;
  }
};

class FlushPolicyOf : public FlushPolicy, public ::testing::WithParamInterface<const char*> {};
INSTANTIATE_TEST_SUITE_P(Policies, FlushPolicyOf, ::testing::Values("sync", "interval:250", "memory"));

TEST_P(FlushPolicyOf, InForceIsLoggedAtTheStartAndShownInSys) {
  const std::string policy = GetParam();
  start_with({{"store.flush", policy}, {setting::kSysInterval, "1s"}});
  EXPECT_EQ(told(), policy);
  EXPECT_THAT(broker().log(), HasSubstr(" torn_tail=0 flush=" + policy));
  const std::string warned = " store.flush policy=" + policy;
  if (policy == "sync") {
    EXPECT_THAT(broker().log(), Not(HasSubstr(" store.flush ")));
  } else {
    EXPECT_THAT(broker().log(), HasSubstr(warned));
  }
}

TEST_F(FlushPolicy, IsSyncWhenNobodySaysOtherwise) {
  start_with({{setting::kSysInterval, "1s"}});
  EXPECT_EQ(told(), "sync");
  EXPECT_THAT(broker().log(), HasSubstr(" torn_tail=0 flush=sync"));
}

}  // namespace hermod::integration
