#include "client/publisher.h"

#include <gtest/gtest.h>

#include "client/requester.h"

namespace hermod::client {
namespace {

/// Fails before there is a socket: the system has no room for such a path.
SessionOptions to_nowhere() {
  SessionOptions options;
  options.unix_path = "/" + std::string(200, 'x');
  return options;
}

/// A file that is not there, without a look at the disk.
MessageOptions from_no_file() {
  return {.topic = "a", .source = Source::File, .text = ""};
}

TEST(Publisher, SaysWhyThereIsNoConnection) {
  const PublishOptions options{.session = to_nowhere(),
                               .message = {.topic = "a", .source = Source::Text, .text = "x"}};
  const auto outcome = Publisher(options, -1).run();
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().exit_code, 1);
  EXPECT_EQ(outcome.error().text, "--unix: the path is longer than 107 characters");
}

// A connection that waits for its payload keeps nothing alive, and one that is dropped for want of it leaves
// a will behind.
TEST(Publisher, ReadsThePayloadBeforeItConnects) {
  const PublishOptions options{.session = to_nowhere(), .message = from_no_file()};
  const auto outcome = Publisher(options, -1).run();
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().exit_code, 1);
  EXPECT_TRUE(outcome.error().text.starts_with("-f: cannot open ")) << outcome.error().text;
}

TEST(Requester, ReadsThePayloadBeforeItConnects) {
  RequestOptions options;
  options.session = to_nowhere();
  options.message = from_no_file();
  options.response_topic = "b";
  auto printer = Printer::make({}, "test", stdout);
  ASSERT_TRUE(printer);
  const auto outcome = Requester(options, std::move(*printer), -1).run();
  ASSERT_FALSE(outcome);
  EXPECT_TRUE(outcome.error().text.starts_with("-f: cannot open ")) << outcome.error().text;
}

}  // namespace
}  // namespace hermod::client
