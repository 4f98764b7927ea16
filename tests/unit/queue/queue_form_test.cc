#include "queue/queue_form.h"

#include <gtest/gtest.h>

#include <string>

namespace hermod::queue {
namespace {

using namespace std::chrono_literals;

TEST(QueueForm, OnlyTextBehindTheNameOfTheFormIsOne) {
  EXPECT_TRUE(is_queue_form("$queue/"));
  EXPECT_TRUE(is_queue_form("$queue/orders"));
  for (const char* text : {"", "$queue", "queue/orders", "$Queue/orders", "$share/g/$queue/orders"})
    EXPECT_FALSE(is_queue_form(text)) << text;
}

TEST(QueueForm, NameFilterAndPropertiesAreTakenApart) {
  const auto name = QueueForm::parse("$queue/orders");
  ASSERT_TRUE(name.has_value());
  EXPECT_EQ(name->name, "orders");
  EXPECT_EQ(name->filter, "");
  EXPECT_TRUE(name->properties.empty());

  const auto all = QueueForm::parse("$queue/orders.dlq/shop/+/order/#?tags=a&n>25");
  ASSERT_TRUE(all.has_value());
  EXPECT_EQ(all->name, "orders.dlq");
  EXPECT_EQ(all->filter, "shop/+/order/#");
  EXPECT_EQ(all->properties.text(), "tags=a&n>25");

  const auto no_filter = QueueForm::parse("$queue/orders?path=a/b");
  ASSERT_TRUE(no_filter.has_value());
  EXPECT_EQ(no_filter->name, "orders");
  EXPECT_EQ(no_filter->filter, "") << "a separator behind the question mark is a value's";
  EXPECT_EQ(no_filter->properties.text(), "path=a/b");
}

TEST(QueueForm, AFilterMayBeginWithASeparatorOrADollar) {
  EXPECT_EQ(QueueForm::parse("$queue/q//a")->filter, "/a");
  EXPECT_EQ(QueueForm::parse("$queue/q/$SYS/#")->filter, "$SYS/#");
  EXPECT_EQ(QueueForm::parse("$queue/q/$nacks")->filter, "$nacks");
}

TEST(QueueForm, EverythingElseIsRefused) {
  for (const char* text :
       {"$queue/", "$queue//a", "$queue/+", "$queue/#", "$queue/$x/a", "$queue/a b", "$queue/q/", "$queue/q?",
        "$queue/q/a?n>", "$queue/?a", "$queue/q/$nack/1", "$queue/q/$nack"})
    EXPECT_FALSE(QueueForm::parse(text).has_value()) << text;
}

TEST(NackForm, NamesQueueOffsetAndPause) {
  const auto nack = NackForm::parse("$queue/orders/$nack/17");
  ASSERT_TRUE(nack.has_value());
  EXPECT_EQ(nack->name, "orders");
  EXPECT_EQ(nack->offset, Seq{17});
  EXPECT_EQ(nack->retry_after, std::nullopt);
  EXPECT_EQ(NackForm::parse("$queue/orders/$nack/17/0")->retry_after, 0s);
  EXPECT_EQ(NackForm::parse("$queue/orders/$nack")->offset, Seq{}) << "the oldest";
  EXPECT_EQ(NackForm::parse("$queue/orders/$nack/oldest")->offset, Seq{});
  EXPECT_EQ(NackForm::parse("$queue/orders/$nack/oldest/5")->retry_after, 5s);
  EXPECT_EQ(NackForm::parse("$queue/orders/$nack/9223372036854775807/4294967295")->retry_after, 4294967295s);
}

TEST(NackForm, EverythingElseIsRefused) {
  for (const char* topic :
       {"$queue/", "$queue/orders", "$queue/orders/a", "$queue/orders/$nacks", "$queue/orders/$nack/",
        "$queue/orders/$nack/0", "$queue/orders/$nack/-1", "$queue/orders/$nack/x", "$queue/orders/$nack/1x",
        "$queue/orders/$nack/9223372036854775808", "$queue/orders/$nack/1/", "$queue/orders/$nack/1/x",
        "$queue/orders/$nack/1/-1", "$queue/orders/$nack/1/4294967296", "$queue/orders/$nack/1/2/3",
        "$queue//$nack/1", "$queue/a b/$nack/1"})
    EXPECT_FALSE(NackForm::parse(topic).has_value()) << topic;
}

}  // namespace
}  // namespace hermod::queue
