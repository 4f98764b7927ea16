#include "broker/queue_plan.h"

#include <string>

#include "topic/topic_filter.h"

namespace hermod::broker {

using queue::QueueDefinition;

namespace {

Status check_filters(const QueueDefinition& definition, std::size_t levels) {
  for (const std::string& filter : definition.bind) {
    const auto parsed = topic::TopicFilter::parse(filter, {.levels = levels});
    if (parsed) continue;
    const std::string which = definition.bind.size() > 1 ? filter + ": " : "";
    return failure(Errc::Invalid, "bind: " + which + parsed.error().detail);
  }
  return {};
}

/// Where its own dead letters go.
Status check_target(const queue::QueueCatalog& queues, const QueueDefinition& definition) {
  const std::string target = definition.dead_letter_target();
  if (target.empty()) return {};
  const queue::NamedQueuePtr there = queues.find(target);
  if (!there && !definition.dead_letter.empty() && !target.ends_with(queue::kDeadLetterSuffix))
    return failure(Errc::Invalid, "dead_letter: there is no queue " + target + "; make it first");
  if (!there) return {};
  if (Status status = queue::check_dead_letters(definition, there->definition); !status) return status;
  if (there->definition.asks_before_publish())
    return failure(Errc::Unsupported,
                   "dead_letter: the queue " + target +
                       " has an overflow, dedup_window, last_value or rate_in that is not available yet for "
                       "a queue for dead letters");
  return {};
}

/// What it may not be, because others send their dead letters to it.
Status check_senders(const queue::QueueCatalog& queues, const QueueDefinition& definition) {
  const bool may_be_wrong =
      definition.is_stream() || definition.asks_before_publish() || !definition.dead_letter_target().empty();
  if (!may_be_wrong) return {};
  const queue::NamedQueuePtr sender = queues.sender_of_dead_letters(definition.name);
  if (!sender) return {};
  if (definition.is_stream())
    return failure(Errc::Invalid, "kind: the queue " + sender->name() +
                                      " sends its dead letters here, and a stream holds none");
  if (!definition.dead_letter_target().empty())
    return failure(Errc::Invalid, "dead_letter: the queue " + sender->name() +
                                      " sends its dead letters here, and they do not die again; set it to "
                                      "none");
  return failure(Errc::Unsupported,
                 "overflow: the queue " + sender->name() +
                     " sends its dead letters here; overflow, dedup_window, last_value and rate_in are not "
                     "available for such a queue yet");
}

}  // namespace

Status check_plan(const queue::QueueCatalog& queues, const QueueDefinition& definition, std::size_t levels) {
  if (Status status = check_filters(definition, levels); !status) return status;
  if (Status status = check_target(queues, definition); !status) return status;
  return check_senders(queues, definition);
}

std::optional<QueueDefinition> missing_dead_letters(const queue::QueueCatalog& queues,
                                                    const QueueDefinition& definition) {
  QueueDefinition dead;
  dead.name = definition.dead_letter_target();
  if (dead.name.empty() || queues.find(dead.name)) return std::nullopt;
  return dead;
}

}  // namespace hermod::broker
