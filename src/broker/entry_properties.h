#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/ids.h"
#include "queue/settlement.h"

namespace hermod::broker {

/// What a named queue or a stream says of an entry to a client, as user properties. Owns the bytes of the
/// last that was made; one shard's, kept between calls so that a delivery allocates nothing.
class EntryProperties {
 public:
  struct Said {
    std::string_view key{};    ///< not said when it is empty, or the publisher has said a key
    std::string_view queue{};  ///< not said when it is empty: it may have been deleted meanwhile
    Seq offset;
    WallTime stored_at{};
    std::optional<std::uint32_t> deliveries{};  ///< of a queue or a group, this one included
    const queue::Death* first_death = nullptr;  ///< when it was dead before
  };

  /// Behind what its publisher said, which is not said twice. With `is_short` nothing whose size depends on
  /// the message. Valid until the next call. Preconditions: at most 65535 bytes each.
  Bytes behind(Bytes from_publisher, const Said& said, bool is_short = false);

 private:
  std::string memory_;  ///< as large as the largest yet
};

}  // namespace hermod::broker
