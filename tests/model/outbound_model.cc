#include "tests/model/outbound_model.h"

#include <algorithm>

#include "qos/packet_ids.h"

namespace hermod::model {
namespace {

using Kind = OutboundModel::Packet::Kind;
using BatchKind = OutboundModel::Batch::Kind;
using Entry = OutboundModel::Entry;
using Phase = qos::OutboundFlow::Phase;

Entry* entry_at(ShortList<Entry>& entries, std::uint8_t place) {
  const auto at =
      std::find_if(entries.begin(), entries.end(), [&](const Entry& e) { return e.place == place; });
  return at == entries.end() ? nullptr : at;
}

void erase_entry(ShortList<Entry>& entries, std::uint8_t place) {
  entries.erase_if([&](const Entry& e) { return e.place == place; });
}

std::uint8_t bit(std::uint8_t message) {
  return static_cast<std::uint8_t>(1U << message);
}

}  // namespace

/// Every `ids` places the sequence jumps to the next round of packet ids.
Seq OutboundModel::seq_of(std::uint8_t place) const {
  const auto ids = static_cast<std::uint64_t>(options_.ids);
  return {place / ids * qos::kPacketIdCount + place % ids + 1};
}

std::uint8_t OutboundModel::place_of(Seq seq) const {
  const std::uint64_t round = (seq.v - 1) / qos::kPacketIdCount;
  return static_cast<std::uint8_t>(round * static_cast<std::uint64_t>(options_.ids) +
                                   (seq.v - 1) % qos::kPacketIdCount);
}

void OutboundModel::for_each_step(const State& state, const Emit& emit) const {
  const auto step = [&](const char* what, int argument, auto&& change) {
    State next = state;
    change(next);
    emit({what, argument}, std::move(next));
  };
  if (state.next_message <= options_.messages.size())
    step("queue gets message", state.next_message, [&](State& s) { append(s); });
  if (!state.connected && state.connections < options_.connections)
    step("client connects", state.connections + 1, [&](State& s) { connect(s); });
  if (state.connected) {
    step("connection drops", state.connections, [&](State& s) { disconnect(s); });
    if (!state.up.empty())
      step("broker reads an ack of id", state.up.front().id,
           [&](State& s) { broker_receives(s, s.up.take_front()); });
    if (!state.down.empty())
      step("client reads a packet with id", state.down.front().id,
           [&](State& s) { client_receives(s, s.down.take_front()); });
  }
  if (state.finished < state.batches.size()) {
    const Batch& next = state.batches[state.finished];
    step("committer finishes the batch of place", next.place, [&](State& s) { commit(s); });
    if (!state.read_only && !next.is_barrier() && state.failures < options_.failures)
      step("append fails for place", next.place, [&](State& s) { fail(s); });
  }
  if (state.finished > 0)
    step("shard hears of the batch of place", state.batches.front().place, [&](State& s) { report(s); });
  // Every submitter has heard of the failure: nothing is left that could build on what has failed.
  if (state.read_only && state.batches.empty()) step("store resumes", 0, [&](State& s) { resume(s); });
  if (state.crashes < options_.crashes)
    step("broker crashes", state.crashes + 1, [&](State& s) { crash(s); });
}

// ---- The publisher and the client ------------------------------------------------------------------------

void OutboundModel::append(State& state) const {
  const std::uint8_t place = state.next_place++;
  state.batches.push_back({BatchKind::Append, place, state.next_message});
  if (options_.without == Without::QoS2WaitsForSync) {
    state.queue.push_back({place, state.next_message, false});
    send_what_is_due(state);
  }
  ++state.next_message;
}

void OutboundModel::connect(State& state) const {
  state.connected = true;
  ++state.connections;
  state.flow.on_connected(static_cast<std::uint16_t>(options_.receive_maximum));
  send_what_is_due(state);
}

void OutboundModel::client_receives(State& state, const Packet& packet) const {
  if (packet.kind == Kind::Publish) return client_gets_message(state, packet);
  state.held.erase_if([&](const Held& held) { return held.id == packet.id; });
  state.up.push_back({Kind::Pubcomp, packet.id, 0});
}

void OutboundModel::client_gets_message(State& state, const Packet& packet) const {
  const bool exactly_once = qos_of(packet.message) == wire::QoS::ExactlyOnce;
  const auto held =
      std::find_if(state.held.begin(), state.held.end(), [&](const Held& h) { return h.id == packet.id; });
  if (held != state.held.end()) {
    if (held->message != packet.message) state.wrong = kThrownAway;
  } else {
    const bool again = state.delivered.contains(packet.message);
    if (again && exactly_once) state.wrong = kTwice;
    if (!again) state.delivered.push_back(packet.message);
    if (exactly_once) state.held.push_back({packet.id, packet.message});
  }
  state.up.push_back({exactly_once ? Kind::Pubrec : Kind::Puback, packet.id, 0});
}

// ---- The broker ------------------------------------------------------------------------------------------

void OutboundModel::send_what_is_due(State& state) const {
  if (!state.connected) return;
  while (const auto again = state.flow.next_resend()) {
    const std::uint8_t place = place_of(again->seq);
    switch (again->what) {
      case qos::Resend::What::Publish:
        state.down.push_back(
            {Kind::Publish, id_on_wire(state, again->seq), entry_at(state.queue, place)->message});
        break;
      case qos::Resend::What::Pubrel:
        state.down.push_back({Kind::Pubrel, id_on_wire(state, again->seq), 0});
        break;
      case qos::Resend::What::PubrelBehindPending:
        state.batches.push_back({BatchKind::PubrelBarrier, place});
        break;
    }
  }
  for (Entry& entry : state.queue) {
    if (entry.open) continue;
    const Seq seq = seq_of(entry.place);
    if (!state.flow.start(seq, qos_of(entry.message))) return;
    entry.open = true;
    state.down.push_back({Kind::Publish, id_on_wire(state, seq), entry.message});
  }
}

void OutboundModel::broker_receives(State& state, const Packet& packet) const {
  const wire::PacketId id = id_in_flow(state, packet.id);
  switch (packet.kind) {
    case Kind::Puback:
      return on_finish(state, state.flow.on_puback(id));
    case Kind::Pubcomp:
      return on_finish(state, state.flow.on_pubcomp(id));
    case Kind::Pubrec:
      return on_pubrec(state, packet.id);
    case Kind::Publish:
    case Kind::Pubrel:
      state.wrong = "the client sends what only the broker may";
  }
}

void OutboundModel::on_finish(State& state, qos::OnFinish finish) const {
  if (finish.what == qos::OnFinish::What::ProtocolError)
    state.wrong = "an ack of a conforming client is refused";
  if (finish.what != qos::OnFinish::What::Erase) return;
  state.batches.push_back({BatchKind::Erase, place_of(finish.seq)});
  if (options_.without == Without::IdWaitsForErase) state.flow.on_erased(finish.seq);
  send_what_is_due(state);
}

void OutboundModel::on_pubrec(State& state, std::uint16_t id) const {
  const qos::OnPubrec received = state.flow.on_pubrec(id_in_flow(state, id));
  switch (received.what) {
    case qos::OnPubrec::What::CommitThenPubrel:
      state.batches.push_back({BatchKind::Release, place_of(received.seq)});
      if (options_.without == Without::PubrelWaitsForReleased) {
        state.flow.on_released(received.seq);
        state.down.push_back({Kind::Pubrel, id_on_wire(state, received.seq), 0});
      }
      return;
    case qos::OnPubrec::What::PubrelAgain:
      return state.down.push_back({Kind::Pubrel, id_on_wire(state, received.seq), 0});
    case qos::OnPubrec::What::AnswerUnderway:
      return;
    case qos::OnPubrec::What::UnknownId:
      return state.down.push_back({Kind::Pubrel, id, 0});
    case qos::OnPubrec::What::ProtocolError:
      state.wrong = "a PUBREC of a conforming client is refused";
  }
}

void OutboundModel::commit(State& state) const {
  Batch& batch = state.batches[state.finished++];
  if (batch.is_barrier()) return;
  if (state.read_only) {
    batch.failed = true;
    return;
  }
  switch (batch.kind) {
    case BatchKind::Append:
      state.stored.push_back({batch.place, batch.message, false});
      state.stored_next_place = static_cast<std::uint8_t>(batch.place + 1);
      state.ever_stored |= bit(batch.message);
      return;
    case BatchKind::Release:
      entry_at(state.stored, batch.place)->open = true;
      return;
    case BatchKind::Erase:
      return erase_entry(state.stored, batch.place);
    case BatchKind::PubrelBarrier:
      return;
  }
}

void OutboundModel::fail(State& state) const {
  state.read_only = true;
  ++state.failures;
  commit(state);
}

void OutboundModel::report(State& state) const {
  const Batch batch = state.batches.take_front();
  --state.finished;
  switch (batch.kind) {
    case BatchKind::Append:
      if (batch.failed || options_.without == Without::QoS2WaitsForSync) return;
      state.queue.push_back({batch.place, batch.message, false});
      return send_what_is_due(state);
    case BatchKind::Release:
    case BatchKind::PubrelBarrier:
      return on_release_reported(state, batch);
    case BatchKind::Erase:
      if (batch.failed) return;  // the id stays held; resume() erases again
      if (options_.without != Without::IdWaitsForErase) state.flow.on_erased(seq_of(batch.place));
      erase_entry(state.queue, batch.place);
      state.given_ids.erase_if([&](const auto& given) { return given.place == batch.place; });
      return send_what_is_due(state);
  }
}

void OutboundModel::on_release_reported(State& state, const Batch& batch) const {
  if (options_.without == Without::PubrelWaitsForReleased) return;
  const Seq seq = seq_of(batch.place);
  if (batch.failed) {
    state.flow.on_release_failed(seq);
    return disconnect(state);
  }
  if (batch.kind == BatchKind::Release) state.flow.on_released(seq);
  if (batch.asker_lives && state.flow.phase(seq) == Phase::Released)
    state.down.push_back({Kind::Pubrel, id_on_wire(state, seq), 0});
}

void OutboundModel::resume(State& state) const {
  state.read_only = false;
  for (const qos::InFlight& exchange : state.flow.exchanges())
    if (exchange.phase() == Phase::Erasing)
      state.batches.push_back({BatchKind::Erase, place_of(exchange.seq())});
}

void OutboundModel::disconnect(State& state) {
  state.connected = false;
  state.up.clear();
  state.down.clear();
  for (Batch& batch : state.batches) batch.asker_lives = false;
}

void OutboundModel::crash(State& state) const {
  disconnect(state);
  ++state.crashes;
  state.batches.clear();
  state.finished = 0;
  state.read_only = false;
  state.flow = {};
  state.given_ids.clear();
  state.queue = state.stored;
  state.next_place = state.stored_next_place;
  for (const Entry& entry : state.queue)
    if (entry.open) state.flow.restore(seq_of(entry.place), wire::QoS::ExactlyOnce, true);
}

std::uint16_t OutboundModel::id_on_wire(State& state, Seq seq) const {
  if (options_.without != Without::IdsFromSequences) return qos::packet_id_for(seq).v;
  const std::uint8_t place = place_of(seq);
  for (const GivenId& given : state.given_ids)
    if (given.place == place) return given.id;
  std::uint16_t id = 1;
  while (std::any_of(state.given_ids.begin(), state.given_ids.end(),
                     [&](const auto& given) { return given.id == id; }))
    ++id;
  state.given_ids.push_back({place, id});
  return id;
}

wire::PacketId OutboundModel::id_in_flow(const State& state, std::uint16_t id) const {
  if (options_.without != Without::IdsFromSequences) return {id};
  for (const GivenId& given : state.given_ids)
    if (given.id == id) return qos::packet_id_for(seq_of(given.place));
  return {0};
}

// ---- What must hold --------------------------------------------------------------------------------------

std::string OutboundModel::violation(const State& state) const {
  if (*state.wrong != '\0') return state.wrong;
  if (!std::is_sorted(state.delivered.begin(), state.delivered.end())) return "messages are out of order";
  for (std::size_t i = 0; i < options_.messages.size(); ++i) {
    const auto message = static_cast<std::uint8_t>(i + 1);
    const bool stored = std::any_of(state.stored.begin(), state.stored.end(),
                                    [&](const Entry& entry) { return entry.message == message; });
    if ((state.ever_stored & bit(message)) != 0 && !stored && !state.delivered.contains(message))
      return "a stored message is lost";
  }
  const bool quiet =
      state.connected && state.up.empty() && state.down.empty() && state.batches.empty() && !state.read_only;
  if (quiet && !state.stored.empty()) return "a message is stuck";
  if (quiet && (state.flow.size() != 0 || state.flow.quota().used() != 0 || !state.held.empty()))
    return "a finished exchange leaves something behind";
  return {};
}

std::string OutboundModel::encode(const State& state) const {
  std::string key;
  key.reserve(128);
  const auto add = [&](auto value) { key.push_back(static_cast<char>(value)); };
  const auto add_packets = [&](const ShortList<Packet>& packets) {
    add(packets.size());
    for (const Packet& packet : packets) {
      add(packet.kind);
      add(packet.id);
      add(packet.message);
    }
  };
  const auto add_entries = [&](const ShortList<Entry>& entries) {
    add(entries.size());
    for (const Entry& entry : entries) {
      add(entry.place << 1 | static_cast<int>(entry.open));
      add(entry.message);
    }
  };
  add(state.next_message);
  add(state.held.size());
  for (const Held& held : state.held) {
    add(held.id);
    add(held.message);
  }
  add(state.delivered.size());
  for (const std::uint8_t message : state.delivered) add(message);
  add(state.connected);
  add_packets(state.up);
  add_packets(state.down);
  add(state.flow.quota().used());
  add(state.flow.resending());
  add(state.flow.size());
  for (const qos::InFlight& exchange : state.flow.exchanges()) {
    add(place_of(exchange.seq()));
    add(static_cast<unsigned>(exchange.phase()) << 1 | static_cast<unsigned>(exchange.holds_quota()));
  }
  add_entries(state.queue);
  add(state.given_ids.size());
  for (const GivenId& given : state.given_ids) {
    add(given.place);
    add(given.id);
  }
  add(state.next_place);
  add(state.batches.size());
  for (const Batch& batch : state.batches) {
    add(static_cast<unsigned>(batch.kind) << 2 | static_cast<unsigned>(batch.asker_lives) << 1 |
        static_cast<unsigned>(batch.failed));
    add(batch.place);
    add(batch.message);
  }
  add(state.finished);
  add(state.read_only);
  add_entries(state.stored);
  add(state.stored_next_place);
  add(state.ever_stored);
  add(state.connections);
  add(state.crashes);
  add(state.failures);
  key += state.wrong;
  return key;
}

}  // namespace hermod::model
