#include "queue/message.h"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

namespace hermod::queue {
namespace {

TEST(Message, KeepsTopicPropertiesAndPayloadApart) {
  Message::Fields fields;
  fields.topic = "a/b";
  fields.payload = as_bytes("payload");
  fields.forwarded_properties = as_bytes(std::string_view("\x01\x01", 2));
  fields.qos = wire::QoS::ExactlyOnce;
  fields.retain = true;
  fields.publisher = SessionId{9};
  const MessagePtr message = Message::create(fields);
  EXPECT_EQ(message->topic(), "a/b");
  EXPECT_EQ(as_text(message->payload()), "payload");
  EXPECT_EQ(as_text(message->forwarded_properties()), std::string_view("\x01\x01", 2));
  EXPECT_EQ(message->qos(), wire::QoS::ExactlyOnce);
  EXPECT_TRUE(message->retain());
  EXPECT_EQ(message->publisher(), SessionId{9});
  EXPECT_EQ(message->size(), 3U + 2U + 7U);
}

TEST(Message, ExpiresAtItsTimeAndNeverWithoutOne) {
  Message::Fields fields;
  fields.topic = "t";
  fields.expires_at = WallTime{std::chrono::seconds{10}};
  const MessagePtr message = Message::create(fields);
  EXPECT_FALSE(message->is_expired(WallTime{std::chrono::seconds{9}}));
  EXPECT_TRUE(message->is_expired(WallTime{std::chrono::seconds{10}}));
  fields.expires_at = Message::kNever;
  EXPECT_FALSE(Message::create(fields)->is_expired(WallTime{std::chrono::hours{24 * 365 * 1000}}));
}

TEST(Message, PayloadHeldByReferenceOutlivesTheLastPointer) {
  Message::Fields fields;
  fields.topic = "t";
  fields.payload = as_bytes("kept");
  SharedBytes held;
  {
    const MessagePtr message = Message::create(fields);
    held = Message::shared_payload(message);
  }
  EXPECT_EQ(as_text(held.bytes()), "kept");
}

TEST(Message, IsFreedOnceWhenManyThreadsHoldIt) {
  Message::Fields fields;
  fields.topic = "t";
  fields.payload = as_bytes("shared");
  MessagePtr message = Message::create(fields);
  std::vector<std::thread> threads;
  threads.reserve(4);
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([copy = message] {
      for (int n = 0; n < 10'000; ++n) {
        const MessagePtr another = copy;
        ASSERT_EQ(as_text(another->payload()), "shared");
      }
    });
  }
  message = MessagePtr();
  for (std::thread& thread : threads) thread.join();
}

}  // namespace
}  // namespace hermod::queue
