#include "config/listen_url.h"

#include <gtest/gtest.h>

namespace hermod::config {
namespace {

TEST(ListenUrl, HostAndPortAreTakenFromTheUrl) {
  EXPECT_EQ(parse_listen_url("mqtt://127.0.0.1:1883"), (ListenUrl{{"127.0.0.1", 1883}, false}));
  EXPECT_EQ(parse_listen_url("mqtt://[::1]:2000"), (ListenUrl{{"::1", 2000}, false}));
  EXPECT_EQ(parse_listen_url("mqtt://localhost:0"), (ListenUrl{{"localhost", 0}, false}));
  EXPECT_EQ(parse_listen_url("mqtt://*:1883"), (ListenUrl{{"*", 1883}, false}));
  EXPECT_EQ(parse_listen_url("mqtt://[fe80::1%eth0]"), (ListenUrl{{"fe80::1%eth0", 1883}, false}));
}

TEST(ListenUrl, TheUsualPortIsTakenWhenNoneIsNamed) {
  EXPECT_EQ(parse_listen_url("mqtt://10.0.0.1"), (ListenUrl{{"10.0.0.1", 1883}, false}));
  EXPECT_EQ(parse_listen_url("mqtt://10.0.0.1/"), (ListenUrl{{"10.0.0.1", 1883}, false}));
}

TEST(ListenUrl, TlsHasItsOwnSchemeAndUsualPort) {
  EXPECT_EQ(parse_listen_url("mqtts://10.0.0.1"), (ListenUrl{{"10.0.0.1", 8883}, true}));
  EXPECT_EQ(parse_listen_url("mqtts://[::1]:1"), (ListenUrl{{"::1", 1}, true}));
}

TEST(ListenUrl, AWebSocketHasAPath) {
  EXPECT_EQ(parse_listen_url("ws://10.0.0.1"), (ListenUrl{{"10.0.0.1", 8083}, false, true, "/mqtt"}));
  EXPECT_EQ(parse_listen_url("wss://[::1]/"), (ListenUrl{{"::1", 8084}, true, true, "/"}));
  EXPECT_EQ(parse_listen_url("ws://*:80/a/b"), (ListenUrl{{"*", 80}, false, true, "/a/b"}));
  for (const char* url :
       {"ws://127.0.0.1/a?b", "ws://127.0.0.1/a#b", "ws://127.0.0.1/%41", "ws://127.0.0.1/a b"})
    EXPECT_FALSE(parse_listen_url(url)) << url;
}

TEST(ListenUrl, AUnixSocketHasAnAbsolutePathOfTheLengthTheSystemAllows) {
  const std::string longest = "/" + std::string(106, 'x');
  EXPECT_EQ(parse_listen_url("unix:///run/x.sock"), (ListenUrl{{"", 0, "/run/x.sock"}, false}));
  EXPECT_TRUE(parse_listen_url("unix://" + longest));
  for (const std::string& url :
       {"unix://" + longest + "x", std::string("unix://"), std::string("unix://run/x"),
        std::string("unix:///run/"), std::string("unix:/run/x")})
    EXPECT_FALSE(parse_listen_url(url)) << url;
}

TEST(ListenUrl, WhatIsNoAddressIsRefused) {
  for (const char* url :
       {"", "127.0.0.1:1883", "http://127.0.0.1", "mqtt://", "mqtt://:1883", "mqtt://example.org:1883",
        "mqtt://127.0.0.1:", "mqtt://127.0.0.1:65536", "mqtt://127.0.0.1:-1", "mqtt://127.0.0.1:18x",
        "mqtt://::1:1883", "mqtt://[::1", "mqtt://[::1]1883", "mqtt://127.0.0.1:1883/path",
        "mqtt://user@127.0.0.1", "ws:///run/x.sock", "ws+unix:///run/x.sock"}) {
    EXPECT_FALSE(parse_listen_url(url)) << url;
  }
}

TEST(ListenUrl, AddressIsWrittenAsItIsRead) {
  for (const char* url : {"mqtt://127.0.0.1:1883", "mqtt://[::1]:2000", "mqtt://*:1", "mqtts://*:2",
                          "ws://[::1]:3/mqtt", "wss://*:4/", "unix:///run/x.sock"}) {
    EXPECT_EQ(listen_url(*parse_listen_url(url)), url);
  }
}

TEST(ListenUrl, OnlyLoopbackAddressesAreLoopback) {
  EXPECT_TRUE(is_loopback({"", 0, "/run/x.sock"}));
  for (const char* host : {"127.0.0.1", "127.200.0.1", "::1", "localhost", "::ffff:127.0.0.1"}) {
    EXPECT_TRUE(is_loopback({host, 1})) << host;
  }
  for (const char* host : {"0.0.0.0", "*", "::", "10.0.0.1", "128.0.0.1", "fe80::1", "::ffff:10.0.0.1"}) {
    EXPECT_FALSE(is_loopback({host, 1})) << host;
  }
}

}  // namespace
}  // namespace hermod::config
