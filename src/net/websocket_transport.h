#pragma once
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "net/event_loop.h"
#include "net/options.h"
#include "net/shown_input.h"
#include "net/timer_wheel.h"
#include "net/transport.h"
#include "net/websocket_compression.h"
#include "net/websocket_request.h"
#include "net/websocket_scanner.h"

namespace hermod::net {

/// MQTT in WebSocket frames over any other transport: a byte stream, whatever the frames. First it waits for
/// the request that asks for the WebSocket, or answers what asks for something else. The stream below it does
/// the reading, the writing and the end; frames are unmasked where it shows them, and what a tick has to say
/// is one frame, or several when it is much, that it takes over without a copy. Where compression is agreed
/// on (RFC 7692), messages come and go in pieces, so that no more than a piece is inflated before the handler
/// takes it. Owned by its connection, on the shard's thread, until on_closed(); rules and options outlive it.
class WebSocketTransport final : public Transport,
                                 private TransportHandler,
                                 private TimerHandler,
                                 private Flushable,
                                 private Deferred {
 public:
  /// `stream` has no handler yet. At `request_due`, or as much later as its handshake lasts, the client must
  /// have asked for its WebSocket.
  WebSocketTransport(std::unique_ptr<Transport> stream, EventLoop& loop, const WebSocketRules& rules,
                     const Options& options, MonotonicTime request_due);
  WebSocketTransport(const WebSocketTransport&) = delete;
  WebSocketTransport& operator=(const WebSocketTransport&) = delete;
  ~WebSocketTransport() override;

  void request_flush() override;
  void pause_reading(bool paused) override;
  void close(CloseReason reason) override;
  Peer peer() const override;
  std::size_t buffered_bytes() const override;
  std::size_t unsent_bytes() const override { return output_.size() + stream_->unsent_bytes(); }

 private:
  enum class State : std::uint8_t {
    Request,  ///< waits for the request
    Open,
    Closing,  ///< nothing is shown any more; the Close frame and the end follow at the end of the tick
    Ended,    ///< the stream is told to end, or has ended
  };

  void on_bytes(ReadBuffer& raw) override;
  void on_drained() override;
  void on_ending(CloseReason reason) override;
  void on_closed(CloseReason reason) override;
  void on_timer(Timer& timer) override;
  void on_flush() override;
  void on_later() override;

  /// Looks for the request at the front of `raw` and answers it. True: the WebSocket is open.
  bool take_request(ReadBuffer& raw);
  bool open(const WebSocketUpgrade& upgrade);
  void refuse(const WebSocketRefusal& refusal);
  /// A proxy's own connection, on which its client may be named.
  bool comes_by_proxy(const Peer& peer) const;
  /// What the frames hold, in one piece, as a part of `frames`.
  Bytes decode(std::span<std::uint8_t> frames);
  /// Shows what the frames hold in pieces, as far as the handler takes them and one turn goes. What is left
  /// is not consumed.
  void show_pieces(ReadBuffer& raw);
  void show_inflated(ReadBuffer& raw, std::size_t& effort);
  void take_frames(ReadBuffer& raw);
  /// Whether there are pieces to show for which nothing has to arrive.
  bool is_inflating() const { return compression_ != nullptr && compression_->is_taken(); }
  /// What a frame means that holds no data.
  void heed(const WebSocketScanner::Step& step);
  /// After everything was shown: what the frames meant for the connection itself.
  void obey_frames();
  void answer_ping(std::string payload);
  std::size_t below() const { return stream_->output().size(); }
  bool has_room_below() const { return below() < options_.write_high_mark; }
  /// What is to be said is given to the stream in frames.
  void frame_output();
  void put_data();
  /// As much as one turn may compress; the stream tells when it is time for more.
  void put_some();
  void put_message(WriteQueue& message);
  void put_control(Opcode opcode, Bytes payload);
  void fail(CloseCode code, std::string_view why);
  void end_with(CloseReason reason, CloseCode code, std::string_view why);
  /// The same, and the handler is told: it has not asked for it.
  void end_by_itself(CloseReason reason, CloseCode code, std::string_view why);
  void finish();
  void on_request_timer();
  void ping();
  void schedule_ping();

  EventLoop& loop_;
  const WebSocketRules& rules_;
  const Options& options_;
  std::unique_ptr<Transport> stream_;
  WebSocketScanner scanner_;
  WebSocketScanner::Step last_{};  ///< the Close or the fault that ended what the client says
  ShownInput input_;
  std::unique_ptr<WebSocketCompression> compression_;  ///< null: not agreed on
  std::string client_address_;                         ///< as a proxy told it; empty: the peer's
  std::unique_ptr<const std::string> pong_;            ///< for the newest ping; waits until the client reads
  std::string_view close_why_{};
  Timer timer_{*this};         ///< for the request, then for pings
  std::size_t looked_at_ = 0;  ///< bytes of an unfinished request
  State state_ = State::Request;
  CloseReason close_reason_ = CloseReason::ByBroker;
  CloseCode close_code_ = CloseCode::Normal;
  bool is_upgraded_ = false;
  bool has_last_ = false;
  bool paused_ = false;
  bool above_high_mark_ = false;
  bool is_quiet_ = false;  ///< nothing came since a ping left at once, while the client could be heard
};

}  // namespace hermod::net
