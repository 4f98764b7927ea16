#include "queue/property_filter.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "wire/property_writer.h"

namespace hermod::queue {
namespace {

using Pairs = std::vector<std::pair<std::string_view, std::string_view>>;

std::string properties(const Pairs& pairs) {
  std::string block;
  for (const auto& [name, value] : pairs) {
    ByteWriter out(block);
    out.u8(static_cast<std::uint8_t>(wire::PropertyId::UserProperty));
    out.sized16(name);
    out.sized16(value);
  }
  return block;
}

bool matches(std::string_view filter, const Pairs& pairs,
             PropertyFilter::Join join = PropertyFilter::Join::All) {
  const auto parsed = PropertyFilter::parse(filter, join);
  EXPECT_TRUE(parsed.has_value()) << filter;
  return parsed && parsed->matches(as_bytes(properties(pairs)));
}

std::string error_of(std::string_view filter) {
  const auto parsed = PropertyFilter::parse(filter);
  return parsed ? "none" : parsed.error().detail;
}

TEST(PropertyFilter, NoFilterTakesEveryMessage) {
  EXPECT_TRUE(PropertyFilter().matches({}));
  EXPECT_TRUE(PropertyFilter().empty());
  EXPECT_FALSE(PropertyFilter::parse("").has_value());
}

TEST(PropertyFilter, ANameAloneAsksWhetherThePropertyIsThere) {
  EXPECT_TRUE(matches("n", {{"n", ""}}));
  EXPECT_FALSE(matches("n", {{"m", "n"}}));
  EXPECT_FALSE(matches("n", {}));
  EXPECT_FALSE(matches("!n", {{"n", ""}}));
  EXPECT_TRUE(matches("!n", {{"m", ""}}));
  EXPECT_TRUE(matches("!n", {}));
}

TEST(PropertyFilter, EqualComparesByteByByteWithEachValue) {
  EXPECT_TRUE(matches("n=25", {{"n", "25"}}));
  EXPECT_FALSE(matches("n=25", {{"n", "25.0"}}));
  EXPECT_FALSE(matches("n=a", {{"n", "A"}}));
  EXPECT_TRUE(matches("n=a,b", {{"n", "b"}}));
  EXPECT_FALSE(matches("n=a,b", {{"n", "a,b"}}));
  EXPECT_TRUE(matches("n=", {{"n", ""}}));
  EXPECT_FALSE(matches("n=", {{"n", "x"}}));
  EXPECT_FALSE(matches("n=", {}));
}

TEST(PropertyFilter, UnequalIsTrueWhenNoneIsEqualOrThere) {
  EXPECT_TRUE(matches("n!=a", {{"n", "b"}}));
  EXPECT_TRUE(matches("n!=a", {}));
  EXPECT_FALSE(matches("n!=a", {{"n", "a"}}));
  EXPECT_FALSE(matches("n!=a,b", {{"n", "b"}}));
  EXPECT_FALSE(matches("n!=a", {{"n", "b"}, {"n", "a"}}));
}

TEST(PropertyFilter, TagsAreAListOfWhichEachCounts) {
  EXPECT_TRUE(matches("tags=a", {{"tags", "b, a ,c"}}));
  EXPECT_FALSE(matches("tags=a", {{"tags", "aa,ba"}}));
  EXPECT_FALSE(matches("tags!=a", {{"tags", "b,a"}}));
  EXPECT_TRUE(matches("tags=x,c", {{"tags", "a,b,c"}}));
  EXPECT_FALSE(matches("list=a", {{"list", "b,a"}}));
}

TEST(PropertyFilter, OrderComparesDecimalNumbers) {
  EXPECT_TRUE(matches("n>25", {{"n", "26"}}));
  EXPECT_FALSE(matches("n>25", {{"n", "25"}}));
  EXPECT_TRUE(matches("n>=25", {{"n", "25.0"}}));
  EXPECT_TRUE(matches("n<25", {{"n", "-7"}}));
  EXPECT_FALSE(matches("n<25", {{"n", "25"}}));
  EXPECT_TRUE(matches("n<=-0.5", {{"n", "-0.5"}}));
  EXPECT_TRUE(matches("n>9", {{"n", "10"}})) << "as numbers, not as text";
  for (const char* no_number : {"", "x", "1x", "1e3", "0x10", "inf", "nan", " 1", "+1", "-", "."})
    EXPECT_FALSE(matches("n>-100", {{"n", no_number}})) << no_number;
}

TEST(PropertyFilter, ARepeatedPropertyFulfilsATermWithOneOfItsValues) {
  EXPECT_TRUE(matches("n>25", {{"n", "1"}, {"n", "30"}}));
  EXPECT_TRUE(matches("n=b", {{"n", "a"}, {"n", "b"}}));
}

TEST(PropertyFilter, TermsAreJoinedByAllOrAny) {
  const Pairs pairs{{"tags", "a"}, {"n", "20"}};
  EXPECT_FALSE(matches("tags=a&n>25", pairs));
  EXPECT_TRUE(matches("tags=a&n>15", pairs));
  EXPECT_TRUE(matches("tags=a&n>25", pairs, PropertyFilter::Join::Any));
  EXPECT_FALSE(matches("tags=b&n>25", pairs, PropertyFilter::Join::Any));
}

TEST(PropertyFilter, PercentWritesWhatTheGrammarUses) {
  EXPECT_TRUE(matches("a%3Db=c%2cd", {{"a=b", "c,d"}}));
  EXPECT_TRUE(matches("n=%25", {{"n", "%"}}));
  EXPECT_TRUE(matches("n=a%26b", {{"n", "a&b"}}));
}

TEST(PropertyFilter, MistakesAreNamedWithTheirPlaceAndNotRepeated) {
  EXPECT_EQ(error_of(""), "property filter, byte 1: the name of a user property is expected");
  EXPECT_EQ(error_of("a&"), "property filter, byte 3: the name of a user property is expected");
  EXPECT_EQ(error_of("&a"), "property filter, byte 1: the name of a user property is expected");
  EXPECT_EQ(error_of("=1"), "property filter, byte 1: the name of a user property is expected");
  EXPECT_EQ(error_of("!"), "property filter, byte 2: the name of a user property is expected");
  EXPECT_EQ(error_of("!a=1"), "property filter, byte 3: nothing may follow !name");
  EXPECT_EQ(error_of("a!1"), "property filter, byte 2: = != < <= > or >= is expected");
  EXPECT_EQ(error_of("a>"), "property filter, byte 3: a number such as 25 or -0.5 is expected");
  EXPECT_EQ(error_of("ab>=secret"), "property filter, byte 5: a number such as 25 or -0.5 is expected");
  EXPECT_EQ(error_of("a=1=2"),
            "property filter, byte 4: a value has no ! < = or >; write it as % and two hexadecimal digits");
  EXPECT_EQ(error_of("a=<1"),
            "property filter, byte 3: a value has no ! < = or >; write it as % and two hexadecimal digits");
  EXPECT_EQ(error_of("a=x,%4"), "property filter, byte 5: % needs two hexadecimal digits behind it");
  EXPECT_EQ(error_of("%zz=1"), "property filter, byte 1: % needs two hexadecimal digits behind it");
  EXPECT_EQ(error_of("a,b=1"), "property filter, byte 2: a name has no comma; write it as %2C");
}

TEST(PropertyFilter, ItsSizeIsLimited) {
  std::string sixteen = "a";
  for (int i = 1; i < 16; ++i) sixteen += "&a";
  EXPECT_EQ(error_of(sixteen), "none");
  EXPECT_EQ(error_of(sixteen + "&a"), "property filter, byte 33: more than 16 terms");
  EXPECT_EQ(error_of("a=" + std::string(1022, 'x')), "none");
  EXPECT_EQ(error_of("a=" + std::string(1023, 'x')), "property filter: longer than 1024 bytes");
}

}  // namespace
}  // namespace hermod::queue
