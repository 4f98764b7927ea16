#include "broker/voice.h"

#include <optional>
#include <utility>

#include "base/log.h"
#include "broker/shard.h"
#include "queue/event_text.h"
#include "queue/queue_option.h"
#include "topic/limits.h"
#include "wire/property_writer.h"

namespace hermod::broker {

using topic::BrokerTopics;

namespace {

constexpr std::size_t kSaidInTick = 256;

struct Tap {
  BrokerTopics to{};
  std::string_view reason;
};

/// Where the copy of a message goes that is counted as this; nothing: it is no affair of anybody who listens.
std::optional<Tap> tap_of(Counter why) {
  switch (why) {
    case Counter::DroppedExpired:
    case Counter::QueueDroppedExpired:
      return Tap{BrokerTopics::Expired, "expired"};
    case Counter::DroppedQueueFull:
    case Counter::QueueDroppedMaxLength:
      return Tap{BrokerTopics::Dropped, "maxlen"};
    case Counter::DroppedSlowReader:
      return Tap{BrokerTopics::Dropped, "slow_reader"};
    case Counter::DroppedTooLarge:
      return Tap{BrokerTopics::Dropped, "too_large"};
    case Counter::QueueDroppedRejected:
      return Tap{BrokerTopics::Dropped, "rejected"};
    case Counter::QueueDroppedDeliveryLimit:
      return Tap{BrokerTopics::Dropped, "delivery_limit"};
    case Counter::QueueDroppedDeadLetters:
      return Tap{BrokerTopics::Dropped, "dead_letters_full"};
    case Counter::QueueDeadRejected:
      return Tap{BrokerTopics::Dead, "rejected"};
    case Counter::QueueDeadExpired:
      return Tap{BrokerTopics::Dead, "expired"};
    case Counter::QueueDeadMaxLength:
      return Tap{BrokerTopics::Dead, "maxlen"};
    case Counter::QueueDeadDeliveryLimit:
      return Tap{BrokerTopics::Dead, "delivery_limit"};
    default:
      return std::nullopt;
  }
}

}  // namespace

bool Voice::is_heard() const {
  return shard_.shared_.subscriptions.is_heard(BrokerTopics::Events);
}

void Voice::tell(std::string_view event, std::string text) {
  if (!is_heard()) return;
  std::string topic(prefix_of(BrokerTopics::Events));
  topic += event;
  keep({.topic = std::move(topic), .text = std::move(text)}, Counter::EventsMissed);
}

void Voice::copy(Counter why, const queue::MessagePtr& message, const session::Session& receiver) {
  copy(why, message, "x-client-id", receiver.client_id());
}

void Voice::copy(Counter why, const queue::MessagePtr& message, const queue::NamedQueue& queue) {
  copy(why, message, "x-queue", queue.name());
}

void Voice::drop(Counter why, const queue::MessagePtr& message, const session::Session& receiver) {
  shard_.counters_.add(why);
  copy(why, message, receiver);
}

void Voice::drop(Counter why, const queue::MessagePtr& message, const queue::NamedQueue& queue) {
  shard_.counters_.add(why);
  copy(why, message, queue);
}

void Voice::drop(const LeftMessages& left) {
  for (const LeftMessage& one : left) {
    if (one.queue) {
      drop(one.why, one.message, *one.queue);
    } else if (one.session.v != 0) {
      drop(one.why, one.message, one.session, one.shard);
    } else {
      shard_.counters_.add(one.why);
      copy(one.why, one.message, "x-client-id", one.client_id);
    }
  }
}

void Voice::drop(Counter why, const queue::MessagePtr& message, SessionId receiver, ShardId shard) {
  shard_.counters_.add(why);
  const auto tap = tap_of(why);
  if (tap && shard_.shared_.subscriptions.is_heard(tap->to) && !message->topic().starts_with('$'))
    shard_.tell(shard, DroppedForSession{receiver, why, message});
}

void Voice::on_dropped(const DroppedForSession& dropped) {
  const session::Session* const receiver = shard_.sessions_.find(dropped.session);
  if (receiver == nullptr) return shard_.counters_.add(Counter::TapMissed);  // it has moved on, or ended
  copy(dropped.why, dropped.message, *receiver);
}

void Voice::copy(Counter why, const queue::MessagePtr& message, std::string_view of, std::string_view who) {
  const auto tap = tap_of(why);
  if (!tap) return;
  copy(tap->to, tap->reason, message, of, who);
  if (why == Counter::QueueDeadExpired) copy(BrokerTopics::Expired, tap->reason, message, of, who);
}

/// No copy is copied once more, nor what else the broker has published itself.
void Voice::copy(BrokerTopics to, std::string_view reason, const queue::MessagePtr& message,
                 std::string_view of, std::string_view who) {
  if (!shard_.shared_.subscriptions.is_heard(to)) return;
  if (!message) return shard_.counters_.add(Counter::TapMissed);
  if (message->topic().starts_with('$')) return;
  std::string topic(prefix_of(to));
  topic += message->topic();
  if (topic.size() > topic::kMaxTopicBytes) return shard_.counters_.add(Counter::TapMissed);
  keep({.topic = std::move(topic), .message = message, .reason = reason, .of = of, .who = std::string(who)},
       Counter::TapMissed);
}

void Voice::tell_full(const queue::NamedQueue& queue) {
  if (!queue.room->may_tell_full(shard_.now())) return;
  const queue::Amount held = queue.room->held();
  const std::string overflow = queue::option_text(queue.definition, "overflow");
  log::event(
      log::Level::Warning, "queue.full",
      {{"queue", queue.name()}, {"messages", held.messages}, {"bytes", held.bytes}, {"overflow", overflow}});
  if (!is_heard()) return;
  tell("queue/full", queue::event_text({{"queue", std::string_view(queue.name())},
                                        {"messages", held.messages},
                                        {"bytes", held.bytes},
                                        {"overflow", std::string_view(overflow)}}));
}

void Voice::keep(Saying saying, Counter missed) {
  const std::size_t bytes = saying.bytes();
  if (waiting_.size() >= kMostWaiting || bytes_ + bytes > kMostBytes) return shard_.counters_.add(missed);
  if (waiting_.empty()) shard_.tick_soon();
  bytes_ += bytes;
  waiting_.push_back(std::move(saying));
}

/// Not while the disk is behind: copies may be stored, and nobody is asked to wait for them.
bool Voice::say() {
  if (shard_.bytes_submitted_ > shard_.shared_.options.store.max_bytes_in_flight) return false;
  for (std::size_t left = kSaidInTick; left > 0 && !waiting_.empty(); --left) {
    const Saying saying = std::move(waiting_.front());
    waiting_.pop_front();
    bytes_ -= saying.bytes();
    say(saying);
  }
  return !waiting_.empty();
}

/// An event is for who is there; a copy is what the message was, also for durable sessions, but for its end.
/// Who is on a shard that has more mail than it can soon read misses it, as nobody waits for him.
void Voice::say(const Saying& saying) {
  shard_.match(saying.topic, SessionId{});
  if (shard_.matches_.empty()) return;
  wire::PropertyWriter properties;
  queue::Message::Fields fields;
  fields.topic = saying.topic;
  fields.stored_at = shard_.wall();
  if (saying.message) {
    properties.append(saying.message->forwarded_properties());
    properties.add_user("x-reason", saying.reason).add_user(saying.of, saying.who);
    fields.payload = saying.message->payload();
    fields.qos = saying.message->qos();
  } else {
    properties.add(wire::PropertyId::PayloadFormatIndicator, std::uint32_t{1});
    properties.add(wire::PropertyId::ContentType, std::string_view("application/json"));
    fields.payload = as_bytes(saying.text);
  }
  fields.forwarded_properties = properties.properties().raw();
  const queue::MessagePtr message = queue::Message::create(fields);
  shard_.find_targets(message, {});
  shard_.queue_targets_.clear();
  const auto missed = std::erase_if(
      shard_.targets_, [this](const Target& target) { return shard_.is_behind(target.where.shard); });
  shard_.counters_.add(saying.message ? Counter::TapMissed : Counter::EventsMissed, missed);
  if (shard_.targets_.empty()) return;
  shard_.counters_.add(saying.message ? Counter::TapCopies : Counter::EventsPublished);
  shard_.publish_for_nobody(message);
}

}  // namespace hermod::broker
