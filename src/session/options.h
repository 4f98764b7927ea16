#pragma once
#include <cstdint>

#include "queue/options.h"

namespace hermod::session {

/// Limits of one session and of all sessions together.
struct Options {
  std::uint32_t max_sessions = 1'000'000;
  std::uint32_t max_subscriptions = 1'000;         ///< per session
  std::uint32_t max_expiry_interval = 0xFFFFFFFF;  ///< seconds; what a client asks for is capped to this
  std::uint16_t max_inflight = 100;                ///< QoS 1/2 messages on the way to one client
  std::uint16_t receive_maximum = 100;             ///< QoS 1/2 messages one client may have on the way to us
  bool lenient_receive_maximum = false;            ///< count instead of closing with 0x93
  std::uint32_t takeovers_per_minute = 6000;       ///< per client identifier, then 0x89
  queue::Options queue;
};

}  // namespace hermod::session
