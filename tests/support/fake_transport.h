#pragma once
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "net/options.h"
#include "net/timer_wheel.h"
#include "net/transport.h"

namespace hermod::test {

class FakeTransport;

/// What an event loop is to transports and timers, without descriptors: the test says when something is
/// ready. One per shard; outlives the shard's transports. Everything here belongs to one thread.
class FakeLoop {
 public:
  FakeLoop(const Clock& clock, const net::Options& options)
      : clock_(clock), options_(options), timers_(clock.now()) {}

  net::TimerWheel& timers() { return timers_; }
  const Clock& clock() const { return clock_; }
  const net::Options& options() const { return options_; }

  /// What a poll does behind the ready descriptors: timers, then what was put off. Returns how much happened.
  std::size_t run_timers();
  /// The end of a tick: transports that asked for it write.
  void flush_pending();
  /// Nothing was put off: a poll may wait.
  bool is_idle() const { return flushes_.empty() && deferred_.empty(); }

 private:
  friend class FakeTransport;

  const Clock& clock_;
  const net::Options& options_;
  net::TimerWheel timers_;
  std::vector<FakeTransport*> flushes_;
  std::vector<FakeTransport*> deferred_;
};

/// The client's end of a FakeTransport and the network between the two: bytes the client has sent are on the
/// way until the transport reads them, bytes the broker writes are taken only as far as the client has room.
/// Outlives the transport or not, as the test likes.
class FakePeer {
 public:
  void send(Bytes bytes) { on_the_way_.append(as_text(bytes)); }
  std::size_t on_the_way() const { return on_the_way_.size(); }
  /// Ends the client's side behind what it sent.
  void finish() { finished_ = true; }
  bool has_finished() const { return finished_; }
  /// Breaks the stream: `arriving` bytes of what is on the way still reach the broker, everything else is
  /// lost.
  void drop(std::size_t arriving);
  bool is_dropped() const { return dropped_; }
  /// The broker is gone with its process: `arriving` bytes of what it wrote still reach the client.
  void lose_broker(std::size_t arriving);

  /// The client can take this many bytes more.
  void make_room(std::size_t bytes) { room_ += bytes; }
  /// The client takes nothing more.
  void stall() { room_ = 0; }
  std::size_t room() const { return room_; }
  /// Up to `most` of the bytes the broker wrote.
  std::string take(std::size_t most = std::string::npos);
  std::size_t received() const { return received_.size(); }
  /// The broker ended its side; nothing follows what was received.
  bool is_ended_by_broker() const { return ended_by_broker_; }

  /// The broker has read all that was sent, before it closed.
  bool is_read_to_end() const { return on_the_way_.empty() && unread_ == 0; }

  /// The broker's end; null when it was destroyed.
  FakeTransport* transport() const { return transport_; }

 private:
  friend class FakeTransport;

  FakeTransport* transport_ = nullptr;
  std::string on_the_way_;
  std::string received_;
  std::size_t room_ = 0;
  std::size_t unread_ = 0;  ///< arrived at a transport that was closed
  bool finished_ = false;
  bool dropped_ = false;
  bool ended_by_broker_ = false;
};

/// The broker's end of an in-memory connection, with the rules of TcpTransport: output leaves at the end of
/// the tick as far as the peer has room, a pause hides what arrives and shows it again later, close() writes
/// what is queued and tells the handler in a later call. Owned by its connection.
class FakeTransport final : public net::Transport {
 public:
  FakeTransport(FakeLoop& loop, std::shared_ptr<FakePeer> peer);
  FakeTransport(const FakeTransport&) = delete;
  FakeTransport& operator=(const FakeTransport&) = delete;
  ~FakeTransport() override;

  /// What readiness of the socket does: writes what was blocked, then reads up to `most` bytes or the peer's
  /// end. True when anything happened.
  bool on_ready(std::size_t most = std::string::npos);
  /// What on_ready() would do something about.
  bool is_ready() const;
  bool is_open() const { return state_ == State::Open; }
  bool has_ended() const { return state_ == State::Ended; }
  /// Its peer has said that it goes, as with a Close frame of WebSocket, and its side is still open.
  void say_goodbye();
  bool is_paused() const { return paused_; }

  void request_flush() override;
  void pause_reading(bool paused) override;
  void close(net::CloseReason reason) override;
  net::Peer peer() const override { return {.address = "192.0.2.1", .port = 1}; }
  std::size_t buffered_bytes() const override { return input_.bytes().size(); }

 private:
  friend class FakeLoop;
  enum class State { Open, Flushing, Lingering, Ended };

  void on_flush();
  void on_later();
  /// Reading goes on after a pause, and what arrived before is still to be shown again.
  bool is_deferred() const;
  bool read_once(std::size_t most);
  void show_to_handler(Bytes arrived);
  void drop_input();
  void write_pending();
  bool write_output();
  void continue_closing();
  void end(net::CloseReason reason);

  FakeLoop& loop_;
  std::shared_ptr<FakePeer> far_;
  net::CallbackTimer close_timer_;
  ReadBuffer input_;
  State state_ = State::Open;
  net::CloseReason close_reason_ = net::CloseReason::ByBroker;
  bool paused_ = false;
  bool showing_ = false;
  bool blocked_ = false;
  bool above_high_mark_ = false;
  bool output_broken_ = false;
};

}  // namespace hermod::test
