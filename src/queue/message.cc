#include "queue/message.h"

#include <cstring>
#include <memory>
#include <new>

#include "base/assert.h"

namespace hermod::queue {

MessagePtr Message::create(const Fields& fields) {
  HERMOD_ASSERT(fields.topic.size() <= 65535);
  const std::size_t tail = fields.topic.size() + fields.forwarded_properties.size() + fields.payload.size();
  void* memory = ::operator new(sizeof(Message) + tail);
  return MessagePtr(new (memory) Message(fields));
}

Message::Message(const Fields& fields)
    : payload_size_(static_cast<std::uint32_t>(fields.payload.size())),
      properties_size_(static_cast<std::uint32_t>(fields.forwarded_properties.size())),
      topic_size_(static_cast<std::uint16_t>(fields.topic.size())),
      qos_(fields.qos),
      retain_(fields.retain),
      publisher_(fields.publisher),
      matched_version_(fields.matched_version),
      stored_at_(fields.stored_at),
      expires_at_(fields.expires_at) {
  char* out = reinterpret_cast<char*>(this + 1);
  std::memcpy(out, fields.topic.data(), topic_size_);
  out += topic_size_;
  if (properties_size_ > 0) std::memcpy(out, fields.forwarded_properties.data(), properties_size_);
  out += properties_size_;
  if (payload_size_ > 0) std::memcpy(out, fields.payload.data(), payload_size_);
}

void Message::release() const {
  if (references_.fetch_sub(1, std::memory_order_acq_rel) != 1) return;
  this->~Message();
  ::operator delete(const_cast<Message*>(this));
}

SharedBytes Message::shared_payload(const MessagePtr& message) {
  auto holder = std::make_shared<const MessagePtr>(message);
  return {std::move(holder), message->payload()};
}

MessagePtr without_expiry(const MessagePtr& message) {
  if (message->expires_at() == Message::kNever) return message;
  return Message::create({.topic = message->topic(),
                          .payload = message->payload(),
                          .forwarded_properties = message->forwarded_properties(),
                          .qos = message->qos(),
                          .retain = message->retain(),
                          .publisher = message->publisher(),
                          .matched_version = message->matched_version(),
                          .stored_at = message->stored_at()});
}

}  // namespace hermod::queue
