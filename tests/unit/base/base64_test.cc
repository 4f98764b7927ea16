#include "base/base64.h"

#include <gtest/gtest.h>

#include <string_view>
#include <utility>

namespace hermod {
namespace {

/// The examples of RFC 4648, section 10.
TEST(Base64, IsThatOfTheStandard) {
  const std::pair<std::string_view, std::string_view> examples[] = {{"", ""},
                                                                    {"f", "Zg=="},
                                                                    {"fo", "Zm8="},
                                                                    {"foo", "Zm9v"},
                                                                    {"foob", "Zm9vYg=="},
                                                                    {"fooba", "Zm9vYmE="},
                                                                    {"foobar", "Zm9vYmFy"}};
  for (const auto& [plain, encoded] : examples) EXPECT_EQ(base64_text(as_bytes(plain)), encoded) << plain;
  EXPECT_EQ(base64_text(as_bytes("\xFB\xEF\xBE\xFF\xFF\xFF")), "++++////");
}

}  // namespace
}  // namespace hermod
