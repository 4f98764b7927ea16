#pragma once
#include <cstdint>

#include "base/bytes.h"
#include "base/result.h"
#include "queue/message.h"
#include "store/write_batch.h"

namespace hermod::retain {

/// The message becomes the retained message of its topic, or clears it when its payload is empty. The key is
/// the topic's number (RetainedIndex::number_for), because topics may be longer than a key of the store; the
/// record holds the topic.
void record(store::WriteBatch& batch, std::uint64_t number, const queue::Message& message);
/// The message under this number is gone.
void erase(store::WriteBatch& batch, std::uint64_t number);

/// The number in a key of Table::Retained. Errors: Corruption.
Result<std::uint64_t> number_in(Bytes key);

}  // namespace hermod::retain
