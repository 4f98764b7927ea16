#include "queue/property_filter.h"

#include <algorithm>
#include <charconv>
#include <optional>

#include "base/text.h"
#include "wire/properties.h"

namespace hermod::queue {
namespace {

constexpr std::string_view kListProperty = "tags";
constexpr std::string_view kRelations = "!<=>";

tl::unexpected<Error> wrong(std::size_t at, std::string_view what) {
  return failure(Errc::Invalid, "property filter, byte " + std::to_string(at + 1) + ": " + std::string(what));
}

std::optional<std::uint8_t> hex_digit(char c) {
  if (c >= '0' && c <= '9') return static_cast<std::uint8_t>(c - '0');
  if (c >= 'a' && c <= 'f') return static_cast<std::uint8_t>(c - 'a' + 10);
  if (c >= 'A' && c <= 'F') return static_cast<std::uint8_t>(c - 'A' + 10);
  return std::nullopt;
}

/// Nothing when a % has not two hexadecimal digits behind it.
std::optional<std::string> decoded(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out += text[i];
      continue;
    }
    if (text.size() - i < 3) return std::nullopt;
    const auto high = hex_digit(text[i + 1]);
    const auto low = hex_digit(text[i + 2]);
    if (!high || !low) return std::nullopt;
    out += static_cast<char>(*high << 4 | *low);
    i += 2;
  }
  return out;
}

std::optional<double> decimal(std::string_view text) {
  double number = 0;
  const std::string_view digits = text.starts_with('-') ? text.substr(1) : text;
  // from_chars also reads "inf" and "nan".
  if (digits.empty() || digits.front() < '0' || digits.front() > '9') return std::nullopt;
  const auto [end, fault] =
      std::from_chars(text.data(), text.data() + text.size(), number, std::chars_format::fixed);
  if (fault != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return number;
}

/// Calls visit(part, where it begins) for what stands between the separators; an error ends it.
template <class Visit>
Status for_each_part(std::string_view text, char separator, Visit visit) {
  for (std::size_t begin = 0;;) {
    const std::size_t end = std::min(text.find(separator, begin), text.size());
    if (Status status = visit(text.substr(begin, end - begin), begin); !status) return status;
    if (end == text.size()) return {};
    begin = end + 1;
  }
}

}  // namespace

Result<PropertyFilter> PropertyFilter::parse(std::string_view text, Join join) {
  if (text.size() > kMostBytes) return failure(Errc::Invalid, "property filter: longer than 1024 bytes");
  PropertyFilter filter;
  filter.text_ = text;
  filter.join_ = join;
  const Status read = for_each_part(text, '&', [&](std::string_view part, std::size_t at) -> Status {
    auto term = parse_term(part, at);
    if (!term) return tl::unexpected(std::move(term).error());
    if (filter.terms_.size() == kMostTerms) return wrong(at, "more than 16 terms");
    filter.terms_.push_back(std::move(*term));
    return {};
  });
  if (!read) return tl::unexpected(read.error());
  return filter;
}

Result<PropertyFilter::Term> PropertyFilter::parse_term(std::string_view text, std::size_t at) {
  Term term;
  term.relation = Relation::Present;
  if (text.starts_with('!')) {
    term.relation = Relation::Absent;
    text.remove_prefix(1);
    ++at;
  }
  const std::size_t name_size = std::min(text.find_first_of(kRelations), text.size());
  if (name_size == 0) return wrong(at, "the name of a user property is expected");
  const std::string_view raw_name = text.substr(0, name_size);
  if (const std::size_t comma = raw_name.find(','); comma != std::string_view::npos)
    return wrong(at + comma, "a name has no comma; write it as %2C");
  auto name = decoded(raw_name);
  if (!name) return wrong(at, "% needs two hexadecimal digits behind it");
  term.name = std::move(*name);
  if (name_size == text.size()) return term;
  if (term.relation == Relation::Absent) return wrong(at + name_size, "nothing may follow !name");

  std::string_view rest = text.substr(name_size);
  const auto takes = [&](std::string_view sign, Relation relation) {
    if (!rest.starts_with(sign)) return false;
    term.relation = relation;
    rest.remove_prefix(sign.size());
    return true;
  };
  if (!takes("!=", Relation::Unequal) && !takes("<=", Relation::AtMost) && !takes(">=", Relation::AtLeast) &&
      !takes("=", Relation::Equal) && !takes("<", Relation::Less) && !takes(">", Relation::Greater))
    return wrong(at + name_size, "= != < <= > or >= is expected");
  const std::size_t value_at = at + text.size() - rest.size();
  if (const std::size_t sign = rest.find_first_of(kRelations); sign != std::string_view::npos)
    return wrong(value_at + sign, "a value has no ! < = or >; write it as % and two hexadecimal digits");

  if (term.relation == Relation::Equal || term.relation == Relation::Unequal) {
    const Status read = for_each_part(rest, ',', [&](std::string_view value, std::size_t begin) -> Status {
      auto plain = decoded(value);
      if (!plain) return wrong(value_at + begin, "% needs two hexadecimal digits behind it");
      term.values.push_back(std::move(*plain));
      return {};
    });
    if (!read) return tl::unexpected(read.error());
    return term;
  }
  const auto number = decimal(rest);
  if (!number) return wrong(value_at, "a number such as 25 or -0.5 is expected");
  term.number = *number;
  return term;
}

Result<PropertyFilter> take_property_filter(std::string_view& form) {
  const std::size_t question = form.find('?');
  if (question == std::string_view::npos) return PropertyFilter{};
  const std::string_view text = form.substr(question + 1);
  form = form.substr(0, question);
  return PropertyFilter::parse(text);
}

bool PropertyFilter::matches(Bytes forwarded_properties) const {
  const auto holds = [&](const Term& term) { return is_true(term, forwarded_properties); };
  if (terms_.empty() || join_ == Join::All) return std::all_of(terms_.begin(), terms_.end(), holds);
  return std::any_of(terms_.begin(), terms_.end(), holds);
}

bool PropertyFilter::is_true(const Term& term, Bytes forwarded_properties) {
  for (const wire::UserProperty property : wire::UserProperties(forwarded_properties))
    if (property.name == term.name && term.holds_for(property.value)) return !term.is_negative();
  return term.is_negative();
}

/// Of the value of a property with that name; what a negative term denies.
bool PropertyFilter::Term::holds_for(std::string_view value) const {
  const auto is_value = [&](std::string_view text) {
    return std::find(values.begin(), values.end(), text) != values.end();
  };
  switch (relation) {
    case Relation::Present:
    case Relation::Absent:
      return true;
    case Relation::Equal:
    case Relation::Unequal: {
      if (name != kListProperty) return is_value(value);
      bool found = false;
      const Status read = for_each_part(value, ',', [&](std::string_view tag, std::size_t) -> Status {
        found = found || is_value(trimmed(tag, " "));
        return {};
      });
      return read.has_value() && found;
    }
    default:
      break;
  }
  const auto given = decimal(value);
  if (!given) return false;
  switch (relation) {
    case Relation::Less:
      return *given < number;
    case Relation::AtMost:
      return *given <= number;
    case Relation::Greater:
      return *given > number;
    default:
      return *given >= number;
  }
}

}  // namespace hermod::queue
