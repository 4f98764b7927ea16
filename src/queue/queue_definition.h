#pragma once
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "queue/key_source.h"
#include "queue/property_filter.h"
#include "queue/settlement.h"
#include "queue/token_bucket.h"
#include "store/flush.h"

namespace hermod::queue {

/// What an operator says about a named queue: every option with its default. A plain value; check() says
/// whether it makes sense. Options have names and texts in queue_option.h.
struct QueueDefinition {
  enum class Kind : std::uint8_t {
    Queue,  ///< messages leave when they have been acknowledged
    Stream  ///< they stay, whoever has read them, until the retention removes them
  };
  enum class Order : std::uint8_t {
    None,   ///< free parallelism
    Key,    ///< of each key one message at a time, keys side by side
    Strict  ///< one message at a time
  };
  enum class Dispatch : std::uint8_t { LeastInflight, RoundRobin, Random, Sticky, KeyHash };
  enum class Overflow : std::uint8_t {
    Reject,      ///< the publisher is refused with 0x97
    DropOldest,  ///< the oldest message that is not in flight leaves
    DropNewest,  ///< the new message is dropped, and its publisher is not told
    DeadLetter   ///< the oldest message that is not in flight becomes a dead letter
  };
  enum class SequenceCheck : std::uint8_t { Off, Detect };

  std::string name;
  /// Topic filters. Their grammar is the affair of topic/, and of whoever binds the queue.
  std::vector<std::string> bind;
  /// Of what the filters bind, the queue takes only this.
  PropertyFilter match;
  Kind kind = Kind::Queue;
  Order order = Order::Key;
  KeySource key;
  std::uint32_t lanes = 16;
  Dispatch dispatch = Dispatch::LeastInflight;
  std::uint16_t max_inflight = 32;  ///< per consumer
  std::chrono::milliseconds ack_timeout = std::chrono::seconds(30);
  RetryPolicy retry;
  std::uint32_t max_deliveries = 17;
  std::string dead_letter;  ///< "none", another queue, or empty: `<name>.dlq`
  std::optional<std::chrono::milliseconds> ttl;
  std::optional<std::uint64_t> max_length;  ///< messages
  std::optional<std::uint64_t> max_bytes;   ///< as Message::size() counts
  Overflow overflow = Overflow::Reject;
  std::chrono::milliseconds dedup_window{0};  ///< zero: msg-id means nothing
  bool last_value = false;
  std::optional<Rate> rate_in;
  std::optional<Rate> rate_out;
  SequenceCheck seq = SequenceCheck::Off;
  /// When what it stores is safe from a power cut; nothing: as of the broker, see store::Options::flush.
  std::optional<store::Flush> flush;
  // Of a stream: what is beyond any of these leaves it, the oldest first.
  std::optional<std::chrono::milliseconds> retention_time = std::chrono::hours(24 * 7);
  std::optional<std::uint64_t> retention_bytes;  ///< as Message::size() counts
  std::optional<std::uint64_t> retention_count;

  bool is_stream() const { return kind == Kind::Stream; }
  /// Whether the name is that of a dead-letter queue.
  bool is_dead_letter_queue() const;
  /// Where dead letters go; empty when they go nowhere. A dead-letter queue never dead-letters, and of a
  /// stream only its groups do.
  std::string dead_letter_target() const;
  /// The same as a question, for who goes through many.
  bool sends_dead_letters_to(std::string_view queue) const;
  /// Only the owner can say whether a message may come in, and what has to leave for it.
  bool asks_before_publish() const;
  friend bool operator==(const QueueDefinition&, const QueueDefinition&) = default;
};

/// What each consumer group of a stream is: a queue of the same name and key, as far as its members are
/// concerned. Precondition: check(stream), and it is one.
QueueDefinition definition_of_groups(const QueueDefinition& stream);

inline constexpr std::string_view kDeadLetterSuffix = ".dlq";
inline constexpr std::string_view kNoDeadLetters = "none";

/// `[0-9a-zA-Z][-._0-9a-zA-Z]*`, of 128 bytes at most.
bool is_queue_name(std::string_view name);

/// Errors: Invalid, with the option first: "lanes: ...".
Status check(const QueueDefinition& definition);
/// Whether a queue with messages and consumers may become `to` while it runs. Its order, key and lanes say
/// which of its messages may be out together, so they stay as long as it holds any; so does last_value before
/// it begins. Errors: as check(); Busy.
Status check_change(const QueueDefinition& from, const QueueDefinition& to, bool is_empty);
/// Dead letters of one queue must not die in the next, which is no stream. Errors: Invalid.
Status check_dead_letters(const QueueDefinition& from, const QueueDefinition& target);

}  // namespace hermod::queue
