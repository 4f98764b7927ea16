#pragma once
#include <string>
#include <string_view>

#include "broker/commit_ticket.h"
#include "queue/property_filter.h"
#include "session/session.h"
#include "store/write_batch.h"
#include "wire/packets.h"

namespace hermod::broker {

/// One filter of a SUBSCRIBE, to a named queue, a stream or a consumer group, while it is decided about.
/// Lives on the stack of whoever does.
struct Granting {
  const session::Session& session;
  const wire::Subscribe& packet;
  const wire::SubscribeFilter& wanted;
  SubscriptionRequest& request;  ///< gets what it was granted,
  store::WriteBatch& batch;      ///< the records of what is made for it,
  std::string& why;              ///< and the reason in words, unless there is one of another filter

  wire::ReasonCode refuse(wire::ReasonCode reason, std::string_view text) {
    if (why.empty()) why = text;
    return reason;
  }
  /// Which messages it takes: what its form says, the user property `filter`, or both in the same words.
  /// False: it says nothing that can be granted, and why.
  bool take_filter(queue::PropertyFilter in_form);
};

}  // namespace hermod::broker
