#pragma once
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "base/bytes.h"
#include "base/shared_bytes.h"

struct iovec;

namespace hermod {

/// Bytes that arrived and are not consumed yet. Either a view of the loop's scratch buffer (nothing is
/// owned while a connection is between packets) or an owned buffer with the start of an unfinished packet.
/// Touched by one shard; lives as long as its transport.
class ReadBuffer {
 public:
  Bytes bytes() const { return view_; }
  bool empty() const { return view_.empty(); }
  void consume(std::size_t size) { view_ = view_.subspan(size); }
  /// The same bytes, to be decoded where they lie. Precondition: what show() was given may be changed.
  std::span<std::uint8_t> writable() { return {const_cast<std::uint8_t*>(view_.data()), view_.size()}; }

  /// Shows `arrived` behind what is left over. `arrived` must stay valid until keep_rest().
  void show(Bytes arrived);
  /// Copies what was not consumed into owned memory, or frees the owned memory if nothing is left.
  void keep_rest();
  /// Bytes of owned memory, for the connection's memory limit.
  std::size_t owned_bytes() const { return owned_.capacity(); }

 private:
  Bytes view_;
  std::vector<std::uint8_t> owned_;
};

/// Bytes waiting to be written, in order: small packets are copied together into chunks, big payloads are
/// held by reference. Touched by one shard; owns no memory while empty.
class WriteQueue {
 public:
  std::size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }

  /// Room for exactly `size` contiguous bytes at the end; the caller fills all of it at once.
  std::uint8_t* extend(std::size_t size);
  void append(Bytes bytes);
  /// Held by reference until written.
  void append_shared(SharedBytes bytes);
  /// Behind what is here, everything that `other` holds, which is empty then. Nothing is copied but what is
  /// too small for pieces of its own while others wait here.
  void take_all(WriteQueue& other);
  /// Behind what is here, the first bytes of `other`: as many whole pieces of it as have at most `most`
  /// bytes, or the front of one that has more. Preconditions: most > 0, and `other` is not empty.
  void take_some(WriteQueue& other, std::size_t most);

  /// From now on `size` bytes stay free in front of bytes that were copied in, for prepend(). Precondition:
  /// empty.
  void keep_front_room(std::uint8_t size) { front_room_ = size; }
  /// In front of all others: in the room that is kept there, or in a piece of their own.
  void prepend(Bytes bytes);

  /// Fills `out` with up to `max` pieces from the front; returns how many.
  std::size_t gather(iovec* out, std::size_t max) const;
  /// Drops `size` written bytes from the front. Precondition: size <= size().
  void consume(std::size_t size);
  void clear();

 private:
  /// Either `room` owned bytes of which `end` are filled, or a reference; `begin` are already written.
  struct Piece {
    std::unique_ptr<std::uint8_t[]> owned;
    std::size_t room = 0;
    SharedBytes shared;
    std::size_t begin = 0;
    std::size_t end = 0;
    const std::uint8_t* data() const { return owned ? owned.get() : shared.bytes().data(); }
  };

  std::size_t size_ = 0;
  std::size_t head_ = 0;  // first piece that is not written yet
  std::uint8_t front_room_ = 0;
  std::vector<Piece> pieces_;
};

}  // namespace hermod
