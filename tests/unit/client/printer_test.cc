#include "client/printer.h"

#include <gtest/gtest.h>

#include <array>

namespace hermod::client {
namespace {

/// What a printer with these options writes for a message on "a/b".
std::string printed(const OutputOptions& options, std::string_view payload) {
  std::array<char, 256> text{};
  std::FILE* const out = fmemopen(text.data(), text.size(), "w");
  auto printer = Printer::make(options, "test", out);
  EXPECT_TRUE(printer);
  wire::Publish message;
  message.topic = "a/b";
  message.payload = as_bytes(payload);
  EXPECT_TRUE(printer->print(message, WallTime{}));
  const auto size = static_cast<std::size_t>(std::ftell(out));
  std::fclose(out);
  return {text.data(), size};
}

TEST(Printer, PrintsThePayloadAndALineEnd) {
  EXPECT_EQ(printed({}, "x"), "x\n");
  EXPECT_EQ(printed({.end_of_line = false}, "x"), "x");
  EXPECT_EQ(printed({.verbose = true}, "x"), "a/b x\n");
}

TEST(Printer, AnEmptyPayloadIsShownOnlyWhenAskedForMore) {
  EXPECT_EQ(printed({}, ""), "");
  EXPECT_EQ(printed({.verbose = true}, ""), "a/b (null)\n");
  EXPECT_EQ(printed({.format = "[%p]"}, ""), "[]\n");
}

TEST(Printer, AFormatGoesBeforeVerbose) {
  EXPECT_EQ(printed({.format = "%l", .verbose = true, .end_of_line = false}, "four"), "4");
}

TEST(Printer, APayloadThatIsNoJsonPrintsNothing) {
  EXPECT_EQ(printed({.format = "%J"}, "{"), "");
}

TEST(Printer, AWrongFormatIsRefusedAtTheStart) {
  const auto printer = Printer::make({.format = "%z"}, "test", stdout);
  ASSERT_FALSE(printer);
  EXPECT_EQ(printer.error().exit_code, 1);
}

}  // namespace
}  // namespace hermod::client
