#include <algorithm>
#include <random>
#include <set>

#include "tests/integration/store/store_fixture.h"

namespace hermod::store::testing {
namespace {

/// What the store should hold, kept in the plainest way.
struct Model {
  struct Entry {
    std::string value;
    std::uint64_t message = 0;
  };
  std::map<std::uint64_t, std::map<std::uint64_t, Entry>> streams;
  std::map<std::uint64_t, std::string> messages;
  std::map<std::string, std::string> sessions;
  std::set<std::uint64_t> ended;
};

class StoreModelTest : public StoreTest, public ::testing::WithParamInterface<unsigned> {
 protected:
  std::uint64_t below(std::uint64_t limit) { return random_() % limit; }
  std::string text() { return std::string(1 + below(40), static_cast<char>('a' + below(26))); }

  /// A group of random changes, in the store and in the model.
  void change() {
    WriteBatch batch;
    std::vector<std::pair<std::uint64_t, Model::Entry>> appended;
    std::set<std::uint64_t> erased_now;
    const auto ops = 1 + below(6);
    for (std::uint64_t i = 0; i < ops; ++i) {
      const std::uint64_t stream = 1 + below(8) + generation_ * 100;
      switch (below(9)) {
        case 0:
        case 1:
        case 2: {
          if (model_.ended.contains(stream)) break;
          appended.push_back({stream, {text(), 0}});
          batch.append({stream}, as_bytes(appended.back().second.value));
          break;
        }
        case 3: {
          const std::uint64_t message = ++last_message_;
          model_.messages[message] = "body" + text();
          batch.put_message({message}, as_bytes(model_.messages[message]));
          for (std::uint64_t copy = 0; copy < 3; ++copy) {
            const std::uint64_t to = 1 + (stream + copy) % 8 + generation_ * 100;
            if (model_.ended.contains(to)) continue;
            appended.push_back({to, {text(), message}});
            batch.append_shared({to}, {message}, as_bytes(appended.back().second.value));
          }
          break;
        }
        case 4:
        case 5: {
          auto& entries = model_.streams[stream];
          if (entries.empty()) break;
          auto at = entries.begin();
          if (below(3) == 0) std::advance(at, static_cast<long>(below(entries.size())));
          batch.erase_entry({stream}, {at->first});
          entries.erase(at);
          break;
        }
        case 6: {
          // Mostly of one that is there; else of one that has gone, also with its stream.
          if (highest_[stream] == 0) break;
          const std::uint64_t seq = 1 + below(highest_[stream]);
          auto& entries = model_.streams[stream];
          if (const auto at = entries.find(seq); at != entries.end()) at->second = {"released", 0};
          batch.put_entry({stream}, {seq}, as_bytes("released"));
          break;
        }
        case 7: {
          const std::string key = "key" + std::to_string(below(12));
          if (below(3) == 0) {
            batch.erase(Table::Sessions, as_bytes(key));
            model_.sessions.erase(key);
          } else {
            batch.put(Table::Sessions, as_bytes(key), as_bytes(model_.sessions[key] = text()));
          }
          break;
        }
        case 8: {
          if (below(12) != 0 || !appended.empty()) break;
          batch.erase_stream({stream});
          model_.streams.erase(stream);
          model_.ended.insert(stream);
          if (model_.ended.size() % 6 == 0) ++generation_;
          i = ops;  // nothing is appended to it any more
          break;
        }
        default:
          break;
      }
    }
    const std::vector<Seq> sequences = commit(std::move(batch));
    ASSERT_EQ(sequences.size(), appended.size());
    for (std::size_t i = 0; i < appended.size(); ++i) {
      const auto& [stream, entry] = appended[i];
      ASSERT_GT(sequences[i].v, highest_[stream]) << "a sequence was given twice";
      highest_[stream] = sequences[i].v;
      model_.streams[stream][sequences[i].v] = entry;
    }
  }

  void compare() {
    std::vector<std::string> all;
    std::set<std::uint64_t> used;
    for (const auto& [stream, entries_there] : model_.streams) {
      std::vector<std::string> expected;
      for (const auto& [seq, entry] : entries_there) {
        const std::string body = entry.message != 0 ? "+" + model_.messages[entry.message] : "";
        expected.push_back(std::to_string(seq) + "=" + entry.value + body);
        all.push_back(std::to_string(stream) + "/" + std::to_string(seq) + "=" +
                      entry.value.substr(0, ReadView::kHeadSize) + "/" + std::to_string(entry.value.size()));
        if (entry.message != 0) used.insert(entry.message);
      }
      ASSERT_EQ(entries(stream, 1 + below(5)), expected) << "stream " << stream;
    }
    std::vector<std::string> scanned;
    ASSERT_TRUE(store_->view()->scan_entries([&](const ReadView::EntryHead& entry) {
      scanned.push_back(std::to_string(entry.stream.v) + "/" + std::to_string(entry.seq.v) + "=" +
                        std::string(as_text(entry.head)) + "/" + std::to_string(entry.value_size));
      EXPECT_EQ(entry.body_size, entry.message.v == 0 ? 0 : model_.messages[entry.message.v].size());
      return true;
    }));
    ASSERT_EQ(scanned, all);
    std::map<std::string, std::string> sessions;
    ASSERT_TRUE(store_->view()->scan(Table::Sessions, {}, [&](Bytes key, Bytes value) {
      sessions.emplace(as_text(key), as_text(value));
      return true;
    }));
    ASSERT_EQ(sessions, model_.sessions);
    if (store_->stats().waiting_bytes > 0) return;
    std::vector<std::string> messages;
    for (const std::uint64_t message : used) messages.push_back(number_key(message));
    ASSERT_EQ(keys(Table::Messages), messages) << "a message lives as long as its entries, and no longer";
  }

  std::mt19937_64 random_{GetParam()};
  Model model_;
  std::map<std::uint64_t, std::uint64_t> highest_;
  std::uint64_t last_message_ = 0;
  std::uint64_t generation_ = 0;
};

TEST_P(StoreModelTest, TheStoreHoldsWhatTheModelHolds) {
  open();
  for (int step = 0; step < 250; ++step) {
    change();
    if (HasFatalFailure()) return;
    switch (below(24)) {
      case 0:
        ASSERT_TRUE(store_->checkpoint());
        break;
      case 1:
        reopen();
        break;
      case 2:
        store_->stop();
        break;
      default:
        break;
    }
    if (below(6) == 0) compare();
    if (HasFatalFailure()) FAIL() << "step " << step;
  }
  ASSERT_TRUE(store_->checkpoint());
  compare();
}

INSTANTIATE_TEST_SUITE_P(Seeds, StoreModelTest, ::testing::Range(1U, 9U));

}  // namespace
}  // namespace hermod::store::testing
