#include "client.h"

namespace hermod::bench {

void Client::set_state(State state) {
  if (state == state_) return;
  if (state == State::Ready) LiveCounts::add(board_.live.ready, 1);
  if (state_ == State::Ready) LiveCounts::add(board_.live.ready, static_cast<std::uint64_t>(-1));
  state_ = state;
}

Status Client::connect(const Address& address, std::uint32_t source, int epoll, std::uint64_t token) {
  // A 3.1.1 session outlives its connection only when no connect of it ever was clean.
  spec_.clean_start = !keeps_session_ || (!has_session_ && spec_.version == Version::V5);
  Status opened = link_.open(address, source, epoll, token);
  if (!opened) return opened;
  put_connect(link_.out(), spec_);
  set_state(State::AwaitConnack);
  return {};
}

void Client::disconnect(Link::Ending ending) {
  link_.end(ending);
  set_state(State::Closed);
}

bool Client::on_connack(const Frame& frame) {
  const auto connack = parse_connack(frame, spec_.version);
  if (!connack || connack->reason != 0) {
    ++board_.refused_connects;
    const int reason = connack ? connack->reason : -1;
    ending_ = "CONNECT refused with reason code " + std::to_string(reason);
    return false;
  }
  link_.release_abandoned();
  if (keeps_session_ && has_session_ && !connack->session_present) ++board_.sessions_lost;
  has_session_ = true;
  LiveCounts::add(board_.live.connected, 1);
  on_connected(*connack);
  return true;
}

bool Client::on_readable(std::uint8_t* scratch, std::size_t size) {
  Bytes bytes;
  switch (link_.read(scratch, size, bytes)) {
    case Link::ReadState::Nothing:
      return true;
    case Link::ReadState::Ended:
      ending_ = link_.ending();
      return false;
    case Link::ReadState::Bytes:
      break;
  }
  while (true) {
    Frame frame;
    std::size_t consumed = 0;
    const FrameState state = next_frame(bytes, frame, consumed);
    if (state == FrameState::NeedMore) break;
    if (state == FrameState::Malformed) {
      board_.fail("\"" + spec_.client_id + "\" received a malformed packet");
      return false;
    }
    bytes = bytes.subspan(consumed);
    if (frame.type() == PacketType::Disconnect) {
      const int reason = frame.body.empty() ? 0 : frame.body[0];
      ending_ = "DISCONNECT with reason code " + std::to_string(reason);
      return false;
    }
    const bool good = state_ == State::AwaitConnack ? on_connack(frame) : on_frame(frame);
    if (!good) return false;
  }
  if (!bytes.empty()) link_.keep(bytes);
  return true;
}

void IdleClient::on_connected(const Connack& /*connack*/) {
  if (filter_.empty()) {
    set_state(State::Ready);
    return;
  }
  put_subscribe(link().out(), version(), 1, filter_, 0);
  set_state(State::AwaitSuback);
}

bool IdleClient::on_frame(const Frame& frame) {
  if (frame.type() == PacketType::Suback) set_state(State::Ready);
  return true;
}

}  // namespace hermod::bench
