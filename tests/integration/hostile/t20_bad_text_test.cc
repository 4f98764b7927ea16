#include "tests/integration/hostile/hostile_test.h"

namespace hermod::integration {

namespace {

const std::vector<std::string>& bad_texts() {
  static const std::vector<std::string> kTexts{
      std::string("nul\0nul", 7),
      "\xC3\x28",              // a broken sequence
      "\x80",                  // a continuation alone
      "\xC0\xAF",              // an overlong slash
      "\xE0\x80\xAF",          // the same in three bytes
      "\xED\xA0\x80",          // a high surrogate
      "\xED\xBF\xBF",          // a low surrogate
      "\xF4\x90\x80\x80",      // above U+10FFFF
      "\xF8\x88\x80\x80\x80",  // five bytes
      "cut\xE6\x97",           // ends in the middle
  };
  return kTexts;
}

// The specification lets a receiver refuse them (1.5.4); hermod does.
const std::vector<std::string>& control_texts() {
  static const std::vector<std::string> kTexts{"bell\x07", "escape\x1B[31m", "line\nbreak", "return\rline",
                                               "\x01"};
  return kTexts;
}

}  // namespace

class HostileText : public Hostile {
 protected:
  /// Nobody may use the text as a name. A filter may also be refused by its SUBACK when `in_suback`.
  void expect_all_refused(const std::string& text, bool in_suback) {
    for (const Version version : kMainVersions) {
      const auto connect = [&](ConnectOptions options) {
        options.version = version;
        expect_connect_refused(version, connect_bytes(options));
      };
      connect({.client_id = text});
      connect({.client_id = "text", .username = text});
      connect({.client_id = "text", .will = Will{.topic = text, .payload = "gone"}});

      const auto refused = {reason::kMalformedPacket, reason::kProtocolError, reason::kTopicNameInvalid,
                            reason::kTopicFilterInvalid};
      expect_ended(version, publish_bytes(version, {.topic = text, .payload = "x"}), refused);
      if (in_suback && is_refused_by_suback(version, text)) continue;
      expect_ended(version, subscribe_bytes(version, 1, {{text, 0}}), refused);
      expect_ended(version, unsubscribe_bytes(version, 1, {text}), refused);
    }
  }
  bool is_refused_by_suback(Version version, const std::string& filter) {
    RawClient raw(port());
    raw.send(connect_bytes({.client_id = "filter", .version = version}) +
             subscribe_bytes(version, 1, {{filter, 0}}));
    raw.next();
    const auto answer = raw.poll(kPatience);
    return answer && answer->type == Type::Suback &&
           parse_ack(version, Type::Suback, *answer).reasons.at(0) >= 0x80;
  }
  /// The text may not stand in the log as it came.
  void expect_not_logged(const std::string& text) {
    if (is_foreign_broker()) return;
    EXPECT_EQ(broker().log().find(text), std::string::npos) << to_hex(text);
  }
};

TEST_F(HostileText, T20_TextThatIsNotUtf8IsRefusedAndNeverLoggedRaw) {
  for (const std::string& text : bad_texts()) {
    expect_all_refused(text, false);
    expect_not_logged(text);
  }
}

TEST_F(HostileText, T20_ControlCharactersAreRefusedAndNeverLoggedRaw) {
  for (const std::string& text : control_texts()) {
    expect_all_refused(text, true);
    if (text.size() > 1) expect_not_logged(text);
  }
}

TEST_F(HostileText, T20_BadTextInPropertiesIsRefused) {
  for (const std::string& text : bad_texts()) {
    for (const Properties& properties :
         {Properties().user(text, "v"), Properties().user("k", text),
          Properties().add(property::kContentType, text), Properties().add(property::kResponseTopic, text)}) {
      expect_ended(Version::V5,
                   publish_bytes(Version::V5, {.topic = "t", .payload = "x", .properties = properties}),
                   {reason::kMalformedPacket, reason::kProtocolError});
    }
    for (const Properties& properties :
         {Properties().user(text, "v"), Properties().add(property::kContentType, text),
          Properties().add(property::kResponseTopic, text)}) {
      const Will will{.topic = "will/topic", .payload = "gone", .properties = properties};
      expect_connect_refused(Version::V5, connect_bytes({.client_id = "text", .will = will}),
                             {reason::kMalformedPacket, reason::kProtocolError});
    }
    expect_ended(Version::V5,
                 disconnect_bytes(Version::V5, 0, Properties().add(property::kReasonString, text)),
                 {reason::kMalformedPacket, reason::kProtocolError});
    expect_not_logged(text);
  }
}

}  // namespace hermod::integration
