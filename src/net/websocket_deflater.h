#pragma once
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "base/buffer.h"
#include "base/bytes.h"

struct z_stream_s;

namespace hermod::net {

/// Deflates messages of ours, each by itself (RFC 7692, 7.2.1). One per loop, on its thread; owns some 260
/// KiB, with room for one message.
class MessageDeflater {
 public:
  /// The longest message it takes.
  static constexpr std::size_t kLongest = 64U << 10;

  /// Null when the system has no memory for it.
  static std::unique_ptr<MessageDeflater> make();

  /// What is to be sent instead of `message`, valid until the next call; empty when that would not be
  /// shorter. Precondition: `message` has at most kLongest bytes.
  Bytes deflate(const WriteQueue& message);

 private:
  struct End {
    void operator()(z_stream_s* stream) const;
  };

  explicit MessageDeflater(std::unique_ptr<z_stream_s, End> stream);
  /// False when it does not fit.
  bool take(Bytes bytes, bool is_last);

  std::unique_ptr<z_stream_s, End> stream_;
  std::vector<std::uint8_t> room_;
};

}  // namespace hermod::net
