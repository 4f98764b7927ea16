#pragma once
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "tests/sim/ledger.h"
#include "tests/sim/model_client.h"
#include "tests/sim/network.h"
#include "tests/sim/random.h"
#include "tests/sim/report.h"
#include "tests/sim/trouble.h"
#include "tests/support/faulty_journal.h"
#include "tests/support/stepped_broker.h"
#include "tests/support/temporary_store.h"

namespace hermod::sim {

/// One simulated life of a broker: shards, committer, journal, network and clients in one thread, and a seed
/// that decides who moves next. First everything happens at random; then it comes to rest; then the promises
/// are checked. Made, run once and thrown away.
class Schedule {
 public:
  Schedule(std::uint64_t seed, Trouble trouble, std::size_t steps, Report& report);

  /// True when every promise was kept; else the report says which one was not.
  bool run();
  /// Messages that were acknowledged and never written.
  std::uint64_t elided() const { return elided_ + broker_->counted(Counter::PublishElided); }

 private:
  using Weights = std::vector<unsigned>;
  /// What outlives a crash.
  struct Disk {
    explicit Disk(const broker::Options& options)
        : counters(options.threads + std::size_t{1}), store(options.store, clock) {}
    test::ManualClock clock;
    Counters counters;
    test::TemporaryStore store;
  };

  // schedule.cc: what the seed decides
  broker::Options random_options();
  Profile random_profile(std::size_t index);
  void random_step();
  void poll_somebody();
  void commit();
  void read_page();
  void open_journal_again();
  void pass_time();
  void change_connection(ModelClient& client);
  void connect(ModelClient& client, bool clean);
  void publish(ModelClient& client);
  void subscribe(ModelClient& client);
  void unsubscribe(ModelClient& client);
  void receive(ModelClient& client);
  test::FaultyJournal& journal() { return disk_ ? disk_->store.journal() : *journal_; }
  ModelClient& somebody() { return *clients_[random_.below(clients_.size())]; }
  std::chrono::nanoseconds now() { return broker_->clock().passed(); }

  // crash.cc: the broker goes and comes again
  void plan_failure();
  void plan_crashes();
  void random_trouble();
  void checkpoint();
  void crash();
  void lose_broker();
  void start_broker();

  // rest.cc: the end of a schedule
  void begin_watching();
  bool come_to_rest();
  void round_of_rest(ModelClient& client);
  bool is_at_rest() const;
  void check_promises();
  void check_queues();
  void check_retained();
  void check_retained_arrived(const std::vector<const SubscriptionBook*>& books);
  void end_all_sessions();
  void watch_ends();
  bool poll_all();

  Random random_;
  Report& report_;
  const std::size_t steps_;
  const Trouble trouble_;
  const bool keeping_up_;  ///< what is published is nearly always acknowledged before it has to be written
  const broker::Options options_;
  std::unique_ptr<test::FaultyJournal> journal_;  ///< null when there is a disk
  std::optional<Disk> disk_;                      ///< of a broker that crashes
  std::unique_ptr<test::SteppedBroker> broker_;
  Ledger ledger_;
  std::vector<std::unique_ptr<ModelClient>> clients_;
  Network network_;
  Weights weights_;
  bool some_page_failed_ = false;
  std::vector<std::chrono::nanoseconds> timers_run_;  ///< per shard, since the broker started
  std::vector<std::uint64_t> crashes_;                ///< steps in which the broker will, the last one first
  std::uint64_t elided_ = 0;                          ///< by the brokers that crashed
  std::uint64_t durable_ = 0;                         ///< everything that happened up to this step is
};

}  // namespace hermod::sim
