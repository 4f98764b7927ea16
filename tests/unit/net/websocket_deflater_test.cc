#include "net/websocket_deflater.h"

#include <gtest/gtest.h>

#include <string>

#include "tests/support/deflate.h"

namespace hermod::net {

/// As it would be sent: empty when it is not worth it.
std::string small_form(MessageDeflater& deflater, const std::string& text, std::size_t piece = 1U << 16) {
  WriteQueue message;
  for (std::size_t at = 0; at < text.size(); at += piece)
    message.append_shared(SharedBytes::copy_of(text.substr(at, piece)));
  return std::string(as_text(deflater.deflate(message)));
}

std::string noise(std::size_t size) {
  std::string out;
  unsigned state = 1;
  while (out.size() < size) out += static_cast<char>((state = state * 1'103'515'245 + 12'345) >> 16);
  return out;
}

TEST(MessageDeflater, AClientReadsWhatWasSaid) {
  const auto deflater = MessageDeflater::make();
  ASSERT_TRUE(deflater);
  std::string text;
  for (int i = 0; text.size() < MessageDeflater::kLongest - 40; ++i)
    text += "{\"sensor\": " + std::to_string(i) + ", \"value\": " + std::to_string(i * i) + "}";
  for (const std::size_t piece : {1000U, 4096U, 65'536U}) {
    const std::string small = small_form(*deflater, text, piece);
    EXPECT_LT(small.size(), text.size() / 2);
    EXPECT_FALSE(small.ends_with(support::kDeflateTail));
    EXPECT_TRUE(support::inflated(small) == text) << piece;
  }
}

TEST(MessageDeflater, EveryMessageStandsByItself) {
  const auto deflater = MessageDeflater::make();
  const std::string text = "the same and the same and the same and the same and the same again";
  const std::string first = small_form(*deflater, text);
  EXPECT_EQ(small_form(*deflater, text), first) << "it does not refer to the first";
  EXPECT_EQ(support::inflated(first), text);
}

TEST(MessageDeflater, WhatDoesNotBecomeShorterIsLeftAsItIs) {
  const auto deflater = MessageDeflater::make();
  for (const std::size_t size : {0U, 1U, 10U, 1000U, 65'536U})
    EXPECT_EQ(small_form(*deflater, noise(size)), "");
  const std::string good(1000, 'x');
  EXPECT_EQ(support::inflated(small_form(*deflater, good)), good) << "nothing is left of what was given up";
  for (std::size_t size = 1; size < 200; ++size) {
    const std::string text(size, 'x');
    const std::string small = small_form(*deflater, text);
    EXPECT_TRUE(small.empty() || (small.size() < size && support::inflated(small) == text)) << size;
  }
}

}  // namespace hermod::net
