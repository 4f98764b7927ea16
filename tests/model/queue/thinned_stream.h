#pragma once
#include <gtest/gtest.h>

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "queue/stream_compaction.h"
#include "queue/stream_extent.h"
#include "queue/stream_window.h"
#include "tests/sim/random.h"

namespace hermod::model {

/// A page of a stream, as readers ask for it and get it.
struct PageOfStream {
  Seq from;
  std::size_t most = 0;
  Seq stored{};  ///< what the stream stored next when it was asked for
  std::vector<queue::StreamEntry> entries{};
  Seq to{};
  bool to_end = false;
};

/// A stream with its store and its owner, in small: entries come, are told of late, and leave by the
/// retention and, in every other story, because of newer ones of their keys, which begins and ends. What
/// leaves leaves the store some time later.
class ThinnedStream {
 public:
  ThinnedStream(sim::Random& chance, const queue::QueueDefinition& definition, std::string where)
      : extent(std::make_shared<queue::StreamExtent>(definition)),
        chance_(chance),
        where_(std::move(where)),
        is_compacted_(chance.chance(50)) {}

  void store(const queue::MessagePtr& message, std::string key, WallTime at) {
    const Seq seq = extent->next();
    extent->append(seq, message->size(), at);
    const queue::StreamEntry entry{seq, message, std::move(key)};
    stored[seq] = entry;
    told_.push_back(entry);
    newest_[entry.key] = seq;
    keys_[seq] = entry.key;
  }
  /// What one tick of the owner hears.
  std::vector<queue::StreamEntry> tell() {
    std::vector<queue::StreamEntry> fresh;
    for (std::size_t count = 1 + chance_.below(10); count > 0 && !told_.empty(); --count) {
      const queue::StreamEntry& entry = told_.front();
      if (compaction_) compaction_->on_stored(entry.seq, entry.key, entry.message->size());
      fresh.push_back(entry);
      told_.pop_front();
    }
    return fresh;
  }
  /// What the owner heard and had not told is in the store all the same.
  void forget_told() {
    told_.clear();
    commit();
    if (compaction_) begin_compaction();
  }
  void retire(WallTime now) {
    const auto leaving = extent->take_leaving(now, 16);
    if (!leaving) return;
    if (compaction_) compaction_->retire(leaving->to);
    std::size_t entries = 0;
    for (const auto& [from, to] : leaving->stretches) {
      for (auto at = stored.lower_bound(from); at != stored.end() && at->first < to; at = stored.erase(at)) {
        if (leaving_.erase(at->first) != 0) continue;
        retired_.insert(at->first);
        ++entries;
      }
    }
    EXPECT_EQ(entries, leaving->entries) << where_;
    for (const auto& [seq, entry] : stored)
      EXPECT_TRUE(seq >= extent->first() || leaving_.contains(seq)) << where_ << ": " << seq.v;
  }
  /// A step of the owner, or of its committer.
  void thin() {
    if (!is_compacted_) return;
    switch (chance_.below(4)) {
      case 0:
        if (!compaction_) return leaving_.empty() ? begin_compaction() : void();
        return chance_.chance(5) ? compaction_.reset() : void();
      case 1:
        if (compaction_ && compaction_->to_read() && !page_)
          page_ = look_up({.from = *compaction_->to_read(), .most = 1 + chance_.below(6)});
        return;
      case 2:
        return read_page();
      default:
        chance_.chance(50) ? take_out() : commit();
    }
  }
  PageOfStream look_up(PageOfStream page) const {
    page.to = page.from;
    auto entry = stored.lower_bound(page.from);
    for (; entry != stored.end() && page.entries.size() < page.most; ++entry) {
      page.entries.push_back(entry->second);
      page.to = Seq{entry->first.v + 1};
    }
    page.to_end = entry == stored.end();
    return page;
  }

  /// There is a newer one of its key.
  bool is_replaced(Seq seq) const {
    return is_compacted_ && !keys_.at(seq).empty() && newest_.at(keys_.at(seq)) > seq;
  }
  /// It is in the store, and not in the stream.
  bool is_leaving(Seq seq) const { return leaving_.contains(seq); }
  bool is_retired(Seq seq) const { return retired_.contains(seq); }
  bool is_compacted() const { return is_compacted_; }

  /// Everything has happened that had to: of each key that is left the newest is there, and with last_value
  /// nothing else.
  void come_to_rest() {
    while (!told_.empty()) tell();
    commit();
    if (is_compacted_ && !compaction_) begin_compaction();
    while (compaction_ && compaction_->to_read()) {
      if (!page_) page_ = look_up({.from = *compaction_->to_read(), .most = 3});
      read_page();
    }
    take_out();
    commit();
    for (const auto& [key, seq] : newest_)
      EXPECT_TRUE(retired_.contains(seq) || stored.contains(seq)) << where_ << ": " << seq.v << " is gone";
    for (const auto& [seq, entry] : stored) EXPECT_FALSE(is_replaced(seq)) << where_ << ": " << seq.v;
    std::uint64_t bytes = 0;
    for (const auto& [seq, entry] : stored) bytes += entry.message->size();
    EXPECT_EQ(extent->held(), (queue::Amount{stored.size(), bytes})) << where_;
  }

  std::shared_ptr<queue::StreamExtent> extent;
  std::map<Seq, queue::StreamEntry> stored;

 private:
  void begin_compaction() {
    compaction_ = std::make_unique<queue::StreamCompaction>(extent->first(), extent->next());
    page_.reset();
  }
  void read_page() {
    if (!page_) return;
    if (compaction_) compaction_->on_read(page_->entries, page_->to_end ? Seq{~0ULL} : page_->to);
    page_.reset();
  }
  void take_out() {
    if (!compaction_) return;
    for (const auto& [seq, size] : compaction_->take_older(1 + chance_.below(50))) {
      if (!extent->remove(seq, size)) continue;
      EXPECT_TRUE(is_replaced(seq)) << where_ << ": " << seq.v << " is the newest of its key";
      EXPECT_TRUE(stored.contains(seq) && leaving_.insert(seq).second) << where_ << ": " << seq.v;
    }
    if (told_.empty() && compaction_->older() > 0 && !compaction_->to_read()) take_out();
  }
  void commit() {
    for (const Seq seq : std::exchange(leaving_, {})) stored.erase(seq);
  }

  sim::Random& chance_;
  const std::string where_;
  const bool is_compacted_;
  std::deque<queue::StreamEntry> told_;
  std::unique_ptr<queue::StreamCompaction> compaction_;
  std::optional<PageOfStream> page_;  ///< for it
  std::set<Seq> leaving_;             ///< decided, and still in the store
  std::map<Seq, std::string> keys_;   ///< of all there ever were
  std::map<std::string, Seq> newest_;
  std::set<Seq> retired_;
};

}  // namespace hermod::model
