#pragma once
#include <cstdint>
#include <string>

#include "base/ids.h"
#include "base/result.h"
#include "queue/group_position.h"
#include "store/write_batch.h"

namespace hermod::queue {

// What the store has of the consumer groups of a stream: their names and where they stand. In
// Table::Deliveries, under the stream and the group's number, beside the readers' records, which begin with
// another byte. Decoding never trusts what it reads: Unsupported for another version, else Corruption.

struct GroupRecord {
  std::string name;
  GroupPosition position;
  friend bool operator==(const GroupRecord&, const GroupRecord&) = default;
};

/// The number of the n-th group of a stream: no session has it.
constexpr std::uint64_t group_number(std::uint64_t n) {
  return std::uint64_t{1} << 63 | n;
}

std::string encode_group(const GroupRecord& group);
/// Whether a record beside those of readers is one; decode_group() says whether it is good.
bool is_group(Bytes record);
Result<GroupRecord> decode_group(Bytes record);

void record_group(store::WriteBatch& batch, QueueId stream, std::uint64_t number, const GroupRecord& group);
void erase_group(store::WriteBatch& batch, QueueId stream, std::uint64_t number);

}  // namespace hermod::queue
