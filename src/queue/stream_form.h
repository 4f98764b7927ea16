#pragma once
#include <cstdint>
#include <optional>
#include <string_view>

#include "base/clock.h"
#include "base/ids.h"
#include "base/result.h"
#include "queue/property_filter.h"

namespace hermod::queue {

/// Where a reader of a stream begins.
struct StreamStart {
  enum class From : std::uint8_t {
    Latest,    ///< with the next message that is stored
    Earliest,  ///< with the oldest that is kept
    Time,      ///< with the first that was stored at that time or later
    Offset     ///< with this one
  };
  From from = From::Latest;
  WallTime time{};
  Seq offset{};

  /// "earliest", "latest", microseconds since the epoch, milliseconds with "ms" behind them, a time of RFC
  /// 3339 such as 2026-11-29T07:00:00Z, or "offset:<n>". Errors: Invalid, with what is expected.
  static Result<StreamStart> parse(std::string_view text);
  friend bool operator==(const StreamStart&, const StreamStart&) = default;
};

/// What `$stream/...` says in a SUBSCRIBE: `$stream/<name>`, and for a client of MQTT 3.1.1, which has no
/// user properties, `$stream/<name>/@<start>`; with `?<property filter>` behind both. A view into the text.
struct StreamForm {
  std::string_view name;
  std::optional<StreamStart> start;  ///< nothing: the form does not say
  PropertyFilter properties;

  /// Errors: Invalid. Precondition: is_stream_form(text).
  static Result<StreamForm> parse(std::string_view text);
};

/// The user property of SUBSCRIBE that says where a reader begins.
inline constexpr std::string_view kStreamOffset = "stream-offset";

bool is_stream_form(std::string_view text);

/// What `$share/<group>/$stream/...` says in a SUBSCRIBE: the consumer group, and the stream it reads. A view
/// into the text.
struct GroupForm {
  std::string_view group;
  StreamForm stream;  ///< where the group begins, if it is new

  /// Errors: Invalid. Precondition: is_group_form(text).
  static Result<GroupForm> parse(std::string_view text);
};
bool is_group_form(std::string_view text);

/// Whether a subscription is to something with a name, queue or stream, and not to topics.
bool is_named_form(std::string_view text);
/// The queue or stream of such a subscription, also of a group's; empty when the form is wrong. Precondition:
/// is_named_form().
std::string_view name_in_form(std::string_view text);
/// What stands behind `?` in such a subscription, or nothing does: then it is true for every message.
/// Precondition: is_named_form().
PropertyFilter filter_in_form(std::string_view text);

/// A date and time of RFC 3339, to the microsecond. Errors: Invalid.
Result<WallTime> parse_time(std::string_view text);

}  // namespace hermod::queue
