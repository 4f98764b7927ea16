// Losses on the way to the broker, which a producer's own numbers show: from the PUBLISH, whose shard reads
// the number and tells the queue's owner when the message is stored, to what is told about it.

#include "broker/sequence_path.h"

#include <memory>

#include "base/log.h"
#include "queue/event_text.h"

namespace hermod::broker {

void watch_sequence(OwnedQueue& queue, const queue::NumberedMessage& message, CounterBlock& counters,
                    Voice& voice) {
  using Finding = queue::SequenceWatch::Finding;
  if (queue.named->definition.seq == queue::QueueDefinition::SequenceCheck::Off)
    return;  // since a moment ago
  if (!queue.sequences) queue.sequences = std::make_unique<queue::SequenceWatch>();
  const auto report = queue.sequences->on_message(message.client_id, message.key, message.seq);
  if (report.finding == Finding::InOrder) return;
  const bool is_gap = report.finding == Finding::Gap;
  const std::uint64_t missing = is_gap ? message.seq - report.expected : 0;
  counters.add(is_gap ? Counter::SequenceGaps : Counter::SequenceRepeats);
  counters.add(Counter::SequenceMissing, missing);
  const std::string_view finding = is_gap ? "gap" : "repeat";
  HERMOD_LOG_LIMITED(log::Level::Warning, "sequence.gap", {"queue", queue.named->name()},
                     {"client", message.client_id}, {"key", message.key}, {"finding", finding},
                     {"expected", report.expected}, {"seq", message.seq});
  if (!voice.is_heard()) return;
  voice.tell("sequence/gap", queue::event_text({{"queue", std::string_view(queue.named->name())},
                                                {"client", std::string_view(message.client_id)},
                                                {"key", std::string_view(message.key)},
                                                {"finding", finding},
                                                {"expected", report.expected},
                                                {"seq", message.seq},
                                                {"missing", missing}}));
}

}  // namespace hermod::broker
