#pragma once
#include <cstdint>

#include "base/ids.h"

namespace hermod::topic {

/// Says which members of a shared subscription can take a message now. Implemented by whoever knows sessions;
/// called on the matching thread while the index is locked for reading: answer at once, and do not call the
/// index.
class MemberSelector {
 public:
  enum class Rank : std::uint8_t {
    Never,    ///< gone: gets nothing
    Offline,  ///< would keep the message until it, or another member, returns; only when nobody is connected
    Busy,     ///< connected, and full for the moment; only when nobody is Online
    Online    ///< connected and with room
  };

  virtual ~MemberSelector() = default;
  virtual Rank rank(SessionId member) const = 0;
};

}  // namespace hermod::topic
