#include "net/compression_pool.h"

#include <gtest/gtest.h>

#include <memory>
#include <vector>

namespace hermod::net {

class Holding final : public InflaterHolder {
 public:
  explicit Holding(CompressionPool& pool) : pool_(pool) {}
  ~Holding() { give_back(); }
  void part() {
    if (inflater == nullptr) inflater = pool_.take();
    pool_.hold(*this);
  }
  void give_back() { pool_.give_back(*this, std::move(inflater)); }
  void on_inflater_wanted() override { give_back(); }

  std::unique_ptr<MessageInflater> inflater;

 private:
  CompressionPool& pool_;
};

TEST(CompressionPool, AnInflaterThatIsGivenBackServesTheNext) {
  CompressionPool pool;
  Holding one(pool);
  one.part();
  const MessageInflater* first = one.inflater.get();
  ASSERT_NE(first, nullptr);
  EXPECT_EQ(pool.held(), 1U);
  one.part();
  EXPECT_EQ(pool.held(), 1U);
  one.give_back();
  one.give_back();
  EXPECT_EQ(pool.held(), 0U);
  Holding two(pool);
  two.part();
  EXPECT_EQ(two.inflater.get(), first);
}

TEST(CompressionPool, WhoHasGotNothingForTheLongestTimeLosesHis) {
  CompressionPool pool;
  std::vector<std::unique_ptr<Holding>> holders;
  for (std::size_t i = 0; i < CompressionPool::kMostHeld; ++i) {
    holders.push_back(std::make_unique<Holding>(pool));
    holders.back()->part();
  }
  holders.front()->part();
  EXPECT_NE(holders[1]->inflater, nullptr);
  Holding newcomer(pool);
  newcomer.part();
  EXPECT_EQ(pool.held(), CompressionPool::kMostHeld);
  EXPECT_NE(newcomer.inflater, nullptr);
  EXPECT_NE(holders[0]->inflater, nullptr) << "its message goes on";
  EXPECT_EQ(holders[1]->inflater, nullptr);
  EXPECT_NE(holders[2]->inflater, nullptr);
  holders.clear();
  EXPECT_EQ(pool.held(), 1U);
}

}  // namespace hermod::net
