#include "broker/entry_properties.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "wire/property_writer.h"

namespace hermod::broker {
namespace {

using Pairs = std::vector<std::pair<std::string, std::string>>;

Pairs said_in(Bytes block) {
  Pairs all;
  for (const wire::UserProperty property : wire::UserProperties(block))
    all.emplace_back(property.name, property.value);
  return all;
}

const WallTime kStored{std::chrono::microseconds(1'795'000'000'000'001)};

TEST(EntryProperties, StandBehindWhatThePublisherSaid) {
  EntryProperties properties;
  wire::PropertyWriter publisher;
  publisher.add(wire::PropertyId::ContentType, "text/plain").add_user("a", "b");
  const queue::Death death{.queue = "jobs", .reason = queue::DeathReason::Expired};
  const Bytes all = properties.behind(publisher.properties().raw(), {.key = "k",
                                                                     .queue = "orders",
                                                                     .offset = Seq{42},
                                                                     .stored_at = kStored,
                                                                     .deliveries = 3,
                                                                     .first_death = &death});
  EXPECT_EQ(said_in(all), (Pairs{{"a", "b"},
                                 {"key", "k"},
                                 {"queue", "orders"},
                                 {"offset", "42"},
                                 {"ts", "1795000000000001"},
                                 {"x-delivery-count", "3"},
                                 {"x-first-death-reason", "expired"},
                                 {"x-first-death-queue", "jobs"}}));
  EXPECT_EQ(wire::Properties::over(all).content_type(), "text/plain");
}

TEST(EntryProperties, AKeyIsSaidOnceAndAStreamCountsNoDeliveries) {
  EntryProperties properties;
  wire::PropertyWriter publisher;
  publisher.add_user("key", "theirs");
  EXPECT_EQ(said_in(properties.behind(publisher.properties().raw(),
                                      {.key = "theirs", .offset = Seq{1}, .stored_at = kStored})),
            (Pairs{{"key", "theirs"}, {"offset", "1"}, {"ts", "1795000000000001"}}));
}

/// The size depends on nothing of the message: what fits once fits for each.
TEST(EntryProperties, WhenShortNothingOfTheMessageIsSaid) {
  EntryProperties properties;
  const std::string long_key(65'535, 'k');
  const queue::Death death{.queue = long_key};
  const EntryProperties::Said said{.key = long_key,
                                   .queue = "q",
                                   .offset = Seq{~0ULL},
                                   .stored_at = kStored,
                                   .deliveries = ~0U,
                                   .first_death = &death};
  EXPECT_GT(properties.behind({}, said).size(), 2U * 65'535U);
  EXPECT_EQ(said_in(properties.behind({}, said, /*is_short=*/true)),
            (Pairs{{"queue", "q"},
                   {"offset", std::to_string(~0ULL)},
                   {"ts", "1795000000000001"},
                   {"x-delivery-count", std::to_string(~0U)}}));
}

}  // namespace
}  // namespace hermod::broker
