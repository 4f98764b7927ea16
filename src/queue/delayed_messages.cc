#include "queue/delayed_messages.h"

#include <algorithm>
#include <utility>

#include "base/assert.h"

namespace hermod::queue {

using std::chrono::microseconds;

namespace {

/// The wall clock may be set while nothing happens: so often times of day are held against it.
constexpr std::chrono::seconds kLookAtClock{1};
/// Between two messages that were put off.
constexpr microseconds kBetweenTries{1000};

std::int64_t micros_of_steady(MonotonicTime time) {
  return std::chrono::duration_cast<microseconds>(time.time_since_epoch()).count();
}

}  // namespace

bool DelayedMessages::holds_as_many_as_may_be() const {
  return held_.size() + reading_.size() >= limits_.held_messages || held_bytes_ >= limits_.held_bytes;
}

/// What comes first is neither here nor on its way. Nothing is published before it, so it is read though
/// there is no room: what is held behind it would wait for it, and it for them.
bool DelayedMessages::waits_for_unread(const Moment& now) const {
  const auto first = index_.first(now);
  return first && !held_.contains(first->seq) && !is_being_read(first->seq);
}

void DelayedMessages::hold(Seq seq, DelayedContent&& content) {
  held_bytes_ += content.size();
  held_.emplace(seq, std::move(content));
}

DelayedContent DelayedMessages::release(Seq seq) {
  const auto held = held_.find(seq);
  if (held == held_.end()) return {};
  DelayedContent content = std::move(held->second);
  held_bytes_ -= content.size();
  held_.erase(held);
  return content;
}

/// In the index, with its message where that is soon wanted; else it is ahead of whoever reads.
void DelayedMessages::put_back(Seq seq, const DelayedIndex::Place& place, DelayedContent content) {
  index_.add(seq, place);
  const bool is_behind = DelayedIndex::is_behind(read_to_, seq, place);
  const bool is_kept = content.message && (!is_readable_ || is_behind || !holds_as_many_as_may_be());
  if (is_kept) {
    hold(seq, std::move(content));
  } else if (is_behind) {
    read_to_.step_back(seq, place);
  }
}

void DelayedMessages::add(Seq seq, const DelayedTime& time, DelayedContent content, const Moment& now) {
  HERMOD_ASSERT(is_readable_ || content.message);
  const DelayedIndex::Place place = DelayedIndex::place_of(time, now);
  // What is due late would only take the room of what is due soon.
  if (is_readable_ && DelayedIndex::left(place, now) > limits_.ahead) content = {};
  put_back(seq, place, std::move(content));
}

std::optional<DelayedIndex::Place> DelayedMessages::cancel(Seq seq) {
  auto place = index_.remove(seq);
  if (!place) return place;
  release(seq);
  if (const auto own = own_place(seq)) place = own;
  return place;
}

/// It is not displaced from now on. Nothing: it was not.
std::optional<DelayedIndex::Place> DelayedMessages::own_place(Seq seq) {
  const auto found = displaced_.find(seq);
  if (found == displaced_.end()) return std::nullopt;
  const DelayedIndex::Place place = found->second;
  displaced_.erase(found);
  return place;
}

std::vector<DelayedMessages::Run> DelayedMessages::take_reads(const Moment& now) {
  std::vector<Run> runs;
  if (!is_readable_ || (read_again_at_ && now.steady < *read_again_at_)) return runs;
  read_again_at_.reset();
  std::vector<Seq> wanted;
  const std::size_t least = waits_for_unread(now) ? limits_.run_messages : 0;
  while (wanted.size() < least || (held_.size() + reading_.size() + wanted.size() < limits_.held_messages &&
                                   held_bytes_ < limits_.held_bytes)) {
    const auto next = index_.ahead(read_to_, now);
    if (!next || DelayedIndex::left(next->place, now) > limits_.ahead) break;
    DelayedIndex::pass(read_to_, *next);
    if (held_.contains(next->seq) || is_being_read(next->seq)) continue;
    wanted.push_back(next->seq);
    if (reads_singly_) break;
  }
  std::sort(wanted.begin(), wanted.end());
  for (const Seq seq : wanted) {
    const bool goes_on = !runs.empty() && runs.back().from.v + runs.back().count == seq.v &&
                         runs.back().count < limits_.run_messages;
    if (!goes_on) runs.push_back({seq, 0});
    ++runs.back().count;
    reading_.emplace(seq, runs.back().from);
  }
  for (const Run& run : runs) runs_[run.from] = run.count;
  return runs;
}

std::vector<Seq> DelayedMessages::on_read(Seq from, Seq end, std::vector<Read> messages) {
  std::vector<Seq> lost;
  const auto run = runs_.find(from);
  if (run == runs_.end()) return lost;
  const std::uint32_t count = run->second;
  runs_.erase(run);
  reads_singly_ = false;
  for (Read& read : messages) {
    const auto asked = reading_.find(read.seq);
    if (asked == reading_.end() || asked->second != from) continue;
    reading_.erase(asked);
    if (!contains(read.seq) || held_.contains(read.seq)) continue;
    if (const auto own = own_place(read.seq)) {
      index_.remove(read.seq);
      put_back(read.seq, *own, std::move(read.content));
    } else {
      hold(read.seq, std::move(read.content));
    }
  }
  for (std::uint64_t at = from.v; at < from.v + count; ++at) {
    const auto asked = reading_.find(Seq{at});
    if (asked == reading_.end() || asked->second != from) continue;
    reading_.erase(asked);
    const auto place = index_.find(Seq{at});
    if (!place || held_.contains(Seq{at})) continue;
    if (at >= end.v) {  // the page was full
      read_to_.step_back(Seq{at}, *place);
      continue;
    }
    index_.remove(Seq{at});
    own_place(Seq{at});
    lost.push_back(Seq{at});
  }
  return lost;
}

void DelayedMessages::on_read_failed(Seq from, const Moment& now) {
  const auto run = runs_.find(from);
  if (run == runs_.end()) return;
  const std::uint32_t count = run->second;
  runs_.erase(run);
  read_again_at_ = now.steady + limits_.pause;
  for (std::uint64_t at = from.v; at < from.v + count; ++at) {
    const auto asked = reading_.find(Seq{at});
    if (asked == reading_.end() || asked->second != from) continue;
    reading_.erase(asked);
    auto place = index_.find(Seq{at});
    if (!place || held_.contains(Seq{at})) continue;
    if (reads_singly_ && count == 1) {
      index_.remove(Seq{at});
      displaced_.try_emplace(Seq{at}, *place);
      place = DelayedIndex::Place{DelayedTime::Kind::Delay, micros_of_steady(now.steady + 2 * limits_.pause)};
      index_.add(Seq{at}, *place);
    }
    read_to_.step_back(Seq{at}, *place);
  }
  reads_singly_ = true;
}

std::optional<DelayedMessages::Due> DelayedMessages::take_due(const Moment& now) {
  if (paused_until_) {
    if (now.steady < *paused_until_) return std::nullopt;
    paused_until_.reset();
  }
  if (under_way_.size() >= limits_.published_messages || published_bytes_ >= limits_.published_bytes)
    return std::nullopt;
  const auto first = index_.first(now);
  if (!first || DelayedIndex::left(first->place, now).count() > 0) return std::nullopt;
  if (!held_.contains(first->seq)) return std::nullopt;
  Due due{first->seq, release(first->seq), -DelayedIndex::left(first->place, now)};
  index_.remove(first->seq);
  published_bytes_ += due.content.size();
  under_way_.emplace(due.seq, UnderWay{first->place, due.content});
  return due;
}

std::optional<DelayedMessages::UnderWay> DelayedMessages::end(Seq seq) {
  const auto found = under_way_.find(seq);
  if (found == under_way_.end()) return std::nullopt;
  UnderWay ended = std::move(found->second);
  under_way_.erase(found);
  published_bytes_ -= ended.content.size();
  return ended;
}

void DelayedMessages::published(Seq seq) {
  end(seq);
}

void DelayedMessages::put_off(Seq seq, const Moment& now) {
  auto ended = end(seq);
  if (!ended) return;
  last_put_off_ =
      std::max(micros_of_steady(now.steady + limits_.pause), last_put_off_ + kBetweenTries.count());
  const DelayedIndex::Place later{DelayedTime::Kind::Delay, last_put_off_};
  put_back(seq, later, std::move(ended->content));
}

void DelayedMessages::not_stored(Seq seq, const Moment& now) {
  auto ended = end(seq);
  if (!ended) return;
  put_back(seq, ended->place, std::move(ended->content));
  pause_until(now.steady + limits_.pause);
}

void DelayedMessages::pause_until(MonotonicTime until) {
  if (!paused_until_ || *paused_until_ < until) paused_until_ = until;
}

std::optional<MonotonicTime> DelayedMessages::next(const Moment& now) const {
  std::optional<MonotonicTime> next;
  const auto at = [&](const DelayedIndex::First& one, microseconds early) {
    microseconds left = std::max(DelayedIndex::left(one.place, now) - early, microseconds{0});
    if (one.place.kind == DelayedTime::Kind::TimeOfDay) left = std::min<microseconds>(left, kLookAtClock);
    return now.steady + left;
  };
  const auto sooner = [&](MonotonicTime time) {
    if (!next || time < *next) next = time;
  };
  const bool is_full =
      under_way_.size() >= limits_.published_messages || published_bytes_ >= limits_.published_bytes;
  const auto first = index_.first(now);
  if (first && held_.contains(first->seq) && !is_full) {
    const MonotonicTime due = at(*first, microseconds{0});
    sooner(paused_until_ ? std::max(due, *paused_until_) : due);
  } else if (first && first->place.kind == DelayedTime::Kind::TimeOfDay) {
    sooner(now.steady + kLookAtClock);
  }
  if (!is_readable_ || (holds_as_many_as_may_be() && !waits_for_unread(now))) return next;
  if (const auto unread = index_.ahead(read_to_, now)) {
    const MonotonicTime read = at(*unread, limits_.ahead);
    sooner(read_again_at_ ? std::max(read, *read_again_at_) : read);
  }
  return next;
}

}  // namespace hermod::queue
