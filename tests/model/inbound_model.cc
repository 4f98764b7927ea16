#include "tests/model/inbound_model.h"

#include <algorithm>

namespace hermod::model {
namespace {

using Kind = InboundModel::Packet::Kind;
using BatchKind = InboundModel::Batch::Kind;
using Phase = qos::InboundFlow::Phase;

std::uint8_t bit(std::uint8_t id) {
  return static_cast<std::uint8_t>(1U << id);
}

}  // namespace

void InboundModel::for_each_step(const State& state, const Emit& emit) const {
  const auto step = [&](const char* what, int argument, auto&& change) {
    State next = state;
    change(next);
    emit({what, argument}, std::move(next));
  };
  if (!state.connected && state.connections < options_.connections)
    step("client connects", state.connections + 1, [&](State& s) { connect(s); });
  if (state.connected) {
    step("connection drops", state.connections, [&](State& s) { disconnect(s); });
    if (state.next_message <= options_.messages.size() && free_id(state) != 0)
      step("client publishes message", state.next_message, [&](State& s) { publish(s); });
    if (!state.up.empty())
      step("broker reads a packet with id", state.up.front().id,
           [&](State& s) { broker_receives(s, s.up.take_front()); });
    if (!state.down.empty())
      step("client reads a packet with id", state.down.front().id,
           [&](State& s) { client_receives(s, s.down.take_front()); });
  }
  if (state.finished < state.batches.size()) {
    const Batch& next = state.batches[state.finished];
    step("committer finishes the batch of id", next.id, [&](State& s) { commit(s); });
    if (!state.read_only && !next.is_barrier() && state.failures < options_.failures)
      step("append fails for id", next.id, [&](State& s) { fail(s); });
  }
  if (state.finished > 0)
    step("shard hears of the batch of id", state.batches.front().id, [&](State& s) { report(s); });
  // Every submitter has heard of the failure: nothing is left that could build on what has failed.
  if (state.read_only && state.batches.empty())
    step("store resumes", 0, [](State& s) { s.read_only = false; });
  if (state.crashes < options_.crashes) step("broker crashes", state.crashes + 1, [](State& s) { crash(s); });
}

// ---- The client ------------------------------------------------------------------------------------------

void InboundModel::connect(State& state) const {
  state.connected = true;
  ++state.connections;
  state.flow.on_connected(static_cast<std::uint16_t>(options_.ids));
  for (const Exchange& exchange : state.exchanges)
    state.up.push_back(exchange.released ? Packet{Kind::Pubrel, exchange.id, 0, false}
                                         : Packet{Kind::Publish, exchange.id, exchange.message, false});
}

std::uint8_t InboundModel::free_id(const State& state) const {
  for (std::uint8_t id = 1; id <= options_.ids; ++id)
    if (std::none_of(state.exchanges.begin(), state.exchanges.end(),
                     [&](const Exchange& exchange) { return exchange.id == id; }))
      return id;
  return 0;
}

void InboundModel::publish(State& state) const {
  const std::uint8_t id = free_id(state);
  state.exchanges.push_back({id, state.next_message, false});
  state.up.push_back({Kind::Publish, id, state.next_message, false});
  ++state.next_message;
}

void InboundModel::client_receives(State& state, const Packet& packet) const {
  if (packet.kind != Kind::Pubcomp) return client_acknowledged(state, packet);
  const auto exchange = std::find_if(state.exchanges.begin(), state.exchanges.end(),
                                     [&](const Exchange& e) { return e.id == packet.id; });
  if (exchange == state.exchanges.end()) {
    state.wrong = "PUBCOMP for an id that is not in use";
  } else if (!exchange->released) {
    state.wrong = kEarlyPubcomp;
  } else {
    state.exchanges.erase(exchange);
  }
}

void InboundModel::client_acknowledged(State& state, const Packet& packet) const {
  const auto qos = packet.kind == Kind::Puback ? wire::QoS::AtLeastOnce : wire::QoS::ExactlyOnce;
  // Acks come in the order of the PUBLISH packets. [MQTT-4.6.0-2] [MQTT-4.6.0-3]
  const auto exchange = std::find_if(state.exchanges.begin(), state.exchanges.end(), [&](const Exchange& e) {
    return !e.released && qos_of(e.message) == qos;
  });
  if (exchange == state.exchanges.end() || exchange->id != packet.id) {
    state.wrong = "PUBACK or PUBREC that no PUBLISH waits for, or out of order";
    return;
  }
  if (!packet.error) state.acknowledged.push_back(exchange->message);
  if (packet.error || packet.kind == Kind::Puback) {
    state.exchanges.erase(exchange);
    return;
  }
  exchange->released = true;
  state.up.push_back({Kind::Pubrel, packet.id, 0, false});
}

// ---- The broker ------------------------------------------------------------------------------------------

void InboundModel::broker_receives(State& state, const Packet& packet) const {
  packet.kind == Kind::Publish ? on_publish(state, packet) : on_pubrel(state, packet);
}

void InboundModel::on_publish(State& state, const Packet& packet) const {
  const wire::QoS qos = qos_of(packet.message);
  const Packet pubrec{Kind::Pubrec, packet.id, 0, false};
  switch (state.flow.on_publish({packet.id}, qos)) {
    case qos::Admit::Deliver:
      if (qos == wire::QoS::AtLeastOnce)
        return submit(state, {BatchKind::MessageOnly, packet.id, packet.message});
      if (options_.without == Without::IdAndMessageInOneCommit) {
        submit(state, {BatchKind::IdOnly, packet.id, packet.message});
        return submit(state, {BatchKind::MessageOnly, packet.id, packet.message});
      }
      submit(state, {BatchKind::MessageAndId, packet.id, packet.message});
      if (options_.without == Without::PubrecWaitsForDurable) {
        state.flow.on_committed({packet.id}, qos);
        state.down.push_back(pubrec);
      }
      return;
    case qos::Admit::AlreadySeen:
      // Behind every ack that is pending; with nothing pending at once.
      if (state.batches.empty()) return state.down.push_back(pubrec);
      return submit(state, {BatchKind::PubrecBarrier, packet.id});
    case qos::Admit::AlreadySeenPending:
      if (options_.without == Without::SeenIsAnsweredBehindPending) return state.down.push_back(pubrec);
      return submit(state, {BatchKind::PubrecBarrier, packet.id});
    case qos::Admit::AnswerUnderway:
    case qos::Admit::PacketIdInUse:
    case qos::Admit::QuotaExceeded:
      state.wrong = "a PUBLISH of a conforming client is refused";
  }
}

void InboundModel::on_pubrel(State& state, const Packet& packet) const {
  const Packet pubcomp{Kind::Pubcomp, packet.id, 0, false};
  switch (state.flow.on_pubrel({packet.id})) {
    case qos::OnPubrel::Erase:
      submit(state, {BatchKind::Erase, packet.id});
      if (options_.without == Without::PubcompWaitsForErase) state.down.push_back(pubcomp);
      return;
    case qos::OnPubrel::ErasePending:
      return submit(state, {BatchKind::PubcompBarrier, packet.id});
    case qos::OnPubrel::Unknown:
      return state.down.push_back(pubcomp);
    case qos::OnPubrel::AnswerUnderway:
    case qos::OnPubrel::ProtocolError:
      state.wrong = "a PUBREL of a conforming client is refused";
  }
}

void InboundModel::submit(State& state, Batch batch) const {
  state.batches.push_back(batch);
}

void InboundModel::commit(State& state) const {
  Batch& batch = state.batches[state.finished++];
  if (batch.is_barrier()) return;
  if (state.read_only) {
    batch.failed = true;
    state.refused |= bit(batch.message);
    return;
  }
  if (batch.kind == BatchKind::MessageAndId || batch.kind == BatchKind::MessageOnly)
    state.stored.push_back(batch.message);
  if (batch.kind == BatchKind::MessageAndId || batch.kind == BatchKind::IdOnly)
    state.stored_ids |= bit(batch.id);
  if (batch.kind == BatchKind::Erase)
    state.stored_ids = static_cast<std::uint8_t>(state.stored_ids & ~bit(batch.id));
}

void InboundModel::fail(State& state) const {
  state.read_only = true;
  ++state.failures;
  commit(state);
}

void InboundModel::report(State& state) const {
  const Batch batch = state.batches.take_front();
  --state.finished;
  const auto phase = state.flow.phase({batch.id});
  switch (batch.kind) {
    case BatchKind::MessageAndId:
    case BatchKind::MessageOnly:
      return on_stored(state, batch);
    case BatchKind::IdOnly:
      return;  // half of a message: answered with the other half
    case BatchKind::Erase:
      return on_erased(state, batch);
    case BatchKind::PubrecBarrier:
      if (phase == Phase::Refused && batch.asker_lives) state.flow.on_acknowledged({batch.id});
      return answer(state, batch, {Kind::Pubrec, batch.id, 0, phase != Phase::Received});
    case BatchKind::PubcompBarrier:
      // The erase in front of it may have failed: then nothing can be answered.
      if (phase.has_value() && batch.asker_lives) return disconnect(state);
      return answer(state, batch, {Kind::Pubcomp, batch.id, 0, false});
  }
}

void InboundModel::on_stored(State& state, const Batch& batch) const {
  const wire::QoS qos = qos_of(batch.message);
  const bool answered_already = options_.without == Without::PubrecWaitsForDurable;
  if (batch.failed) {
    state.flow.on_commit_failed({batch.id}, qos);
  } else if (!answered_already) {
    state.flow.on_committed({batch.id}, qos);
  }
  const bool ends = batch.failed || qos == wire::QoS::AtLeastOnce;
  if (ends && batch.asker_lives) state.flow.on_acknowledged({batch.id});
  if (answered_already) return;
  answer(state, batch,
         {qos == wire::QoS::AtLeastOnce ? Kind::Puback : Kind::Pubrec, batch.id, 0, batch.failed});
}

void InboundModel::on_erased(State& state, const Batch& batch) const {
  if (batch.failed) {
    state.flow.on_erase_failed({batch.id});
    if (batch.asker_lives) disconnect(state);
    return;
  }
  state.flow.on_erased({batch.id});
  if (options_.without != Without::PubcompWaitsForErase)
    answer(state, batch, {Kind::Pubcomp, batch.id, 0, false});
}

void InboundModel::answer(State& state, const Batch& batch, Packet packet) const {
  if (!state.connected) return;
  if (!batch.asker_lives && options_.without != Without::AckOnTheConnectionThatAsked) return;
  state.down.push_back(packet);
}

void InboundModel::disconnect(State& state) {
  state.connected = false;
  state.up.clear();
  state.down.clear();
  for (Batch& batch : state.batches) batch.asker_lives = false;
}

void InboundModel::crash(State& state) {
  disconnect(state);
  ++state.crashes;
  state.batches.clear();
  state.finished = 0;
  state.read_only = false;
  state.flow = {};
  for (std::uint8_t id = 1; id < 8; ++id)
    if ((state.stored_ids & bit(id)) != 0) state.flow.restore({id});
}

// ---- What must hold --------------------------------------------------------------------------------------

std::string InboundModel::violation(const State& state) const {
  if (*state.wrong != '\0') return state.wrong;
  for (const std::uint8_t message : state.acknowledged) {
    const bool underway = std::any_of(state.batches.begin(), state.batches.end(), [&](const Batch& batch) {
      return batch.message == message && !batch.failed && batch.kind != BatchKind::IdOnly;
    });
    if (!underway && !state.stored.contains(message)) return kLost;
  }
  std::uint8_t last_new = 0;
  for (std::size_t i = 0; i < state.stored.size(); ++i) {
    const std::uint8_t message = state.stored[i];
    const std::uint8_t* const before = state.stored.begin() + i;
    const bool again = std::find(state.stored.begin(), before, message) != before;
    if (again && qos_of(message) == wire::QoS::ExactlyOnce) return kTwice;
    if ((state.refused & bit(message)) != 0) continue;  // it lost its place
    if (!again && message < last_new) return "messages are out of order";
    last_new = std::max(last_new, message);
  }
  const bool quiet = state.connected && state.up.empty() && state.down.empty() && state.batches.empty();
  if (quiet && !state.exchanges.empty()) return "an exchange is stuck";
  if (quiet && (state.flow.size() != 0 || state.flow.quota().used() != 0 || state.stored_ids != 0))
    return "a finished exchange leaves something behind";
  return {};
}

std::string InboundModel::encode(const State& state) const {
  std::string key;
  key.reserve(128);
  const auto add = [&](auto value) { key.push_back(static_cast<char>(value)); };
  const auto add_packets = [&](const ShortList<Packet>& packets) {
    add(packets.size());
    for (const Packet& packet : packets) {
      add(static_cast<unsigned>(packet.kind) << 1 | static_cast<unsigned>(packet.error));
      add(packet.id);
      add(packet.message);
    }
  };
  add(state.next_message);
  add(state.exchanges.size());
  for (const Exchange& exchange : state.exchanges) {
    add(exchange.id << 1 | static_cast<int>(exchange.released));
    add(exchange.message);
  }
  add(state.acknowledged.size());
  for (const std::uint8_t message : state.acknowledged) add(message);
  add(state.refused);
  add(state.connected);
  add_packets(state.up);
  add_packets(state.down);
  add(state.flow.quota().used());
  add(state.flow.size());
  for (const qos::InboundExchange& exchange : state.flow.exchanges()) {
    add(exchange.id.v);
    add(static_cast<unsigned>(exchange.phase) << 1 | static_cast<unsigned>(exchange.holds_quota));
  }
  add(state.batches.size());
  for (const Batch& batch : state.batches) {
    add(static_cast<unsigned>(batch.kind) << 2 | static_cast<unsigned>(batch.asker_lives) << 1 |
        static_cast<unsigned>(batch.failed));
    add(batch.id);
    add(batch.message);
  }
  add(state.finished);
  add(state.read_only);
  add(state.stored.size());
  for (const std::uint8_t message : state.stored) add(message);
  add(state.stored_ids);
  add(state.connections);
  add(state.crashes);
  add(state.failures);
  key += state.wrong;
  return key;
}

}  // namespace hermod::model
