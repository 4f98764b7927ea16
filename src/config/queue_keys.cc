#include "config/queue_keys.h"

#include <algorithm>

#include "config/edit_distance.h"

namespace hermod::config {

std::string QueueKey::toml_text(std::string_view text) const {
  return is_bare ? std::string(text) : "\"" + std::string(text) + "\"";
}

const std::vector<QueueKey>& queue_keys() {
  static const std::vector<QueueKey> kKeys{
      {kBindKey, "topic filters",
       "Which messages the queue stores: those of every topic that a filter matches, whatever their QoS and "
       "whether or not anybody consumes. Several are written as a list. A dead-letter queue needs none."},
      {"match", "none, all:PROPERTY FILTER or any:PROPERTY FILTER",
       "Of these only messages whose user properties fulfil all, or any, of the terms, such as "
       "all:tags=a,b&n>25."},
      {"kind", "one of queue, stream",
       "queue: messages leave when they have been acknowledged. stream: they stay, whoever has read them, "
       "until the retention removes them; it needs a store. A stream has no ttl, max_length, max_bytes, "
       "overflow, dedup_window, rate_in and rate_out; what is about deliveries is for the consumer "
       "groups that read it."},
      {"order", "one of none, key, strict",
       "key: the next message of a key goes out when the one before it is settled, other keys side by side. "
       "strict: one message of the whole queue at a time. none: all side by side."},
      {"key", "auto, topic, topic-level:N, client-id or property:NAME",
       "Where the key of a message is found. auto: its user property key, and without one its publisher's "
       "client identifier."},
      {"lanes", "1 to 4096", "Into how many lanes the keys are spread; a lane has one consumer at a time.",
       true},
      {"dispatch", "one of least-inflight, round-robin, random, sticky, key-hash",
       "Who gets the next message, among the consumers that have room."},
      {"max_inflight", "1 to 65535",
       "Messages one consumer may have at the same time. The Receive Maximum of MQTT 5 lowers it.", true},
      {"ack_timeout", "10ms to 30d",
       "How long a consumer may have a message; then it goes to another, and what it acknowledges later is "
       "ignored."},
      {"retry", "durations with a space between them, or none",
       "The pause before each redelivery of a message that was refused or timed out; the last one goes on."},
      {"max_deliveries", "1 to 1000", "Deliveries of a message after which it becomes a dead letter.", true},
      {"dead_letter", "the name of a queue, or none",
       "Where messages go that nobody could take. When nothing is said it is the queue's own name with .dlq "
       "behind it."},
      {"ttl", "none or 1ms to 3660d",
       "How long a message may wait; then it is a dead letter. Its Message Expiry Interval lowers it."},
      {"max_length", "none or a number", "The most messages. A hard limit."},
      {"max_bytes", "none or a size", "The most bytes of messages. A hard limit."},
      {"overflow", "one of reject, drop-oldest, drop-newest, dead-letter",
       "What happens to a message for a full queue: reject refuses it to its publisher with 0x97, "
       "drop-newest "
       "drops it, drop-oldest and dead-letter make room for it."},
      {"dedup_window", "0s to 7d",
       "How long the user property msg-id of a message is remembered: a message with the same one is "
       "acknowledged and not stored again. 0s: not at all."},
      {"last_value", "true or false",
       "Whether of each key only the newest message is kept. From a stream the older ones leave soon after.",
       true},
      {"rate_in", "none or a rate such as 100/s burst 200", "How fast messages may come in."},
      {"rate_out", "none or a rate such as 100/s burst 200", "How fast messages go out."},
      {"seq", "one of off, detect",
       "detect: gaps and repetitions in the numbers that producers give in the user property seq are "
       "counted, "
       "logged and told on $events/sequence/gap."},
      {"flush", "broker, sync, memory, or interval: with 1 to 60000 ms behind it",
       "When a QoS 1 message in the queue is safe from a power cut: broker, as store.flush says, or one of "
       "the "
       "words of that, which then holds for this queue. QoS 2 is synced at once whatever it says. See "
       "durability.md."},
      {"retention_time", "none or 1s to 3660d", "How long a stream keeps a message."},
      {"retention_bytes", "none or a size",
       "The bytes of messages that a stream keeps; the oldest leave it, in blocks of up to a sixteenth."},
      {"retention_count", "none or a number",
       "The messages that a stream keeps; the oldest leave it, in blocks of up to a sixteenth."},
  };
  return kKeys;
}

const QueueKey* find_queue_key(std::string_view name) {
  const auto found = std::ranges::find(queue_keys(), name, &QueueKey::name);
  return found == queue_keys().end() ? nullptr : &*found;
}

std::string_view nearest_queue_key(std::string_view name) {
  std::size_t best = name.size() / 4 + 2;
  std::string_view nearest;
  for (const QueueKey& key : queue_keys()) {
    const std::size_t distance = edit_distance(name, key.name);
    if (distance >= best) continue;
    best = distance;
    nearest = key.name;
  }
  return nearest;
}

}  // namespace hermod::config
