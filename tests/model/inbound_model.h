#pragma once
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "qos/inbound_flow.h"
#include "tests/model/explorer.h"
#include "tests/model/short_list.h"

namespace hermod::model {

/// A client that publishes, two FIFO links, and a broker made of the real qos::InboundFlow, memory, a
/// committer and a disk. Connections drop and the broker crashes at every point.
class InboundModel {
 public:
  /// A rule of the broker taken away. None: the broker as it is meant.
  enum class Without {
    None,
    PubrecWaitsForDurable,
    IdAndMessageInOneCommit,
    SeenIsAnsweredBehindPending,
    PubcompWaitsForErase,
    AckOnTheConnectionThatAsked,
  };

  struct Options {
    std::vector<wire::QoS> messages;  // the QoS of each message, in order
    int ids = 3;
    int connections = 4;
    int crashes = 3;
    int failures = 0;  // appends that fail without a trace on the disk
    Without without = Without::None;
  };

  struct Packet {
    enum class Kind : std::uint8_t { Publish, Pubrel, Puback, Pubrec, Pubcomp };
    Kind kind{};
    std::uint8_t id = 0;
    std::uint8_t message = 0;  // Publish
    bool error = false;        // Puback, Pubrec
  };
  /// A batch with its ticket.
  struct Batch {
    enum class Kind : std::uint8_t {
      MessageAndId,
      MessageOnly,
      IdOnly,
      Erase,
      PubrecBarrier,
      PubcompBarrier,
    };
    Kind kind{};
    std::uint8_t id = 0;
    std::uint8_t message = 0;
    bool asker_lives = true;  // the connection that asked is the current one
    bool failed = false;
    bool is_barrier() const { return kind == Kind::PubrecBarrier || kind == Kind::PubcompBarrier; }
  };
  /// An exchange as the client sees it.
  struct Exchange {
    std::uint8_t id = 0;
    std::uint8_t message = 0;
    bool released = false;  // PUBREC came, PUBREL was sent
  };
  struct State {
    // The client; it forgets nothing.
    std::uint8_t next_message = 1;
    ShortList<Exchange> exchanges;  // in the order of publication
    ShortList<std::uint8_t> acknowledged;
    std::uint8_t refused = 0;  // a bit for each message that the broker could not store once
    // The network.
    bool connected = false;
    ShortList<Packet> up;
    ShortList<Packet> down;
    // The broker's memory.
    qos::InboundFlow flow;
    ShortList<Batch> batches;   // with the committer, oldest first
    std::uint8_t finished = 0;  // so many of them are committed or failed, and not reported yet
    bool read_only = false;
    // The disk.
    ShortList<std::uint8_t> stored;  // messages, in order
    std::uint8_t stored_ids = 0;     // a bit for each id
    // What is used up.
    std::uint8_t connections = 0;
    std::uint8_t crashes = 0;
    std::uint8_t failures = 0;
    const char* wrong = "";  // what a peer saw that must not be
  };
  using Emit = std::function<void(Step, State)>;

  explicit InboundModel(Options options) : options_(std::move(options)) {}

  State initial() const { return {}; }
  void for_each_step(const State& state, const Emit& emit) const;
  std::string encode(const State& state) const;
  std::string violation(const State& state) const;

  static constexpr const char* kLost = "an acknowledged message is lost";
  static constexpr const char* kTwice = "a QoS 2 message is stored twice";
  static constexpr const char* kEarlyPubcomp = "PUBCOMP for an id that is already in a new PUBLISH";

 private:
  wire::QoS qos_of(std::uint8_t message) const { return options_.messages[message - 1U]; }

  // The client.
  void connect(State& state) const;
  void publish(State& state) const;
  void client_receives(State& state, const Packet& packet) const;
  void client_acknowledged(State& state, const Packet& packet) const;
  std::uint8_t free_id(const State& state) const;

  // The broker.
  void broker_receives(State& state, const Packet& packet) const;
  void on_publish(State& state, const Packet& packet) const;
  void on_pubrel(State& state, const Packet& packet) const;
  void submit(State& state, Batch batch) const;
  void commit(State& state) const;
  void fail(State& state) const;
  void report(State& state) const;
  void on_stored(State& state, const Batch& batch) const;
  void on_erased(State& state, const Batch& batch) const;
  void answer(State& state, const Batch& batch, Packet packet) const;
  static void disconnect(State& state);
  static void crash(State& state);

  Options options_;
};

}  // namespace hermod::model
