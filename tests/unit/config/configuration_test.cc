#include "config/configuration.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <regex>

#include "config/socket_keys.h"
#include "tests/unit/config/built.h"

namespace hermod::config {
namespace {

TEST(Configuration, WithoutAnythingOnlyThisMachineMayConnectAndWithoutAName) {
  const Built built("");
  EXPECT_EQ(built.told(), "");
  const broker::Options& options = built.configuration.settings().broker;
  ASSERT_EQ(options.net.listeners.size(), 1U);
  EXPECT_EQ(options.net.listeners[0].addresses.front(), (net::ListenAddress{"127.0.0.1", 1883}));
  EXPECT_TRUE(options.allow_anonymous);
}

TEST(Configuration, ValuesReachTheOptionsOfTheirRoom) {
  const Built built(
      "[mqtt]\nmax_packet_size = \"10MB\"\nmax_keep_alive = \"5m\"\nmax_session_expiry = \"7d\"\n"
      "receive_maximum_mode = \"lenient\"\n[session]\noverflow = \"drop-oldest\"\n[log]\nlevel = "
      "\"notice\"\n");
  EXPECT_EQ(built.told(), "");
  const Settings& settings = built.configuration.settings();
  EXPECT_EQ(settings.broker.mqtt.max_packet_size, 10'000'000U);
  EXPECT_EQ(settings.broker.mqtt.max_keep_alive, 300);
  EXPECT_EQ(settings.broker.session.max_expiry_interval, 604'800U);
  EXPECT_TRUE(settings.broker.session.lenient_receive_maximum);
  EXPECT_EQ(settings.broker.session.queue.overflow, queue::Overflow::DropOldest);
  EXPECT_EQ(settings.log.level, log::Level::Notice);
}

TEST(Configuration, ALaterSourceWinsAndIsNamedAsTheOrigin) {
  const Built built("[mqtt]\nmax_qos = 1\nreceive_maximum = 7\n", {{"mqtt.max_qos", "0"}});
  EXPECT_EQ(built.told(), "");
  EXPECT_EQ(built.value_of("mqtt.max_qos"), "0");
  EXPECT_EQ(built.origin_of("mqtt.max_qos"), "flag --set");
  EXPECT_EQ(built.origin_of("mqtt.receive_maximum"), "h.toml:3");
  EXPECT_EQ(built.origin_of("mqtt.max_topic_levels"), "default");
}

TEST(Configuration, UnknownKeyIsToldWithFileLineAndTheNearestKey) {
  const Built built("[mqtt]\nmax_paket_size = 1\n");
  EXPECT_EQ(built.told(), "h.toml:2: unknown key mqtt.max_paket_size; did you mean mqtt.max_packet_size?\n");
}

TEST(Configuration, EverythingWrongIsToldInOneRun) {
  const Built built(
      "[mqtt]\nmax_qos = 3\nnonsense_nonsense_nonsense = 1\nconnect_timeout = 30\n[listeners.a]\nurl = "
      "\"http://127.0.0.1\"\n",
      {{"net.backlog", "many"}});
  EXPECT_EQ(built.told(),
            "h.toml:2: mqtt.max_qos: 3 is outside of 0 to 2\n"
            "h.toml:3: unknown key mqtt.nonsense_nonsense_nonsense\n"
            "h.toml:4: mqtt.connect_timeout: a duration such as \"500ms\", \"30s\" or \"7d\" is expected\n"
            "h.toml:6: listeners.a.url: an address such as mqtt://127.0.0.1:1883 or mqtt://[::1]:1883 is "
            "expected\n"
            "flag --set: net.backlog: a whole number is expected\n");
}

TEST(Configuration, ListenerOtherMachinesCanReachNeedsAWordAboutAnonymousClients) {
  const Built built("[listeners.lan]\nurl = \"mqtt://0.0.0.0:1883\"\n");
  ASSERT_EQ(built.problems.size(), 1U);
  EXPECT_EQ(built.problems[0].origin.text(), "h.toml:2");
  EXPECT_TRUE(built.told().ends_with("    [auth]\n    allow_anonymous = true\n")) << built.told();
  EXPECT_FALSE(built.configuration.settings().broker.allow_anonymous);
}

TEST(Configuration, AListenerOnTheCommandLineIsToldTheFlagToo) {
  const Built built("", {{"listeners.flag1.url", "mqtt://0.0.0.0:1883"}});
  EXPECT_TRUE(built.told().ends_with("    --set auth.allow_anonymous=true\n")) << built.told();
  const Built settled("", {{"listeners.flag1.url", "mqtt://0.0.0.0:1883"}, {"auth.allow_anonymous", "true"}});
  EXPECT_EQ(settled.told(), "");
}

TEST(Configuration, TheTwoLinesItAsksForSettleIt) {
  const Built built("[listeners.lan]\nurl = \"mqtt://0.0.0.0:1883\"\n[auth]\nallow_anonymous = true\n");
  EXPECT_EQ(built.told(), "");
  EXPECT_TRUE(built.configuration.settings().broker.allow_anonymous);
}

TEST(Configuration, OneReachableListenerAmongLoopbackOnesIsEnoughToAsk) {
  const Built built(
      "[listeners.a]\nurl = \"mqtt://127.0.0.1:1883\"\n[listeners.b]\nurl = \"mqtt://[::]:1884\"\n");
  EXPECT_EQ(built.problems.size(), 1U);
  EXPECT_FALSE(built.configuration.settings().broker.allow_anonymous);
}

TEST(Configuration, AnonymousClientsStayOutOfLoopbackWhenSaidSo) {
  const Built built("[auth]\nallow_anonymous = false\n");
  EXPECT_EQ(built.told(), "");
  EXPECT_FALSE(built.configuration.settings().broker.allow_anonymous);
}

TEST(Configuration, AWebSocketOnLoopbackIsReachableOnceEveryPageMayConnect) {
  const std::string web = "[listeners.web]\nurl = \"ws://127.0.0.1:8083\"\n";
  for (const char* origins : {"", "origins = [\"absent\", \"loopback\", \"https://app.example.org\"]\n"}) {
    const Built built(web + origins);
    EXPECT_EQ(built.told(), "");
    EXPECT_TRUE(built.configuration.settings().broker.allow_anonymous);
  }
  for (const char* origins : {"origins = \"*\"\n", "origins = [\"absent\", \"null\"]\n"}) {
    const Built built(web + origins);
    EXPECT_NE(built.told().find("can be reached by every web page"), std::string::npos) << built.told();
    EXPECT_FALSE(built.configuration.settings().broker.allow_anonymous);
  }
}

TEST(Configuration, ListenersOnTheCommandLineReplaceThoseOfTheFile) {
  const Built built("[listeners.lan]\nurl = \"mqtt://0.0.0.0:1883\"\n",
                    {{"listeners.flag1.url", "mqtt://127.0.0.1:1900"}});
  EXPECT_EQ(built.told(), "");
  ASSERT_EQ(built.configuration.settings().broker.net.listeners.size(), 1U);
  EXPECT_EQ(built.configuration.settings().broker.net.listeners[0].addresses.front().port, 1900);
}

TEST(Configuration, AnotherKeyOfAListenerIsUnknownAndToldHowToWriteOne) {
  for (const char* file : {"[listeners.lan]\nport = 1883\n", "[listeners]\nurl = \"mqtt://127.0.0.1\"\n",
                           "listeners = true\n"}) {
    const Built built(file);
    ASSERT_EQ(built.problems.size(), 1U) << file;
    EXPECT_NE(built.told().find("[listeners.NAME]"), std::string::npos) << built.told();
  }
}

TEST(Configuration, SizesThatContradictEachOtherAreRefused) {
  EXPECT_EQ(Built("[mqtt]\nmax_packet_size = \"32KiB\"\nmax_connect_size = \"64KiB\"\n").problems.size(), 1U);
  EXPECT_EQ(Built("[mqtt]\nmax_packet_size = \"32KiB\"\n").told(), "")
      << "a default follows the limit that was set";
  EXPECT_EQ(Built("[mqtt]\nmax_packet_size = \"32KiB\"\nmax_connect_size = \"32KiB\"\n").told(), "");
}

TEST(Configuration, EveryEffectiveValueIsListedWithItsOrigin) {
  const Built built("[mqtt]\nmax_qos = 1\n[listeners.a]\nurl = \"mqtt://[::1]\"\n");
  const std::string text = built.configuration.effective_text();
  using Where = SocketKey::Where;
  const auto is_other = [](const SocketKey& key) {
    return key.where == Where::Unix || key.where == Where::WebSocket;
  };
  const auto others = static_cast<std::size_t>(std::ranges::count_if(socket_keys(), is_other));
  EXPECT_EQ(static_cast<std::size_t>(std::ranges::count(text, '\n')),
            keys().size() + 1 + socket_keys().size() - others);
  EXPECT_TRUE(std::regex_search(text, std::regex("mqtt.max_qos = 1 +\\(h.toml:2\\)\n"))) << text;
  EXPECT_TRUE(
      std::regex_search(text, std::regex("listeners.a.url = mqtt://\\[::1\\]:1883 +\\(h.toml:4\\)\n")))
      << text;
  EXPECT_TRUE(std::regex_search(text, std::regex("broker.threads = 0 +\\(default\\)\n"))) << text;
}

TEST(Differences, OnlyChangedKeysAreNamedAndTheLogLevelIsLive) {
  const Built before("[log]\nlevel = \"info\"\n[mqtt]\nmax_qos = 2\n");
  const Built after(
      "[log]\nlevel = \"debug\"\n[mqtt]\nmax_qos = 1\n[listeners.b]\nurl = \"mqtt://127.0.0.1:1\"\n");
  const auto found = differences(before.configuration, after.configuration);
  ASSERT_EQ(found.size(), 4U);
  EXPECT_EQ(found[0].key, "listeners.b.url");
  EXPECT_EQ(found[0].before, "");
  EXPECT_EQ(found[1].key, "listeners.default.url");
  EXPECT_EQ(found[1].after, "");
  EXPECT_EQ(found[2].key, "log.level");
  EXPECT_TRUE(found[2].live);
  EXPECT_EQ(found[3].key, "mqtt.max_qos");
  EXPECT_FALSE(found[3].live);
  EXPECT_TRUE(differences(before.configuration, before.configuration).empty());
}

}  // namespace
}  // namespace hermod::config
