#pragma once
#include "queue/message.h"
#include "store/write_batch.h"

namespace hermod::retain {

/// The message becomes the retained message of its topic, or clears it when its payload is empty. The key is
/// a hash of the topic, because topics may be longer than a key of the store; the record holds the topic.
void record(store::WriteBatch& batch, const queue::Message& message);

}  // namespace hermod::retain
