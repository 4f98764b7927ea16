#pragma once
#include <string>

#include "wire/properties.h"

namespace hermod::wire {

/// A User Property at the end of a block. Precondition: at most 65535 bytes each.
void append_user_property(std::string& block, std::string_view name, std::string_view value);
/// The same with a number, in decimal.
void append_user_property(std::string& block, std::string_view name, std::uint64_t number);

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
