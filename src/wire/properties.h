#pragma once
#include <iterator>
#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "wire/limits.h"
#include "wire/property_table.h"
#include "wire/protocol_error.h"

namespace hermod::wire {

/// One property as it stands in a block. Numbers of every width are in `number`; strings and binary data
/// in `value`; a user property has its name in `name` and its value in `value`.
struct Property {
  PropertyId id{};
  std::uint32_t number = 0;
  Bytes name;
  Bytes value;
  Bytes encoded;  ///< identifier and value, as they stand in the block
};

struct UserProperty {
  std::string_view name;
  std::string_view value;
  friend bool operator==(const UserProperty&, const UserProperty&) = default;
};

/// Takes a user property off the front of a block: they stand side by side in most, and every PUBLISH to a
/// named queue is asked for several. False: another kind is there, or nothing whole.
inline bool take_user_property(Bytes& rest, std::string_view& name, std::string_view& value) {
  constexpr std::size_t kLengths = 5;  // the identifier's byte, and two of each length
  if (rest.size() < kLengths || rest[0] != static_cast<std::uint8_t>(PropertyId::UserProperty)) return false;
  const std::size_t name_size = std::size_t{rest[1]} << 8 | rest[2];
  if (rest.size() - kLengths < name_size) return false;
  const std::uint8_t* const behind = rest.data() + 3 + name_size;
  const std::size_t value_size = std::size_t{behind[0]} << 8 | behind[1];
  if (rest.size() - kLengths - name_size < value_size) return false;
  name = as_text({rest.data() + 3, name_size});
  value = as_text({behind + 2, value_size});
  rest = rest.subspan(kLengths + name_size + value_size);
  return true;
}

/// Walks the properties of one identifier in the order they stand in a validated block.
template <class Value, PropertyId kId>
class PropertiesOfOneKind {
 public:
  class iterator {
   public:
    using iterator_category = std::input_iterator_tag;
    using difference_type = std::ptrdiff_t;
    using value_type = Value;
    using pointer = const Value*;
    using reference = Value;

    iterator() = default;
    explicit iterator(Bytes rest) : rest_(rest) { ++*this; }
    Value operator*() const;
    iterator& operator++();
    void operator++(int) { ++*this; }
    friend bool operator==(const iterator& a, const iterator& b) { return a.at_ == b.at_; }

   private:
    Bytes rest_;
    Value value_{};
    const std::uint8_t* at_ = nullptr;  // null at the end
  };

  explicit PropertiesOfOneKind(Bytes block) : block_(block) {}
  iterator begin() const { return iterator(block_); }
  iterator end() const { return iterator(); }
  bool empty() const { return begin() == end(); }

 private:
  Bytes block_;
};

using UserProperties = PropertiesOfOneKind<UserProperty, PropertyId::UserProperty>;
using SubscriptionIdentifiers = PropertiesOfOneKind<std::uint32_t, PropertyId::SubscriptionIdentifier>;

/// Whether there is a user property of that name. Precondition: the block was checked.
bool has_user_property(Bytes block, std::string_view name);

/// A validated property block of MQTT 5.0, seen and not owned: valid as long as the bytes below it. It knows
/// which properties are there; a value is read when asked for, so a PUBLISH pays for what the broker uses.
/// 24 bytes, copied freely; on 3.x it is empty.
class Properties {
 public:
  Properties() = default;
  /// Precondition: `block` is well formed and has exactly the properties of `present`.
  Properties(Bytes block, PropertySet present) : block_(block), present_(present) {}
  /// Precondition: `block` is well formed, as PropertyWriter, append_forwarded() or a decoder leave it.
  static Properties over(Bytes block);

  bool empty() const { return block_.empty(); }
  /// The block without its length.
  Bytes raw() const { return block_; }
  PropertySet present() const { return present_; }
  bool has(PropertyId id) const { return (present_ & bit_of(id)) != 0; }
  /// The first property of that identifier.
  std::optional<Property> find(PropertyId id) const;

