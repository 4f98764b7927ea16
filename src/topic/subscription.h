#pragma once
#include <cstdint>
#include <string>

#include "base/ids.h"
#include "topic/topic_filter.h"

namespace hermod::topic {

/// One shared subscription (share name and filter) as long as it has members. Made from its name, so that it
/// is the same after a restart; where two names give the same number the later one takes the next that is
/// free. Zero stands for "not shared".
using GroupKey = Id<struct GroupKeyTag, std::uint64_t>;

/// What a group is called; owned text, for records that outlive the group.
struct GroupName {
  std::string share_name;
  std::string filter;
};

/// What the subscriber asked for and got.
struct SubscriptionOptions {
  /// 0, 1 or 2: the Maximum QoS that SUBACK granted.
  std::uint8_t granted_qos = 0;
  /// Not for shared subscriptions (a protocol error, refused before it gets here) and ignored there.
  bool no_local = false;
  bool retain_as_published = false;
  /// Subscription Identifier, 0 when there is none.
  std::uint32_t identifier = 0;

  friend bool operator==(const SubscriptionOptions&, const SubscriptionOptions&) = default;
};

/// One step of a batch. `target` is a view: its text must live until the batch was applied.
struct SubscriptionChange {
  enum class Kind : std::uint8_t {
    Set,    ///< add, or replace what this session has under the same target
    Remove  ///< `options` are not looked at
  };
  Kind kind = Kind::Set;
  SubscriptionTarget target;
  SessionId session;
  SubscriptionOptions options = {};
  bool is_binding = false;  ///< of what is no session, and counts as no subscription
};

/// What a change did. Added and Replaced are told apart for Retain Handling 1, Removed and NotFound for
/// UNSUBACK.
enum class ChangeOutcome : std::uint8_t { Added, Replaced, Removed, NotFound };

}  // namespace hermod::topic
