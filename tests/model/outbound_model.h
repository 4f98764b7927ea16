#pragma once
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "qos/outbound_flow.h"
#include "tests/model/explorer.h"
#include "tests/model/short_list.h"

namespace hermod::model {

/// A queue that feeds a client through the real qos::OutboundFlow: a broker with memory, a committer and a
/// disk, two FIFO links, and a client that receives. Connections drop and the broker crashes at every point.
/// The sequences of the queue have gaps, so that a handful of messages uses `ids` packet ids again and again.
class OutboundModel {
 public:
  /// A rule of the broker taken away. None: the broker as it is meant.
  enum class Without {
    None,
    PubrelWaitsForReleased,
    IdWaitsForErase,
    IdsFromSequences,
    QoS2WaitsForSync,
  };

  struct Options {
    std::vector<wire::QoS> messages;  // the QoS of each message, in order
    int ids = 3;
    int receive_maximum = 3;
    int connections = 4;
    int crashes = 3;
    int failures = 0;  // appends that fail without a trace on the disk
    Without without = Without::None;
  };

  struct Packet {
    enum class Kind : std::uint8_t { Publish, Pubrel, Puback, Pubrec, Pubcomp };
    Kind kind{};
    std::uint16_t id = 0;
    std::uint8_t message = 0;  // Publish
  };
  struct Batch {
    enum class Kind : std::uint8_t { Append, Release, Erase, PubrelBarrier };
    Kind kind{};
    std::uint8_t place = 0;  // of the entry in the queue
    std::uint8_t message = 0;
    bool asker_lives = true;  // the connection that asked is the current one
    bool failed = false;
    bool is_barrier() const { return kind == Kind::PubrelBarrier; }
  };
  /// A queue entry, in memory or on the disk.
  struct Entry {
    std::uint8_t place = 0;
    std::uint8_t message = 0;
    bool open = false;  // in memory: its exchange has begun; on the disk: released
  };
  struct Held {
    std::uint16_t id = 0;
    std::uint8_t message = 0;
  };
  /// A packet id from the free list; only without IdsFromSequences.
  struct GivenId {
    std::uint8_t place = 0;
    std::uint16_t id = 0;
  };
  struct State {
    std::uint8_t next_message = 1;  // the next that comes in from a publisher
    // The client; it forgets nothing.
    ShortList<Held> held;  // QoS 2 ids that wait for PUBREL
    ShortList<std::uint8_t> delivered;
    // The network.
    bool connected = false;
    ShortList<Packet> up;
    ShortList<Packet> down;
    // The broker's memory.
    qos::OutboundFlow flow;
    ShortList<Entry> queue;
    ShortList<GivenId> given_ids;
    std::uint8_t next_place = 0;
    ShortList<Batch> batches;   // with the committer, oldest first
    std::uint8_t finished = 0;  // so many of them are committed or failed, and not reported yet
    bool read_only = false;
    // The disk.
    ShortList<Entry> stored;
    std::uint8_t stored_next_place = 0;
    std::uint8_t ever_stored = 0;  // a bit for each message; these are promised
    // What is used up.
    std::uint8_t connections = 0;
    std::uint8_t crashes = 0;
    std::uint8_t failures = 0;
    const char* wrong = "";  // what a peer saw that must not be
  };
  using Emit = std::function<void(Step, State)>;

  explicit OutboundModel(Options options) : options_(std::move(options)) {}

  State initial() const { return {}; }
  void for_each_step(const State& state, const Emit& emit) const;
  std::string encode(const State& state) const;
  std::string violation(const State& state) const;

  static constexpr const char* kTwice = "a QoS 2 message is delivered twice";
  static constexpr const char* kThrownAway = "a new message lands on an id that the client still holds";

 private:
  wire::QoS qos_of(std::uint8_t message) const { return options_.messages[message - 1U]; }
  Seq seq_of(std::uint8_t place) const;
  std::uint8_t place_of(Seq seq) const;

  // The publisher and the client.
  void append(State& state) const;
  void connect(State& state) const;
  void client_receives(State& state, const Packet& packet) const;
  void client_gets_message(State& state, const Packet& packet) const;

  // The broker.
  void broker_receives(State& state, const Packet& packet) const;
  void on_finish(State& state, qos::OnFinish finish) const;
  void on_pubrec(State& state, std::uint16_t id) const;
  void send_what_is_due(State& state) const;
  void commit(State& state) const;
  void fail(State& state) const;
  void report(State& state) const;
  void on_release_reported(State& state, const Batch& batch) const;
  void resume(State& state) const;
  static void disconnect(State& state);
  void crash(State& state) const;

  // Packet ids on the wire: those of the flow, or from a free list when that rule is taken away.
  std::uint16_t id_on_wire(State& state, Seq seq) const;
  wire::PacketId id_in_flow(const State& state, std::uint16_t id) const;

  Options options_;
};

}  // namespace hermod::model
