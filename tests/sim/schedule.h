#pragma once
#include <chrono>
#include <cstdint>
#include <memory>
#include <vector>

#include "tests/sim/ledger.h"
#include "tests/sim/model_client.h"
#include "tests/sim/random.h"
#include "tests/sim/report.h"
#include "tests/support/faulty_journal.h"
#include "tests/support/stepped_broker.h"

namespace hermod::sim {

/// One simulated life of a broker: shards, committer, journal, network and clients in one thread, and a seed
/// that decides who moves next. First everything happens at random; then it comes to rest; then the promises
/// are checked. Made, run once and thrown away.
class Schedule {
 public:
  enum class Disk { Sound, Failing };

  Schedule(std::uint64_t seed, Disk disk, std::size_t steps, Report& report);

  /// True when every promise was kept; else the report says which one was not.
  bool run();

 private:
  using Weights = std::vector<unsigned>;

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
  ModelClient& somebody() { return *clients_[random_.below(clients_.size())]; }
  std::chrono::nanoseconds now() { return broker_->clock().passed(); }

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
  const Disk disk_;
  std::unique_ptr<test::FaultyJournal> journal_;
  std::unique_ptr<test::SteppedBroker> broker_;
  Ledger ledger_;
  std::vector<std::unique_ptr<ModelClient>> clients_;
  std::vector<std::shared_ptr<test::FakePeer>> peers_;  ///< connections whose broker's end may still live
  Weights weights_;
  bool some_page_failed_ = false;
  std::vector<std::chrono::nanoseconds> timers_run_;  ///< per shard
};

}  // namespace hermod::sim
