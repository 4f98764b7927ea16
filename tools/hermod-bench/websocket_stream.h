#pragma once
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace hermod::bench {

/// What asks for a WebSocket with MQTT at this path.
std::string websocket_request(const std::string& host, const std::string& path);

/// The client's side of one WebSocket, without its socket: what is sent goes into masked frames, what comes
/// is taken out of them. Owned by a link, from the request to the end of the connection.
class WebSocketStream {
 public:
  /// The broker has agreed; before that, nothing but the request may be sent.
  bool is_open() const { return is_open_; }
  /// Makes one frame of what stands in `out` from `begin` on, and puts behind it what is due to the broker's
  /// pings and to its Close. Precondition: is_open().
  void frame(std::string& out, std::size_t begin);

  /// The beginning of something unfinished: it stands in front of the bytes of the next take().
  std::string_view rest() const { return rest_; }
  /// Moves what the frames hold to the front of `arrived`; returns its size. Nothing: see fault().
  std::optional<std::size_t> take(std::span<std::uint8_t> arrived);
  /// Why the WebSocket cannot go on, for people; empty: it can.
  const std::string& fault() const { return fault_; }

 private:
  /// The length of the broker's answer at the front; 0: it is not complete, or refuses.
  std::size_t take_answer(std::string_view text);
  void obey(std::uint8_t opcode, std::string_view payload);

  bool is_open_ = false;
  std::uint64_t left_ = 0;  ///< of the data frame that has begun
  std::string rest_;
  std::string answers_;
  std::string fault_;
};

}  // namespace hermod::bench
