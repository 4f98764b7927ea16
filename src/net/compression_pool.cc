#include "net/compression_pool.h"

#include <utility>

namespace hermod::net {

std::unique_ptr<MessageInflater> CompressionPool::take() {
  return spare_ != nullptr ? std::move(spare_) : MessageInflater::make();
}

void CompressionPool::hold(InflaterHolder& holder) {
  if (holder.linked()) {
    holder.unlink();
  } else {
    ++held_;
  }
  holders_.push_back(holder);
  if (held_ <= kMostHeld) return;
  --held_;
  holders_.pop_front()->on_inflater_wanted();
}

void CompressionPool::give_back(InflaterHolder& holder, std::unique_ptr<MessageInflater> inflater) {
  if (holder.linked()) {
    holder.unlink();
    --held_;
  }
  if (inflater != nullptr) spare_ = std::move(inflater);
}

Bytes CompressionPool::deflate(const WriteQueue& message) {
  if (deflater_ == nullptr) deflater_ = MessageDeflater::make();
  return deflater_ != nullptr ? deflater_->deflate(message) : Bytes{};
}

}  // namespace hermod::net
