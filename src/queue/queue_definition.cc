#include "queue/queue_definition.h"

#include <algorithm>
#include <array>

namespace hermod::queue {
namespace {

using std::chrono::milliseconds;

constexpr std::size_t kLongestQueueName = 128;
constexpr std::size_t kMostFilters = 64;
constexpr std::uint32_t kMostLanes = 4096;
constexpr std::uint32_t kMostDeliveries = 1000;
constexpr milliseconds kShortestAckTimeout{10};
constexpr milliseconds kLongestTtl = std::chrono::hours{24 * 366 * 10};
constexpr milliseconds kShortestRetention = std::chrono::seconds(1);
constexpr milliseconds kLongestDedupWindow = std::chrono::hours{24 * 7};

bool is_letter_or_digit(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

tl::unexpected<Error> wrong_option(std::string_view option, std::string_view what) {
  return failure(Errc::Invalid, std::string(option) + ": " + std::string(what));
}

/// What stands where a topic stands and is none: a queue cannot be bound to it.
constexpr std::array<std::string_view, 11> kForms{"$share/",   "$queue/",   "$stream/", "$delayed/",
                                                  "$tx/",      "$CONTROL/", "$SYS/",    "$events/",
                                                  "$expired/", "$dropped/", "$dead/"};

Status check_bind(const QueueDefinition& definition) {
  const std::vector<std::string>& bind = definition.bind;
  // What fills a dead-letter queue are deaths.
  if (bind.empty() && !definition.is_dead_letter_queue())
    return wrong_option("bind", "at least one topic filter");
  if (bind.size() > kMostFilters) return wrong_option("bind", "64 topic filters at most");
  for (const std::string& filter : bind) {
    if (std::ranges::count(bind, filter) > 1)
      return wrong_option("bind", "a topic filter stands there twice");
    const auto is_of = [&](std::string_view form) { return std::string_view(filter).starts_with(form); };
    const auto form = std::ranges::find_if(kForms, is_of);
    if (form != kForms.end())
      return wrong_option("bind", std::string(*form) + "... is no topic that a queue can be bound to");
  }
  return {};
}

Status check_parallelism(const QueueDefinition& definition) {
  using Order = QueueDefinition::Order;
  if (definition.lanes < 1 || definition.lanes > kMostLanes) return wrong_option("lanes", "from 1 to 4096");
  if (definition.max_inflight < 1) return wrong_option("max_inflight", "from 1 to 65535");
  const bool knows_no_keys = definition.order == Order::Strict && !definition.is_stream();
  if (knows_no_keys && definition.last_value)
    return wrong_option("last_value", "keeps one message of each key, and order strict knows no keys");
  return {};
}

Status check_deliveries(const QueueDefinition& definition) {
  if (definition.ack_timeout < kShortestAckTimeout || definition.ack_timeout > kLongestPause)
    return wrong_option("ack_timeout", "from 10ms to 30d");
  if (definition.max_deliveries < 1 || definition.max_deliveries > kMostDeliveries)
    return wrong_option("max_deliveries", "from 1 to 1000");
  const std::string& target = definition.dead_letter;
  if (!target.empty() && !is_queue_name(target))
    return wrong_option("dead_letter", "not the name of a queue");
  if (target == definition.name && !target.empty())
    return wrong_option("dead_letter", "a queue cannot hold its own dead letters");
  if (definition.is_dead_letter_queue() && !target.empty() && target != kNoDeadLetters)
    return wrong_option("dead_letter", "a dead-letter queue never dead-letters");
  return {};
}

Status check_limits(const QueueDefinition& definition) {
  using Overflow = QueueDefinition::Overflow;
  if (definition.ttl && (definition.ttl->count() < 1 || *definition.ttl > kLongestTtl))
    return wrong_option("ttl", "from 1ms to 3660d");
  if (definition.max_length == 0U) return wrong_option("max_length", "at least 1");
  if (definition.max_bytes == 0U) return wrong_option("max_bytes", "at least 1");
  if (definition.overflow == Overflow::DeadLetter && definition.dead_letter_target().empty())
    return wrong_option("overflow", "dead-letter needs a dead_letter queue");
  if (definition.dedup_window.count() < 0 || definition.dedup_window > kLongestDedupWindow)
    return wrong_option("dedup_window", "from 0s to 7d");
  return {};
}

/// An option that one kind alone has, and whether the definition sets it.
struct OptionOfAKind {
  std::string_view option;
  bool (*is_set)(const QueueDefinition&);
};
template <auto Member>
constexpr OptionOfAKind option_of_a_kind(std::string_view option) {
  return {option, [](const QueueDefinition& d) { return !(d.*Member == QueueDefinition().*Member); }};
}

/// A stream is limited by its retention, and takes what comes. What is about deliveries is for its groups.
constexpr std::array kOfQueues{
    option_of_a_kind<&QueueDefinition::ttl>("ttl"),
    option_of_a_kind<&QueueDefinition::max_length>("max_length"),
    option_of_a_kind<&QueueDefinition::max_bytes>("max_bytes"),
    option_of_a_kind<&QueueDefinition::overflow>("overflow"),
    option_of_a_kind<&QueueDefinition::dedup_window>("dedup_window"),
    option_of_a_kind<&QueueDefinition::rate_in>("rate_in"),
    option_of_a_kind<&QueueDefinition::rate_out>("rate_out"),
};
constexpr std::array kOfStreams{
    option_of_a_kind<&QueueDefinition::retention_time>("retention_time"),
    option_of_a_kind<&QueueDefinition::retention_bytes>("retention_bytes"),
    option_of_a_kind<&QueueDefinition::retention_count>("retention_count"),
};

Status check_kind(const QueueDefinition& definition) {
  if (!definition.is_stream()) {
    for (const OptionOfAKind& one : kOfStreams)
      if (one.is_set(definition))
        return wrong_option(one.option, "only a stream has it; leave it out, or set kind to stream");
    return {};
  }
  if (definition.is_dead_letter_queue())
    return wrong_option("kind", "a queue for dead letters, whose name ends with .dlq, cannot be a stream");
  for (const OptionOfAKind& one : kOfQueues)
    if (one.is_set(definition))
      return wrong_option(one.option, "a stream does not have it; leave it out, or set kind to queue");
  const auto& time = definition.retention_time;
  if (time && (*time < kShortestRetention || *time > kLongestTtl))
    return wrong_option("retention_time", "none, or from 1s to 3660d");
  if (definition.retention_bytes == 0U) return wrong_option("retention_bytes", "at least 1");
  if (definition.retention_count == 0U) return wrong_option("retention_count", "at least 1");
  return {};
}

}  // namespace

bool is_queue_name(std::string_view name) {
  if (name.empty() || name.size() > kLongestQueueName || !is_letter_or_digit(name.front())) return false;
  return std::all_of(name.begin(), name.end(),
                     [](char c) { return is_letter_or_digit(c) || c == '-' || c == '.' || c == '_'; });
}

bool QueueDefinition::is_dead_letter_queue() const {
  return std::string_view(name).ends_with(kDeadLetterSuffix);
}

bool QueueDefinition::asks_before_publish() const {
  const bool may_drop_oldest = (max_length.has_value() || max_bytes.has_value()) &&
                               (overflow == Overflow::DropOldest || overflow == Overflow::DeadLetter);
  const bool replaces = last_value && !is_stream();  // what is older leaves a stream behind it
  return may_drop_oldest || dedup_window.count() > 0 || replaces || rate_in.has_value();
}

std::string QueueDefinition::dead_letter_target() const {
  if (is_stream() || is_dead_letter_queue() || dead_letter == kNoDeadLetters) return {};
  return dead_letter.empty() ? name + std::string(kDeadLetterSuffix) : dead_letter;
}

bool QueueDefinition::sends_dead_letters_to(std::string_view queue) const {
  if (is_dead_letter_queue() || dead_letter == kNoDeadLetters) return false;
  if (!dead_letter.empty()) return dead_letter == queue;
  return queue.size() == name.size() + kDeadLetterSuffix.size() && queue.starts_with(name) &&
         queue.ends_with(kDeadLetterSuffix);
}

QueueDefinition definition_of_groups(const QueueDefinition& stream) {
  QueueDefinition group = stream;
  const QueueDefinition defaults;
  group.kind = QueueDefinition::Kind::Queue;
  group.last_value = defaults.last_value;
  group.retention_time = defaults.retention_time;
  group.retention_bytes = defaults.retention_bytes;
  group.retention_count = defaults.retention_count;
  if (group.dead_letter.empty() && !is_queue_name(group.dead_letter_target()))
    group.dead_letter = kNoDeadLetters;  // the name would be too long
  return group;
}

Status check(const QueueDefinition& definition) {
  if (!is_queue_name(definition.name))
    return wrong_option("name", "a letter or digit, then letters, digits, - . or _, 128 bytes at most");
  const bool has_default_target = !definition.dead_letter_target().empty() && definition.dead_letter.empty();
  if (has_default_target && !is_queue_name(definition.dead_letter_target()))
    return wrong_option("name", "too long for its dead-letter queue; 124 bytes at most, or set dead_letter");
  for (const auto& rule : {check_bind, check_kind, check_parallelism, check_deliveries, check_limits})
    if (Status status = rule(definition); !status) return status;
  return {};
}

Status check_change(const QueueDefinition& from, const QueueDefinition& to, bool is_empty) {
  if (Status status = check(to); !status) return status;
  if (from.name != to.name) return wrong_option("name", "a queue keeps its name");
  if (from.kind != to.kind) return wrong_option("kind", "it stays what it is; make another one");
  if (is_empty) return {};
  const auto only_when_empty = [](std::string_view option) {
    return failure(Errc::Busy, std::string(option) + ": changes only while the queue is empty");
  };
  if (from.order != to.order) return only_when_empty("order");
  if (!(from.key == to.key)) return only_when_empty("key");
  if (from.lanes != to.lanes) return only_when_empty("lanes");
  if (!from.last_value && to.last_value) return only_when_empty("last_value");
  return {};
}

Status check_dead_letters(const QueueDefinition& from, const QueueDefinition& target) {
  if (target.is_stream() && from.dead_letter_target() == target.name)
    return wrong_option("dead_letter", target.name + " is a stream, which holds no dead letters");
  if (from.dead_letter_target() != target.name || target.dead_letter_target().empty()) return {};
  return wrong_option("dead_letter", "the dead-letter queue " + target.name +
                                         " has dead letters of its own; set its dead_letter to none");
}

}  // namespace hermod::queue
