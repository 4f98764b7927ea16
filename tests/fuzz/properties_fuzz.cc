// The first byte says where the block stands (0: a will, else a packet type); what follows is a property
// length and a block. A block that is taken must be the same block when it is read property by property,
// written again, or seen through Properties; and what is forwarded of it must be forwarded whole the next
// time.
#include <cstddef>
#include <cstdint>
#include <string>

#include "base/assert.h"
#include "wire/properties.h"
#include "wire/property_writer.h"
#include "wire/utf8.h"

namespace {

using namespace hermod;
using namespace hermod::wire;

void add(PropertyWriter& writer, const Property& property) {
  switch (rule_for(property.id).type) {
    case PropertyType::Utf8StringPair:
      HERMOD_ASSERT(is_valid_string(property.name) && is_valid_string(property.value));
      writer.add_user(as_text(property.name), as_text(property.value));
      break;
    case PropertyType::Utf8String:
      HERMOD_ASSERT(is_valid_string(property.value));
      writer.add(property.id, property.value);
      break;
    case PropertyType::BinaryData:
      writer.add(property.id, property.value);
      break;
    default:
      writer.add(property.id, property.number);
  }
}

void check_written_again(const Properties& properties) {
  PropertyWriter writer;
  std::size_t users = 0;
  std::size_t identifiers = 0;
  ByteReader reader(properties.raw());
  Property property;
  while (read_property(reader, property)) {
    HERMOD_ASSERT(properties.has(property.id));
    users += property.id == PropertyId::UserProperty ? 1 : 0;
    identifiers += property.id == PropertyId::SubscriptionIdentifier ? 1 : 0;
    add(writer, property);
  }
  HERMOD_ASSERT(reader.remaining() == 0);
  HERMOD_ASSERT(as_text(writer.properties().raw()) == as_text(properties.raw()));
  HERMOD_ASSERT(writer.properties().present() == properties.present());
  HERMOD_ASSERT(Properties::over(properties.raw()).present() == properties.present());
  for (const UserProperty& user : properties.user_properties()) {
    HERMOD_ASSERT(is_valid_string(as_bytes(user.name)));
    --users;
  }
  for (const std::uint32_t identifier : properties.subscription_identifiers()) {
    HERMOD_ASSERT(identifier != 0);
    --identifiers;
  }
  HERMOD_ASSERT(users == 0 && identifiers == 0);
}

void check_forwarded(const Properties& properties) {
  std::string once;
  append_forwarded(properties.raw(), once);
  HERMOD_ASSERT(once.size() <= properties.raw().size());
  HERMOD_ASSERT(Properties::over(as_bytes(once)).present() == (properties.present() & kForwarded));
  std::string twice;
  append_forwarded(as_bytes(once), twice);
  HERMOD_ASSERT(twice == once);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const auto place = static_cast<PropertyPlace>(data[0] & 0x0F);
  ByteReader reader(Bytes(data + 1, size - 1));
  Properties properties;
  if (read_properties(reader, place, Limits{}, properties)) {
    HERMOD_ASSERT(properties.empty() && properties.present() == 0);
    return 0;
  }
  HERMOD_ASSERT((properties.present() & ~allowed_in(place)) == 0);
  check_written_again(properties);
  check_forwarded(properties);
  return 0;
}
