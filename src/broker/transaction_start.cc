#include "broker/transaction_start.h"

#include <algorithm>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/log.h"
#include "queue/transaction_records.h"

namespace hermod::broker {
namespace {

/// Entries that are read at once.
constexpr std::size_t kTransactionsAtOnce = 1024;
constexpr std::size_t kTransactionBytesAtOnce = std::size_t{1} << 20;

}  // namespace

Result<TransactionStart::Found> TransactionStart::run(store::ReadView& view) {
  Found found;
  std::vector<Seq> lost;
  const auto damaged = [&](Seq seq, std::string_view why) {
    ++found.damaged;
    HERMOD_LOG_LIMITED(log::Level::Error, "store.record_damaged", {"table", "entries"}, {"queue", "$tx"},
                       {"sequence", seq.v}, {"why", why});
  };
  for (Seq from{0};;) {
    const auto slice =
        view.read_stream(queue::kTransactionStream, from, kTransactionsAtOnce, kTransactionBytesAtOnce);
    if (!slice) return tl::unexpected(slice.error());
    for (const store::StoredEntry& entry : slice->entries) {
      from = Seq{entry.seq.v + 1};
      auto record = queue::decode_transaction(as_bytes(entry.value));
      if (!record) {
        damaged(entry.seq, record.error().detail);
        // What a later version has written is left to that.
        if (record.error().code != Errc::Unsupported) lost.push_back(entry.seq);
      } else if (const auto* prepared = std::get_if<queue::PreparedMessage>(&*record)) {
        table_->restore(entry.seq, *prepared, prepared->size(), now_);
        ++found.messages;
      } else {
        table_->restore(entry.seq, std::move(std::get<queue::TransactionEnd>(*record)), now_);
      }
    }
    for (const store::Slice::Damaged& one : slice->damaged) {
      from = std::max(from, Seq{one.seq.v + 1});
      damaged(one.seq, one.why);
      lost.push_back(one.seq);
    }
    if (slice->end) break;
  }
  table_->resume(now_, lost);
  found.open = table_->open();
  found.ended = table_->remembered();
  return found;
}

}  // namespace hermod::broker
