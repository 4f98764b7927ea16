#include "session/session.h"

#include <algorithm>
#include <utility>

#include "base/assert.h"

namespace hermod::session {

Session::Session(SessionId id, std::string client_id, bool durable, const Options& options)
    : id_(id), client_id_(std::move(client_id)), durable_(durable), max_inflight_(options.max_inflight) {}

void Session::bind(ConnectionId connection, std::uint16_t our_receive_maximum,
                   std::uint16_t client_receive_maximum) {
  thread_.check();
  HERMOD_ASSERT(!connection_);
  connection_ = connection;
  absent_since_.reset();
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
  return std::max(queue_.first_waiting(), maybe_sent_before_);
}

void Session::commit_finished() {
  HERMOD_ASSERT(commits_in_flight_ > 0);
  --commits_in_flight_;
}

}  // namespace hermod::session
