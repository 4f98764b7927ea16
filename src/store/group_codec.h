#pragma once
#include <array>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/ids.h"
#include "base/result.h"
#include "store/checksum.h"
#include "store/write_batch.h"

namespace hermod::store {

/// A journal record, big-endian:
///
///   u32 magic "HMG2" | u64 group number | u64 batch time, microseconds since 1970 | u32 number of batches
///   | u64 size of the batches | the batches | u32 CRC-32C of everything before
///
/// A batch, with numbers as varint.h has them: the size of its ops, their number, the ops, and a sequence for
/// each append.
inline constexpr std::uint32_t kGroupMagic = 0x484D4732;
inline constexpr std::size_t kGroupHeaderSize = 32;
inline constexpr std::size_t kGroupTrailerSize = 4;

/// Makes a record as a list of pieces without copying the batches. One per committer, used again and again.
class GroupEncoder {
 public:
  void begin();
  /// Empty batches leave no trace. The batch must stay where it is until the pieces have been written.
  void add(const WriteBatch& batch);
  bool empty() const { return batches_.empty(); }
  std::size_t bytes() const { return kGroupHeaderSize + body_size_ + kGroupTrailerSize; }
  /// Header, batches, checksum; valid until the next begin(). Once per group. Precondition: !empty().
  std::span<const Bytes> finish(GroupNo number, WallTime batch_time);

 private:
  struct Batch {
    Bytes ops;
    std::size_t head_end = 0;  // where in between_ what stands before them ends
  };
  std::vector<Batch> batches_;
  std::string between_;  // header, then behind each batch's ops its sequences and the head of the next one
  std::vector<Bytes> pieces_;
  std::uint64_t body_size_ = 0;
};

/// A checked record; borrows its bytes.
struct Group {
  GroupNo number;
  WallTime batch_time;
  std::vector<EncodedBatch> batches;
};

/// Checks everything, down to the last op, before it gives anything. Errc::Corruption says what and where.
Result<Group> decode_group(Bytes record);

}  // namespace hermod::store
