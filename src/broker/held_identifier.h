#pragma once
#include "session/session.h"

namespace hermod::broker {

/// Says in the log that a session gets nothing more at QoS 1 and 2, because its client has left an exchange
/// open for so long that the next message would have the same packet identifier; once for each such exchange,
/// unless another is told of meanwhile. The session's shard. Precondition: the session's OutboundFlow has no
/// room for the next sequence.
void tell_held_identifier(session::Session& session);

}  // namespace hermod::broker
