#include "config/text_list.h"

#include <gtest/gtest.h>

namespace hermod::config {
namespace {

using Texts = std::vector<std::string>;

TEST(TextList, WhatIsWrittenIsReadAgain) {
  for (const Texts& texts : {Texts{}, Texts{"a"}, Texts{"a", "b"}, Texts{"a", "", "b"}, Texts{"", "", ""},
                             Texts{"with space", "https://*.example.org"}})
    EXPECT_EQ(split_list(list_text(texts)), texts) << list_text(texts);
}

TEST(TextList, BlanksAroundATextAreNoPartOfIt) {
  EXPECT_EQ(split_list("  a.pem ,b.pem,  c d.pem"), (Texts{"a.pem", "b.pem", "c d.pem"}));
  EXPECT_EQ(split_list("   "), Texts{});
  EXPECT_EQ(split_list(""), Texts{});
}

TEST(TextList, EveryCommaHasATextOnBothSides) {
  EXPECT_EQ(split_list(","), (Texts{"", ""}));
  EXPECT_EQ(split_list("a,"), (Texts{"a", ""})) << "so that a missing file can be told";
  EXPECT_EQ(split_list(" , a"), (Texts{"", "a"}));
}

}  // namespace
}  // namespace hermod::config