  // PUBLISH and will
  std::optional<std::uint8_t> payload_format_indicator() const;
  std::optional<std::uint32_t> message_expiry_interval() const;  ///< seconds
  std::optional<std::string_view> content_type() const;
  std::optional<std::string_view> response_topic() const;
  std::optional<Bytes> correlation_data() const;
  std::optional<std::uint16_t> topic_alias() const;
  std::optional<std::uint32_t> will_delay_interval() const;  ///< seconds
  // CONNECT, CONNACK, DISCONNECT, AUTH
  std::optional<std::uint32_t> session_expiry_interval() const;  ///< seconds; 0xFFFFFFFF = never
  std::optional<std::uint16_t> receive_maximum() const;          ///< never 0
  std::optional<std::uint32_t> maximum_packet_size() const;      ///< bytes, never 0
  std::optional<std::uint16_t> topic_alias_maximum() const;
  std::optional<bool> request_response_information() const;
  std::optional<bool> request_problem_information() const;
  std::optional<std::string_view> authentication_method() const;
  std::optional<Bytes> authentication_data() const;
  std::optional<std::string_view> assigned_client_identifier() const;
  std::optional<std::uint16_t> server_keep_alive() const;  ///< seconds
  std::optional<std::string_view> response_information() const;
  std::optional<std::string_view> server_reference() const;
  std::optional<QoS> maximum_qos() const;
  std::optional<bool> retain_available() const;
  std::optional<bool> wildcard_subscription_available() const;
  std::optional<bool> subscription_identifier_available() const;
  std::optional<bool> shared_subscription_available() const;
  // any answer
  std::optional<std::string_view> reason_string() const;
  // SUBSCRIBE: the first; PUBLISH: all
  std::optional<std::uint32_t> subscription_identifier() const;
  SubscriptionIdentifiers subscription_identifiers() const {
    return SubscriptionIdentifiers(has(PropertyId::SubscriptionIdentifier) ? block_ : Bytes{});
  }
  UserProperties user_properties() const {
    return UserProperties(has(PropertyId::UserProperty) ? block_ : Bytes{});
  }

 private:
  std::optional<std::uint32_t> number(PropertyId id) const;
  std::optional<std::string_view> text(PropertyId id) const;
  std::optional<Bytes> binary(PropertyId id) const;

  Bytes block_;
  PropertySet present_ = 0;
};

/// Reads one property off the front. False when the bytes do not hold a whole property of a known kind:
/// `out.id` is then 0 for an unknown identifier. Checks the type, not the value.
bool read_property(ByteReader& reader, Property& out);

/// Reads a property length and the block behind it, checking every rule of 2.2.2: identifiers, place, types,
/// ranges, repetitions, strings. `out` is set only when nothing is wrong. Time linear in the block.
Violation read_properties(ByteReader& reader, PropertyPlace place, const Limits& limits, Properties& out);

/// Copies to the end of `out`, in order and unaltered, those properties of a PUBLISH or a will that its
/// receivers get: payload format, content type, response topic, correlation data, user properties. Message
/// expiry, topic alias, subscription identifiers and will delay stay behind. Precondition: a well-formed
/// block.
void append_forwarded(Bytes raw_block, std::string& out);

template <class Value, PropertyId kId>
Value PropertiesOfOneKind<Value, kId>::iterator::operator*() const {
  return value_;
}

template <class Value, PropertyId kId>
auto PropertiesOfOneKind<Value, kId>::iterator::operator++() -> iterator& {
  const std::uint8_t* const before = rest_.data();
  at_ = nullptr;
  if (rest_.empty()) return *this;
  if constexpr (kId == PropertyId::UserProperty) {
    if (take_user_property(rest_, value_.name, value_.value)) {
      at_ = before;
      return *this;
    }
  }
  ByteReader reader(rest_);
  Property property;
  while (at_ == nullptr && read_property(reader, property)) {
    if (property.id != kId) continue;
    at_ = property.encoded.data();
    if constexpr (kId == PropertyId::UserProperty) {
      value_ = {as_text(property.name), as_text(property.value)};
    } else {
      value_ = property.number;
    }
  }
  rest_ = reader.rest();
  return *this;
}

}  // namespace hermod::wire
