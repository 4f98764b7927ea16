#include "client/command_line.h"

#include <gtest/gtest.h>

namespace hermod::client {
namespace {

using Words = std::vector<std::string>;

Words with(Words words, const Words& more) {
  words.insert(words.end(), more.begin(), more.end());
  return words;
}

TEST(ParsePublish, DefaultsAreThoseOfMosquitto) {
  const auto options = parse_publish({"-t", "a", "-m", "hello"});
  ASSERT_TRUE(options);
  EXPECT_EQ(options->session.host, "127.0.0.1");
  EXPECT_EQ(options->session.port, 1883);
  EXPECT_EQ(options->session.version, wire::Version::Mqtt311);
  EXPECT_EQ(options->session.keep_alive, 60);
  EXPECT_TRUE(options->session.clean_start);
  EXPECT_EQ(options->session.client_id.size(), 23U) << "before MQTT 5 a client names itself";
  EXPECT_EQ(options->message.text, "hello");
  EXPECT_EQ(options->message.qos, wire::QoS::AtMostOnce);
  EXPECT_FALSE(options->message.retain);
}

TEST(ParsePublish, LettersReachTheirFields) {
  const auto options = parse_publish({"-h",        "h",
                                      "-p",        "1",
                                      "-t",        "a",
                                      "-m",        "-5",
                                      "-q",        "2",
                                      "-r",        "-u",
                                      "u",         "-P",
                                      "p",         "-i",
                                      "me",        "-k",
                                      "0",         "-V",
                                      "mqttv5",    "-M",
                                      "3",         "--repeat",
                                      "4",         "--repeat-delay",
                                      "0.5",       "-A",
                                      "127.0.0.2", "--nodelay",
                                      "-c",        "-d"});
  ASSERT_TRUE(options) << options.error().text;
  EXPECT_EQ(options->message.text, "-5");
  EXPECT_EQ(options->message.qos, wire::QoS::ExactlyOnce);
  EXPECT_TRUE(options->message.retain);
  EXPECT_EQ(options->session.username, "u");
  EXPECT_EQ(options->session.password, "p");
  EXPECT_EQ(options->session.client_id, "me");
  EXPECT_EQ(options->session.keep_alive, 0);
  EXPECT_EQ(options->session.version, wire::Version::Mqtt5);
  EXPECT_EQ(options->max_in_flight, 3);
  EXPECT_EQ(options->repeat, 4U);
  EXPECT_DOUBLE_EQ(options->repeat_delay, 0.5);
  EXPECT_EQ(options->session.bind_address, "127.0.0.2");
  EXPECT_TRUE(options->session.no_delay);
  EXPECT_FALSE(options->session.clean_start);
  EXPECT_EQ(options->session.properties.connect.properties().session_expiry_interval(), 0xFFFFFFFF)
      << "-c keeps the session for ever unless -x says otherwise";
}

TEST(ParsePublish, EverySourceIsAMessageAndOnlyOneMayBeGiven) {
  const std::pair<Words, Source> sources[] = {{{"-m", ""}, Source::Text},
                                              {{"-f", "x"}, Source::File},
                                              {{"-n"}, Source::Empty},
                                              {{"-s"}, Source::Stdin},
                                              {{"-l"}, Source::StdinLines}};
  for (const auto& [words, source] : sources) {
    const auto options = parse_publish(with({"-t", "a"}, words));
    ASSERT_TRUE(options) << options.error().text;
    EXPECT_EQ(options->message.source, source);
    const Words second = source == Source::Empty ? Words{"-s"} : Words{"-n"};
    EXPECT_FALSE(parse_publish(with(with({"-t", "a"}, words), second)));
  }
  EXPECT_FALSE(parse_publish({"-t", "a"}));
}

TEST(ParsePublish, WhatIsWrongIsNamedAndSoIsTheWayOut) {
  const std::pair<Words, const char*> wrong[] = {
      {{"-m", "x"}, "add -t"},
      {{"-t", "a/#", "-m", "x"}, "a/#"},
      {{"-t", "a"}, "add -m"},
      {{"-t", "a", "-m", "x", "-q", "3"}, "qos"},
      {{"-t", "a", "-m", "x", "-p", "0"}, "port"},
      {{"-t", "a", "-m", "x", "-p", "http"}, "port"},
      {{"-t", "a", "-m", "x", "-V", "4"}, "use 31, 311 or 5"},
      {{"-t", "a", "-m", "x", "--nonsense"}, "--nonsense"},
      {{"-t", "a", "-m", "x", "-c"}, "add -i"},
      {{"-t", "a", "-m", "x", "-P", "secret"}, "add -u"},
      {{"-t", "a", "-m", "x", "-V", "5", "-x", "soon"}, "soon"},
      {{"-t", "a", "-m", "x", "--will-payload", "w"}, "--will-topic"},
      {{"-t", "a", "-m", "x", "--will-topic", "+"}, "--will-topic"},
      {{"-t", "a", "-m", "x", "-i", "a", "-I", "b"}, "id-prefix"},
      {{"-t", "a", "-l", "--repeat", "2"}, "--repeat"},
      {{"-t", "a", "-m", "x", "-D", "publish", "nothing", "1"}, "nothing"}};
  for (const auto& [words, text] : wrong) {
    const auto options = parse_publish(words);
    ASSERT_FALSE(options) << text;
    EXPECT_EQ(options.error().exit_code, 1);
    EXPECT_NE(options.error().text.find(text), std::string::npos) << options.error().text;
  }
}

TEST(ParsePublish, TlsIsAskedForByWhomToTrust) {
  for (const Words& tls : {Words{"--cafile", "x"}, Words{"--capath", "x"}, Words{"--tls-use-os-certs"},
                           Words{"--psk", "00", "--psk-identity", "me"}}) {
    const auto options = parse_publish(with({"-t", "a", "-m", "x"}, tls));
    ASSERT_TRUE(options) << options.error().text;
    EXPECT_TRUE(options->session.tls);
    EXPECT_EQ(options->session.port, 8883);
    EXPECT_EQ(parse_publish(with({"-t", "a", "-m", "x", "-p", "1"}, tls))->session.port, 1);
  }
  const auto plain = parse_publish({"-t", "a", "-m", "x"});
  EXPECT_FALSE(plain->session.tls);
  EXPECT_EQ(plain->session.port, 1883);
}

TEST(ParsePublish, AUrlWithTlsTrustsTheSystemUnlessOthersAreNamed) {
  const auto by_url = parse_publish({"-L", "mqtts://h/t", "-m", "x"});
  ASSERT_TRUE(by_url && by_url->session.tls);
  EXPECT_TRUE(by_url->session.tls->uses_os_authorities);
  EXPECT_EQ(by_url->session.port, 8883);
  const auto named = parse_publish({"-L", "mqtts://h:99/t", "-m", "x", "--cafile", "ca.pem"});
  EXPECT_FALSE(named->session.tls->uses_os_authorities);
  EXPECT_EQ(named->session.port, 99);
}

TEST(ParsePublish, OptionsOfTlsThatDoNotFitAreRefusedAndNotIgnored) {
  const std::pair<Words, const char*> wrong[] = {
      {{"--insecure"}, "--insecure: nothing asks for TLS"},
      {{"--cert", "c", "--key", "k"}, "--cert: nothing asks for TLS"},
      {{"--tls-alpn", "mqtt"}, "--tls-alpn: nothing asks for TLS"},
      {{"--cafile", "x", "--cert", "c"}, "--cert and --key need each other"},
      {{"--psk", "00"}, "--psk and --psk-identity need each other"},
      {{"--psk", "00", "--psk-identity", "me", "--cafile", "x"}, "a key stands instead of certificates"},
      {{"--cafile", "x", "--tls-version", "tlsv1.1"}, "use tlsv1.2 or tlsv1.3"},
      {{"--cafile", "x", "--tls-engine", "e"}, "--tls-engine: keys are read from files only"},
      {{"--cafile", "x", "--keyform", "engine"}, "--keyform: keys are read from files only"},
      {{"--cafile", "x", "--unix", "/socket"}, "a Unix socket needs no TLS"}};
  for (const auto& [tls, text] : wrong) {
    const auto options = parse_publish(with({"-t", "a", "-m", "x"}, tls));
    ASSERT_FALSE(options) << text;
    EXPECT_NE(options.error().text.find(text), std::string::npos) << options.error().text;
  }
}

TEST(ParsePublish, AUrlGivesAddressUserAndTopicAndLettersGoFirst) {
  const auto options = parse_publish({"-L", "mqtt://u:p@h:1999/from/url", "-m", "x"});
  ASSERT_TRUE(options);
  EXPECT_EQ(options->session.host, "h");
  EXPECT_EQ(options->session.port, 1999);
  EXPECT_EQ(options->session.username, "u");
  EXPECT_EQ(options->message.topic, "from/url");
  const auto other = parse_publish({"-L", "mqtt://u:p@h/from/url", "-m", "x", "-t", "other", "-u", "me"});
  ASSERT_TRUE(other);
  EXPECT_EQ(other->message.topic, "other");
  EXPECT_EQ(other->session.username, "me");
}

TEST(ParsePublish, AskingForAPropertyAsksForMqtt5) {
  const auto options = parse_publish({"-t", "a", "-m", "x", "-D", "publish", "content-type", "c"});
  ASSERT_TRUE(options);
  EXPECT_EQ(options->session.version, wire::Version::Mqtt5);
  EXPECT_TRUE(options->session.client_id.empty()) << "at MQTT 5 the broker may choose";
}

TEST(ParsePublish, SessionExpiryTakesItsThreeWordsForNever) {
  for (const char* never : {"-1", "4294967295", "\xE2\x88\x9E"}) {
    const auto options = parse_publish({"-t", "a", "-m", "x", "-V", "5", "-x", never});
    ASSERT_TRUE(options) << options.error().text;
    EXPECT_EQ(options->session.properties.connect.properties().session_expiry_interval(), 0xFFFFFFFF);
  }
}

TEST(ParsePublish, AWillHasAllItsParts) {
  const auto options =
      parse_publish({"-t", "a", "-m", "x", "--will-topic", "w", "--will-payload", "bye", "--will-qos", "1",
                     "--will-retain", "-D", "will", "will-delay-interval", "5"});
  ASSERT_TRUE(options) << options.error().text;
  ASSERT_TRUE(options->session.will);
  EXPECT_EQ(options->session.will->payload, "bye");
  EXPECT_EQ(options->session.will->qos, wire::QoS::AtLeastOnce);
  EXPECT_TRUE(options->session.will->retain);
  EXPECT_EQ(options->session.properties.will.properties().will_delay_interval(), 5U);
}

TEST(ParsePublish, AUnixSocketReplacesHostAndPort) {
  EXPECT_EQ(parse_publish({"-h", "unix:/run/x", "-t", "a", "-n"})->session.unix_path, "/run/x");
  EXPECT_EQ(parse_publish({"--unix", "/run/y", "-t", "a", "-n"})->session.unix_path, "/run/y");
}

TEST(ParsePublish, HelpIsNoError) {
  const auto help = parse_publish({"--help"});
  ASSERT_FALSE(help);
  EXPECT_EQ(help.error().exit_code, 0);
  EXPECT_NE(help.error().text.find("--repeat-delay"), std::string::npos);
}

TEST(ParseSubscribe, RepeatedLettersAddUp) {
  const auto options = parse_subscribe({"-t",  "a",  "-t", "b/#", "-T", "b/c", "-U",
                                        "old", "-q", "1",  "-C",  "3",  "-W",  "1.5",
                                        "-v",  "-N", "-R", "-E",  "-F", "%t",  "--random-filter",
                                        "50"});
  ASSERT_TRUE(options) << options.error().text;
  EXPECT_EQ(options->filters, (Words{"a", "b/#"}));
  EXPECT_EQ(options->filter_out, (Words{"b/c"}));
  EXPECT_EQ(options->unsubscribe, (Words{"old"}));
  EXPECT_EQ(options->qos, wire::QoS::AtLeastOnce);
  EXPECT_EQ(options->count, 3U);
  EXPECT_DOUBLE_EQ(options->timeout_seconds, 1.5);
  EXPECT_TRUE(options->output.verbose);
  EXPECT_FALSE(options->output.end_of_line);
  EXPECT_TRUE(options->no_retained);
  EXPECT_TRUE(options->leave_when_subscribed);
  EXPECT_DOUBLE_EQ(options->random_percent, 50);
}

TEST(ParseSubscribe, FiltersAreChecked) {
  EXPECT_FALSE(parse_subscribe({}));
  EXPECT_TRUE(parse_subscribe({"-U", "a"}));
  EXPECT_FALSE(parse_subscribe({"-t", "a#"}));
  EXPECT_FALSE(parse_subscribe({"-t", "a", "-T", "+b"}));
  EXPECT_FALSE(parse_subscribe({"-t", "a", "-W", "0"}));
  EXPECT_FALSE(parse_subscribe({"-t", "a", "-C", "0"}));
  EXPECT_FALSE(parse_subscribe({"-t", "a", "-R", "--retained-only"}));
  EXPECT_FALSE(parse_subscribe({"-t", "a", "--retain-as-published"}));
  EXPECT_TRUE(parse_subscribe({"-t", "a", "--retain-as-published", "-V", "5"}));
}

TEST(ParseRequest, NeedsARequestAndAResponseTopic) {
  const auto options = parse_request({"-t", "q", "-e", "z", "-m", "x", "-W", "2"});
  ASSERT_TRUE(options) << options.error().text;
  EXPECT_EQ(options->session.version, wire::Version::Mqtt5);
  EXPECT_EQ(options->response_topic, "z");
  EXPECT_FALSE(parse_request({"-t", "q", "-m", "x"}));
  EXPECT_FALSE(parse_request({"-e", "z", "-m", "x"}));
  EXPECT_FALSE(parse_request({"-t", "q", "-e", "z/#", "-m", "x"}));
  EXPECT_TRUE(parse_request({"-t", "q", "-e", "z/#", "-m", "x", "-V", "311"}));
}

}  // namespace
}  // namespace hermod::client
