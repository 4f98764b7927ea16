#include "tests/support/stream_store.h"

#include <utility>

#include "base/assert.h"
#include "store/committer.h"

namespace hermod::test {

using store::Op;

void StreamStore::applied(GroupNo, WallTime, std::span<const store::Submission> group) {
  for (const store::Submission& submission : group) {
    store::OpReader ops = submission.batch.ops();
    while (const auto op = ops.next()) apply(*op);
    HERMOD_ASSERT(ops.ok());
  }
}

void StreamStore::apply(const Op& op) {
  switch (op.kind) {
    case Op::Kind::Put:
      if (op.table == store::Table::Messages)
        messages_[MessageId{ByteReader(op.key).u64()}] = std::string(as_text(op.value));
      return;
    case Op::Kind::Erase:
      return;
    case Op::Kind::PutEntry:
      if (streams_[op.stream].contains(op.seq))
        streams_[op.stream][op.seq] = {{}, std::string(as_text(op.value))};
      return;
    case Op::Kind::Append:
      streams_[op.stream][op.seq] = {{}, std::string(as_text(op.value))};
      return;
    case Op::Kind::AppendShared:
      streams_[op.stream][op.seq] = {op.message, std::string(as_text(op.value))};
      return;
    case Op::Kind::EraseEntry:
      streams_[op.stream].erase(op.seq);
      return;
    case Op::Kind::EraseStream:
      streams_.erase(op.stream);
      return;
  }
}

store::Slice StreamStore::slice(const broker::PageWanted& wanted) const {
  store::Slice slice;
  slice.end = true;
  const auto stream = streams_.find(StreamId{wanted.session.v});
  if (stream == streams_.end()) return slice;
  std::size_t bytes = 0;
  for (auto at = stream->second.lower_bound(wanted.from); at != stream->second.end(); ++at) {
    store::StoredEntry entry{at->first, at->second.value, {}, at->second.message.v != 0, at->second.message};
    if (entry.shared) entry.body = messages_.at(entry.message);
    bytes += entry.value.size() + entry.body.size();
    const bool full =
        slice.entries.size() == wanted.most.messages || (!slice.entries.empty() && bytes > wanted.most.bytes);
    if (full) {
      slice.end = false;
      break;
    }
    slice.entries.push_back(std::move(entry));
  }
  return slice;
}

}  // namespace hermod::test
