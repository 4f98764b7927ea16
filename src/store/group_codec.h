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
///   u32 magic "HMG1" | u64 group number | u64 batch time, microseconds since 1970 | u32 number of batches
///   | u64 size of the batches | the batches, each as WriteBatch::encoded() with its sequences given
///   | u32 CRC-32C of everything before
inline constexpr std::uint32_t kGroupMagic = 0x484D4731;
inline constexpr std::size_t kGroupHeaderSize = 32;
inline constexpr std::size_t kGroupTrailerSize = 4;

/// Makes a record as a list of pieces without copying the batches. One per committer, used again and again.
class GroupEncoder {
 public:
  void begin();
  /// Empty batches leave no trace. The batch must stay where it is until the pieces have been written.
  void add(const WriteBatch& batch);
  bool empty() const { return batch_count_ == 0; }
  std::size_t bytes() const { return kGroupHeaderSize + body_size_ + kGroupTrailerSize; }
  /// Header, batches, checksum; valid until the next begin(). Precondition: !empty().
  std::span<const Bytes> finish(GroupNo number, WallTime batch_time);

 private:
  std::vector<Bytes> pieces_;
  std::string header_;
  std::string trailer_;
  std::uint32_t batch_count_ = 0;
  std::uint64_t body_size_ = 0;
};

/// A checked record; borrows its bytes.
struct Group {
  GroupNo number;
  WallTime batch_time;
  std::vector<Bytes> batches;  // the ops of each, without frame, for OpReader
};

/// Checks everything, down to the last op, before it gives anything. Errc::Corruption says what and where.
Result<Group> decode_group(Bytes record);

}  // namespace hermod::store
