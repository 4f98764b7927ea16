#pragma once
#include <string>

#include "base/ids.h"
#include "base/result.h"
#include "queue/stream_extent.h"
#include "store/write_batch.h"

namespace hermod::queue {

// What a stream has in the store beside its entries: where the readers stand whose sessions are kept. In
// Table::Deliveries, under the stream and the number of the session.

std::string encode_stream_position(const StreamPosition& position);
/// Errors: Corruption, Unsupported.
Result<StreamPosition> decode_stream_position(Bytes record);

void record_reader(store::WriteBatch& batch, QueueId stream, SessionId reader,
                   const StreamPosition& position);
void erase_reader(store::WriteBatch& batch, QueueId stream, SessionId reader);

}  // namespace hermod::queue
