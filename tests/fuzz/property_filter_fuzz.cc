// The first byte says how many bytes of the rest are a property filter; what follows is a block of
// properties, if it is one. Whatever the bytes are, parsing must not crash; a text gives the same filter
// again; whoever fulfils all terms fulfils one; and a term and its opposite are never true together.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/assert.h"
#include "queue/property_filter.h"
#include "wire/properties.h"

namespace {

using namespace hermod;
using queue::PropertyFilter;

/// Of well-formed user properties only, as a message has them.
std::string user_properties(std::string_view input) {
  std::string block;
  ByteReader reader(as_bytes(input));
  wire::Property property;
  while (wire::read_property(reader, property))
    if (property.id == wire::PropertyId::UserProperty) block += as_text(property.encoded);
  return block;
}

void check_opposite(std::string_view text, Bytes properties) {
  const std::size_t sign = text.find_first_of("!<=>&");
  if (sign != std::string_view::npos && text.find('&') == std::string_view::npos && text[sign] == '=') {
    const std::string opposite = std::string(text.substr(0, sign)) + '!' + std::string(text.substr(sign));
    const auto equal = PropertyFilter::parse(text);
    const auto unequal = PropertyFilter::parse(opposite);
    HERMOD_ASSERT(unequal.has_value());
    HERMOD_ASSERT(equal->matches(properties) != unequal->matches(properties));
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view input(reinterpret_cast<const char*>(data + 1), size - 1);
  const std::string_view text = input.substr(0, data[0]);
  const std::string block = user_properties(input.substr(text.size()));
  const auto all = PropertyFilter::parse(text, PropertyFilter::Join::All);
  const auto any = PropertyFilter::parse(text, PropertyFilter::Join::Any);
  HERMOD_ASSERT(all.has_value() == any.has_value());
  if (!all) return 0;
  HERMOD_ASSERT(PropertyFilter::parse(all->text(), all->join()) == *all);
  if (all->matches(as_bytes(block))) HERMOD_ASSERT(any->matches(as_bytes(block)));
  check_opposite(text, as_bytes(block));
  return 0;
}
