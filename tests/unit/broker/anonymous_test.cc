// Without accounts every client is anonymous.

#include "tests/unit/broker/path_fixture.h"

namespace hermod::broker::testing {
namespace {

class Anonymous : public VersionedPathTest {
 protected:
  void expect_refused(FakeClient client) {
    settle();
    EXPECT_THAT(heard(client), ElementsAre("CONNACK 0x87", "end"));
  }
};
INSTANTIATE_TEST_SUITE_P(Versions, Anonymous, ::testing::Values(Version::Mqtt31, kV311, kV5));

TEST_P(Anonymous, EveryClientIsRefusedWhenStrangersAre) {
  options_.allow_anonymous = false;
  expect_refused(call({.client_id = "c", .version = GetParam()}));
  expect_refused(call({.client_id = "c", .version = GetParam(), .durable = true}));
  EXPECT_EQ(broker().directory().find("c"), std::nullopt) << "a stranger leaves nothing behind";
  EXPECT_EQ(counted(Counter::ConnectionsRefused), 2);
  EXPECT_THAT(written(), IsEmpty());
}

TEST_P(Anonymous, AUserNameDoesNotMakeAStrangerKnown) {
  options_.allow_anonymous = false;
  FakeClient client(broker().connect(0), GetParam());
  client.peer().make_room(kPlenty);
  wire::Connect packet;
  packet.version = GetParam();
  packet.client_id = "c";
  packet.clean_start = true;
  packet.username = "user";
  packet.password = as_bytes(std::string_view("secret"));
  client.connect(packet);
  expect_refused(std::move(client));
}

}  // namespace
}  // namespace hermod::broker::testing
