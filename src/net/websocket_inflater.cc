#include "net/websocket_inflater.h"

#include <zlib.h>

#include <array>
#include <utility>

#include "base/assert.h"

namespace hermod::net {
namespace {

/// Without a zlib header, and with the largest window: a client may use any.
constexpr int kInflateWindow = -15;
/// What a sender takes off the end of a message (RFC 7692, 7.2.1).
constexpr std::array<std::uint8_t, 4> kLeftOut{0x00, 0x00, 0xFF, 0xFF};

}  // namespace

void MessageInflater::End::operator()(z_stream_s* stream) const {
  ::inflateEnd(stream);
  delete stream;
}

std::unique_ptr<MessageInflater> MessageInflater::make() {
  auto stream = std::make_unique<z_stream>();
  if (::inflateInit2(stream.get(), kInflateWindow) != Z_OK) return nullptr;
  return std::unique_ptr<MessageInflater>(
      new MessageInflater(std::unique_ptr<z_stream_s, End>(stream.release())));
}

MessageInflater::MessageInflater(std::unique_ptr<z_stream_s, End> stream) : stream_(std::move(stream)) {}

void MessageInflater::begin() {
  const int reset = ::inflateReset(stream_.get());
  HERMOD_ASSERT(reset == Z_OK);
  tail_taken_ = 0;
  is_behind_block_ = true;
}

MessageInflater::Step MessageInflater::next(Bytes input, bool is_last, std::span<std::uint8_t> room) {
  HERMOD_ASSERT(!room.empty());
  z_stream& stream = *stream_;
  stream.next_out = room.data();
  stream.avail_out = static_cast<uInt>(room.size());
  const auto take = [&](Bytes bytes, std::size_t& taken) {
    stream.next_in = const_cast<Bytef*>(bytes.data());
    stream.avail_in = static_cast<uInt>(bytes.size());
    const bool is_good = inflate();
    taken += bytes.size() - stream.avail_in;
    return is_good;
  };
  Step step;
  bool is_good = take(input, step.taken);
  // With room left, all is made of what was taken.
  if (is_good && is_last && step.taken == input.size() && stream.avail_out > 0) {
    if (!is_complete()) is_good = take(Bytes(kLeftOut).subspan(tail_taken_), tail_taken_);
    if (is_good && stream.avail_out > 0) {
      is_good = is_complete();
      step.what = What::Ended;
    }
  }
  if (!is_good) step.what = What::Fault;
  step.made = room.size() - stream.avail_out;
  return step;
}

/// Behind a block that says it is the last one others may follow: some senders flush that way (RFC
/// 7692, 7.2.3.4). What they refer to begins anew, though.
bool MessageInflater::inflate() {
  z_stream& stream = *stream_;
  while (stream.avail_out > 0) {
    const uInt before = stream.avail_in;
    const uInt room_before = stream.avail_out;
    const int result = ::inflate(&stream, Z_SYNC_FLUSH);
    if (stream.avail_in != before) is_behind_block_ = false;
    if (result == Z_STREAM_END) {
      is_behind_block_ = true;
      if (::inflateReset(&stream) != Z_OK) return false;
      if (stream.avail_in == 0) return true;
      continue;
    }
    if (result != Z_OK && result != Z_BUF_ERROR) return false;
    if (stream.avail_in == 0 || stream.avail_out == 0) return true;
    if (stream.avail_in == before && stream.avail_out == room_before) return false;
  }
  return true;
}

/// Where a block has ended, at the end of a byte, nothing is missing. A message has a block's first bits
/// there, to which the tail belongs; who left nothing out is understood too.
bool MessageInflater::is_complete() const {
  constexpr int kUnusedBits = 0x07;
  constexpr int kInLastBlock = 0x40;
  constexpr int kBehindBlock = 0x80;
  return is_behind_block_ ||
         (stream_->data_type & (kUnusedBits | kInLastBlock | kBehindBlock)) == kBehindBlock;
}

}  // namespace hermod::net
