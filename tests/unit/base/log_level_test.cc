#include <gtest/gtest.h>

#include <string>
#include <utility>

#include "base/log.h"

namespace hermod::log {
namespace {

TEST(LogLevel, EachLevelHasItsOwnWordInBothForms) {
  constexpr std::pair<Level, const char*> kWords[] = {{Level::Debug, "debug"},
                                                      {Level::Info, "info"},
                                                      {Level::Notice, "notice"},
                                                      {Level::Warning, "warning"},
                                                      {Level::Error, "error"}};
  for (const auto& [level, word] : kWords) {
    start(Sink::Text, Level::Debug);
    testing::internal::CaptureStderr();
    event(level, "some.event", {{"n", 1}});
    const std::string text = testing::internal::GetCapturedStderr();
    EXPECT_TRUE(text.ends_with(std::string(" ") + word + " some.event n=1\n")) << text;

    start(Sink::Json, Level::Debug);
    testing::internal::CaptureStderr();
    event(level, "some.event");
    const std::string json = testing::internal::GetCapturedStderr();
    EXPECT_NE(json.find(std::string("\"level\":\"") + word + "\""), std::string::npos) << json;
  }
}

TEST(LogLevel, TextLineHasOneLevelOnly) {
  start(Sink::Text, Level::Info);
  testing::internal::CaptureStderr();
  event(Level::Notice, "listener.started");
  const std::string text = testing::internal::GetCapturedStderr();
  EXPECT_EQ(text.find("info"), std::string::npos) << text;
}

}  // namespace
}  // namespace hermod::log
