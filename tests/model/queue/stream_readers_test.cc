// Readers of a stream through random stories: entries are stored, retire, and are told of late; pages are
// read and come later; clients acknowledge out of order, go away, come back and jump. Whatever happens, a
// reader gets rising offsets, everything that was kept until it came to it, and nothing is lost between two
// of its connections.

#include "session/stream_readers.h"

#include <gtest/gtest.h>

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <vector>

#include "queue/stream_extent.h"
#include "queue/stream_window.h"
#include "tests/sim/random.h"

namespace hermod::model {
namespace {

using queue::StreamEntry;
using queue::StreamExtent;
using session::StreamReader;
using session::StreamReaders;

constexpr QueueId kStream{1};
constexpr WallTime kBegin = wall_time_of(1'700'000'000'000'000);

queue::MessagePtr small_message() {
  static const queue::MessagePtr message = [] {
    queue::Message::Fields fields;
    fields.topic = "t";
    fields.stored_at = kBegin;
    return queue::Message::create(fields);
  }();
  return message;
}

class StreamWorld {
 public:
  explicit StreamWorld(std::uint64_t seed) : chance_(seed), seed_(seed) {
    queue::QueueDefinition definition;
    definition.name = "log";
    definition.kind = queue::QueueDefinition::Kind::Stream;
    definition.retention_time.reset();
    if (chance_.chance(50)) definition.retention_count = 1 + chance_.below(60);
    extent_ = std::make_shared<StreamExtent>(definition);
    auto named = std::make_shared<queue::NamedQueue>();
    named->id = kStream;
    named->stream = extent_;
    readers_.add(std::move(named), {2 + chance_.below(12), 1000}).begin({Seq{1}, {}});
    readers_.attach(reader());
  }

  void run() {
    for (int steps = 0; steps < 400; ++steps) step();
    for (int left = 2000; left > 0 && (acknowledged_up_to() < extent_->next() || !reader().sent.empty());
         --left) {
      connect();
      tell();
      look_up();
      load();
      pump();
      while (!with_client_.empty()) acknowledge(0);
    }
    EXPECT_EQ(acknowledged_up_to(), extent_->next()) << "seed " << seed_;
    EXPECT_EQ(passed_over_, missed_) << "seed " << seed_;
  }

 private:
  struct Page {
    Seq from;
    std::size_t most;
    Seq stored;  ///< what the stream stored next when it was asked for
    std::vector<StreamEntry> entries{};
    Seq to{};
    bool to_end = false;
  };

  StreamReader& reader() { return *readers_.find(kStream); }
  Seq acknowledged_up_to() { return reader().position().next; }

  void step() {
    switch (chance_.below(10)) {
      case 0:
      case 1:
        return store();
      case 2:
        return retire();
      case 3:
        return tell();
      case 4:
        return look_up();
      case 5:
        return load();
      case 6:
        return pump();
      case 7:
        if (!with_client_.empty()) acknowledge(chance_.below(with_client_.size()));
        return;
      case 8:
        return chance_.chance(20) ? disconnect() : connect();
      default:
        if (chance_.chance(10)) jump();
    }
  }

  Page take_any(std::vector<Page>& pages) {
    const auto which = pages.begin() + static_cast<std::ptrdiff_t>(chance_.below(pages.size()));
    Page page = std::move(*which);
    pages.erase(which);
    return page;
  }
  void store() {
    for (std::size_t count = 1 + chance_.below(8); count > 0; --count) {
      const Seq seq = extent_->next();
      extent_->append(seq, small_message()->size(), kBegin);
      stored_[seq] = {seq, small_message(), {}};
      told_.push_back(stored_[seq]);
    }
  }
  void retire() {
    if (const auto leaving = extent_->take_leaving(kBegin, 16))
      stored_.erase(stored_.lower_bound(leaving->from), stored_.lower_bound(leaving->to));
  }
  /// What one tick of the owner says; without a connection nobody hears it.
  void tell() {
    std::vector<StreamEntry> fresh;
    for (std::size_t count = 1 + chance_.below(10); count > 0 && !told_.empty(); --count) {
      fresh.push_back(told_.front());
      told_.pop_front();
    }
    if (reader().is_attached) reader().window.offer(fresh);
    pump();
  }
  /// Readers of the store may overtake each other.
  void look_up() {
    if (asked_.empty()) return;
    Page page = take_any(asked_);
    page.to = page.from;
    auto entry = stored_.lower_bound(page.from);
    for (; entry != stored_.end() && page.entries.size() < page.most; ++entry) {
      page.entries.push_back(entry->second);
      page.to = Seq{entry->first.v + 1};
    }
    page.to_end = entry == stored_.end();
    read_.push_back(std::move(page));
  }
  void load() {
    if (read_.empty()) return;
    Page page = take_any(read_);
    if (!reader().window.expects(page.from)) return;
    if (chance_.chance(10)) return reader().window.fail_page();
    passed_over_ += reader().window.load(page.entries, page.to, page.to_end ? page.stored : page.to);
    pump();
  }
  void pump() {
    if (!reader().is_attached) return;
    while (reader().window.next() != nullptr && with_client_.size() < 5) {
      const Seq offset = reader().window.next()->seq;
      EXPECT_GE(offset, expected_) << "seed " << seed_;
      missed_ += offset.v - expected_.v;
      for (Seq seq = expected_; seq < offset; ++seq.v)
        EXPECT_LT(seq, extent_->first()) << "seed " << seed_ << ": it is there, and was passed over";
      expected_ = Seq{offset.v + 1};
      reader().window.pop();
      const Seq own{++own_};
      readers_.sent(reader(), own, offset);
      with_client_.push_back(own);
    }
    const Seq end = extent_->next();
    if (!reader().window.should_read(end)) return;
    passed_over_ += reader().window.begin_at_least(extent_->first());
    asked_.push_back({.from = reader().window.begin_page(), .most = 1 + chance_.below(6), .stored = end});
  }
  void acknowledge(std::size_t which) {
    EXPECT_TRUE(readers_.acknowledge(with_client_[which])) << "seed " << seed_;
    with_client_.erase(with_client_.begin() + static_cast<std::ptrdiff_t>(which));
  }
  void disconnect() {
    if (!reader().is_attached) return;
    std::set<Seq> open(with_client_.begin(), with_client_.end());
    std::optional<Seq> first;
    for (const StreamReader::Sent& one : reader().sent)
      if (!first && one.offset.v != 0 && open.contains(one.own)) first = one.offset;
    const Seq stood = first ? *first : reader().window.position().next;
    const std::vector<Seq> ended = readers_.disconnect();
    EXPECT_EQ(std::set<Seq>(ended.begin(), ended.end()), open) << "seed " << seed_;
    EXPECT_EQ(reader().position().next, stood) << "seed " << seed_;
    stand_at(stood);
  }
  void connect() {
    if (!reader().is_attached) readers_.attach(reader());
    pump();
  }
  /// SUBSCRIBE, with an offset.
  void jump() {
    const Seq offset{chance_.below(extent_->next().v + 3)};
    const auto position = extent_->position({.from = queue::StreamStart::From::Offset, .offset = offset});
    reader().begin(position);
    expected_ = position.next;
    missed_ = passed_over_ = 0;
    pump();
  }
  /// What was passed over in front of it is behind the reader.
  void stand_at(Seq seq) {
    with_client_.clear();
    expected_ = seq;
    missed_ = passed_over_ = 0;
  }

  sim::Random chance_;
  const std::uint64_t seed_;
  std::shared_ptr<StreamExtent> extent_;
  StreamReaders readers_;
  std::map<Seq, StreamEntry> stored_;
  std::deque<StreamEntry> told_;
  std::vector<Page> asked_;
  std::vector<Page> read_;
  std::vector<Seq> with_client_;
  std::uint64_t own_ = 0;
  Seq expected_{1};
  std::uint64_t missed_ = 0;       ///< as the client sees it, by its offsets
  std::uint64_t passed_over_ = 0;  ///< as it is counted
};

TEST(StreamReadersModel, EveryReaderGetsWhatIsKeptInRisingOrderAndLosesNothing) {
  for (std::uint64_t seed = 1;
       seed <= 4 * std::uint64_t{HERMOD_QUEUE_STORIES} && !::testing::Test::HasFailure(); ++seed)
    StreamWorld(seed).run();
}

}  // namespace
}  // namespace hermod::model
