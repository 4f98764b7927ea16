#include "queue/available_options.h"

#include <gtest/gtest.h>

#include "queue/queue_option.h"

namespace hermod::queue {
namespace {

TEST(AvailableOptions, TheDefaultsAre) {
  QueueDefinition definition;
  definition.name = "orders";
  definition.bind = {"a/#"};
  EXPECT_TRUE(check_available(definition));
}

TEST(AvailableOptions, WhatEveryQueueHasIs) {
  QueueDefinition definition;
  definition.name = "orders";
  for (const auto& [option, value] :
       {std::pair{"order", "strict"}, std::pair{"key", "topic"}, std::pair{"lanes", "4"},
        std::pair{"max_length", "10"}, std::pair{"max_inflight", "1"}, std::pair{"dead_letter", "none"},
        std::pair{"overflow", "drop-oldest"}, std::pair{"match", "any:a"}, std::pair{"dedup_window", "5m"},
        std::pair{"last_value", "true"}, std::pair{"rate_in", "5/s"}}) {
    ASSERT_TRUE(set_option(definition, option, value));
    EXPECT_TRUE(check_available(definition)) << option;
  }
}

/// An option that is accepted without doing anything would lose messages that somebody relies on.
TEST(AvailableOptions, WhatIsNotCarriedOutIsRefusedWithWhatToLeaveItAt) {
  struct Case {
    const char* option;
    const char* value;
    const char* told;
  };
  const Case cases[] = {
      {"seq", "detect", "seq: detect is not available yet; leave it at off"},
  };
  for (const Case& one : cases) {
    QueueDefinition definition;
    definition.name = "orders";
    ASSERT_TRUE(set_option(definition, one.option, one.value));
    const Status status = check_available(definition);
    ASSERT_FALSE(status) << one.option;
    EXPECT_EQ(status.error().code, Errc::Unsupported);
    EXPECT_EQ(status.error().detail, one.told);
  }
}

}  // namespace
}  // namespace hermod::queue
