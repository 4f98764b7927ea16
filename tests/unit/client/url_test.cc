#include "client/url.h"

#include <gtest/gtest.h>

namespace hermod::client {
namespace {

TEST(Url, EveryPartIsFound) {
  const auto url = parse_url("mqtt://us%40er:p%3Aw@broker.example:1884/a/b");
  ASSERT_TRUE(url);
  EXPECT_EQ(url->username, "us@er");
  EXPECT_EQ(url->password, "p:w");
  EXPECT_EQ(url->host, "broker.example");
  EXPECT_EQ(url->port, 1884);
  EXPECT_EQ(url->topic, "a/b");
}

TEST(Url, PortAndUserMayBeLeftOut) {
  const auto url = parse_url("mqtt://host/t");
  ASSERT_TRUE(url);
  EXPECT_FALSE(url->username);
  EXPECT_FALSE(url->password);
  EXPECT_EQ(url->port, 1883);
}

TEST(Url, AnIPv6AddressStandsInBrackets) {
  const auto with_port = parse_url("mqtt://[::1]:1999/t");
  ASSERT_TRUE(with_port);
  EXPECT_EQ(with_port->host, "::1");
  EXPECT_EQ(with_port->port, 1999);
  const auto without = parse_url("mqtt://u@[fe80::2]/t");
  ASSERT_TRUE(without);
  EXPECT_EQ(without->host, "fe80::2");
  EXPECT_EQ(without->port, 1883);
}

TEST(Url, AnAtSignInThePasswordDoesNotEndIt) {
  const auto url = parse_url("mqtt://u:a@b@host/t");
  ASSERT_TRUE(url);
  EXPECT_EQ(url->password, "a@b");
  EXPECT_EQ(url->host, "host");
}

TEST(Url, WhatIsMissingIsNamed) {
  const std::pair<const char*, const char*> wrong[] = {{"http://host/t", "mqtt://"},
                                                       {"mqtt://host", "topic"},
                                                       {"mqtt://host/", "topic"},
                                                       {"mqtt:///t", "host"},
                                                       {"mqtt://host:0/t", "port"},
                                                       {"mqtt://host:70000/t", "port"},
                                                       {"mqtt://host:/t", "port"},
                                                       {"mqtt://[::1/t", "bracket"},
                                                       {"mqtt://[::1]1883/t", "behind the bracket"},
                                                       {"mqtt://[::1]x:1883/t", "behind the bracket"}};
  for (const auto& [text, word] : wrong) {
    const auto url = parse_url(text);
    ASSERT_FALSE(url) << text;
    EXPECT_EQ(url.error().exit_code, 1);
    EXPECT_NE(url.error().text.find(word), std::string::npos) << url.error().text;
  }
}

TEST(Url, TlsHasAPortOfItsOwn) {
  const auto url = parse_url("mqtts://host/t");
  ASSERT_TRUE(url);
  EXPECT_TRUE(url->is_tls);
  EXPECT_EQ(url->host, "host");
  EXPECT_EQ(url->port, 8883);
  EXPECT_FALSE(parse_url("mqtt://host/t")->is_tls);
}

}  // namespace
}  // namespace hermod::client
