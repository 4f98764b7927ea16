#pragma once
#include <string>

#include "base/bytes.h"
#include "wire/properties.h"

namespace hermod::wire {

/// User Properties one behind the other into memory that is there. Preconditions: there is room for size_of()
/// of each; at most 65535 bytes each.
class UserPropertyFiller {
 public:
  explicit UserPropertyFiller(char* at) : out_(at) {}

  static constexpr std::size_t size_of(std::size_t name, std::size_t value) {
    return 1 + 2 + name + 2 + value;
  }
  static constexpr std::size_t kMostDigits = 20;  ///< of a number's value

  void add(std::string_view name, std::string_view value) {
    put_name(name);
    out_.sized16(value);
  }
  void add(std::string_view name, std::uint64_t number) {
    put_name(name);
    out_.sized16_decimal(number);
  }
  /// Behind what was added.
  const char* at() const { return out_.at(); }

 private:
  void put_name(std::string_view name) {
    out_.u8(static_cast<std::uint8_t>(PropertyId::UserProperty));
    out_.sized16(name);
  }

  ByteFiller out_;
};

/// Builds a property block in the order of the calls, for a packet of our own. Owns the bytes that
/// properties() shows; lives on the stack of whoever sends the packet.
class PropertyWriter {
 public:
  /// A property whose type is a number. Preconditions: the value fits the type; not added before, except a
  /// subscription identifier.
  PropertyWriter& add(PropertyId id, std::uint32_t number);
  /// A property whose type is a string or binary data. Precondition: at most 65535 bytes.
  PropertyWriter& add(PropertyId id, std::string_view text);
  PropertyWriter& add(PropertyId id, Bytes binary);
  /// Precondition: at most 65535 bytes each.
  PropertyWriter& add_user(std::string_view name, std::string_view value);
  /// A block that is encoded already, such as what append_forwarded() left.
  PropertyWriter& append(Bytes block);

  bool empty() const { return block_.empty(); }
  /// Valid until the next change.
  Properties properties() const { return {as_bytes(block_), present_}; }

 private:
  std::string block_;
  PropertySet present_ = 0;
};

}  // namespace hermod::wire
