#include <gtest/gtest.h>
#include <unistd.h>

#include <cctype>
#include <set>

#include "client/command_line.h"

namespace hermod::client {
namespace {

/// The session that these words ask for, behind a topic and a message.
Outcome<SessionOptions> session_of(std::vector<std::string> words, bool with_topic = true) {
  if (with_topic) words.insert(words.end(), {"-t", "a"});
  words.insert(words.end(), {"-m", "x"});
  auto options = parse_publish(std::move(words));
  if (!options) return tl::unexpected(options.error());
  return std::move(options->session);
}

std::string refusal_of(std::vector<std::string> words) {
  const auto options = session_of(std::move(words));
  return options ? "" : options.error().text;
}

TEST(SessionArguments, AnIdThatIsMadeFitsEveryVersionAndIsAnotherEachTime) {
  std::set<std::string> ids;
  for (const char* version : {"31", "311", "mqttv31", "mqttv311"}) {
    const auto options = session_of({"-V", version});
    ASSERT_TRUE(options) << options.error().text;
    EXPECT_EQ(options->client_id.size(), 23U) << version;
    for (const char c : options->client_id)
      EXPECT_TRUE(std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '-') << options->client_id;
    EXPECT_TRUE(ids.insert(options->client_id).second) << options->client_id;
  }
}

TEST(SessionArguments, APrefixIsFollowedByTheProcess) {
  const auto options = session_of({"-I", "me-"});
  ASSERT_TRUE(options) << options.error().text;
  EXPECT_EQ(options->client_id, "me-" + std::to_string(getpid()));
}

TEST(SessionArguments, LengthsEndWhereTheProtocolsFieldsEnd) {
  const std::string longest(65535, 'a');
  EXPECT_EQ(refusal_of({"-i", longest, "-u", longest, "-P", longest}), "");
  for (const char* letter : {"-i", "-P"})
    EXPECT_EQ(refusal_of({letter, longest + "a", "-u", "me"}), "-i, -u and -P take at most 65535 bytes each");
  EXPECT_EQ(refusal_of({"-u", longest + "a"}), "-i, -u and -P take at most 65535 bytes each");
  EXPECT_EQ(refusal_of({"--will-topic", "w", "--will-payload", longest}), "");
  EXPECT_EQ(refusal_of({"--will-topic", "w", "--will-payload", longest + "a"}),
            "--will-payload is longer than 65535 bytes");
}

TEST(SessionArguments, ExpiryIsSecondsUpToForEver) {
  const auto expiry = [](const char* text) {
    const auto options = session_of({"-V", "5", "-x", text});
    return options ? options->properties.connect.properties().session_expiry_interval() : std::nullopt;
  };
  EXPECT_EQ(expiry("0"), 0U);
  EXPECT_EQ(expiry("4294967295"), 0xFFFFFFFFU);
  for (const char* wrong : {"4294967296", "-2", "1.5", "1s", " 1", "+1"})
    EXPECT_EQ(
        refusal_of({"-V", "5", "-x", wrong}),
        "-x: \"" + std::string(wrong) + "\" is no time; use seconds from 0 to 4294967294, or -1 for never");
}

TEST(SessionArguments, ExpiryIsSaidOnce) {
  const std::vector<std::string> property{"-D", "connect", "session-expiry-interval", "5"};
  EXPECT_EQ(session_of(property)->properties.connect.properties().session_expiry_interval(), 5U);
  std::vector<std::string> twice = property;
  twice.insert(twice.end(), {"-x", "5"});
  EXPECT_EQ(refusal_of(twice), "-x and -D connect session-expiry-interval say the same; use one of them");
  std::vector<std::string> resuming = property;
  resuming.insert(resuming.end(), {"-c", "-i", "me"});
  EXPECT_EQ(session_of(resuming)->properties.connect.properties().session_expiry_interval(), 5U)
      << "what is said goes before the for ever of -c";
}

TEST(SessionArguments, BeforeMqtt5APasswordNeedsAUserName) {
  EXPECT_EQ(refusal_of({"-P", "p", "-V", "5"}), "");
  EXPECT_NE(refusal_of({"-P", "p"}), "");
  EXPECT_NE(refusal_of({"-P", "p", "-V", "31"}), "");
  EXPECT_EQ(refusal_of({"-P", "p", "-u", "u"}), "");
}

TEST(SessionArguments, HostAndPortByTheirLettersGoBeforeThoseOfTheUrl) {
  const auto plain = session_of({"-L", "mqtt://from.url:1999/t", "-h", "by.letter", "-p", "2000"}, false);
  ASSERT_TRUE(plain) << plain.error().text;
  EXPECT_EQ(plain->host, "by.letter");
  EXPECT_EQ(plain->port, 2000);
  const auto without_port = session_of({"-L", "mqtts://from.url/t", "-p", "2000"}, false);
  ASSERT_TRUE(without_port) << without_port.error().text;
  EXPECT_EQ(without_port->host, "from.url");
  EXPECT_EQ(without_port->port, 2000);
  EXPECT_TRUE(without_port->tls);
}

TEST(SessionArguments, AnEmptyHostIsRefused) {
  EXPECT_EQ(refusal_of({"-h", ""}), "-h: the host is empty; leave the option out for 127.0.0.1");
}

}  // namespace
}  // namespace hermod::client
