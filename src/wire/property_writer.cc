#include "wire/property_writer.h"

#include "base/assert.h"
#include "wire/frame.h"

namespace hermod::wire {

PropertyWriter& PropertyWriter::add(PropertyId id, std::uint32_t number) {
  const PropertyType type = rule_for(id).type;
  HERMOD_ASSERT(type >= PropertyType::Byte && type <= PropertyType::VariableByteInteger);
  ByteWriter writer(block_);
  writer.u8(static_cast<std::uint8_t>(id));
  switch (type) {
    case PropertyType::Byte:
      writer.u8(static_cast<std::uint8_t>(number));
      break;
    case PropertyType::TwoByteInteger:
      writer.u16(static_cast<std::uint16_t>(number));
      break;
    case PropertyType::FourByteInteger:
      writer.u32(number);
      break;
    case PropertyType::VariableByteInteger: {
      HERMOD_ASSERT(number <= kLargestRemainingLength);
      std::uint8_t bytes[4];
      const std::uint8_t* end = put_variable_byte_integer(bytes, number);
      writer.bytes(Bytes(bytes, end));
      break;
    }
    default:
      break;
  }
  present_ |= bit_of(id);
  return *this;
}

PropertyWriter& PropertyWriter::add(PropertyId id, std::string_view text) {
  const PropertyType type = rule_for(id).type;
  HERMOD_ASSERT(type == PropertyType::Utf8String || type == PropertyType::BinaryData);
  HERMOD_ASSERT(text.size() <= 65535);
  ByteWriter writer(block_);
  writer.u8(static_cast<std::uint8_t>(id));
  writer.sized16(text);
  present_ |= bit_of(id);
  return *this;
}

PropertyWriter& PropertyWriter::add(PropertyId id, Bytes binary) {
  return add(id, as_text(binary));
}

PropertyWriter& PropertyWriter::add_user(std::string_view name, std::string_view value) {
  HERMOD_ASSERT(name.size() <= 65535 && value.size() <= 65535);
  const std::size_t begin = block_.size();
  block_.resize(begin + UserPropertyFiller::size_of(name.size(), value.size()));
  UserPropertyFiller(block_.data() + begin).add(name, value);
  present_ |= bit_of(PropertyId::UserProperty);
  return *this;
}

PropertyWriter& PropertyWriter::append(Bytes block) {
  present_ |= Properties::over(block).present();
  block_.append(as_text(block));
  return *this;
}

}  // namespace hermod::wire
