// A consumer group of a stream through random stories: entries are stored and leave; pages come late;
// members come, answer well or badly or not at all, and go; the group is put somewhere else; the broker stops
// or is killed. Whatever happens, every entry that is kept is settled once at least and none that is settled
// goes out again, of a key one is out at a time and in order, and the position says exactly what is settled.

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "queue/group_reading.h"
#include "tests/model/queue/thinned_stream.h"

namespace hermod::model {
namespace {

using queue::Amount;
using queue::AttachmentNo;
using queue::ConsumerId;
using queue::Deliver;
using queue::EraseEntry;
using queue::GroupPosition;
using queue::GroupReading;
using queue::LeaseId;
using queue::Message;
using queue::Moment;
using queue::MoveToDeadLetters;
using queue::Outcome;
using queue::PutDeliveryState;
using queue::QueueDefinition;
using queue::QueueEffect;
using queue::QueueGroup;
using queue::Recall;
using queue::RetryPolicy;
using queue::StreamEntry;
using queue::StreamExtent;
using queue::StreamStart;

constexpr std::uint64_t kMembers = 4;
constexpr std::uint64_t kKeys = 5;
constexpr AttachmentNo kNever{0};

class GroupWorld {
 public:
  explicit GroupWorld(std::uint64_t seed) : chance_(seed), seed_(seed) {
    definition_.name = "log";
    definition_.bind = {"t"};
    definition_.retry = RetryPolicy({std::chrono::seconds(10)});
    definition_.max_deliveries = 4;
    definition_.lanes = 1 + static_cast<std::uint32_t>(chance_.below(8));
    QueueDefinition stream = definition_;
    stream.kind = QueueDefinition::Kind::Stream;
    stream.retention_time.reset();
    if (chance_.chance(50)) stream.retention_count = 1 + chance_.below(60);
    stream_.emplace(chance_, stream, where());
    extent_ = stream_->extent.get();
    limit_ = {2 + chance_.below(12), 100'000};
    begin_life(GroupPosition({.next = Seq{1}}));
  }

  void run() {
    for (int steps = 0; steps < 500 && !testing::Test::HasFailure(); ++steps) step();
    for (int left = 3000; left > 0 && reading_->position().next() < extent_->next(); --left) {
      if (testing::Test::HasFailure()) return;
      join(1 + chance_.below(kMembers));
      tell();
      look_up();
      load();
      while (!out_.empty()) answer(0, Outcome::Done);
      commit();
      if (chance_.chance(10)) pass(std::chrono::seconds(11));
      tick();
    }
    EXPECT_EQ(reading_->position().next(), extent_->next()) << where();
    check_position();
    stream_->come_to_rest();
  }

 private:
  using Page = PageOfStream;
  struct Member {
    AttachmentNo attachment = kNever;
    std::uint64_t taken = 0;
  };
  /// What a member has.
  struct Out {
    LeaseId lease;
    ConsumerId member;
    Seq offset;
    std::string key;
    MonotonicTime sent_at;
  };
  using Change = std::variant<EraseEntry, PutDeliveryState, MoveToDeadLetters>;

  std::string where() const { return "seed " + std::to_string(seed_); }

  void step() {
    stream_->thin();
    switch (chance_.below(16)) {
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
      case 7:
        return join(1 + chance_.below(kMembers));
      case 8:
        return chance_.chance(30) ? leave(1 + chance_.below(kMembers)) : tick();
      case 9:
        if (!out_.empty()) answer(chance_.below(out_.size()), Outcome::RetryLater);
        return;
      case 10:
        if (!out_.empty() && chance_.chance(30)) answer(chance_.below(out_.size()), Outcome::Rejected);
        return;
      case 11:
        return pass(std::chrono::seconds(1 + chance_.below(chance_.chance(20) ? 40 : 6)));
      case 12:
        is_store_slow_ = chance_.chance(30);
        return commit();
      case 13:
        recorded_ = reading_->position();
        settled_at_record_ = settled_;
        return;
      case 14:
        if (chance_.chance(8)) return seek();
        if (chance_.chance(8)) return restart(chance_.chance(50));
        return tick();
      default:
        for (std::size_t count = 1 + chance_.below(4); count > 0 && !out_.empty(); --count)
          answer(chance_.below(out_.size()), Outcome::Done);
    }
  }

  // --- the stream ---

  void store() {
    for (std::size_t count = 1 + chance_.below(8); count > 0; --count) {
      Message::Fields fields;
      fields.topic = "t";
      fields.stored_at = now_.wall;
      stream_->store(Message::create(fields), "k" + std::to_string(chance_.below(kKeys)), now_.wall);
    }
  }
  void retire() { stream_->retire(now_.wall); }
  void tell() {
    const std::vector<StreamEntry> fresh = stream_->tell();
    if (has_members()) reading_->window().offer(fresh);
    tick();
  }
  void look_up() {
    if (!asked_) return;
    read_ = stream_->look_up(*std::exchange(asked_, std::nullopt));
  }
  void load() {
    if (!read_) return;
    Page page = *std::exchange(read_, std::nullopt);
    if (!reading_->window().expects(page.from)) return;
    if (chance_.chance(10)) return reading_->window().fail_page();
    reading_->window().load(page.entries, page.to, page.to_end ? page.stored : page.to,
                            extent_->holes_from());
    tick();
  }

  // --- the group's owner ---

  bool has_members() const { return attached_ > 0 || group_->leases() > 0; }
  /// As GroupServing has it.
  void tick() {
    for (bool is_more = true; is_more;) {
      reading_->drop_stale(*group_, now_);
      if (has_members()) reading_->feed(*group_, now_);
      group_->act(now_);
      EXPECT_LE(group_->amount().messages, limit_.messages) << where();
      std::vector<QueueEffect> effects = group_->take_effects();
      is_more = !effects.empty();
      group_->hold_back();
      for (QueueEffect& effect : effects) carry_out(effect);
      if (!is_store_slow_) commit();
    }
    if (!has_members() && !reading_->is_resting()) reading_->rest(*group_, now_);
    const Seq end = extent_->next();
    if (has_members() && !asked_ && !read_ && reading_->window().should_read(end)) {
      reading_->begin_at_least(extent_->first(), extent_->holes_from());
      asked_ = Page{.from = reading_->window().begin_page(), .most = 1 + chance_.below(6), .stored = end};
    }
    check_position();
  }
  void carry_out(QueueEffect& effect) {
    if (auto* deliver = std::get_if<Deliver>(&effect)) return take(*deliver);
    if (auto* recall = std::get_if<Recall>(&effect)) return group_->unsent(recall->lease, now_);
    if (auto* erased = std::get_if<EraseEntry>(&effect)) line_.emplace_back(*erased);
    if (auto* state = std::get_if<PutDeliveryState>(&effect)) line_.emplace_back(*state);
    if (auto* dead = std::get_if<MoveToDeadLetters>(&effect)) line_.emplace_back(std::move(*dead));
  }
  /// What was decided is made, in its order.
  void commit() {
    for (const Change& change : std::exchange(line_, {})) {
      const Seq number = std::visit([](const auto& one) { return one.seq; }, change);
      if (!std::holds_alternative<PutDeliveryState>(change)) {
        if (!reading_->is_stale(number)) settled_.insert(reading_->offset_of(number));
        reading_->settle(number);
      }
      group_->on_settled(number, now_);
    }
  }

  // --- members ---

  void join(std::uint64_t id) {
    Member& member = members_[id];
    if (member.attachment == kNever) {
      member.attachment = AttachmentNo{++last_attachment_};
      member.taken = 0;
      group_->join(ConsumerId{id}, member.attachment, {}, now_);
      ++attached_;
    }
    group_->grant(ConsumerId{id}, member.attachment, member.taken + chance_.below(6), now_);
    tick();
  }
  void leave(std::uint64_t id) {
    Member& member = members_[id];
    if (member.attachment == kNever) return;
    std::erase_if(out_, [&](const Out& one) { return one.member.v == id; });
    group_->disconnect(ConsumerId{id}, std::exchange(member.attachment, kNever), now_);
    --attached_;
    tick();
  }
  void take(const Deliver& deliver) {
    Member& member = members_[deliver.consumer.v];
    if (member.attachment == kNever || member.attachment != deliver.attachment)
      return group_->unsent(deliver.lease, now_);
    ++member.taken;
    const Seq offset = reading_->offset_of(deliver.seq);
    EXPECT_FALSE(reading_->is_stale(deliver.seq)) << where() << ": " << offset.v << " was in front of a seek";
    EXPECT_FALSE(settled_.contains(offset)) << where() << ": " << offset.v << " is settled";
    for (const Out& one : out_)
      EXPECT_NE(one.key, deliver.key) << where() << ": " << one.offset.v << " and " << offset.v;
    for (const auto& [earlier, entry] : stream_->stored) {
      if (earlier >= offset) break;
      if (entry.key != deliver.key || earlier < begin_ || stream_->is_leaving(earlier)) continue;
      EXPECT_TRUE(settled_.contains(earlier) || is_decided(earlier))
          << where() << ": " << earlier.v << " stands in front of " << offset.v;
    }
    if (chance_.chance(5)) return group_->unsent(deliver.lease, now_);
    group_->sent(deliver.lease, now_);
    out_.push_back({deliver.lease, deliver.consumer, offset, deliver.key, now_.steady});
  }
  /// It is acknowledged, and the store does not know yet.
  bool is_decided(Seq offset) const {
    return std::any_of(line_.begin(), line_.end(), [&](const Change& change) {
      const auto* erased = std::get_if<EraseEntry>(&change);
      return erased != nullptr && reading_->offset_of(erased->seq) == offset;
    });
  }
  void answer(std::size_t which, Outcome outcome) {
    const Out one = out_[which];
    out_.erase(out_.begin() + static_cast<std::ptrdiff_t>(which));
    group_->settle(one.lease, outcome, std::nullopt, now_);
    tick();
  }
  /// Who has stalled for too long has it no more, as far as the group is concerned.
  void pass(std::chrono::seconds time) {
    now_.steady += time;
    now_.wall += time;
    group_->advance(now_);
    std::erase_if(out_, [&](const Out& one) { return now_.steady - one.sent_at >= definition_.ack_timeout; });
    tick();
  }

  // --- the operator, and the broker's end ---

  void seek() {
    const Seq offset{chance_.below(extent_->next().v + 3)};
    const auto position = extent_->position({.from = StreamStart::From::Offset, .offset = offset});
    reading_->seek(*group_, position, now_);
    settled_.clear();
    begin_ = position.next;
    recorded_ = reading_->position();  // its answer says so
    settled_at_record_.clear();
    tick();
  }
  /// A kill brings back what was recorded last, a stop what is.
  void restart(bool is_killed) {
    if (!is_killed) {
      commit();
      recorded_ = reading_->position();
      settled_at_record_ = settled_;
    }
    settled_ = settled_at_record_;
    begin_life(recorded_);
  }
  void begin_life(const GroupPosition& position) {
    group_ = std::make_unique<QueueGroup>(definition_, now_);
    group_->hold_back();
    reading_ = std::make_unique<GroupReading>(limit_, position);
    members_.clear();
    attached_ = 0;
    out_.clear();
    line_.clear();
    stream_->forget_told();
    asked_.reset();
    read_.reset();
    recorded_ = position;
    settled_at_record_ = settled_;
  }

  void check_position() {
    for (const auto& [offset, entry] : stream_->stored) {
      if (offset < begin_ || stream_->is_leaving(offset)) continue;
      EXPECT_EQ(reading_->position().is_settled(offset), settled_.contains(offset))
          << where() << ": " << offset.v;
    }
  }

  sim::Random chance_;
  const std::uint64_t seed_;
  QueueDefinition definition_;
  Moment now_{MonotonicTime{std::chrono::hours(1)}, WallTime{std::chrono::hours(1000)}};
  std::optional<ThinnedStream> stream_;
  StreamExtent* extent_ = nullptr;
  Amount limit_;
  std::unique_ptr<QueueGroup> group_;
  std::unique_ptr<GroupReading> reading_;
  std::optional<Page> asked_;
  std::optional<Page> read_;
  std::map<std::uint64_t, Member> members_;
  std::size_t attached_ = 0;
  std::uint64_t last_attachment_ = 0;
  std::vector<Out> out_;
  std::vector<Change> line_;
  bool is_store_slow_ = false;
  Seq begin_{1};            ///< of the last seek
  std::set<Seq> settled_;   ///< since then
  GroupPosition recorded_;  ///< in the store
  std::set<Seq> settled_at_record_;
};

TEST(StreamGroupsModel, EveryEntryIsSettledInTheOrderOfItsKeyAndThePositionIsExact) {
  for (std::uint64_t seed = 1; seed <= std::uint64_t{HERMOD_QUEUE_STORIES} && !testing::Test::HasFailure();
       ++seed)
    GroupWorld(seed).run();
}

}  // namespace
}  // namespace hermod::model
