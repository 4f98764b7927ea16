#pragma once
#include <cstddef>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"

namespace hermod::queue {

/// What a message's key is computed from; views.
struct KeyInput {
  std::string_view topic;
  Bytes forwarded_properties;  ///< encoded, as Message keeps them
  std::string_view client_id;  ///< the publisher's; empty when the broker itself publishes
};

/// Where a queue finds the ordering key of a message. A value.
class KeySource {
 public:
  enum class Kind { Auto, Topic, TopicLevel, ClientId, Property };

  /// "auto", "topic", "topic-level:<n>" (from 1 to 200), "client-id" or "property:<name>". Errors: Invalid.
  static Result<KeySource> parse(std::string_view text);
  std::string text() const;
  Kind kind() const { return kind_; }

  /// A view into `input`. `auto` is the user property `key`. A message without the property, which a client
  /// of MQTT 3.1.1 cannot give, has its publisher as key; one with fewer topic levels its whole topic. Of a
  /// repeated property the first one counts.
  std::string_view key_for(const KeyInput& input) const;
  friend bool operator==(const KeySource&, const KeySource&) = default;

 private:
  Kind kind_ = Kind::Auto;
  std::size_t level_ = 0;
  std::string property_;
};

}  // namespace hermod::queue
