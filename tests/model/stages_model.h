#pragma once
#include <array>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "store/held_batches.h"
#include "tests/model/explorer.h"
#include "tests/model/short_list.h"

namespace hermod::model {

/// One publisher of QoS 1, a broker that delivers what has its sequence and elides what was acknowledged in
/// time with the real store::HeldBatches, a disk, and durable receivers of everything. Connections of
/// receivers drop, the broker crashes, and receivers acknowledge on a new connection what came on an old one.
class StagesModel {
 public:
  static constexpr std::size_t kReceivers = 2;

  /// A rule of the broker taken away. None: the broker as it is meant.
  enum class Without {
    None,
    AckWaitsForDiskOrElision,
    ElisionNeedsEveryReceiver,
    EraseIsWrittenWithItsAppend,
    SequencesAreReserved,
    ReservationIsNeverElided,
    RetainedIsNeverElided,
    EarlyOnlyBehindNothing,
    EarlyIsNeverLeftToTheStore,
    DeliveredEarlyIsNotDeliveredAgain,
  };

  struct Options {
    std::vector<bool> messages;  // for each: is it to be retained
    std::size_t receivers = 1;   // at most kReceivers
    int receive_maximum = 2;
    int connections = 2;  // that a receiver may have
    int crashes = 1;
    Without without = Without::None;
  };

  struct Entry {
    std::uint8_t seq = 0;
    std::uint8_t message = 0;
    bool sent = false;  // in memory only
  };
  /// A batch that is with the committer: a message for every receiver, or the erase of one entry.
  struct Batch {
    bool is_erase = false;
    bool may_wait = false;
    std::uint8_t message = 0;
    std::uint8_t receiver = 0;                          // of an erase
    std::array<std::uint8_t, kReceivers> seq{};         // an erase has the one of its receiver
    std::array<std::uint8_t, kReceivers> reserve_to{};  // 0: nothing is reserved with it
  };
  /// A receiver, its links, and what the broker has of it.
  struct Receiver {
    // The client; it forgets nothing.
    ShortList<std::uint8_t> delivered;
    ShortList<std::uint8_t> owed;  // acks that the last connection took with it
    // The network.
    bool connected = false;
    ShortList<Entry> down;
    ShortList<std::uint8_t> up;
    // The broker's memory.
    ShortList<Entry> window;
    std::uint8_t next = 1;      // what the window has seen is below
    std::uint8_t next_seq = 1;  // the committer's
    std::uint8_t reserved = 1;  // what it has asked the disk for
    std::uint8_t left = 0;      // entries that the window has left to the store
    // The disk.
    ShortList<Entry> stored;
    std::uint8_t stored_reserved = 1;
    std::uint8_t connections = 0;
  };
  struct State {
    // The publisher.
    std::uint8_t next_message = 1;
    ShortList<std::uint8_t> unacknowledged;  // in the order of publication
    std::uint8_t sent = 0;                   // so many of them on this connection
    std::uint8_t acknowledged = 0;           // a bit for each message
    std::array<Receiver, kReceivers> receivers;
    ShortList<Batch> held;
    std::uint8_t retained = 0;  // the message on the disk
    std::uint8_t crashes = 0;
    const char* wrong = "";  // what a client saw that must not be
  };
  using Emit = std::function<void(Step, State)>;

  explicit StagesModel(Options options) : options_(std::move(options)) {}

  State initial() const { return {}; }
  void for_each_step(const State& state, const Emit& emit) const;
  std::string encode(const State& state) const;
  std::string violation(const State& state) const;

  static constexpr const char* kLost = "an acknowledged message is lost";
  static constexpr const char* kRetainedLost = "an acknowledged retained message is lost";
  static constexpr const char* kStuck = "a message is stuck";
  static constexpr const char* kStays = "an entry that nobody needs stays in the store";
  static constexpr const char* kOrder = "messages are out of order";
  static constexpr const char* kAgain = "a message is sent twice on one connection";

 private:
  // The clients.
  void publish(State& state) const;
  void connect(State& state, std::size_t r) const;
  static void drop(State& state, std::size_t r);
  void client_receives(State& state, std::size_t r) const;

  // The broker.
  void deliver_early(State& state, const Batch& batch) const;
  void deliver(State& state, const Batch& batch) const;
  void send_waiting(Receiver& receiver) const;
  void read_page(Receiver& receiver) const;
  void on_puback(State& state, std::size_t r) const;
  void commit(State& state, const Batch& batch) const;
  void elide(State& state) const;
  void write(State& state) const;
  void report(State& state, const ShortList<Batch>& written) const;
  void acknowledge(State& state, std::uint8_t message) const;
  void crash(State& state) const;
  bool is_without(Without rule) const { return options_.without == rule; }
  bool has_quota(const Receiver& receiver) const;

  Options options_;
};

}  // namespace hermod::model
