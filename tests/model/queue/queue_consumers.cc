// Consumers and their shards: what they take, send, answer, and how they go.

#include <algorithm>
#include <utility>

#include "tests/model/queue/queue_world.h"

namespace hermod::model {

using namespace std::chrono_literals;
using queue::LeaseId;
using queue::Outcome;
using queue::QueueGroup;
using wire::QoS;

namespace {

constexpr Outcome kAnswers[] = {Outcome::Done,       Outcome::Done,     Outcome::Done,
                                Outcome::RetryLater, Outcome::Rejected, Outcome::Rejected};

}  // namespace

/// It comes, goes, or wants something else.
void QueueWorld::move_client(Client& client) {
  if (client.is_ending) return;
  const std::size_t what = chance_.below(100);
  if (!client.is_connected) {
    what < 10 ? end_session(client) : connect(client);
  } else if (what < 40) {
    grant(client);
  } else if (what < 50) {
    change_filter(client);
  } else if (what < 65) {
    client.is_attached ? drain(client) : connect(client);
  } else if (what < 75) {
    take_over(client);
  } else {
    lose_connection(client);
    if (what < 82) end_session(client);
  }
}

/// Its shard takes the oldest delivery, and sends it if that is for this attachment.
void QueueWorld::receive(Client& client) {
  if (client.inbox.empty()) return;
  const queue::Deliver delivery = std::move(client.inbox.front());
  client.inbox.pop_front();
  const bool is_current = client.is_attached && delivery.attachment == client.attachment;
  if (!is_current || (!is_calm_ && chance_.chance(5))) {
    std::vector<LeaseId> leases{delivery.lease};
    while (!client.inbox.empty() && chance_.chance(50)) {  // its output is full, for all of it
      leases.push_back(client.inbox.front().lease);
      client.inbox.pop_front();
    }
    if (leases.size() > 1) ++seen_["unsent together"];
    return hand_back(client, leases);
  }
  Held& held = client.held.at(delivery.lease);
  switch (client.options.qos) {
    case QoS::AtMostOnce:
      ++seen_["QoS 0"];
      return settle(client, delivery.lease, Outcome::Done);
    case QoS::AtLeastOnce:
      held.is_sent = true;
      held.deadline = now_.steady + definition_.ack_timeout;
      if (is_closing_) lapse(client, client.held.find(delivery.lease));
      return group_->sent(delivery.lease, now_);
    case QoS::ExactlyOnce:
      break;
  }
  const LeaseId record{++last_claim_};
  claim_of_[delivery.lease] = record;
  const queue::Claim claim{.consumer = client.id, .seq = delivery.seq, .deliveries = delivery.deliveries};
  sessions_[client.id.v - 1].emplace_back(ClaimRecord{.lease = record, .claim = claim});
}

/// It was never sent: as if it had not been lent.
void QueueWorld::forget_unsent(const Held& held) {
  Known& message = known(held.seq);
  --message.deliveries;
  --delivered_;
  message.not_before = now_.steady;
  ++seen_["unsent"];
}

void QueueWorld::hand_back(Client& client, const std::vector<LeaseId>& leases) {
  for (const LeaseId lease : leases) {
    const auto held = client.held.find(lease);
    if (held == client.held.end()) continue;
    if (client.is_attached && held->second.attachment == client.attachment) client.limit = client.delivered;
    forget_unsent(held->second);
    client.held.erase(held);
  }
  group_->unsent(leases, now_);
}

void QueueWorld::settle_one() {
  Client& client = clients_[chance_.below(kClients)];
  if (!client.is_connected || client.held.empty()) return;
  auto held = client.held.begin();
  std::advance(held, static_cast<std::ptrdiff_t>(chance_.below(client.held.size())));
  if (held->second.is_sent) settle(client, held->first, chance_.pick(kAnswers));
}

void QueueWorld::settle(Client& client, LeaseId lease, Outcome outcome) {
  const Held held = client.held.at(lease);
  const bool is_nack = held.active && client.options.qos != QoS::AtMostOnce && outcome != Outcome::Done &&
                       chance_.chance(25);  // by its topic, before it acknowledges
  if (is_nack) {
    client.held.at(lease).active = false;
    ++seen_["nack"];
  } else {
    client.held.erase(lease);
  }
  std::optional<std::chrono::seconds> retry_after;
  if (outcome == Outcome::RetryLater && chance_.chance(20))
    retry_after = std::chrono::seconds(chance_.below(2));
  if (held.active) {
    Known& message = known(held.seq);
    message.last = outcome;
    message.is_open = is_nack;
    message.done = message.done || outcome == Outcome::Done;
    message.pause = outcome == Outcome::Done || outcome == Outcome::Rejected
                        ? 0ms
                        : definition_.retry.pause_before(message.deliveries);
    if (retry_after) message.pause = *retry_after;
    message.not_before = now_.steady + message.pause;
  }
  const auto settled = group_->settle(lease, outcome, retry_after, now_, is_nack);
  expect(settled == (held.active ? QueueGroup::Settled::Now : QueueGroup::Settled::Late),
         "an answer in time counts and a late one does not");
  ++seen_[held.active ? "settled" : "late answer"];
  if (!is_nack && chance_.chance(5))
    expect(group_->settle(lease, outcome, {}, now_) == QueueGroup::Settled::Unknown, "an answer counts once");
  carry_out();
  if (chance_.chance(80)) grant(client);
}

/// As much as it has room for; sometimes its output is full.
void QueueWorld::grant(Client& client) {
  if (!client.is_attached) return;
  const std::size_t room = client.prefetch - std::min(client.prefetch, client.held.size());
  client.limit = client.delivered + (!is_calm_ && chance_.chance(10) ? 0 : room);
  group_->grant(client.id, client.attachment, client.limit, now_);
}

/// Also behind a drain, on the connection it has.
void QueueWorld::connect(Client& client) {
  client.is_connected = client.is_attached = true;
  client.attachment.v += 1 + chance_.below(2);
  client.delivered = client.limit = 0;
  client.prefetch = 1 + chance_.below(4);
  client.options.filter = {};
  if (!is_calm_ && chance_.chance(20)) client.options.filter = *queue::PropertyFilter::parse("n=1");
  group_->join(client.id, client.attachment, client.options, now_);
  carry_out();
  grant(client);
}

/// It is back before anybody has heard that its connection is lost.
void QueueWorld::take_over(Client& client) {
  if (!client.is_attached) return;
  const queue::AttachmentNo old = client.attachment;
  const auto kept = std::exchange(client.held, {});
  for (auto [lease, held] : kept) {
    if (client.options.qos == QoS::ExactlyOnce) {
      held.holds_lane = false;
      if (held.active) client.held[lease] = held;
    } else {
      held.is_sent ? give_back(client, held) : forget_unsent(held);
    }
  }
  ++seen_["took over"];
  connect(client);
  carry_out();
  group_->disconnect(client.id, old, now_);
  for (queue::QueueEffect& effect : group_->take_effects()) {
    expect(std::holds_alternative<queue::ReadEntries>(effect),
           "an attachment that is over says nothing more");
    carry_out(effect);
  }
}

void QueueWorld::drain(Client& client) {
  client.is_attached = false;
  ++seen_["drained"];
  group_->drain(client.id, client.attachment, now_);
}

void QueueWorld::change_filter(Client& client) {
  if (!client.is_attached) return;
  client.options.filter =
      client.options.filter.empty() ? *queue::PropertyFilter::parse("n=1") : queue::PropertyFilter{};
  group_->change_options(client.id, client.attachment, client.options, now_);
}

void QueueWorld::give_back(Client& client, Held& held) {
  if (!held.active) return;
  Known& message = known(held.seq);
  message.last = Outcome::ConnectionLost;
  message.is_open = false;
  message.pause = 0ms;
  message.not_before = now_.steady;
  ++seen_[client.options.qos == QoS::ExactlyOnce ? "claim given back" : "given back"];
}

void QueueWorld::lose_connection(Client& client) {
  client.is_connected = client.is_attached = false;
  for (auto held = client.held.begin(); held != client.held.end();) {
    if (client.options.qos == QoS::ExactlyOnce && held->second.active) {
      held->second.holds_lane = false;
      ++seen_["kept claim"];
      ++held;
    } else {
      held->second.is_sent ? give_back(client, held->second) : forget_unsent(held->second);
      held = client.held.erase(held);
    }
  }
  group_->disconnect(client.id, client.attachment, now_);
}

/// The queue hears of it when it is durable. Precondition: the client is not connected.
void QueueWorld::end_session(Client& client) {
  client.is_ending = true;
  sessions_[client.id.v - 1].emplace_back(SessionEnd{client.id});
}

}  // namespace hermod::model
