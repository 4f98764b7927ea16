#include "tests/model/stages_model.h"

#include <algorithm>
#include <memory>
#include <span>
#include <utility>

namespace hermod::model {
namespace {

using Batch = StagesModel::Batch;
using Entry = StagesModel::Entry;

/// Sequences are reserved in blocks of this.
constexpr std::uint8_t kBlock = 3;
/// Messages that the publisher sends before it waits for an ack.
constexpr std::size_t kWindow = 2;

std::uint8_t bit(std::uint8_t message) {
  return static_cast<std::uint8_t>(1U << message);
}

void erase_entry(ShortList<Entry>& entries, std::uint8_t seq) {
  entries.erase_if([&](const Entry& entry) { return entry.seq == seq; });
}

/// Which batch of the model it is.
struct PlaceTicket final : store::Ticket {
  explicit PlaceTicket(std::size_t at) : place(at) {}
  std::size_t place;
};

std::vector<store::Appended> appends_of(const Batch& batch, std::size_t receivers, store::WriteBatch& out) {
  std::vector<store::Appended> appends;
  for (std::size_t r = 0; r < receivers; ++r)
    appends.push_back({out.append({r}, {}), {r}, {batch.seq[r]}, true});
  return appends;
}

}  // namespace

void StagesModel::for_each_step(const State& state, const Emit& emit) const {
  const auto step = [&](const char* what, int argument, auto&& change) {
    State next = state;
    change(next);
    emit({what, argument}, std::move(next));
  };
  const bool resends = state.sent < state.unacknowledged.size();
  if (resends || (state.next_message <= options_.messages.size() && state.unacknowledged.size() < kWindow))
    step("a message is published", resends ? state.unacknowledged[state.sent] : state.next_message,
         [&](State& next) { publish(next); });
  for (std::size_t r = 0; r < options_.receivers; ++r) {
    const Receiver& receiver = state.receivers[r];
    const int name = static_cast<int>(r);
    if (!receiver.connected && receiver.connections < options_.connections)
      step("receiver connects:", name, [&](State& next) { connect(next, r); });
    if (receiver.connected && receiver.connections < options_.connections)
      step("connection drops of receiver", name, [&](State& next) { drop(next, r); });
    if (!receiver.down.empty())
      step("PUBLISH arrives at receiver", name, [&](State& next) { client_receives(next, r); });
    if (!receiver.up.empty())
      step("PUBACK arrives of receiver", name, [&](State& next) { on_puback(next, r); });
  }
  if (!state.held.empty()) {
    step("the disk is written", static_cast<int>(state.held.size()), [&](State& next) {
      const ShortList<Batch> written = next.held;
      write(next);
      report(next, written);
    });
  }
  if (state.crashes >= options_.crashes) return;
  step("the broker crashes", 0, [&](State& next) { crash(next); });
  if (!state.held.empty()) {
    step("the broker crashes behind a write", 0, [&](State& next) {
      write(next);
      crash(next);
    });
  }
}

// ---- The clients -----------------------------------------------------------------------------------------

void StagesModel::publish(State& state) const {
  if (state.sent == state.unacknowledged.size()) state.unacknowledged.push_back(state.next_message++);
  Batch batch;
  batch.message = state.unacknowledged[state.sent++];
  bool may_be_told = true;
  batch.may_wait = !options_.messages[batch.message - 1U] || is_without(Without::RetainedIsNeverElided);
  for (std::size_t r = 0; r < options_.receivers; ++r) {
    Receiver& receiver = state.receivers[r];
    batch.seq[r] = receiver.next_seq++;
    if (batch.seq[r] >= receiver.reserved) {
      receiver.reserved = static_cast<std::uint8_t>(batch.seq[r] + kBlock);
      batch.reserve_to[r] = receiver.reserved;
      if (!is_without(Without::ReservationIsNeverElided)) batch.may_wait = false;
    }
    const bool reserved =
        batch.seq[r] < receiver.stored_reserved || is_without(Without::ReservationIsNeverElided);
    may_be_told = may_be_told && reserved;
    if (!receiver.connected) batch.may_wait = false;
  }
  if (!may_be_told) batch.may_wait = false;
  if (may_be_told) deliver_early(state, batch);
  commit(state, batch);
  if (is_without(Without::AckWaitsForDiskOrElision)) acknowledge(state, batch.message);
}

void StagesModel::connect(State& state, std::size_t r) const {
  Receiver& receiver = state.receivers[r];
  receiver.connected = true;
  ++receiver.connections;
  receiver.up = receiver.owed;  // as some client libraries do
  receiver.owed.clear();
  for (const Entry& entry : receiver.window)
    if (entry.sent) receiver.down.push_back(entry);
  send_waiting(receiver);
}

void StagesModel::drop(State& state, std::size_t r) {
  Receiver& receiver = state.receivers[r];
  receiver.connected = false;
  receiver.owed = receiver.up;
  receiver.up.clear();
  receiver.down.clear();
}

void StagesModel::client_receives(State& state, std::size_t r) const {
  Receiver& receiver = state.receivers[r];
  const Entry packet = receiver.down.take_front();
  if (!receiver.delivered.contains(packet.message)) receiver.delivered.push_back(packet.message);
  receiver.up.push_back(packet.seq);
}

// ---- The broker ------------------------------------------------------------------------------------------

bool StagesModel::has_quota(const Receiver& receiver) const {
  const auto in_flight =
      std::count_if(receiver.window.begin(), receiver.window.end(), [](const Entry& e) { return e.sent; });
  return in_flight < options_.receive_maximum;
}

/// The entries have their sequences.
void StagesModel::deliver_early(State& state, const Batch& batch) const {
  for (std::size_t r = 0; r < options_.receivers; ++r) {
    Receiver& receiver = state.receivers[r];
    if (!receiver.connected) continue;
    const bool waits = std::any_of(receiver.window.begin(), receiver.window.end(),
                                   [](const Entry& entry) { return !entry.sent; });
    const bool is_next = batch.seq[r] == receiver.next && !waits;
    if (!is_next && !is_without(Without::EarlyOnlyBehindNothing)) continue;
    if (!has_quota(receiver)) {
      if (!is_without(Without::EarlyIsNeverLeftToTheStore)) continue;
      receiver.next = static_cast<std::uint8_t>(batch.seq[r] + 1);
      ++receiver.left;
      continue;
    }
    if (is_next) receiver.next = static_cast<std::uint8_t>(batch.seq[r] + 1);
    receiver.window.push_back({batch.seq[r], batch.message, true});
    receiver.down.push_back({batch.seq[r], batch.message, true});
  }
}

/// They are on the disk.
void StagesModel::deliver(State& state, const Batch& batch) const {
  for (std::size_t r = 0; r < options_.receivers; ++r) {
    Receiver& receiver = state.receivers[r];
    if (batch.seq[r] < receiver.next) {
      if (!is_without(Without::DeliveredEarlyIsNotDeliveredAgain) || !receiver.connected) continue;
      for (const Entry& sent : receiver.down)
        if (sent.seq == batch.seq[r]) state.wrong = kAgain;
      continue;
    }
    receiver.next = static_cast<std::uint8_t>(batch.seq[r] + 1);
    receiver.window.push_back({batch.seq[r], batch.message, false});
    send_waiting(receiver);
  }
}

void StagesModel::send_waiting(Receiver& receiver) const {
  if (!receiver.connected) return;
  if (receiver.left > 0) read_page(receiver);
  for (Entry& entry : receiver.window) {
    if (entry.sent) continue;
    if (!has_quota(receiver)) return;
    entry.sent = true;
    receiver.down.push_back(entry);
  }
}

/// What the window has left to the store comes back from there, or is believed to be gone.
void StagesModel::read_page(Receiver& receiver) const {
  if (!has_quota(receiver)) return;
  for (const Entry& entry : receiver.stored) {
    const bool known = std::any_of(receiver.window.begin(), receiver.window.end(),
                                   [&](const Entry& e) { return e.seq == entry.seq; });
    if (!known && entry.seq < receiver.next) receiver.window.push_back({entry.seq, entry.message, false});
  }
  receiver.left = 0;
}

void StagesModel::on_puback(State& state, std::size_t r) const {
  Receiver& receiver = state.receivers[r];
  const std::uint8_t seq = receiver.up.take_front();
  const auto entry = std::find_if(receiver.window.begin(), receiver.window.end(),
                                  [&](const Entry& e) { return e.sent && e.seq == seq; });
  if (entry == receiver.window.end()) return;
  Batch erase;
  erase.is_erase = true;
  erase.may_wait = true;
  erase.message = entry->message;
  erase.receiver = static_cast<std::uint8_t>(r);
  erase.seq[r] = seq;
  receiver.window.erase(entry);
  send_waiting(receiver);
  if (is_without(Without::EraseIsWrittenWithItsAppend)) {
    // It is taken for cancelled as soon as the append is still there, and so is the append for nothing.
    const bool held = std::any_of(state.held.begin(), state.held.end(),
                                  [&](const Batch& b) { return !b.is_erase && b.seq[r] == seq; });
    if (held) return;
  }
  commit(state, erase);
}

void StagesModel::commit(State& state, const Batch& batch) const {
  state.held.push_back(batch);
  elide(state);
}

/// What the real class says of everything that is held.
void StagesModel::elide(State& state) const {
  store::HeldBatches held;
  for (std::size_t at = 0; at < state.held.size(); ++at) {
    const Batch& batch = state.held[at];
    store::Submission submission{{}, std::make_unique<PlaceTicket>(at), batch.may_wait};
    std::vector<store::Appended> appends;
    if (!batch.is_erase) {
      appends = appends_of(batch, options_.receivers, submission.batch);
    } else {
      submission.batch.erase_entry({batch.receiver}, {batch.seq[batch.receiver]});
      if (is_without(Without::ElisionNeedsEveryReceiver) && options_.receivers == 2) {
        for (const Batch& other : state.held)
          if (!other.is_erase && other.message == batch.message)
            submission.batch.erase_entry({1U - batch.receiver}, {other.seq[1U - batch.receiver]});
      }
    }
    const auto until = batch.may_wait ? std::optional(MonotonicTime{}) : std::nullopt;
    held.add(std::move(submission), appends, 0, until);
  }
  std::array<bool, 12> finished{};
  held.finish([&](std::span<store::Done> run) {
    for (const store::Done& done : run) {
      const std::size_t place = static_cast<const PlaceTicket&>(*done.ticket).place;
      finished[place] = true;
      if (done.elided) acknowledge(state, state.held[place].message);
    }
  });
  ShortList<Batch> left;
  for (std::size_t at = 0; at < state.held.size(); ++at)
    if (!finished[at]) left.push_back(state.held[at]);
  state.held = left;
}

void StagesModel::write(State& state) const {
  for (const Batch& batch : state.held) {
    if (batch.is_erase) {
      erase_entry(state.receivers[batch.receiver].stored, batch.seq[batch.receiver]);
      continue;
    }
    if (options_.messages[batch.message - 1U]) state.retained = batch.message;
    for (std::size_t r = 0; r < options_.receivers; ++r) {
      Receiver& receiver = state.receivers[r];
      receiver.stored.push_back({batch.seq[r], batch.message, false});
      receiver.stored_reserved = std::max(receiver.stored_reserved, batch.reserve_to[r]);
    }
  }
  state.held.clear();
}

void StagesModel::report(State& state, const ShortList<Batch>& written) const {
  for (const Batch& batch : written) {
    if (batch.is_erase) continue;
    acknowledge(state, batch.message);
    deliver(state, batch);
  }
}

void StagesModel::acknowledge(State& state, std::uint8_t message) const {
  state.acknowledged |= bit(message);
  const auto at = std::find(state.unacknowledged.begin(), state.unacknowledged.end(), message);
  if (at == state.unacknowledged.end()) return;
  state.unacknowledged.erase(at);
  --state.sent;
}

void StagesModel::crash(State& state) const {
  ++state.crashes;
  state.held.clear();
  state.sent = 0;
  for (std::size_t r = 0; r < options_.receivers; ++r) {
    Receiver& receiver = state.receivers[r];
    if (receiver.connected) drop(state, r);
    receiver.window = receiver.stored;
    receiver.left = 0;
    receiver.next_seq = receiver.stored_reserved;
    if (is_without(Without::SequencesAreReserved)) {
      receiver.next_seq = 1;
      for (const Entry& entry : receiver.stored) receiver.next_seq = static_cast<std::uint8_t>(entry.seq + 1);
    }
    receiver.next = receiver.next_seq;
    receiver.reserved = receiver.stored_reserved;
    // A crash takes no connection away from the receiver that it could have had without.
    if (receiver.connections > 0) --receiver.connections;
  }
}

// ---- What must hold --------------------------------------------------------------------------------------

std::string StagesModel::violation(const State& state) const {
  if (*state.wrong != '\0') return state.wrong;
  bool quiet =
      state.held.empty() && state.unacknowledged.empty() && state.next_message > options_.messages.size();
  for (const Receiver& receiver : std::span(state.receivers).first(options_.receivers)) {
    if (!std::is_sorted(receiver.delivered.begin(), receiver.delivered.end())) return kOrder;
    quiet = quiet && receiver.connected && receiver.up.empty() && receiver.down.empty();
  }
  for (std::size_t i = 0; i < options_.messages.size(); ++i) {
    const auto message = static_cast<std::uint8_t>(i + 1);
    if ((state.acknowledged & bit(message)) == 0) continue;
    if (options_.messages[i] && state.retained < message) return kRetainedLost;
    for (const Receiver& receiver : std::span(state.receivers).first(options_.receivers)) {
      const bool stored = std::any_of(receiver.stored.begin(), receiver.stored.end(),
                                      [&](const Entry& entry) { return entry.message == message; });
      if (stored || receiver.delivered.contains(message)) continue;
      return kLost;
    }
  }
  if (!quiet) return {};
  for (const Receiver& receiver : std::span(state.receivers).first(options_.receivers)) {
    if (receiver.delivered.size() < options_.messages.size() || !receiver.window.empty()) return kStuck;
    if (!receiver.stored.empty()) return kStays;
  }
  return {};
}

std::string StagesModel::encode(const State& state) const {
  std::string key;
  key.reserve(128);
  const auto add = [&](auto value) { key.push_back(static_cast<char>(value)); };
  const auto add_numbers = [&](const ShortList<std::uint8_t>& numbers) {
    add(numbers.size());
    for (const std::uint8_t number : numbers) add(number);
  };
  const auto add_entries = [&](const ShortList<Entry>& entries) {
    add(entries.size());
    for (const Entry& entry : entries) {
      add(entry.seq << 1 | static_cast<int>(entry.sent));
      add(entry.message);
    }
  };
  add(state.next_message);
  add_numbers(state.unacknowledged);
  add(state.sent);
  add(state.acknowledged);
  for (const Receiver& receiver : std::span(state.receivers).first(options_.receivers)) {
    add_numbers(receiver.delivered);
    add_numbers(receiver.owed);
    add(receiver.connected);
    add_entries(receiver.down);
    add_numbers(receiver.up);
    add_entries(receiver.window);
    for (const std::uint8_t number : {receiver.next, receiver.next_seq, receiver.reserved, receiver.left,
                                      receiver.stored_reserved, receiver.connections})
      add(number);
    add_entries(receiver.stored);
  }
  add(state.held.size());
  for (const Batch& batch : state.held) {
    add(static_cast<int>(batch.is_erase) << 1 | static_cast<int>(batch.may_wait));
    add(batch.message);
    add(batch.receiver);
    for (const std::uint8_t seq : batch.seq) add(seq);
    for (const std::uint8_t to : batch.reserve_to) add(to);
  }
  add(state.retained);
  add(state.crashes);
  key += state.wrong;
  return key;
}

}  // namespace hermod::model
