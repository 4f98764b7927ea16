#pragma once
#include <chrono>
#include <optional>
#include <string_view>

#include "base/ids.h"
#include "base/result.h"
#include "queue/property_filter.h"

namespace hermod::queue {

/// What `$queue/...` says in a SUBSCRIBE: `$queue/<name>`, with `/<filter>` behind it to have the queue made
/// if it is not there, and with `?<property filter>` behind both. A view into the text.
struct QueueForm {
  std::string_view name;
  std::string_view filter;  ///< a topic filter, if topic/ says so; empty: there is none
  PropertyFilter properties;

  /// The first `?` begins the property filter, so a topic filter with a question mark in it has to be bound
  /// in another way. Errors: Invalid. Precondition: is_queue_form(text).
  static Result<QueueForm> parse(std::string_view text);
};

/// A negative acknowledgement by a client of MQTT 3.1.1, which has no reason codes: PUBLISH to
/// `$queue/<name>/$nack/<offset>` or `$queue/<name>/$nack/<offset>/<seconds>`; with `oldest` in place of the
/// offset, or with nothing behind `$nack`, the oldest that it has not answered. A view into the topic.
struct NackForm {
  std::string_view name;
  Seq offset;  ///< the sequence of the entry, as it was delivered; 0: the oldest
  std::optional<std::chrono::seconds> retry_after;

  /// Errors: Invalid. Precondition: is_queue_form(topic).
  static Result<NackForm> parse(std::string_view topic);
};

bool is_queue_form(std::string_view text);

}  // namespace hermod::queue
