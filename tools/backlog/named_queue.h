#pragma once
#include "client.h"

namespace hermod::backlog {

/// One consumer takes all messages of one named queue: first some one by one, to see how soon the next one
/// comes for one that was acknowledged, then as fast as they come. Every message has to come, and once.
void take(const Plan& plan);

/// Takes one message from each of as many queues as there are sessions, one queue after the other.
void visit(const Plan& plan);

}  // namespace hermod::backlog
