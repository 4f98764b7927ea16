#pragma once
#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "tests/sim/random.h"
#include "tests/support/fake_client.h"
#include "tests/support/stepped_broker.h"
#include "tests/support/temporary_store.h"

namespace hermod::test {

/// A broker of two shards over a real store, whose producers prepare, commit, roll back, crash with it and
/// come back, as a seed says; and what has to be true of what its readers see. One thread.
class TransactionWorld {
 public:
  explicit TransactionWorld(std::uint64_t seed);

  /// Something happens, and what is seen is looked at.
  void step();
  /// Everything comes to an end, one way or the other, and nothing is missing or there twice.
  void finish();
  /// What was wrong first; empty: nothing.
  const std::string& fault() const { return fault_; }
  /// All that has happened, a line each.
  const std::string& history() const { return history_; }
  /// How often each thing has happened, so that a test knows that something has.
  const std::map<std::string, std::uint64_t>& happened() const { return happened_; }

 private:
  enum class End { Commit, Rollback };
  struct Message {
    std::string topic;
    std::string payload;
    bool is_sure = false;  ///< it was acknowledged with success; else nobody knows
  };
  struct Transaction {
    std::vector<Message> messages;
    std::optional<End> ended;     ///< as its producer was told
    MonotonicTime prepared_at{};  ///< the last of it: when it ended nobody may know, but not before that
    bool is_decided = false;      ///< it was wanted to end, whatever came of that
  };
  /// The answer to a PUBLISH; nothing: the connection has ended, or the broker.
  using Answer = std::optional<wire::ReasonCode>;

  void start();
  void connect_all();
  FakeClient login(const std::string& client_id, std::size_t shard);
  void say_wrong(const std::string& what);
  void count(const std::string& what) {
    ++happened_[what];
    note(what);
  }
  void note(const std::string& what) { history_ += what + "\n"; }

  void prepare(bool is_cut);
  void end(bool is_cut);
  void crash(std::chrono::seconds down);
  void break_store();
  void drain(const std::string& queue);
  void settle();
  Answer say(std::size_t producer, const std::string& topic, const std::string& payload, wire::QoS qos);
  Answer answer_of(FakeClient& client, std::uint16_t id, wire::QoS qos);
  void say_and_crash(std::size_t producer, const std::string& topic, const std::string& payload,
                     wire::QoS qos);
  Answer say_end(const std::string& id, End end);
  void take_note(const std::string& id, End wanted, Answer answer);
  void read();
  void look();
  void look_at(const std::string& id, const Transaction& transaction);
  bool is_remembered(const Transaction& transaction) const;
  std::string pick_id();
  void check_end(const std::string& id, const Transaction& transaction);

  static broker::Options options();
  SteppedBroker::Ground ground() { return {clock_, counters_, disk_}; }

  sim::Random random_;
  ManualClock clock_;
  Counters counters_{3};
  TemporaryStore disk_{options().store, clock_};
  std::unique_ptr<SteppedBroker> broker_;
  std::vector<FakeClient> producers_;
  std::vector<FakeClient> reader_;  ///< one, or none while it is away
  std::uint16_t packet_id_ = 0;
  std::uint64_t named_ = 0;
  std::map<std::string, Transaction> transactions_;
  std::map<std::string, std::size_t> seen_;  ///< by the reader: payloads, and which came as which
  std::map<std::string, std::map<std::string, int>> taken_;  ///< from each queue, and how often
  std::map<std::string, std::uint64_t> happened_;
  std::string history_;
  std::string fault_;
};

}  // namespace hermod::test
