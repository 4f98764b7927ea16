#include "store/checkpoint_due.h"

#include <algorithm>

namespace hermod::store {
namespace {

/// Entries of one stream lie side by side in the tables. Below so many bytes of a stream the pages around
/// them weigh more than they do, and it pays to wait for more of them.
constexpr std::uint64_t kThinStream = 40 * 1024;
constexpr std::uint64_t kMaxWait = 8;   // times checkpoint_bytes
constexpr std::uint64_t kFewBytes = 8;  // a fraction: an eighth of checkpoint_bytes
/// What is not in the tables is known in memory. Where there is plenty, so much of it makes a checkpoint due
/// in any case.
constexpr std::uint64_t kThinMemory = std::uint64_t{28} << 20;
/// What waits and what is written may each be twice as much: together a sixteenth of the machine.
constexpr std::uint64_t kMachinePart = 64;
constexpr std::uint64_t kLeastMemory = std::uint64_t{4} << 20;
/// With thick streams this part of it is enough.
constexpr std::uint64_t kThickPart = 5;
constexpr std::uint64_t kThickOf = 14;

std::uint64_t thin_memory(std::uint64_t machine_memory) {
  if (machine_memory == 0) return kThinMemory;
  return std::clamp(machine_memory / kMachinePart, kLeastMemory, kThinMemory);
}

}  // namespace

CheckpointDue::CheckpointDue(std::uint64_t checkpoint_bytes, std::uint64_t machine_memory)
    : checkpoint_bytes_(checkpoint_bytes),
      thin_memory_(thin_memory(machine_memory)),
      memory_(thin_memory_ / kThickOf * kThickPart) {}

std::uint64_t CheckpointDue::enough(std::uint64_t room) const {
  return std::min(checkpoint_bytes_, room);
}

std::uint64_t CheckpointDue::limit(std::uint64_t room) const {
  return std::min(kMaxWait * checkpoint_bytes_, room);
}

bool CheckpointDue::is_little(const Waiting& waiting, std::uint64_t room) const {
  return waiting.record_bytes < enough(room) && waiting.memory_bytes < memory_;
}

/// More entries would make it cheaper for each.
bool CheckpointDue::is_patient(const Waiting& waiting) const {
  const bool few = waiting.live_bytes < checkpoint_bytes_ / kFewBytes;
  const bool thick = waiting.live_bytes >= kThinStream * waiting.streams;
  return !few && !thick;
}

bool CheckpointDue::is_due(const Waiting& waiting, std::uint64_t room) const {
  if (is_little(waiting, room)) return false;
  return !is_patient(waiting) || waiting.record_bytes >= limit(room) || waiting.memory_bytes >= thin_memory_;
}

CheckpointDue::Look CheckpointDue::first_look(std::uint64_t room) const {
  return {enough(room), memory_};
}

CheckpointDue::Look CheckpointDue::next_look(const Waiting& waiting, std::uint64_t room) const {
  if (is_little(waiting, room)) return first_look(room);
  return {std::min(waiting.record_bytes + checkpoint_bytes_, limit(room)),
          std::min(waiting.memory_bytes + memory_ / 2, thin_memory_)};
}

}  // namespace hermod::store
