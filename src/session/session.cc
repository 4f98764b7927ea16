#include "session/session.h"

#include <algorithm>
#include <utility>

#include "base/assert.h"
#include "qos/packet_ids.h"

namespace hermod::session {
namespace {

/// How far a record reaches beyond what was sent, so that nothing waits for the next one; so many messages
/// more than the client can have a start takes for sent.
std::uint64_t reach(std::uint16_t max_inflight) {
  constexpr std::uint64_t kMost = qos::kPacketIdCount / 2;
  return std::min<std::uint64_t>(2 * std::uint64_t{max_inflight} + 16, kMost);
}

}  // namespace

Session::Session(SessionId id, std::string client_id, bool durable, const Options& options)
    : id_(id), client_id_(std::move(client_id)), durable_(durable), max_inflight_(options.max_inflight) {}

void Session::bind(ConnectionId connection, std::uint16_t our_receive_maximum,
                   std::uint16_t client_receive_maximum) {
  thread_.check();
  HERMOD_ASSERT(!connection_);
  connection_ = connection;
  absent_since_.reset();
  reach_on();
  inbound_.on_connected(our_receive_maximum);
  outbound_.on_connected(std::min(client_receive_maximum, max_inflight_));
  ack_pace.on_connected();
}

void Session::unbind() {
  thread_.check();
  HERMOD_ASSERT(connection_);
  connection_.reset();
  ++absence_;
}

Seq Session::sent_before() const {
  return connection_ ? std::max(queue_.first_waiting(), reached_) : queue_.first_waiting();
}

bool Session::should_reach_on() const {
  return durable_ && reached_.v < queue_.first_waiting().v + reach(max_inflight_) / 2;
}

void Session::reach_on() {
  reached_ = Seq{queue_.first_waiting().v + reach(max_inflight_)};
}

void Session::commit_finished() {
  HERMOD_ASSERT(commits_in_flight_ > 0);
  --commits_in_flight_;
}

}  // namespace hermod::session
