#include "retain/records.h"

#include <string>

#include "base/bytes.h"
#include "base/hash.h"
#include "queue/records.h"

namespace hermod::retain {

void record(store::WriteBatch& batch, const queue::Message& message) {
  std::string key;
  ByteWriter(key).u64(stable_hash(message.topic()));
  if (message.payload().empty()) {
    batch.erase(store::Table::Retained, as_bytes(key));
  } else {
    batch.put(store::Table::Retained, as_bytes(key), as_bytes(queue::encode_message(message)));
  }
}

}  // namespace hermod::retain
