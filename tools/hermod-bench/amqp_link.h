#pragma once
#include <cstdint>
#include <string>

#include "address.h"
#include "amqp_codec.h"
#include "base/result.h"

namespace hermod::bench::amqp {

/// One connection with one channel over a blocking socket. Owned by the run, used on its thread.
class AmqpLink {
 public:
  AmqpLink() = default;
  AmqpLink(const AmqpLink&) = delete;
  AmqpLink& operator=(const AmqpLink&) = delete;
  ~AmqpLink();

  /// Connects, logs in and opens the channel; blocks until that is done.
  Status open(const Address& address, const std::string& username, const std::string& password);
  /// Sends a method on the channel and blocks until `answer` has come.
  Status call(Method method, std::string_view arguments, Method answer);

  int descriptor() const { return fd_; }
  /// Bytes appended here leave with the next flush().
  std::string& out() { return out_; }
  Status flush();
  /// Reads once; blocks when there is nothing. Calls visit(frame) for each whole frame.
  template <class Visit>
  Status receive(Visit visit) {
    if (const Status read = read_some(); !read) return read;
    std::size_t at = 0;
    while (true) {
      AmqpFrame frame;
      std::size_t consumed = 0;
      const FrameState state = next_amqp_frame(as_bytes(in_).subspan(at), frame, consumed);
      if (state == FrameState::Malformed) return failure(Errc::Invalid, "the broker sent a malformed frame");
      if (state == FrameState::NeedMore) break;
      if (const Status good = check_close(frame); !good) return good;
      visit(frame);
      at += consumed;
    }
    in_.erase(0, at);
    return {};
  }

 private:
  Status read_some();
  /// Fails with the broker's words when the frame ends the connection or the channel.
  static Status check_close(const AmqpFrame& frame);
  Status await(Method answer);

  int fd_ = -1;
  std::string in_;
  std::string out_;
};

}  // namespace hermod::bench::amqp
