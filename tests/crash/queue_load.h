#pragma once
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "tests/crash/queue_ledger.h"
#include "tests/crash/queue_source.h"
#include "tests/crash/queue_worker.h"
#include "tests/support/broker_process.h"

namespace hermod::crash {

/// Named queues with everything they can do, and clients that use it: one queue for each group of rules, and
/// one topic whose messages go to several queues and a session together. Owns the clients; used by one
/// thread.
class QueueLoad {
 public:
  static constexpr std::uint64_t kMaxLength = 20;  ///< of those that have one

  QueueLoad(std::uint16_t port, QueueLedger& ledger) : port_(port), ledger_(ledger) {}

  static support::Settings settings();
  /// The consumers. The broker has to run.
  void start();
  /// Their subscriptions stand.
  bool is_subscribed() const;
  /// The publishers.
  void begin();
  /// Every publisher has been answered once.
  bool has_begun() const;

  /// Queues whose contents are looked at: consumers come to them in turns.
  static const std::vector<std::string>& watched();
  /// From the next death on no consumer comes to them, until release.
  void hold_consumers();
  void release_consumers();
  /// Their publishers send nothing new, and what they have sent is answered.
  void pause_watched();
  bool is_watched_quiet() const;
  void resume_watched();
  /// The number that is published next on the topic of a watched queue.
  std::uint64_t next_of(const std::string& watched) const;

  /// All publishers: what they have begun is answered, and nothing new is sent.
  void finish();
  bool is_finished() const;
  /// Whoever is left takes what is in the queues for dead letters.
  void empty_dead_letters();
  /// Every named queue there is.
  static const std::vector<std::string>& queues();
  void stop();

 private:
  void add_rules();
  QueueSource& publish(const std::string& id, QueueSource::Role role);
  QueueWorker& consume(const std::string& id, QueueWorker::Role role);
  void consume_in_turns(const std::string& queue);

  const std::uint16_t port_;
  QueueLedger& ledger_;
  std::vector<std::unique_ptr<ReturningClient>> clients_;
  std::vector<QueueSource*> sources_;
  std::map<std::string, QueueSource*> watched_sources_;  ///< by queue
  std::vector<QueueWorker*> workers_;
  std::vector<QueueWorker*> in_turns_;
  std::vector<QueueWorker*> undertakers_;
};

}  // namespace hermod::crash
