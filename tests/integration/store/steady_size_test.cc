// Traffic that comes and goes leaves no files behind that grow with it.

#include <deque>
#include <random>

#include "tests/integration/store/store_fixture.h"

namespace hermod::store::testing {
namespace {

/// Queues that fill while their consumers are slow and are emptied when they are not, in steps of five
/// seconds of traffic that take no time.
class SteadySizeTest : public StoreTest, public ::testing::WithParamInterface<std::size_t> {
 protected:
  static constexpr int kStepSeconds = 5;
  static constexpr int kHour = 3600 / kStepSeconds;
  static constexpr int kHalfWave = 600 / kStepSeconds;  // ten minutes of growing, ten of falling
  static constexpr int kQueues = 40;
  static constexpr int kMessages = 300;  // in a step

  SteadySizeTest() {
    options_.max_size = 512 * kMegabyte;
    options_.checkpoint_bytes = 4 * kMegabyte;
  }

  struct Message {
    Seq seq;
    std::size_t bytes;
  };

  void step(int number) {
    WriteBatch batch;
    std::vector<std::pair<int, std::size_t>> sent;
    for (int i = 0; i < kMessages; ++i) {
      const int queue = static_cast<int>(random_() % kQueues);
      const std::size_t bytes = GetParam() / 2 + random_() % GetParam();
      batch.append({first_stream_ + queue},
                   as_bytes(std::string(bytes, static_cast<char>('a' + number % 26))));
      sent.emplace_back(queue, bytes);
    }
    const bool is_slow = number / kHalfWave % 2 == 0;
    for (int left = is_slow ? kMessages / 2 : 2 * kMessages; left > 0 && live_messages_ > 0; --left)
      consume(batch, static_cast<int>(random_() % kQueues));
    const std::vector<Seq> sequences = commit(std::move(batch));
    ASSERT_EQ(sequences.size(), sent.size()) << observer_.last_error.detail;
    for (std::size_t i = 0; i < sent.size(); ++i) {
      queues_[sent[i].first].push_back({sequences[i], sent[i].second});
      live_bytes_ += sent[i].second;
      ++live_messages_;
    }
    peak_live_ = std::max(peak_live_, live_bytes_);
    // What the checkpointer's thread does.
    const bool is_time = number % (300 / kStepSeconds) == 0;
    if (is_time || store_->stats().waiting_bytes >= options_.checkpoint_bytes) {
      ASSERT_TRUE(store_->checkpoint());
    }
    const Stats stats = store_->stats();
    largest_files_ = std::max(largest_files_, stats.journal_file_bytes + stats.tables_file_bytes);
    peak_used_ = std::max(peak_used_, stats.used_bytes);
  }
  /// The oldest one of a queue that has any.
  void consume(WriteBatch& batch, int queue) {
    while (queues_[queue].empty()) {
      queue = (queue + 1) % kQueues;
      if (--patience_ == 0) return;
    }
    patience_ = kQueues;
    const Message done = queues_[queue].front();
    queues_[queue].pop_front();
    if (done.seq.v % 8 == 0) batch.put_entry({first_stream_ + queue}, done.seq, as_bytes("released"));
    batch.erase_entry({first_stream_ + queue}, done.seq);
    live_bytes_ -= done.bytes;
    --live_messages_;
  }

  std::uint64_t accepted() const { return store_->wear().accepted; }

  std::mt19937_64 random_{5};
  const std::uint64_t first_stream_ = 1;
  std::map<int, std::deque<Message>> queues_;
  int patience_ = kQueues;
  std::uint64_t live_messages_ = 0;
  std::uint64_t live_bytes_ = 0;
  std::uint64_t peak_live_ = 0;
  std::uint64_t largest_files_ = 0;
  std::uint64_t peak_used_ = 0;
};

/// Against pages and not payloads: small values leave a third to a half of a page empty, as a tree does whose
/// pages are split in the middle, and the journal keeps whole segments.
TEST_P(SteadySizeTest, AnHourOfTrafficKeepsTheFilesWithinTwiceTheMostThatWasInUse) {
  open();
  std::uint64_t after_half = 0;
  for (int number = 0; number < kHour; ++number) {
    ASSERT_NO_FATAL_FAILURE(step(number));
    if (number == kHour / 2) after_half = largest_files_;
  }
  EXPECT_LE(largest_files_, 2 * peak_used_);
  EXPECT_LE(largest_files_, after_half + after_half / 10)
      << "what was big enough for three waves is so for the rest";
  // So that the test tries what it says: queues grew and fell, and most of the messages are gone.
  EXPECT_GT(accepted(), 6 * peak_live_);
  EXPECT_LT(live_bytes_, peak_live_);
}
INSTANTIATE_TEST_SUITE_P(BytesPerMessage, SteadySizeTest, ::testing::Values(1000, 3000));

}  // namespace
}  // namespace hermod::store::testing
