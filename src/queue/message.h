#pragma once
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <utility>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/ids.h"
#include "base/shared_bytes.h"
#include "wire/types.h"

namespace hermod::queue {

class Message;

/// Shared ownership of one Message. As cheap to copy as an atomic increment; may cross threads.
class MessagePtr {
 public:
  MessagePtr() = default;
  explicit MessagePtr(const Message* message) : message_(message) {}  // takes over one reference
  MessagePtr(const MessagePtr& other);
  MessagePtr(MessagePtr&& other) noexcept : message_(std::exchange(other.message_, nullptr)) {}
  MessagePtr& operator=(MessagePtr other) noexcept {
    std::swap(message_, other.message_);
    return *this;
  }
  ~MessagePtr();

  const Message& operator*() const { return *message_; }
  const Message* operator->() const { return message_; }
  explicit operator bool() const { return message_ != nullptr; }
  friend bool operator==(const MessagePtr& a, const MessagePtr& b) { return a.message_ == b.message_; }

 private:
  const Message* message_ = nullptr;
};

/// The application message: everything of a PUBLISH that outlives the packet. Immutable, reference counted,
/// one allocation that holds topic, properties and payload behind the header. Any thread.
class Message {
 public:
  struct Fields {
    std::string_view topic;
    Bytes payload;
    Bytes forwarded_properties;  ///< encoded, as wire::append_forwarded() leaves them
    wire::QoS qos = wire::QoS::AtMostOnce;
    bool retain = false;
    SessionId publisher{};              ///< for No Local; 0 when the broker itself publishes
    std::uint64_t matched_version = 0;  ///< of the subscriptions that were matched
    WallTime stored_at{};
    WallTime expires_at = kNever;
  };
  static constexpr WallTime kNever = WallTime::max();

  static MessagePtr create(const Fields& fields);

  Message(const Message&) = delete;
  Message& operator=(const Message&) = delete;

  std::string_view topic() const { return {data(), topic_size_}; }
  Bytes forwarded_properties() const { return as_bytes({data() + topic_size_, properties_size_}); }
  Bytes payload() const { return as_bytes({data() + topic_size_ + properties_size_, payload_size_}); }
  wire::QoS qos() const { return qos_; }
  bool retain() const { return retain_; }
  SessionId publisher() const { return publisher_; }
  /// Subscriptions up to this version of the index have been given the message; 0 after a restart.
  std::uint64_t matched_version() const { return matched_version_; }
  WallTime stored_at() const { return stored_at_; }
  WallTime expires_at() const { return expires_at_; }
  bool is_expired(WallTime now) const { return expires_at_ <= now; }

  /// Topic, properties and payload together: what the message counts for in limits, in bytes.
  std::size_t size() const { return std::size_t{topic_size_} + properties_size_ + payload_size_; }
  /// The payload held by reference, for a write queue.
  static SharedBytes shared_payload(const MessagePtr& message);

 private:
  friend class MessagePtr;
  explicit Message(const Fields& fields);
  ~Message() = default;
  const char* data() const { return reinterpret_cast<const char*>(this + 1); }
  void release() const;

  mutable std::atomic<std::uint32_t> references_{1};
  std::uint32_t payload_size_;
  std::uint32_t properties_size_;
  std::uint16_t topic_size_;
  wire::QoS qos_;
  bool retain_;
  SessionId publisher_;
  std::uint64_t matched_version_;
  WallTime stored_at_;
  WallTime expires_at_;
};

/// The same message, kept until somebody takes it.
MessagePtr without_expiry(const MessagePtr& message);

inline MessagePtr::MessagePtr(const MessagePtr& other) : message_(other.message_) {
  if (message_) message_->references_.fetch_add(1, std::memory_order_relaxed);
}
inline MessagePtr::~MessagePtr() {
  if (message_) message_->release();
}

}  // namespace hermod::queue
