#include "broker/connection.h"

#include <utility>
#include <variant>

namespace hermod::broker {

Connection::Connection(ConnectionId id, ConnectionEvents& events, std::unique_ptr<net::Transport> transport,
                       const wire::Limits& limits)
    : id_(id), events_(events), transport_(std::move(transport)), decoder_(limits) {
  transport_->set_handler(this);
}

Connection::~Connection() = default;

void Connection::pause(Pause reason) {
  if (pauses_ == 0 && state_ != State::Closing) transport_->pause_reading(true);
  pauses_ |= static_cast<std::uint8_t>(reason);
}

void Connection::resume(Pause reason, MonotonicTime now) {
  if ((pauses_ & static_cast<std::uint8_t>(reason)) == 0) return;
  pauses_ = static_cast<std::uint8_t>(pauses_ & ~static_cast<std::uint8_t>(reason));
  if (pauses_ != 0 || state_ == State::Closing) return;
  touch(now);
  transport_->pause_reading(false);
}

void Connection::close(net::CloseReason reason) {
  timer_.cancel();
  transport_->close(reason);
}

bool Connection::on_introduced() {
  return events_.on_introduced(*this);
}

void Connection::on_bytes(ReadBuffer& buffer) {
  while (state_ != State::Closing && pauses_ == 0) {
    std::size_t consumed = 0;
    const wire::DecodeResult result = decoder_.next(buffer.bytes(), consumed);
    if (std::holds_alternative<wire::NeedMore>(result)) return;
    if (const auto* error = std::get_if<wire::ProtocolError>(&result)) {
      if (state_ == State::AwaitConnect) agreement_.version = decoder_.version();
      return events_.on_protocol_error(*this, *error);
    }
    events_.on_packet(*this, std::get<wire::Packet>(result));  // views into the buffer: consumed afterwards
    buffer.consume(consumed);
  }
  if (state_ == State::Closing) buffer.consume(buffer.bytes().size());
}

void Connection::on_drained() {
  events_.on_output_drained(*this);
}

void Connection::on_ending(net::CloseReason reason) {
  events_.on_connection_ending(*this, reason);
}

bool Connection::takes(const wire::OutboundPublish& out) const {
  if (agreement_.maximum_packet_size == kAnySize) return true;
  const std::size_t alias = outbound_aliases_.maximum() > 0 ? 3 : 0;
  return wire::encoded_size(out) + alias <= agreement_.maximum_packet_size;
}

void Connection::on_closed(net::CloseReason reason) {
  events_.on_connection_closed(*this, reason);
}

void Connection::on_timer(net::Timer&) {
  events_.on_connection_timer(*this);
}

}  // namespace hermod::broker
