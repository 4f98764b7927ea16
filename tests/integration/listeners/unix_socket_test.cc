#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/integration/listeners/listeners_test.h"

namespace hermod::integration {

class UnixSocket : public LanListener {
 protected:
  std::string path_ = path("hermod.sock");
  std::string url_ = "unix://" + path_;

  MqttClient local(const std::string& id, Where where = Where::current()) {
    return {RawClient::at(path_), {.client_id = id}, where};
  }
  static unsigned mode_of(const std::string& file) {
    struct stat found {};
    return ::lstat(file.c_str(), &found) == 0 ? found.st_mode & 0777U : 0;
  }
  static std::string own_name() {
    const passwd* user = ::getpwuid(::getuid());
    return user == nullptr ? "" : user->pw_name;
  }
};

TEST_F(UnixSocket, ServesAndIsRemovedAtTheEnd) {
  start_broker({.settings = lan({{"url", url_}}), .threads = 4});
  EXPECT_EQ(mode_of(path_), 0660U);
  MqttClient subscriber = local("subscriber");
  subscriber.subscribe("unix/topic", 2);
  client("publisher").publish("unix/topic", "across", 2);
  EXPECT_EQ(subscriber.receive().payload, "across");
  expect_logged("listener.started listener=lan path=" + path_ + " protocol=mqtt");
  expect_logged("client=subscriber address=" + path_);
  subscriber.disconnect();
  EXPECT_EQ(broker().stop(), 0);
  EXPECT_FALSE(std::filesystem::exists(path_));
  broker().start();
}

TEST_F(UnixSocket, HasTheModeAndOwnerItIsTold) {
  const std::string own = std::to_string(::getuid()) + ":" + std::to_string(::getgid());
  start_with(lan({{"url", url_}, {"mode", "622"}, {"owner", own}}));
  EXPECT_EQ(mode_of(path_), 0622U);
  expect_not_started(
      {"--set", "listeners.x.url=unix://" + path("x.sock"), "--set", "listeners.x.owner=nobody-of-this-name"},
      "there is no user 'nobody-of-this-name'");
  EXPECT_FALSE(std::filesystem::exists(path("x.sock")));
}

TEST_F(UnixSocket, WhatAKilledBrokerLeftIsReplaced) {
  start_with(lan({{"url", url_}}));
  broker().kill();
  EXPECT_TRUE(std::filesystem::exists(path_));
  broker().start();
  local("again").ping();
}

TEST_F(UnixSocket, WhatSomebodyElseUsesIsLeftAlone) {
  start_with(lan({{"url", url_}}));
  expect_not_started({"--listen", url_}, "cannot listen on " + path_ + ": Address already in use");
  local("still-there").ping();
  write_text(path("file"), "of somebody");
  expect_not_started({"--listen", "unix://" + path("file")},
                     "there is a file of this name that is no socket");
  EXPECT_EQ(read_text(path("file")), "of somebody");
  expect_not_started({"--listen", "unix://" + path("no/folder.sock")}, "its folder must be there");
}

TEST_F(UnixSocket, AnothersFileInItsPlaceIsNotRemoved) {
  start_with(lan({{"url", url_}}));
  std::filesystem::remove(path_);
  write_text(path_, "of somebody");
  EXPECT_EQ(broker().stop(), 0);
  EXPECT_EQ(read_text(path_), "of somebody");
  std::filesystem::remove(path_);
  broker().start();
}

TEST_F(UnixSocket, TheSystemsUserIsTheUserWhenAskedFor) {
  if (own_name().empty() || ::getuid() == 65534) GTEST_SKIP() << "this user has no name";
  Settings settings = lan({{"url", url_}, {"identity", "user"}});
  settings.back().second = "false";  // auth.allow_anonymous
  start_with(settings);
  local("known").ping();
  expect_logged("client=known address=" + path_ + " version=5.0 session_present=0 user=" + own_name());
  EXPECT_EQ(connack_of({.client_id = "stranger"}).reason, 0x87);
}

TEST_F(UnixSocket, NeitherCountsAsAnAddressNorAsOtherMachines) {
  start_with({{"listeners.lan.url", url_}, {setting::kMaxConnectionsPerAddress, "1"}});
  MqttClient one = local("one");
  MqttClient two = local("two");
  one.ping();
  two.ping();
}

TEST_F(UnixSocket, AProxyMayComeByItToo) {
  start_with(lan({{"url", url_}, {"proxy_protocol", "required"}}));
  RawClient raw = RawClient::at(path_);
  raw.send(proxy::version2(0x21, 0x11, proxy::kIpv4Pair));
  MqttClient(std::move(raw), {.client_id = "proxied"}).ping();
  expect_logged("client=proxied address=192.0.2.7 version=5.0 session_present=0 proxy=" + path_);
  RawClient bare = RawClient::at(path_);
  bare.try_send(connect_bytes({.client_id = "bare"}));
  EXPECT_TRUE(bare.drain_until_closed());
  expect_logged("proxy.refused listener=lan address=" + path_ + " reason=missing");
}

}  // namespace hermod::integration
