#include "net/shown_input.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <string>

namespace hermod::net {
namespace {

/// Remembers what it is shown and consumes as much as it is told to.
class Reader final : public TransportHandler {
 public:
  void on_bytes(ReadBuffer& buffer) override {
    shown += (shown.empty() ? "" : "|") + std::string(as_text(buffer.bytes()));
    buffer.consume(std::min(takes, buffer.bytes().size()));
    if (inside) inside();
  }
  void on_drained() override {}
  void on_closed(CloseReason) override {}

  std::string shown;
  std::size_t takes = 0;
  std::function<void()> inside;
};

TEST(ShownInput, WhatIsLeftOverStandsInFrontOfWhatArrives) {
  ShownInput input;
  Reader reader;
  reader.takes = 2;
  {
    std::string arrived = "abc";
    input.show(reader, as_bytes(arrived));
    arrived = "xyz";  // what was shown is not looked at any more
  }
  EXPECT_EQ(input.size(), 1U);
  input.show(reader, as_bytes("de"));
  EXPECT_EQ(input.size(), 1U);
  input.show(reader, {});
  EXPECT_EQ(reader.shown, "abc|cde|e");
  EXPECT_TRUE(input.empty());
}

TEST(ShownInput, HoweverItArrivesNothingIsLostAndNothingComesTwice) {
  const std::string stream = "a stream of bytes that arrive in pieces and are taken in others";
  for (std::size_t arrives = 1; arrives < 10; ++arrives) {
    for (std::size_t takes = 1; takes < 10; ++takes) {
      ShownInput input;
      std::string taken;
      class Taker final : public TransportHandler {
       public:
        Taker(std::string& out, std::size_t most) : out_(out), most_(most) {}
        void on_bytes(ReadBuffer& buffer) override {
          const Bytes front = buffer.bytes().first(std::min(most_, buffer.bytes().size()));
          out_ += as_text(front);
          buffer.consume(front.size());
        }
        void on_drained() override {}
        void on_closed(CloseReason) override {}

       private:
        std::string& out_;
        std::size_t most_;
      } taker(taken, takes);
      for (std::size_t at = 0; at < stream.size(); at += arrives)
        input.show(taker, as_bytes(stream).subspan(at, std::min(arrives, stream.size() - at)));
      while (!input.empty()) input.show(taker, {});
      EXPECT_EQ(taken, stream) << arrives << " " << takes;
    }
  }
}

TEST(ShownInput, WhatIsDroppedIsGoneAlsoInsideTheCall) {
  ShownInput outside;
  Reader reader;
  outside.show(reader, as_bytes("abc"));
  EXPECT_EQ(outside.size(), 3U);
  outside.drop();
  EXPECT_TRUE(outside.empty());

  ShownInput inside;
  Reader closing;
  closing.inside = [&] {
    inside.drop();
    EXPECT_EQ(inside.size(), 3U) << "the handler may still look at what it was shown";
  };
  inside.show(closing, as_bytes("abc"));
  EXPECT_TRUE(inside.empty());
}

}  // namespace
}  // namespace hermod::net
