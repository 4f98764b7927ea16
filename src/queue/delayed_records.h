#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/ids.h"
#include "base/result.h"
#include "queue/delayed_form.h"
#include "queue/message.h"
#include "queue/queue_id.h"
#include "store/write_batch.h"

namespace hermod::queue {

/// All delayed messages are entries of this one stream. Its number is that of a named queue which will never
/// be: so many queues cannot be made one after the other.
inline constexpr StreamId kDelayedStream = stream_of(named_queue(std::uint64_t{1} << 62));

/// What is published when its time has come.
struct DelayedContent {
  std::string client_id;  ///< of its publisher
  MessagePtr message;     ///< with its own topic, as it came; null: it is in the store alone

  std::size_t size() const { return message ? client_id.size() + message->size() : 0; }
};
struct DelayedMessage {
  DelayedTime time;
  DelayedContent content;
  /// When it was sent, on the clock that nobody sets; nothing: nobody knows. Not in the record.
  std::optional<MonotonicTime> received{};
};

/// Table `entries`, in kDelayedStream: version, kind, due, sent; then the publisher's client identifier, and
/// the message as encode_message() has it. Numbers big-endian, times in microseconds since the epoch.
std::string encode_delayed(const DelayedTime& time, std::string_view client_id, const Message& message);
/// Errors: Unsupported for another version, else Corruption with what is wrong.
Result<DelayedMessage> decode_delayed(Bytes record);
/// The time alone, for which the beginning of the record is enough.
Result<DelayedTime> decode_delayed_time(Bytes head);

/// The committer gives the sequence, by which it is known from then on.
void append_delayed(store::WriteBatch& batch, const DelayedTime& time, std::string_view client_id,
                    const Message& message);
/// In the batch that stores what it has become, or alone.
void erase_delayed(store::WriteBatch& batch, Seq seq);

}  // namespace hermod::queue
