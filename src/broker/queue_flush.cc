#include "broker/queue_flush.h"

#include <algorithm>

#include "base/log.h"

namespace hermod::broker {

void StrictestFlush::add(const std::optional<store::Flush>& own) {
  if (!own) {
    is_broker_in_ = true;
  } else if (!own_ || own->is_stricter_than(*own_)) {
    own_ = own;
  }
}

std::optional<store::Flush> StrictestFlush::get() const {
  if (own_ && is_broker_in_ && broker_.is_stricter_than(*own_)) return std::nullopt;
  return own_;
}

/// Sessions follow the broker.
std::optional<store::Flush> flush_for(const PublishCommit& publication, const store::Flush& broker) {
  if (publication.queues.empty()) return std::nullopt;
  StrictestFlush strictest(broker);
  for (const CommitQueue& one : publication.queues) strictest.add(one.queue->definition.flush);
  if (strictest.get() && std::ranges::any_of(publication.targets, &CommitTarget::durable))
    strictest.add(std::nullopt);
  return strictest.get();
}

std::optional<store::Flush> flush_for(const queue::NamedQueue& queue, const CommitQueues& dead_letters,
                                      const store::Flush& broker) {
  StrictestFlush strictest(broker);
  strictest.add(queue.definition.flush);
  for (const CommitQueue& one : dead_letters) strictest.add(one.queue->definition.flush);
  return strictest.get();
}

void warn_of_flush(const queue::NamedQueue& queue, const store::Flush& broker) {
  const store::Flush flush = flush_in_force(queue, broker);
  if (!flush.is_relaxed()) return;
  log::event(log::Level::Warning, "queue.flush",
             {{"queue", queue.name()},
              {"policy", flush.text()},
              {"why", "a power cut may take QoS 1 messages of the queue that were acknowledged"}});
}

}  // namespace hermod::broker
