#include "broker/delayed_start.h"

#include <algorithm>
#include <string_view>

#include "base/log.h"
#include "queue/delayed_records.h"

namespace hermod::broker {
namespace {

/// Entries that are read at once.
constexpr std::size_t kDelayedAtOnce = 1024;
constexpr std::size_t kDelayedBytesAtOnce = std::size_t{1} << 20;
/// Messages between two calls of Progress.
constexpr std::uint64_t kTellAfter = 50'000;

}  // namespace

Result<DelayedStart::Found> DelayedStart::run(store::ReadView& view) {
  Found found;
  messages_ =
      std::make_unique<queue::DelayedMessages>(queue::DelayedMessages::Limits{}, /*is_readable=*/true);
  const auto damaged = [&](Seq seq, std::string_view why) {
    ++found.damaged;
    HERMOD_LOG_LIMITED(log::Level::Error, "store.record_damaged", {"table", "entries"}, {"queue", "$delayed"},
                       {"sequence", seq.v}, {"why", why});
  };
  std::uint64_t told = 0;
  for (Seq from{0};;) {
    const auto slice = view.read_stream(queue::kDelayedStream, from, kDelayedAtOnce, kDelayedBytesAtOnce);
    if (!slice) return tl::unexpected(slice.error());
    for (const store::StoredEntry& entry : slice->entries) {
      from = Seq{entry.seq.v + 1};
      const auto time = queue::decode_delayed_time(as_bytes(entry.value));
      if (!time) {
        damaged(entry.seq, time.error().detail);
        continue;
      }
      messages_->add(entry.seq, *time, {}, now_);
      ++found.messages;
    }
    for (const store::Slice::Damaged& one : slice->damaged) {
      from = std::max(from, Seq{one.seq.v + 1});
      damaged(one.seq, one.why);
    }
    if (progress_ && found.messages - told >= kTellAfter) {
      told = found.messages;
      progress_(found);
    }
    if (slice->end) break;
  }
  room_.restore(found.messages);
  return found;
}

}  // namespace hermod::broker
