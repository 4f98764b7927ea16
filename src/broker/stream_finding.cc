#include "broker/stream_finding.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "broker/message_id.h"
#include "broker/page_reader.h"

namespace hermod::broker {

namespace {

/// Messages that one command looks at, at about most. Its client asks once more for the others.
constexpr std::size_t kMostSearched = 16'384;
/// The times of neighbours differ by the ticks of several shards, and somebody may have set the clock a
/// little.
constexpr std::chrono::minutes kTimesDiffer{1};
/// What is shown at once, topics and properties included.
constexpr std::size_t kMostFoundBytes = std::size_t{1} << 20;

bool is_wanted(const queue::StreamEntry& entry, const queue::FindMessages& wanted) {
  if (wanted.key && entry.key != *wanted.key) return false;
  if (wanted.since && entry.message->stored_at() < *wanted.since) return false;
  if (wanted.until && entry.message->stored_at() > *wanted.until) return false;
  return !wanted.message_id || message_id_of(*entry.message) == *wanted.message_id;
}

}  // namespace

void StreamFinding::begin(const queue::NamedQueuePtr& stream, ControlId asker,
                          const queue::FindMessages& wanted) {
  const queue::StreamExtent& extent = *stream->stream;
  Search search{.stream = stream,
                .asker = asker,
                .wanted = wanted,
                .found = {.messages = {}, .payload_bytes = wanted.payload_bytes},
                .next = std::max(wanted.from, extent.first()),
                .end = extent.next()};
  if (wanted.since) {
    using From = queue::StreamStart::From;
    const Seq since = extent.position({.from = From::Time, .time = *wanted.since}).next;
    search.next = std::max(search.next, since);
  }
  if (wanted.to) search.end = std::min(search.end, Seq{wanted.to->v + 1});
  const std::uint64_t number = ++last_;
  const Search& begun = searches_.emplace(number, std::move(search)).first->second;
  begun.next < begun.end ? read(number, begun) : end(number);
}

void StreamFinding::read(std::uint64_t number, const Search& search) {
  const queue::NamedQueueOptions& options = shared_.options.queues;
  shared_.reader->read({.shard = shard_,
                        .session = SessionId{search.stream->id.v},
                        .purpose = PageRead::Purpose::StreamFinding,
                        .from = search.next,
                        .most = {options.page_messages, options.page_bytes},
                        .reader = SessionId{number}});
}

void StreamFinding::on_page(PageRead& page) {
  const std::uint64_t number = page.stream->reader.v;
  Search& search = searches_.at(number);
  if (page.failed) {
    host_.answer_order(search.stream->id, search.asker,
                       failure(Errc::Io, "queue: the store cannot be read at the moment"));
    searches_.erase(number);
    return;
  }
  for (queue::StreamEntry& entry : page.stream->entries)
    if (!take(search, entry)) return end(number);
  search.next = page.to_end ? search.end : std::max(search.next, page.end);
  if (search.next >= search.end) return end(number);
  if (search.looked_at < kMostSearched) return read(number, search);
  search.found.has_more = true;
  end(number);
}

/// False: it is over, in front of this one or behind all that was wanted.
bool StreamFinding::take(Search& search, queue::StreamEntry& entry) {
  const queue::FindMessages& wanted = search.wanted;
  const bool is_behind =
      entry.seq >= search.end || (wanted.until && entry.message->stored_at() - kTimesDiffer > *wanted.until);
  if (is_behind) {
    search.next = search.end;
    return false;
  }
  if (is_wanted(entry, wanted)) {
    const std::size_t payload = entry.message->payload().size();
    const std::size_t size =
        entry.message->size() - payload + std::min<std::size_t>(payload, wanted.payload_bytes);
    const bool is_full = search.found.messages.size() == wanted.count ||
                         (!search.found.messages.empty() && search.bytes + size > kMostFoundBytes);
    if (is_full) {
      search.next = entry.seq;
      search.found.has_more = true;
      return false;
    }
    search.bytes += size;
    search.found.messages.push_back(std::move(entry));
  }
  ++search.looked_at;
  return true;
}

void StreamFinding::end(std::uint64_t number) {
  const auto found = searches_.find(number);
  Search& search = found->second;
  search.found.next = search.next;
  host_.answer_order(search.stream->id, search.asker, queue::ControlResult(std::move(search.found)));
  searches_.erase(found);
}

}  // namespace hermod::broker
