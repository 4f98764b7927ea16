#include "tests/support/fake_transport.h"

#include <sys/uio.h>

#include <algorithm>
#include <array>
#include <utility>

#include "base/assert.h"

namespace hermod::test {

std::size_t FakeLoop::run_timers() {
  std::size_t happened = timers_.advance(clock_.now());
  std::vector<FakeTransport*> due;
  due.swap(deferred_);
  for (FakeTransport* transport : due) transport->on_later();
  return happened + due.size();
}

void FakeLoop::flush_pending() {
  std::vector<FakeTransport*> due;
  due.swap(flushes_);
  for (FakeTransport* transport : due) transport->on_flush();
}

void FakePeer::drop(std::size_t arriving) {
  if (arriving < on_the_way_.size()) on_the_way_.resize(arriving);
  dropped_ = true;
}

void FakePeer::lose_broker(std::size_t arriving) {
  if (arriving < received_.size()) received_.resize(arriving);
  room_ = 0;
  ended_by_broker_ = true;
}

std::string FakePeer::take(std::size_t most) {
  std::string taken = received_.substr(0, most);
  received_.erase(0, taken.size());
  return taken;
}

FakeTransport::FakeTransport(FakeLoop& loop, std::shared_ptr<FakePeer> peer)
    : loop_(loop), far_(std::move(peer)), close_timer_([this] { end(close_reason_); }) {
  far_->transport_ = this;
}

FakeTransport::~FakeTransport() {
  std::erase(loop_.flushes_, this);
  std::erase(loop_.deferred_, this);
  far_->transport_ = nullptr;
  far_->ended_by_broker_ = true;
}

bool FakeTransport::is_deferred() const {
  return std::find(loop_.deferred_.begin(), loop_.deferred_.end(), this) != loop_.deferred_.end();
}

bool FakeTransport::is_ready() const {
  if (state_ == State::Ended) return false;
  if (blocked_ && (far_->room_ > 0 || far_->dropped_)) return true;
  if (state_ == State::Open && is_deferred()) return false;  // what arrived before is shown first
  const bool readable = !far_->on_the_way_.empty() || far_->finished_ || far_->dropped_ || output_broken_;
  return readable && (state_ != State::Open || !paused_);
}

bool FakeTransport::on_ready(std::size_t most) {
  HERMOD_ASSERT(handler_ != nullptr);
  if (!is_ready()) return false;
  if (state_ == State::Open && blocked_ && (far_->room_ > 0 || far_->dropped_)) write_pending();
  if (state_ != State::Open) {
    continue_closing();
    return true;
  }
  if (paused_ || is_deferred()) return true;
  read_once(most);
  return true;
}

bool FakeTransport::read_once(std::size_t most) {
  if (const std::size_t size = std::min(most, far_->on_the_way_.size()); size > 0) {
    // Memory of exactly this size, so that a view which outlives it is found by the address sanitizer.
    const std::vector<std::uint8_t> arrived(far_->on_the_way_.begin(), far_->on_the_way_.begin() + size);
    far_->on_the_way_.erase(0, size);
    show_to_handler(arrived);
    return true;
  }
  if (!far_->on_the_way_.empty()) return false;
  if (far_->dropped_ || output_broken_) {
    end(net::CloseReason::PeerReset);
  } else if (far_->finished_) {
    write_output();
    end(net::CloseReason::PeerClosed);
  }
  return true;
}

void FakeTransport::show_to_handler(Bytes arrived) {
  showing_ = true;
  input_.show(arrived);
  handler_->on_bytes(input_);
  showing_ = false;
  if (state_ == State::Open) {
    input_.keep_rest();
  } else {
    drop_input();
  }
}

/// What arrived and was not processed.
void FakeTransport::drop_input() {
  far_->unread_ += input_.bytes().size();
  input_ = ReadBuffer{};
}

void FakeTransport::request_flush() {
  if (blocked_ || state_ == State::Ended) return;
  if (std::find(loop_.flushes_.begin(), loop_.flushes_.end(), this) == loop_.flushes_.end())
    loop_.flushes_.push_back(this);
}

void FakeTransport::pause_reading(bool paused) {
  if (state_ != State::Open || paused_ == paused) return;
  paused_ = paused;
  if (!paused && !input_.empty() && !is_deferred()) loop_.deferred_.push_back(this);
}

void FakeTransport::close(net::CloseReason reason) {
  if (state_ != State::Open) return;
  state_ = State::Flushing;
  close_reason_ = reason;
  if (!showing_) drop_input();
  std::erase(loop_.deferred_, this);
  blocked_ = false;
  request_flush();
}

void FakeTransport::say_goodbye() {
  close(net::CloseReason::PeerClosed);
  handler_->on_ending(net::CloseReason::PeerClosed);
}

void FakeTransport::on_flush() {
  if (state_ == State::Ended) return;
  if (state_ != State::Open) return continue_closing();
  if (!output_.empty()) write_pending();
}

void FakeTransport::on_later() {
  if (state_ == State::Open && !paused_ && !input_.empty()) show_to_handler({});
}

void FakeTransport::write_pending() {
  if (output_.size() >= loop_.options_.write_high_mark) above_high_mark_ = true;
  if (!output_broken_ && !write_output()) output_broken_ = true;
  if (output_broken_) output_.clear();
  if (above_high_mark_ && output_.size() <= loop_.options_.write_low_mark) {
    above_high_mark_ = false;
    handler_->on_drained();
  }
}

/// False when the peer takes nothing any more.
bool FakeTransport::write_output() {
  blocked_ = false;
  if (far_->dropped_) return false;
  while (!output_.empty() && far_->room_ > 0) {
    std::array<iovec, 4> pieces;
    output_.gather(pieces.data(), pieces.size());
    const std::size_t size = std::min(pieces[0].iov_len, far_->room_);
    far_->received_.append(static_cast<const char*>(pieces[0].iov_base), size);
    far_->room_ -= size;
    output_.consume(size);
  }
  blocked_ = !output_.empty();
  return true;
}

void FakeTransport::continue_closing() {
  if (state_ == State::Flushing) {
    if (output_broken_ || !write_output()) return end(close_reason_);
    if (output_.empty()) {
      far_->ended_by_broker_ = true;
      state_ = State::Lingering;
    }
  }
  far_->unread_ += std::exchange(far_->on_the_way_, {}).size();
  if (far_->dropped_ || (far_->finished_ && state_ == State::Lingering)) return end(close_reason_);
  if (!close_timer_.scheduled())
    loop_.timers_.schedule(close_timer_, loop_.clock_.now() + loop_.options_.close_time);
}

void FakeTransport::end(net::CloseReason reason) {
  state_ = State::Ended;
  std::erase(loop_.flushes_, this);
  std::erase(loop_.deferred_, this);
  close_timer_.cancel();
  drop_input();
  output_.clear();
  far_->ended_by_broker_ = true;
  handler_->on_closed(reason);
}

}  // namespace hermod::test
