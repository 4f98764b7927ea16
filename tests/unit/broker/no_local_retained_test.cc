#include "tests/unit/broker/path_fixture.h"

namespace hermod::broker::testing {
namespace {

class NoLocalRetained : public PathTest {
 protected:
  /// What a new subscription to everything brings to `client`, behind its SUBACK.
  std::vector<std::string> subscribe_anew(FakeClient& client, bool no_local) {
    heard(client);
    client.subscribe({9}, {{"#", kQoS1, no_local}});
    settle();
    return heard(client);
  }
};

TEST_F(NoLocalRetained, RetainedMessagesOfTheSessionItselfAreNotForwardedToIt) {
  FakeClient other = login("other");
  FakeClient client = login({.client_id = "client", .durable = true});
  publish(other, {.topic = "theirs", .payload = "1", .retain = true});
  publish(client, {.topic = "mine", .payload = "2", .retain = true});
  settle();
  EXPECT_THAT(subscribe_anew(client, true), ElementsAre("SUBACK #9 0x01", "PUBLISH theirs=1 retain"));
}

TEST_F(NoLocalRetained, ItIsTheSessionThatCountsAndNotItsConnection) {
  FakeClient first = login({.client_id = "client", .durable = true});
  publish(first, {.topic = "mine", .payload = "1", .retain = true});
  settle();
  first.disconnect();
  settle();
  FakeClient again = login({.client_id = "client", .durable = true});
  EXPECT_THAT(subscribe_anew(again, true), ElementsAre("SUBACK #9 0x01"));
}

TEST_F(NoLocalRetained, WithoutTheOptionTheyAreForwarded) {
  FakeClient client = login({.client_id = "client", .durable = true});
  publish(client, {.topic = "mine", .payload = "1", .retain = true});
  settle();
  EXPECT_THAT(subscribe_anew(client, false), ElementsAre("SUBACK #9 0x01", "PUBLISH mine=1 retain"));
}

}  // namespace
}  // namespace hermod::broker::testing
