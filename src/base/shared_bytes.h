#pragma once
#include <atomic>
#include <cstring>
#include <memory>
#include <string_view>
#include <utility>

#include "base/bytes.h"

namespace hermod {

/// Immutable bytes that several threads may hold; freed with the last holder. Usually the bytes live in
/// another object (a message), which the holder keeps alive.
class SharedBytes {
 public:
  SharedBytes() = default;
  /// A view of `bytes` inside something that `holder` keeps alive.
  SharedBytes(std::shared_ptr<const void> holder, Bytes bytes) : holder_(std::move(holder)), bytes_(bytes) {}

  static SharedBytes copy_of(std::string_view text) {
    auto owned = std::make_shared<const std::string>(text);
    const Bytes view = as_bytes(*owned);
    return {std::move(owned), view};
  }

  Bytes bytes() const { return bytes_; }
  std::size_t size() const { return bytes_.size(); }
  SharedBytes from(std::size_t offset) const { return {holder_, bytes_.subspan(offset)}; }

 private:
  std::shared_ptr<const void> holder_;
  Bytes bytes_;
};

}  // namespace hermod
