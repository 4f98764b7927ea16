#include "tests/crash/stream_offsets.h"

namespace hermod::crash {

void StreamOffsets::connected(const std::string& reader) {
  const std::lock_guard lock(mutex_);
  readers_[reader].expected = 0;
}

bool StreamOffsets::arrived(const std::string& reader, std::uint64_t offset, const std::string& topic,
                            std::uint64_t number) {
  const std::lock_guard lock(mutex_);
  const auto what = [&] { return reader + " got offset " + std::to_string(offset); };
  Reader& its = readers_[reader];
  if (its.expected == 0 ? offset > its.next : offset != its.expected)
    ledger_.broken(what() + ", " + std::to_string(its.expected == 0 ? its.next : its.expected) + " was next");
  its.expected = offset + 1;
  const auto [entry, is_new] = entries_.try_emplace(offset, topic, number);
  if (!is_new && entry->second != std::pair(topic, number))
    ledger_.broken(what() + " with " + topic + " " + std::to_string(number) + ", where " +
                   entry->second.first + " " + std::to_string(entry->second.second) + " was before");
  if (offset < its.next) {
    ++again_;
    return false;
  }
  its.next = offset + 1;
  return true;
}

std::uint64_t StreamOffsets::count() const {
  const std::lock_guard lock(mutex_);
  return entries_.size();
}

std::uint64_t StreamOffsets::again_count() const {
  const std::lock_guard lock(mutex_);
  return again_;
}

}  // namespace hermod::crash
