#pragma once
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "base/ids.h"
#include "broker/queue_message.h"
#include "queue/control_result.h"

namespace hermod::broker {

/// A command that goes through the delayed messages, as far as it has come. Owned by the shard that has them.
struct DelayedLook {
  ControlId asker;
  bool cancels = false;                     ///< those that it finds; else it lists them
  std::optional<Seq> id{};                  ///< only this one,
  std::optional<std::string> message_id{};  ///< or those with this msg-id,
  std::string filter_text{};                ///< whose topic matches; empty: any
  Seq next{};
  std::uint32_t count = 0;
  std::size_t looked_at = 0;
  std::size_t bytes = 0;  ///< of what is listed
  bool is_last_page = false;
  std::uint64_t cancelled = 0;
  queue::DelayedList list{};
};

}  // namespace hermod::broker
