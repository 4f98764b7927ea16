#include "net/websocket_inflater.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "tests/support/deflate.h"

namespace hermod::net {

using support::deflated;
using Inflating = MessageInflater::What;

/// A message that arrives in parts and is inflated into small rooms.
struct Inflated {
  Inflated(MessageInflater& inflater, std::string_view message, std::size_t part = 1U << 20,
           std::size_t room_size = 1U << 16) {
    inflater.begin();
    std::vector<std::uint8_t> room(room_size);
    MessageInflater::Step step;
    do {
      const std::string_view given = message.substr(0, part);
      step = inflater.next(as_bytes(given), given.size() == message.size(), room);
      message.remove_prefix(step.taken);
      text += as_text(Bytes(room).first(step.made));
      ++steps;
    } while (step.what == Inflating::Part && text.size() < (16U << 20));
    what = step.what;
    left = message.size();
  }
  Inflating what;
  std::string text;
  std::size_t left = 0;
  std::size_t steps = 0;
};

std::string number_text(int until) {
  std::string out;
  for (int i = 0; i < until; ++i) out += std::to_string(i * i) + ' ';
  return out;
}

TEST(MessageInflater, ItDoesNotMatterHowAMessageArrivesAndHowMuchRoomThereIs) {
  const auto inflater = MessageInflater::make();
  ASSERT_TRUE(inflater);
  const std::string text = number_text(2000);
  const std::string message = deflated(text);
  ASSERT_LT(message.size(), text.size());
  for (const std::size_t part : {1U, 2U, 3U, 100U, 100'000U}) {
    for (const std::size_t room : {1U, 7U, 258U, 4096U, 65'536U}) {
      const Inflated all(*inflater, message, part, room);
      EXPECT_EQ(all.what, Inflating::Ended) << part << " " << room;
      EXPECT_TRUE(all.text == text) << part << " " << room;
      EXPECT_EQ(all.left, 0U);
    }
  }
}

TEST(MessageInflater, AnEmptyMessageIsOneByteOrNone) {
  const auto inflater = MessageInflater::make();
  for (const std::string& message : {std::string("\0", 1), std::string(), deflated("")}) {
    const Inflated all(*inflater, message);
    EXPECT_EQ(all.what, Inflating::Ended) << message.size();
    EXPECT_EQ(all.text, "");
  }
}

TEST(MessageInflater, TheExamplesOfRfc7692) {
  const auto inflater = MessageInflater::make();
  const auto text = [&](const std::string& message) {
    const Inflated all(*inflater, message, 1);
    EXPECT_EQ(all.what, Inflating::Ended);
    return all.text;
  };
  // 7.2.3.1; 7.2.3.3: not compressed; 7.2.3.4: a block that says it is the last; 7.2.3.5: two blocks.
  EXPECT_EQ(text("\xF2\x48\xCD\xC9\xC9\x07" + std::string(1, '\0')), "Hello");
  EXPECT_EQ(text(std::string("\x00\x05\x00\xFA\xFF\x48\x65\x6C\x6C\x6F\x00", 11)), "Hello");
  EXPECT_EQ(text(std::string("\xF3\x48\xCD\xC9\xC9\x07\x00\x00", 8)), "Hello");
  EXPECT_EQ(text(std::string("\xF2\x48\x05\x00\x00\x00\xFF\xFF\xCA\xC9\xC9\x07\x00", 13)), "Hello");
}

TEST(MessageInflater, TheTailThatShouldBeLeftOutDoesNoHarm) {
  const auto inflater = MessageInflater::make();
  const std::string message = deflated("Hello") + std::string(support::kDeflateTail);
  EXPECT_EQ(Inflated(*inflater, message).text, "Hello");
  EXPECT_EQ(Inflated(*inflater, message).what, Inflating::Ended);
}

TEST(MessageInflater, EveryMessageStandsByItself) {
  const auto inflater = MessageInflater::make();
  // The second of these refers to the first: a context was taken over (7.2.3.2).
  EXPECT_EQ(Inflated(*inflater, "\xF2\x48\xCD\xC9\xC9\x07" + std::string(1, '\0')).text, "Hello");
  EXPECT_EQ(Inflated(*inflater, std::string("\xF2\x00\x11\x00\x00", 5)).what, Inflating::Fault);
  EXPECT_EQ(Inflated(*inflater, deflated("as good as new")).text, "as good as new");
}

TEST(MessageInflater, WhatIsCutOffOrBrokenIsAFault) {
  const auto inflater = MessageInflater::make();
  const std::string message = deflated(number_text(300));
  for (std::size_t cut = 1; cut < message.size(); ++cut) {
    const Inflated all(*inflater, message.substr(0, cut));
    EXPECT_EQ(all.what, Inflating::Fault) << cut;
  }
  for (const std::string& broken : {std::string("\xFF\xFF\xFF"), std::string("\x06"),
                                    std::string("\x00\x05\x00\x00\x00hello", 10), message + "more"})
    EXPECT_EQ(Inflated(*inflater, broken).what, Inflating::Fault) << broken.size();
}

TEST(MessageInflater, ABombFillsOneRoomAfterTheOther) {
  constexpr std::size_t kSize = 10'000'000;
  const auto inflater = MessageInflater::make();
  const std::string bomb = deflated(std::string(kSize, '\0'));
  ASSERT_LT(bomb.size(), kSize / 900);
  std::vector<std::uint8_t> room(4096);
  inflater->begin();
  const auto step = inflater->next(as_bytes(bomb), true, room);
  EXPECT_EQ(step.what, Inflating::Part);
  EXPECT_EQ(step.made, room.size());
  EXPECT_LT(step.taken, 200U);
  const Inflated all(*inflater, bomb, bomb.size(), 4096);
  EXPECT_EQ(all.what, Inflating::Ended);
  EXPECT_EQ(all.text.size(), kSize);
  EXPECT_GE(all.steps, kSize / 4096);
}

}  // namespace hermod::net
