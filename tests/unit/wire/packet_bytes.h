#pragma once
#include <sys/uio.h>

#include <algorithm>
#include <memory>
#include <vector>

#include "base/buffer.h"
#include "base/bytes.h"

namespace hermod::wire::testing {

/// A copy in memory of exactly its size, so that a sanitizer sees a read behind the end.
class ExactBytes {
 public:
  explicit ExactBytes(Bytes bytes) : size_(bytes.size()), data_(new std::uint8_t[bytes.size()]) {
    std::copy(bytes.begin(), bytes.end(), data_.get());
  }
  Bytes view() const { return {data_.get(), size_}; }
  std::uint8_t* data() { return data_.get(); }

 private:
  std::size_t size_;
  std::unique_ptr<std::uint8_t[]> data_;
};

inline std::vector<std::uint8_t> content_of(const WriteQueue& queue) {
  std::vector<iovec> pieces(1024);
  pieces.resize(queue.gather(pieces.data(), pieces.size()));
  std::vector<std::uint8_t> content;
  for (const iovec& piece : pieces) {
    const auto* data = static_cast<const std::uint8_t*>(piece.iov_base);
    content.insert(content.end(), data, data + piece.iov_len);
  }
  return content;
}

}  // namespace hermod::wire::testing
