#pragma once
#include <cstdint>

#include "base/assert.h"

namespace hermod::qos {

/// How many QoS 1 and 2 PUBLISH packets may still be unanswered on this connection (4.9). It asserts where
/// others clamp: a place is given back only by what has taken one.
class Quota {
 public:
  /// A new connection: everything is free again. [MQTT-3.3.4-7] counts per connection.
  void reset(std::uint16_t receive_maximum) {
    maximum_ = receive_maximum;
    used_ = 0;
  }
  bool available() const { return used_ < maximum_; }
  void take() {
    HERMOD_ASSERT(available());
    ++used_;
  }
  void give_back() {
    HERMOD_ASSERT(used_ > 0);
    --used_;
  }
  std::uint16_t used() const { return used_; }
  std::uint16_t left() const { return static_cast<std::uint16_t>(maximum_ - used_); }
  std::uint16_t maximum() const { return maximum_; }

 private:
  std::uint16_t maximum_ = 0;
  std::uint16_t used_ = 0;
};

}  // namespace hermod::qos
