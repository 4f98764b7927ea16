#include "retain/records.h"

#include <string>

#include "queue/records.h"

namespace hermod::retain {
namespace {

std::string key_of(std::uint64_t number) {
  std::string key;
  ByteWriter(key).u64(number);
  return key;
}

}  // namespace

void record(store::WriteBatch& batch, std::uint64_t number, const queue::Message& message) {
  if (message.payload().empty()) return erase(batch, number);
  batch.put(store::Table::Retained, as_bytes(key_of(number)), as_bytes(queue::encode_message(message)));
}

void erase(store::WriteBatch& batch, std::uint64_t number) {
  batch.erase(store::Table::Retained, as_bytes(key_of(number)));
}

Result<std::uint64_t> number_in(Bytes key) {
  ByteReader in(key);
  const std::uint64_t number = in.u64();
  if (!in.ok() || in.remaining() != 0 || number == 0)
    return failure(Errc::Corruption, "retained record: a key that is no number");
  return number;
}

}  // namespace hermod::retain
