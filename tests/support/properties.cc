#include "tests/support/properties.h"

#include "tests/support/packet_bytes.h"

namespace hermod::support {
namespace {

enum class Kind { Byte, TwoBytes, FourBytes, VariableInteger, Text, Pair };

Kind kind_of(std::uint8_t id) {
  switch (id) {
    case property::kPayloadFormatIndicator:
    case property::kRequestProblemInformation:
    case property::kRequestResponseInformation:
    case property::kMaximumQoS:
    case property::kRetainAvailable:
    case property::kWildcardSubscriptionAvailable:
    case property::kSubscriptionIdentifierAvailable:
    case property::kSharedSubscriptionAvailable:
      return Kind::Byte;
    case property::kServerKeepAlive:
    case property::kReceiveMaximum:
    case property::kTopicAliasMaximum:
    case property::kTopicAlias:
      return Kind::TwoBytes;
    case property::kMessageExpiryInterval:
    case property::kSessionExpiryInterval:
    case property::kWillDelayInterval:
    case property::kMaximumPacketSize:
      return Kind::FourBytes;
    case property::kSubscriptionIdentifier:
      return Kind::VariableInteger;
    case property::kUserProperty:
      return Kind::Pair;
    case property::kContentType:
    case property::kResponseTopic:
    case property::kCorrelationData:
    case property::kAssignedClientIdentifier:
    case property::kAuthenticationMethod:
    case property::kAuthenticationData:
    case property::kResponseInformation:
    case property::kServerReference:
    case property::kReasonString:
      return Kind::Text;
    default:
      throw Unexpected("unknown property " + std::to_string(id));
  }
}

/// Takes bytes off the front; throws past the end.
class Cursor {
 public:
  Cursor(std::string_view bytes, std::size_t at) : bytes_(bytes), at_(at) {}

  std::size_t at() const { return at_; }

  std::uint64_t number(int size) {
    std::uint64_t v = 0;
    for (char c : take(static_cast<std::size_t>(size))) v = v << 8 | static_cast<std::uint8_t>(c);
    return v;
  }
  std::uint64_t variable_integer() {
    std::uint64_t v = 0;
    for (int shift = 0; shift < 28; shift += 7) {
      const std::uint64_t byte = number(1);
      v |= (byte & 0x7F) << shift;
      if ((byte & 0x80) == 0) return v;
    }
    throw Unexpected("variable byte integer of more than four bytes");
  }
  std::string text() { return std::string(take(number(2))); }

 private:
  std::string_view take(std::size_t size) {
    if (bytes_.size() - at_ < size) throw Unexpected("properties end early: " + to_hex(bytes_));
    at_ += size;
    return bytes_.substr(at_ - size, size);
  }

  std::string_view bytes_;
  std::size_t at_;
};

}  // namespace

Properties& Properties::add(std::uint8_t id, std::uint64_t number) {
  list_.push_back({.id = id, .number = number, .text = {}, .value = {}});
  return *this;
}

Properties& Properties::add(std::uint8_t id, std::string_view text) {
  list_.push_back({.id = id, .number = 0, .text = std::string(text), .value = {}});
  return *this;
}

Properties& Properties::user(std::string_view name, std::string_view value) {
  list_.push_back(
      {.id = property::kUserProperty, .number = 0, .text = std::string(name), .value = std::string(value)});
  return *this;
}

bool Properties::has(std::uint8_t id) const {
  for (const Property& p : list_) {
    if (p.id == id) return true;
  }
  return false;
}

std::optional<std::uint64_t> Properties::number(std::uint8_t id) const {
  for (const Property& p : list_) {
    if (p.id == id) return p.number;
  }
  return std::nullopt;
}

std::optional<std::string> Properties::text(std::uint8_t id) const {
  for (const Property& p : list_) {
    if (p.id == id) return p.text;
  }
  return std::nullopt;
}

std::vector<std::uint64_t> Properties::numbers(std::uint8_t id) const {
  std::vector<std::uint64_t> found;
  for (const Property& p : list_) {
    if (p.id == id) found.push_back(p.number);
  }
  return found;
}

std::vector<std::pair<std::string, std::string>> Properties::users() const {
  std::vector<std::pair<std::string, std::string>> found;
  for (const Property& p : list_) {
    if (p.id == property::kUserProperty) found.emplace_back(p.text, p.value);
  }
  return found;
}

std::string Properties::encoded() const {
  BodyBuilder block;
  for (const Property& p : list_) {
    block.u8(p.id);
    switch (kind_of(p.id)) {
      case Kind::Byte:
        block.u8(p.number);
        break;
      case Kind::TwoBytes:
        block.u16(p.number);
        break;
      case Kind::FourBytes:
        block.u32(p.number);
        break;
      case Kind::VariableInteger:
        block.variable_integer(p.number);
        break;
      case Kind::Text:
        block.text(p.text);
        break;
      case Kind::Pair:
        block.text(p.text).text(p.value);
        break;
    }
  }
  return BodyBuilder().variable_integer(block.bytes().size()).raw(block.bytes()).bytes();
}

Properties Properties::parsed(std::string_view body, std::size_t& at) {
  Cursor length_cursor(body, at);
  const std::size_t length = length_cursor.variable_integer();
  const std::size_t end = length_cursor.at() + length;
  if (end > body.size()) throw Unexpected("property length beyond the packet: " + to_hex(body));

  Properties properties;
  Cursor cursor(body.substr(0, end), length_cursor.at());
  while (cursor.at() < end) {
    const auto id = static_cast<std::uint8_t>(cursor.number(1));
    Property p{.id = id, .number = 0, .text = {}, .value = {}};
    switch (kind_of(id)) {
      case Kind::Byte:
        p.number = cursor.number(1);
        break;
      case Kind::TwoBytes:
        p.number = cursor.number(2);
        break;
      case Kind::FourBytes:
        p.number = cursor.number(4);
        break;
      case Kind::VariableInteger:
        p.number = cursor.variable_integer();
        break;
      case Kind::Text:
        p.text = cursor.text();
        break;
      case Kind::Pair:
        p.text = cursor.text();
        p.value = cursor.text();
        break;
    }
    properties.list_.push_back(std::move(p));
  }
  at = end;
  return properties;
}

}  // namespace hermod::support
