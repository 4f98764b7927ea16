#include "queue/transaction_form.h"

#include <gtest/gtest.h>

#include <string>

#include "queue/transaction_records.h"
#include "wire/property_writer.h"

namespace hermod::queue {
namespace {

using Verb = TransactionVerb;

TEST(TransactionForm, OnlyTextBehindTheNameOfTheFormIsOne) {
  EXPECT_TRUE(is_transaction_form("$tx/"));
  EXPECT_TRUE(is_transaction_form("$tx/1/commit"));
  for (const char* text : {"", "$tx", "tx/1/commit", "$TX/1/commit", "$txn/1/commit"})
    EXPECT_FALSE(is_transaction_form(text)) << text;
}

TEST(TransactionForm, HasAnIdAVerbAndATopic) {
  const auto prepare = TransactionForm::parse("$tx/order-7.a_B/prepare/shop/orders");
  ASSERT_TRUE(prepare.has_value());
  EXPECT_EQ(prepare->verb, Verb::Prepare);
  EXPECT_EQ(prepare->id, "order-7.a_B");
  EXPECT_EQ(prepare->topic, "shop/orders");
  EXPECT_EQ(TransactionForm::parse("$tx/1/prepare/$delayed/5/a")->topic, "$delayed/5/a");
  EXPECT_EQ(TransactionForm::parse("$tx/1/prepare//a")->topic, "/a") << "a topic may begin with a separator";
  EXPECT_EQ(TransactionForm::parse("$tx/1/commit")->verb, Verb::Commit);
  EXPECT_EQ(TransactionForm::parse("$tx/1/rollback")->verb, Verb::Rollback);
  EXPECT_EQ(TransactionForm::parse("$tx/1/outcome")->verb, Verb::Outcome);
}

TEST(TransactionForm, WhatIsWrongIsSaid) {
  const std::string long_id(129, 'a');
  for (const std::string text :
       {"$tx/", "$tx//commit", "$tx/1", "$tx/1/", "$tx/-1/commit", "$tx/a b/commit", "$tx/a+/commit",
        "$tx/1/Commit", "$tx/1/commit/", "$tx/1/commit/a", "$tx/1/prepare", "$tx/1/prepare/", "$tx/1/check",
        "$tx/check/orders", "$tx/1/outcome/a"}) {
    const auto form = TransactionForm::parse(text);
    ASSERT_FALSE(form.has_value()) << text;
    EXPECT_EQ(form.error().code, Errc::Invalid) << text;
    EXPECT_NE(form.error().detail.find("expected"), std::string::npos) << text;
  }
  EXPECT_FALSE(TransactionForm::parse("$tx/" + long_id + "/commit").has_value());
  EXPECT_TRUE(TransactionForm::parse("$tx/" + long_id.substr(1) + "/commit").has_value());
}

class TransactionProperties : public ::testing::Test {
 protected:
  wire::UserProperties properties() const { return wire::UserProperties(said_.properties().raw()); }
  wire::PropertyWriter said_;
};

TEST_F(TransactionProperties, WithoutOneNothingIsWanted) {
  said_.add_user("txn-id", "1");
  said_.add_user("key", "prepare");
  const auto wish = wanted_transaction(properties());
  ASSERT_TRUE(wish.has_value());
  EXPECT_FALSE(wish->has_value());
  EXPECT_FALSE(wanted_producer_group(properties())->has_value());
}

TEST_F(TransactionProperties, TheFirstOfEachCounts) {
  said_.add_user("txn", "prepare");
  said_.add_user("txn", "commit");
  said_.add_user("txn-id", "1");
  said_.add_user("txn-id", "2");
  said_.add_user("producer-group", "shop/south");
  said_.add_user("producer-group", "other");
  const auto wish = wanted_transaction(properties());
  ASSERT_TRUE(wish && *wish);
  EXPECT_EQ((*wish)->verb, Verb::Prepare);
  EXPECT_EQ((*wish)->id, "1");
  EXPECT_EQ(wanted_producer_group(properties()).value(), "shop/south");
}

TEST_F(TransactionProperties, WhatIsWrongIsSaidWithTheProperty) {
  said_.add_user("txn", "begin");
  said_.add_user("producer-group", "a/#");
  EXPECT_EQ(wanted_transaction(properties()).error().detail.rfind("txn:", 0), 0U);
  EXPECT_EQ(wanted_producer_group(properties()).error().detail.rfind("producer-group:", 0), 0U);
}

TEST(ProducerGroup, IsWhatCanBeInATopic) {
  for (const std::string group : {"till", "shop/south", "a b", "\xc3\xa4", "$x"})
    EXPECT_TRUE(check_producer_group(group).has_value()) << group;
  for (const std::string& group : {std::string(), std::string("a+"), std::string("#"), std::string("a\x01"),
                                   std::string("a\0b", 3), std::string(1025, 'a')})
    EXPECT_FALSE(check_producer_group(group).has_value()) << group;
}

TEST_F(TransactionProperties, AnIdHasToBeThere) {
  said_.add_user("txn", "commit");
  EXPECT_EQ(wanted_transaction(properties()).error().detail.rfind("txn-id:", 0), 0U);
}

TEST(TransactionOutcomeText, IsOneOfTwoOrNotKnown) {
  EXPECT_EQ(said_outcome(as_bytes("commit")), Verb::Commit);
  EXPECT_EQ(said_outcome(as_bytes("rollback")), Verb::Rollback);
  for (const char* text : {"", "unknown", "prepare", "COMMIT", "commit "})
    EXPECT_EQ(said_outcome(as_bytes(text)), std::nullopt) << text;
}

PreparedMessage prepared_example() {
  return {"order-7", "shop", "client", wall_time_of(1'700'000'000'000'008),
          Message::create({.topic = "a/b",
                           .payload = as_bytes("hello"),
                           .forwarded_properties = {},
                           .qos = wire::QoS::ExactlyOnce,
                           .retain = true})};
}

TEST(TransactionRecords, AMessageComesBackAsItWas) {
  const PreparedMessage before = prepared_example();
  const auto record = decode_transaction(as_bytes(encode_prepared(before)));
  ASSERT_TRUE(record.has_value());
  const auto& after = std::get<PreparedMessage>(*record);
  EXPECT_EQ(after.id, before.id);
  EXPECT_EQ(after.group, before.group);
  EXPECT_EQ(after.client_id, before.client_id);
  EXPECT_EQ(after.sent, before.sent);
  EXPECT_EQ(after.message->topic(), "a/b");
  EXPECT_EQ(as_text(after.message->payload()), "hello");
  EXPECT_EQ(after.message->qos(), wire::QoS::ExactlyOnce);
  EXPECT_TRUE(after.message->retain());
}

TEST(TransactionRecords, AnEndComesBackAsItWas) {
  const TransactionEnd before{"order-7", TransactionOutcome::RolledBack, wall_time_of(99)};
  const auto record = decode_transaction(as_bytes(encode_transaction_end(before)));
  ASSERT_TRUE(record.has_value());
  const auto& after = std::get<TransactionEnd>(*record);
  EXPECT_EQ(after.id, before.id);
  EXPECT_EQ(after.outcome, before.outcome);
  EXPECT_EQ(after.at, before.at);
}

TEST(TransactionRecords, WhatIsCutShortOrUnknownIsDamage) {
  const TransactionEnd end{"order-7", TransactionOutcome::Committed, wall_time_of(99)};
  for (const std::string& whole : {encode_prepared(prepared_example()), encode_transaction_end(end)})
    for (std::size_t size = 0; size < whole.size(); ++size)
      EXPECT_FALSE(decode_transaction(as_bytes(whole.substr(0, size))).has_value()) << size;
  EXPECT_FALSE(decode_transaction(as_bytes(encode_transaction_end(end) + "x")).has_value());
  std::string other = encode_transaction_end(end);
  other[0] = 2;
  EXPECT_EQ(decode_transaction(as_bytes(other)).error().code, Errc::Unsupported);
  other[0] = 1;
  other[1] = 3;
  EXPECT_EQ(decode_transaction(as_bytes(other)).error().code, Errc::Corruption);
  other[1] = 2;
  other[2] = 3;
  EXPECT_EQ(decode_transaction(as_bytes(other)).error().code, Errc::Corruption);
}

}  // namespace
}  // namespace hermod::queue
