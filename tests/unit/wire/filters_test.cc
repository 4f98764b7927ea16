#include "wire/filters.h"

#include <gtest/gtest.h>

#include <vector>

namespace hermod::wire {
namespace {

TEST(SubscribeFilters, GiveBackEveryOptionInOrder) {
  std::vector<SubscribeFilter> wanted;
  SubscribeFilterWriter writer;
  for (const QoS qos : {QoS::AtMostOnce, QoS::AtLeastOnce, QoS::ExactlyOnce}) {
    for (const RetainHandling handling : {RetainHandling::SendAtSubscribe,
                                          RetainHandling::SendIfNewSubscription, RetainHandling::DoNotSend}) {
      for (const bool no_local : {false, true}) {
        for (const bool as_published : {false, true}) {
          wanted.push_back({"filter/+", qos, no_local, as_published, handling});
          writer.add(wanted.back(), Version::Mqtt5);
        }
      }
    }
  }
  const SubscribeFilters filters = writer.filters();
  ASSERT_EQ(filters.size(), wanted.size());
  std::size_t index = 0;
  for (const SubscribeFilter& filter : filters) {
    EXPECT_EQ(filter.filter, wanted[index].filter);
    EXPECT_EQ(filter.qos, wanted[index].qos);
    EXPECT_EQ(filter.no_local, wanted[index].no_local);
    EXPECT_EQ(filter.retain_as_published, wanted[index].retain_as_published);
    EXPECT_EQ(filter.retain_handling, wanted[index].retain_handling);
    ++index;
  }
  EXPECT_EQ(index, wanted.size());
}

TEST(SubscribeFilters, OlderVersionsKeepTheQoSAlone) {
  SubscribeFilterWriter writer;
  writer.add({"a", QoS::ExactlyOnce, true, true, RetainHandling::DoNotSend}, Version::Mqtt311);
  const SubscribeFilter filter = *writer.filters().begin();
  EXPECT_EQ(filter.qos, QoS::ExactlyOnce);
  EXPECT_FALSE(filter.no_local);
  EXPECT_FALSE(filter.retain_as_published);
  EXPECT_EQ(filter.retain_handling, RetainHandling::SendAtSubscribe);
}

TEST(SubscribeFilters, NoneByDefault) {
  const SubscribeFilters none;
  EXPECT_TRUE(none.empty());
  EXPECT_EQ(none.begin(), none.end());
}

TEST(UnsubscribeFilters, GiveBackEveryFilterInOrder) {
  const std::vector<std::string> wanted{"a", "", "b/#", std::string(65'535, 'x'), "+"};
  UnsubscribeFilterWriter writer;
  for (const std::string& filter : wanted) writer.add(filter);
  std::vector<std::string> got;
  for (const std::string_view filter : writer.filters()) got.emplace_back(filter);
  EXPECT_EQ(got, wanted);
  EXPECT_EQ(writer.filters().size(), wanted.size());
}

TEST(ReasonCodes, AreSeenInOrder) {
  const std::vector<ReasonCode> wanted{ReasonCode::GrantedQoS2, ReasonCode::NotAuthorized,
                                       ReasonCode::Success};
  const ReasonCodes reasons{std::span(wanted)};
  EXPECT_EQ(std::vector<ReasonCode>(reasons.begin(), reasons.end()), wanted);
  EXPECT_EQ(reasons.size(), 3U);
  EXPECT_EQ(reasons[1], ReasonCode::NotAuthorized);
  EXPECT_TRUE(ReasonCodes{}.empty());
}

}  // namespace
}  // namespace hermod::wire
