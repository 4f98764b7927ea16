// Readers of a stream through random stories: entries are stored, retire, leave for newer ones of their keys,
// and are told of late; pages are read and come later; clients acknowledge out of order, go away, come back
// and jump. Whatever happens, a reader gets rising offsets, everything that was kept until it came to it, so
// of each key the newest, and nothing is lost between two of its connections.

#include "session/stream_readers.h"

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "tests/model/queue/thinned_stream.h"

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
    has_retention_ = chance_.chance(50);
    if (has_retention_) definition.retention_count = 1 + chance_.below(60);
    stream_.emplace(chance_, definition, "seed " + std::to_string(seed));
    extent_ = stream_->extent;
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
    stream_->come_to_rest();
    EXPECT_LE(passed_over_, missed_) << "seed " << seed_;
    if (!stream_->is_compacted()) {
      EXPECT_EQ(passed_over_, missed_) << "seed " << seed_;
      return;
    }
    EXPECT_LE(lost_, passed_over_) << "seed " << seed_;
    if (!has_retention_) {
      EXPECT_EQ(passed_over_, 0U) << "seed " << seed_;
    }
    for (const auto& [seq, entry] : stream_->stored) {
      if (seq < begun_at_ || entry.key.empty()) continue;
      EXPECT_EQ(got_[entry.key], seq) << "seed " << seed_ << ": it is the newest of its key";
    }
  }

 private:
  using Page = PageOfStream;

  StreamReader& reader() { return *readers_.find(kStream); }
  Seq acknowledged_up_to() { return reader().position().next; }

  void step() {
    stream_->thin();
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
      const std::size_t key = chance_.below(8);
      stream_->store(small_message(), key == 0 ? "" : "k" + std::to_string(key), kBegin);
    }
  }
  void retire() { stream_->retire(kBegin); }
  /// What one tick of the owner says; without a connection nobody hears it.
  void tell() {
    const std::vector<StreamEntry> fresh = stream_->tell();
    if (reader().is_attached) reader().window.offer(fresh);
    pump();
  }
  /// Readers of the store may overtake each other.
  void look_up() {
    if (asked_.empty()) return;
    read_.push_back(stream_->look_up(take_any(asked_)));
  }
  void load() {
    if (read_.empty()) return;
    Page page = take_any(read_);
    if (!reader().window.expects(page.from)) return;
    if (chance_.chance(10)) return reader().window.fail_page();
    passed_over_ += reader().window.load(page.entries, page.to, page.to_end ? page.stored : page.to,
                                         extent_->holes_from());
    pump();
  }
  void pump() {
    if (!reader().is_attached) return;
    while (reader().window.next() != nullptr && with_client_.size() < 5) {
      const Seq offset = reader().window.next()->seq;
      EXPECT_GE(offset, expected_) << "seed " << seed_;
      missed_ += offset.v - expected_.v;
      for (Seq seq = expected_; seq < offset; ++seq.v) {
        EXPECT_TRUE(seq < extent_->first() || stream_->is_replaced(seq))
            << "seed " << seed_ << ": it is there, and was passed over";
        lost_ += stream_->is_retired(seq) ? 1 : 0;
      }
      got_[reader().window.next()->key] = offset;
      expected_ = Seq{offset.v + 1};
      reader().window.pop();
      const Seq own{++own_};
      readers_.sent(reader(), own, offset);
      with_client_.push_back(own);
    }
    const Seq end = extent_->next();
    if (!reader().window.should_read(end)) return;
    passed_over_ += reader().window.begin_at_least(extent_->first(), extent_->holes_from());
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
    expected_ = begun_at_ = position.next;
    missed_ = passed_over_ = lost_ = 0;
    pump();
  }
  /// What was passed over in front of it is behind the reader.
  void stand_at(Seq seq) {
    with_client_.clear();
    expected_ = seq;
    missed_ = passed_over_ = lost_ = 0;
  }

  sim::Random chance_;
  const std::uint64_t seed_;
  bool has_retention_ = false;
  std::optional<ThinnedStream> stream_;
  std::shared_ptr<StreamExtent> extent_;
  StreamReaders readers_;
  std::vector<Page> asked_;
  std::vector<Page> read_;
  std::vector<Seq> with_client_;
  std::uint64_t own_ = 0;
  Seq expected_{1};
  std::uint64_t missed_ = 0;       ///< as the client sees it, by its offsets
  std::uint64_t lost_ = 0;         ///< of these what the retention has taken
  std::uint64_t passed_over_ = 0;  ///< as it is counted
  Seq begun_at_{1};
  std::map<std::string, Seq> got_;  ///< of each key the last
};

TEST(StreamReadersModel, EveryReaderGetsWhatIsKeptInRisingOrderAndLosesNothing) {
  for (std::uint64_t seed = 1;
       seed <= 4 * std::uint64_t{HERMOD_QUEUE_STORIES} && !::testing::Test::HasFailure(); ++seed)
    StreamWorld(seed).run();
}

}  // namespace
}  // namespace hermod::model
