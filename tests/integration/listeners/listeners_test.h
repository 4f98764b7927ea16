#pragma once
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <thread>
#include <utility>

#include "tests/support/broker_test.h"
#include "tests/support/proxy_bytes.h"
#include "tests/support/settings.h"

namespace hermod::integration {

using ::testing::HasSubstr;
namespace proxy = support::proxy;

/// A broker with a listener `lan` beside the plain one.
class LanListener : public BrokerTest {
 protected:
  void SetUp() override { HERMOD_NEEDS_OWN_BROKER(); }

  /// Settings of the listener, by their last word, and of the broker.
  static Settings lan(const Settings& listener, Settings others = {}) {
    for (const auto& [key, value] : listener) others.emplace_back("listeners.lan." + key, value);
    others.emplace_back(setting::kAllowAnonymous, "true");
    return others;
  }
  std::string url() const { return "mqtt://127.0.0.1:" + std::to_string(lan_port_.number()); }
  std::string path(const std::string& name) const { return (folder_.path() / name).string(); }

  void expect_logged(const std::string& words, Where where = Where::current()) {
    const auto deadline = Clock::now() + kPatience;
    while (broker().log().find(words) == std::string::npos && Clock::now() < deadline)
      std::this_thread::sleep_for(Millis(5));
    if (broker().log().find(words) == std::string::npos) fail(where, "not in the log: " + words);
  }
  /// Another broker with these words does not come up and says this.
  void expect_not_started(std::vector<std::string> words, const std::string& said) {
    words.insert(words.begin(), {support::broker_binary(), "--data-dir", "", "--threads", "2"});
    const Finished finished = run(words);
    EXPECT_NE(finished.exit_code, 0);
    EXPECT_LT(finished.exit_code, 128) << "ended by a signal";
    EXPECT_THAT(finished.errors, HasSubstr(said));
  }

  LeasedPort lan_port_;
  TemporaryFolder folder_;
};

}  // namespace hermod::integration
