#pragma once
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"

namespace hermod::queue {

/// A condition on the user properties of a message, as in `tags=a&n>25`. Immutable; any thread.
///
///   filter = term *( "&" term )
///   term   = name                        the property is there
///          | "!" name                    it is not
///          | name ( "=" | "!=" ) values  it is one of them; it is none of them, or is not there
///          | name ( "<" | "<=" | ">" | ">=" ) number
///   values = value *( "," value )
///
/// Names and values stand for themselves, but for % ! & , < = > and what a topic cannot hold: those are
/// written as % and two hexadecimal digits of each byte. Text is compared byte by byte. The property `tags`
/// is itself a list with commas, each of which counts, without the spaces around it. Numbers are decimal,
/// with an optional minus and fraction, and a property that is no number is neither above nor below one. A
/// property that is repeated fulfils a term when one of its values does, and `!=` when none of them is equal.
class PropertyFilter {
 public:
  enum class Join : std::uint8_t { All, Any };  ///< how many of the terms have to be true

  static constexpr std::size_t kMostTerms = 16;
  static constexpr std::size_t kMostBytes = 1024;

  /// True for every message.
  PropertyFilter() = default;
  /// Errors: Invalid, with the place and what is expected there. Never repeats the text, which a client
  /// wrote.
  static Result<PropertyFilter> parse(std::string_view text, Join join = Join::All);

  /// Precondition: a well-formed property block, as Message keeps it. Linear in terms times properties.
  bool matches(Bytes forwarded_properties) const;
  bool empty() const { return terms_.empty(); }
  /// What it was parsed from.
  const std::string& text() const { return text_; }
  Join join() const { return join_; }
  friend bool operator==(const PropertyFilter& a, const PropertyFilter& b) {
    return a.text_ == b.text_ && a.join_ == b.join_;
  }

 private:
  enum class Relation : std::uint8_t { Present, Absent, Equal, Unequal, Less, AtMost, Greater, AtLeast };
  struct Term {
    std::string name;
    Relation relation{};
    std::vector<std::string> values;
    double number = 0;
    bool holds_for(std::string_view value) const;
    bool is_negative() const { return relation == Relation::Absent || relation == Relation::Unequal; }
  };
  static Result<Term> parse_term(std::string_view text, std::size_t at);
  static bool is_true(const Term& term, Bytes forwarded_properties);

  std::string text_;
  Join join_ = Join::All;
  std::vector<Term> terms_;
};

/// The user property of SUBSCRIBE that says the same as what stands behind `?` in `$queue/...`, `$stream/...`
/// and `$share/<group>/$stream/...`.
inline constexpr std::string_view kFilterProperty = "filter";

/// What stands behind the first `?` of such a form, which ends there then; without one it is true for every
/// message. Errors: Invalid.
Result<PropertyFilter> take_property_filter(std::string_view& form);

}  // namespace hermod::queue
