#include "retain/records.h"

#include <gtest/gtest.h>

#include <limits>
#include <optional>

#include "queue/records.h"
#include "tests/unit/retain/retained_messages.h"

namespace hermod::retain {
namespace {

/// The only change of a batch.
std::optional<store::Op> only_op(const store::WriteBatch& batch) {
  store::OpReader ops = batch.ops();
  const auto op = ops.next();
  EXPECT_FALSE(ops.next());
  return op;
}

TEST(RetainedRecord, NumberTopicAndPayloadComeBackFromKeyAndValue) {
  for (const std::uint64_t number : {std::uint64_t{1}, std::numeric_limits<std::uint64_t>::max()}) {
    store::WriteBatch batch;
    record(batch, number, *message_of("a/b", "payload", at_second(100)));
    const auto op = only_op(batch);
    ASSERT_TRUE(op);
    EXPECT_EQ(op->kind, store::Op::Kind::Put);
    EXPECT_EQ(op->table, store::Table::Retained);
    EXPECT_EQ(number_in(op->key), number);
    const auto message = queue::decode_message(op->value);
    ASSERT_TRUE(message) << message.error().detail;
    EXPECT_EQ((*message)->topic(), "a/b");
    EXPECT_EQ(as_text((*message)->payload()), "payload");
    EXPECT_EQ((*message)->expires_at(), at_second(100));
    EXPECT_TRUE((*message)->retain());
  }
}

TEST(RetainedRecord, AnEmptyPayloadErasesUnderTheSameKey) {  // [MQTT-3.3.1-6]
  store::WriteBatch put;
  record(put, 7, *message_of("a", "x"));
  for (const bool by_message : {false, true}) {
    store::WriteBatch batch;
    if (by_message)
      record(batch, 7, *message_of("a", ""));
    else
      erase(batch, 7);
    const auto op = only_op(batch);
    ASSERT_TRUE(op);
    EXPECT_EQ(op->kind, store::Op::Kind::Erase);
    EXPECT_EQ(op->table, store::Table::Retained);
    EXPECT_EQ(as_text(op->key), as_text(only_op(put)->key));
  }
}

TEST(RetainedRecord, KeysSortAsTheirNumbers) {
  const auto key_for = [](std::uint64_t number) {
    store::WriteBatch batch;
    erase(batch, number);
    return std::string(as_text(only_op(batch)->key));
  };
  for (std::uint64_t number = 1; number != 0; number <<= 1) {
    EXPECT_LT(key_for(number), key_for(number + 1)) << number;
    EXPECT_LT(key_for(number - 1), key_for(number)) << number;
  }
}

TEST(RetainedRecord, AKeyOfAnotherSizeOrOfZeroIsDamage) {
  for (const std::string& key :
       {std::string(), std::string(7, '\1'), std::string(9, '\1'), std::string(8, '\0')}) {
    const auto number = number_in(as_bytes(key));
    ASSERT_FALSE(number) << key.size();
    EXPECT_EQ(number.error().code, Errc::Corruption);
  }
}

}  // namespace
}  // namespace hermod::retain
