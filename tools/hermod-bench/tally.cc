#include "tally.h"

#include <algorithm>

namespace hermod::bench {
namespace {

void add_worker(const Worker& worker, Outcome& outcome) {
  const Board& board = worker.board();
  outcome.reconnects += board.reconnects;
  outcome.broker_closes += board.broker_closes;
  outcome.refused_connects += board.refused_connects;
  outcome.sessions_lost += board.sessions_lost;
  outcome.ack_timeouts += board.ack_timeouts;
  outcome.stalls += board.stalls;
  outcome.latency.merge(board.latency);
  outcome.slow_latency.merge(board.slow_latency);
  outcome.ack_latency.merge(board.ack_latency);
}

void add_result(const GroupResult& result, std::uint64_t sent, Outcome& outcome) {
  outcome.lost += result.lost;
  outcome.duplicates += result.duplicates;
  outcome.expected += sent;
}

void add_publisher(const Publisher& publisher, Outcome& outcome) {
  const PublisherFlow::Counts& counts = publisher.flow().counts();
  outcome.sent += publisher.flow().sent();
  outcome.resent += counts.resent;
  outcome.resent_pubrel += counts.resent_pubrel;
  outcome.refused += counts.refused;
  outcome.stray_acks += counts.stray_acks;
  if (!publisher.flow().idle()) ++outcome.unfinished_publishers;
}

void add_reading(const StreamReading& reading, Outcome& outcome) {
  const StreamReading::Counts& counts = reading.counts();
  outcome.duplicates += counts.duplicates;
  outcome.late += counts.late;
  outcome.late_after_refusal += counts.late_after_refusal;
  outcome.missing_offsets += reading.missing_offsets();
  outcome.offsets_again += counts.again;
  outcome.offsets_backwards += counts.backwards;
  outcome.offsets_changed += counts.changed;
  outcome.unnumbered += counts.unnumbered;
  for (const StreamCheck& producer : reading.producers()) outcome.received += producer.received();
}

void add_subscriber(const Subscriber& subscriber, Outcome& outcome) {
  const Subscriber::Counts& counts = subscriber.counts();
  outcome.duplicates += counts.duplicates;
  outcome.late += counts.late;
  outcome.late_after_refusal += counts.late_after_refusal;
  outcome.late_of_key += counts.late_of_key;
  outcome.damaged += counts.damaged;
  outcome.foreign += counts.foreign;
  outcome.held_again += subscriber.flow().counts().held_again;
  outcome.held_not_dup += subscriber.flow().counts().held_not_dup;
  for (const StreamCheck& stream : subscriber.streams()) outcome.received += stream.received();
  for (const DeliveryMap& delivery : subscriber.deliveries()) outcome.received += delivery.received();
  if (subscriber.reading() != nullptr) add_reading(*subscriber.reading(), outcome);
}

/// The groups of subscribers that each must get every message of this publisher once.
std::vector<std::vector<const StreamCheck*>> receivers_of(const Scenario& scenario, std::uint32_t publisher,
                                                          const std::vector<const Subscriber*>& subscribers) {
  std::vector<std::vector<const StreamCheck*>> groups;
  switch (scenario.shape) {
    case Shape::Pair:
      groups.push_back({subscribers[publisher]->stream_of(publisher)});
      break;
    case Shape::FanIn:
      groups.push_back({subscribers.front()->stream_of(publisher)});
      break;
    case Shape::Fan:
    case Shape::Stream:
      for (const Subscriber* subscriber : subscribers) groups.push_back({subscriber->stream_of(publisher)});
      break;
    case Shape::Shared:
      groups.emplace_back();
      for (const Subscriber* subscriber : subscribers)
        groups.back().push_back(subscriber->stream_of(publisher));
      break;
    case Shape::Queue:  // see queue_result()
    case Shape::Publish:
    case Shape::Listen:
      break;
  }
  return groups;
}

GroupResult queue_result(std::uint32_t publisher, std::uint64_t sent,
                         const std::vector<const Subscriber*>& consumers) {
  std::vector<const DeliveryMap*> maps;
  for (const Subscriber* consumer : consumers) maps.push_back(&consumer->deliveries()[publisher]);
  return merge_consumers(maps, sent);
}

}  // namespace

void tally(const std::vector<std::unique_ptr<Worker>>& workers, Outcome& outcome) {
  std::vector<const Subscriber*> subscribers;
  for (const auto& worker : workers) {
    add_worker(*worker, outcome);
    for (const Subscriber* subscriber : worker->subscribers()) {
      add_subscriber(*subscriber, outcome);
      subscribers.push_back(subscriber);
    }
  }
  std::sort(subscribers.begin(), subscribers.end(),
            [](const Subscriber* a, const Subscriber* b) { return a->index() < b->index(); });
  for (const auto& worker : workers) {
    for (const Publisher* publisher : worker->publishers()) {
      add_publisher(*publisher, outcome);
      const std::uint64_t sent = publisher->flow().sent();
      for (const auto& group : receivers_of(outcome.scenario, publisher->index(), subscribers))
        add_result(merge_members(group, sent), sent, outcome);
      if (outcome.scenario.shape == Shape::Queue)
        add_result(queue_result(publisher->index(), sent, subscribers), sent, outcome);
    }
  }
  if (outcome.scenario.shape != Shape::Listen) return;
  for (const Subscriber* subscriber : subscribers)
    for (const StreamCheck& stream : subscriber->streams())
      for (const SequenceRange& gap : stream.missing()) outcome.lost += gap.end - gap.begin;
}

}  // namespace hermod::bench
