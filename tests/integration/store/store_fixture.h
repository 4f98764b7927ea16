#pragma once
#include <gtest/gtest.h>

#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "store/committer.h"
#include "store/store.h"
#include "tests/support/temporary_folder.h"

namespace hermod::store::testing {

using support::TemporaryFolder;

constexpr std::uint64_t kMegabyte = std::uint64_t{1} << 20;

class CountingObserver final : public CommitObserver {
 public:
  void on_sequenced(std::span<Done> group) override {
    for (const Done& done : group)
      for (const Appended& appended : done.appended) sequences.push_back(appended.seq);
  }
  void on_durable(std::span<Done> group) override { durable += group.size(); }
  void on_failed(std::span<Done> group, const Error& why) override {
    failed += group.size();
    last_error = why;
  }
  std::vector<Seq> sequences;
  std::size_t durable = 0;
  std::size_t failed = 0;
  Error last_error;
};

/// A store with a committer that the test steps; closed and opened again at will.
class StoreTest : public ::testing::Test {
 protected:
  StoreTest() {
    options_.path = (folder_.path() / "store").string();
    options_.max_size = std::uint64_t{1} << 30;
  }
  ~StoreTest() override { close(); }

  void open() {
    auto opened = Store::open(options_, clock_, report_);
    ASSERT_TRUE(opened) << opened.error().detail;
    store_ = std::move(*opened);
    committer_ = std::make_unique<Committer>(options_, store_->journal(), observer_, clock_, &store_->sink());
    committer_->resume(report_.next_group);
    committer_->run_once();
    Status scanned = store_->view()->scan(Table::Streams, {}, [&](Bytes key, Bytes value) {
      committer_->restore_next({ByteReader(key).u64()}, {ByteReader(value).u64()});
      return true;
    });
    ASSERT_TRUE(scanned) << scanned.error().detail;
  }
  /// As a crash leaves it: nothing is written any more.
  void close() {
    committer_.reset();
    store_.reset();
  }
  void reopen() {
    close();
    open();
  }

  /// Commits one batch and gives the sequences of its appends.
  std::vector<Seq> commit(WriteBatch batch) {
    observer_.sequences.clear();
    committer_->submit(std::move(batch), nullptr);
    committer_->run_once();
    return observer_.sequences;
  }
  Seq append(std::uint64_t stream, std::string_view value) {
    WriteBatch batch;
    batch.append({stream}, as_bytes(value));
    return commit(std::move(batch)).front();
  }

  /// "seq=value" or "seq=value+body" for a whole stream, read in slices of `max_entries`.
  std::vector<std::string> entries(std::uint64_t stream, std::size_t max_entries = 1000) {
    std::vector<std::string> found;
    const auto view = store_->view();
    for (Seq from{0};;) {
      auto slice = view->read_stream({stream}, from, max_entries, 1 << 20);
      if (!slice) {
        ADD_FAILURE() << slice.error().detail;
        return found;
      }
      for (const StoredEntry& entry : slice->entries) {
        found.push_back(std::to_string(entry.seq.v) + "=" + entry.value +
                        (entry.shared ? "+" + entry.body : ""));
        from = {entry.seq.v + 1};
      }
      if (slice->end) return found;
      if (slice->entries.empty()) {
        ADD_FAILURE() << "an empty slice that is not the end";
        return found;
      }
    }
  }
  std::vector<std::string> keys(Table table) {
    std::vector<std::string> found;
    Status scanned = store_->view()->scan(table, {}, [&](Bytes key, Bytes) {
      found.emplace_back(as_text(key));
      return true;
    });
    EXPECT_TRUE(scanned) << scanned.error().detail;
    return found;
  }
  std::string value(Table table, std::string_view key) {
    auto found = store_->view()->get(table, as_bytes(key));
    if (!found) return "error: " + found.error().detail;
    return *found ? **found : "nothing";
  }

  TemporaryFolder folder_;
  SystemClock clock_;
  Options options_;
  OpenReport report_;
  CountingObserver observer_;
  std::unique_ptr<Store> store_;
  std::unique_ptr<Committer> committer_;
};

}  // namespace hermod::store::testing
