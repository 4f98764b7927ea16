#include <gmock/gmock.h>

#include <thread>

#include "tests/support/broker_test.h"
#include "tests/support/node_modules.h"

namespace hermod::integration {

/// Pages with MQTT.js in Chromium, one over ws and one over wss. pages.mjs looks at them; this is the
/// broker's side and the publisher. What the pages showed at the end is kept as pictures in the build folder.
class Browser : public BrokerTest {
 protected:
  void SetUp() override {
    HERMOD_NEEDS_OWN_BROKER();
    ASSERT_TRUE(find_program("chromium")) << "it is missing: tools/install.sh browser";
    install_node_modules(kSource, kBuild);
    for (const char* name : {"page.html", "page.js", "pages.mjs"})
      write_text(kBuild / name, read_text(kSource / name));
    for (const std::string& name : pictures()) std::filesystem::remove(kBuild / name);
  }
  void TearDown() override {
    pages_.reset();
    BrokerTest::TearDown();
  }

  static std::string url(const char* scheme, const LeasedPort& port) {
    return std::string(scheme) + "://127.0.0.1:" + std::to_string(port.number()) + "/mqtt";
  }
  static std::vector<std::string> pictures() { return {"ws.png", "wss.png", "dashboard.png", "port.png"}; }
  /// The page that the guide shows, with our broker instead of its.
  void write_dashboard() const {
    constexpr std::string_view kBegin = "```html\n";
    constexpr std::string_view kBroker = "ws://127.0.0.1:8083/mqtt";
    const std::string guide = read_text(HERMOD_WEBSOCKET_GUIDE);
    const std::size_t begin = guide.find(kBegin) + kBegin.size();
    std::string page = guide.substr(begin, guide.find("```\n", begin) - begin);
    page.replace(page.find(kBroker), kBroker.size(), url("ws", ws_port_));
    write_text(kBuild / "dashboard.html", page);
  }

  void start_websockets() {
    const std::string origin = "http://127.0.0.1:" + std::to_string(page_port_.number());
    BrokerSetup setup{.settings = files_.settings(wss_port_.number(), "wss"), .threads = 2};
    setup.settings.emplace_back("listeners.secure.origins", origin);
    setup.settings.emplace_back("listeners.web.url", url("ws", ws_port_));
    setup.settings.emplace_back("listeners.web.origins", origin);
    // The other page goes without.
    setup.settings.emplace_back("listeners.web.compression", "true");
    start_broker(std::move(setup));
  }
  void open_pages() {
    pages_ = std::make_unique<ChildProcess>(
        std::vector<std::string>{
            "env", "CHROMIUM=" + *find_program("chromium"),
            "PAGE_PORT=" + std::to_string(page_port_.number()),
            R"(BROKERS={"ws":")" + url("ws", ws_port_) + R"(","wss":")" + url("wss", wss_port_) + "\"}",
            "PATIENCE=50000", "node", "pages.mjs"},
        kBuild);
  }
  /// The pages show this step.
  void await_step(const std::string& step) {
    const auto deadline = Clock::now() + 60s;
    while (pages_->output().find(step + "\n") == std::string::npos) {
      if (!pages_->running() || Clock::now() > deadline)
        throw Unexpected("the pages are not " + step + ": " + pages_->output() + pages_->errors());
      std::this_thread::sleep_for(Millis(5));
    }
  }
  static void publish_news(MqttClient& publisher, const std::string& words, std::vector<std::uint8_t> at) {
    for (const std::uint8_t qos : at) publisher.publish("news/" + std::to_string(qos), words, qos);
  }

  static inline const std::filesystem::path kSource = HERMOD_BROWSER_SOURCE;
  static inline const std::filesystem::path kBuild = HERMOD_BROWSER_BUILD;

  TlsFiles files_;
  LeasedPort ws_port_;
  LeasedPort wss_port_;
  LeasedPort page_port_;
  std::unique_ptr<ChildProcess> pages_;
};

TEST_F(Browser, PagesOverWsAndWssGetEverythingAlsoAcrossTheDeathOfTheBroker) {
  start_websockets();
  write_dashboard();
  {
    MqttClient publisher = client("publisher");
    publisher.subscribe("from/+", 2);
    open_pages();
    await_step("subscribed");
    EXPECT_THAT((std::vector{publisher.receive().topic, publisher.receive().topic}),
                testing::UnorderedElementsAre("from/ws", "from/wss"));
    publisher.publish({.topic = "home/door", .payload = "open", .qos = 1, .retain = true});
    publish_news(publisher, "before", {0, 1, 2});
    await_step("received");
    publish_news(publisher, "at the end", {1, 2});
    broker().kill();
  }
  await_step("disconnected");
  broker().start();
  MqttClient publisher = client("publisher");
  publish_news(publisher, "while away", {1, 2});
  await_step("back");
  publish_news(publisher, "after", {0});
  await_step("everything was seen");
  EXPECT_EQ(pages_->wait(5s), 0) << pages_->errors();
  for (const std::string& name : pictures())
    EXPECT_TRUE(read_text(kBuild / name).starts_with("\x89PNG")) << name;
}

}  // namespace hermod::integration
