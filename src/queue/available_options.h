#pragma once
#include "base/result.h"
#include "queue/queue_definition.h"

namespace hermod::queue {

/// Whether this broker carries out everything that the definition asks for. What it does not carry out yet is
/// refused wherever a definition comes from, so that no option is accepted and then does nothing. Errors:
/// Unsupported, with the option first and what to leave it at.
Status check_available(const QueueDefinition& definition);

}  // namespace hermod::queue
