#include "broker/page_reader.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "queue/delayed_records.h"
#include "queue/queue_changes.h"
#include "queue/queue_records.h"
#include "queue/records.h"
#include "queue/transaction_records.h"

namespace hermod::broker {
namespace {

Result<queue::MessagePtr> shared_message(const store::StoredEntry& stored, RecentMessages& recent) {
  if (stored.body.size() < RecentMessages::kWorthKeeping) return queue::decode_message(as_bytes(stored.body));
  if (queue::MessagePtr known = recent.find(stored.message)) return known;
  auto message = queue::decode_message(as_bytes(stored.body));
  if (message) recent.keep(stored.message, *message);
  return message;
}

Result<queue::Delivery> delivery_of(const store::StoredEntry& stored, RecentMessages& recent) {
  if (!stored.shared) return queue::decode_entry(as_bytes(stored.value));
  auto message = shared_message(stored, recent);
  if (!message) return tl::unexpected(message.error());
  return queue::decode_shared_entry(as_bytes(stored.value), std::move(*message));
}

/// Adds what is readable of a named queue, and names what is not.
void add_queue_entry(const store::StoredEntry& stored, PageRead& page) {
  auto entry = queue::queue_entry_from(stored);
  if (!entry) {
    page.damaged.push_back({stored.seq, entry.error().detail});
    return;
  }
  queue::Entry& added = page.entries.emplace_back();
  added.seq = stored.seq;
  added.delivery.message = std::move(entry->message);
}

void add_delayed(const store::StoredEntry& stored, PageRead& page) {
  auto delayed = stored.shared ? tl::unexpected(Error{Errc::Corruption, "delayed record: a shared body"})
                               : queue::decode_delayed(as_bytes(stored.value));
  if (delayed) {
    page.delayed.push_back({stored.seq, *std::move(delayed)});
  } else {
    page.damaged.push_back({stored.seq, delayed.error().detail});
  }
}

/// Records of how transactions have ended are among them.
void add_transaction_record(const store::StoredEntry& stored, PageRead& page) {
  auto record = stored.shared ? tl::unexpected(Error{Errc::Corruption, "transaction record: a shared body"})
                              : queue::decode_transaction(as_bytes(stored.value));
  if (!record) {
    page.damaged.push_back({stored.seq, record.error().detail});
  } else if (auto* prepared = std::get_if<queue::PreparedMessage>(&*record)) {
    page.prepared.push_back(
        {stored.seq, std::make_shared<const queue::PreparedMessage>(std::move(*prepared))});
  }
}

/// The same of a stream, but for the mark of where it went on when it was empty.
void add_stream_entry(const store::StoredEntry& stored, PageRead& page) {
  if (!stored.shared && queue::is_released(as_bytes(stored.value))) return;
  auto entry = queue::queue_entry_from(stored);
  if (!entry) {
    page.damaged.push_back({stored.seq, entry.error().detail});
    return;
  }
  page.stream->entries.push_back({stored.seq, std::move(entry->message), std::move(entry->key)});
}

/// Null: it is no reader of a stream who wants it.
std::unique_ptr<StreamPage> stream_page(const PageWanted& wanted) {
  if (wanted.purpose < PageRead::Purpose::Stream || wanted.purpose > PageRead::Purpose::StreamThinning)
    return nullptr;
  return std::make_unique<StreamPage>(StreamPage{wanted.reader, wanted.stored});
}

/// Of an exchange that waits for its PUBCOMP nothing is left to send; a claim's message is not here, or was
/// sent and is not for the window, which has passed over the sequence.
bool waits_in_order(Bytes record) {
  return !queue::is_released(record) && !queue::is_claim(record) && !queue::is_unanswered_claim(record);
}

}  // namespace

bool is_of_named_queue(PageRead::Purpose purpose) {
  return purpose >= PageRead::Purpose::QueueLending;
}

bool is_of_delayed(PageRead::Purpose purpose) {
  return purpose == PageRead::Purpose::Delayed || purpose == PageRead::Purpose::DelayedLooking;
}

PageRead failed_page(const PageWanted& wanted) {
  PageRead page{.session = wanted.session,
                .purpose = wanted.purpose,
                .from = wanted.from,
                .end = wanted.from,
                .failed = true};
  page.stream = stream_page(wanted);
  return page;
}

PageRead page_from(const PageWanted& wanted, const store::Slice& slice, RecentMessages& recent) {
  PageRead page{.session = wanted.session,
                .purpose = wanted.purpose,
                .from = wanted.from,
                .end = wanted.from,
                .to_end = slice.end};
  page.stream = stream_page(wanted);
  (page.stream ? page.stream->entries.reserve(slice.entries.size())
               : page.entries.reserve(slice.entries.size()));
  for (const store::StoredEntry& stored : slice.entries) {
    page.end = Seq{stored.seq.v + 1};
    if (is_of_delayed(wanted.purpose)) {
      add_delayed(stored, page);
      continue;
    }
    if (wanted.purpose == PageRead::Purpose::Transaction) {
      add_transaction_record(stored, page);
      continue;
    }
    if (page.stream) {
      add_stream_entry(stored, page);
      continue;
    }
    if (is_of_named_queue(wanted.purpose)) {
      add_queue_entry(stored, page);
      continue;
    }
    if (!stored.shared && !waits_in_order(as_bytes(stored.value))) continue;
    auto delivery = delivery_of(stored, recent);
    if (!delivery || delivery->qos == wire::QoS::AtMostOnce) {
      page.damaged.push_back({stored.seq, delivery ? "entry record: QoS 0" : delivery.error().detail});
      continue;
    }
    page.entries.push_back({stored.seq, std::move(*delivery), queue::Entry::Phase::Waiting});
  }
  for (const store::Slice::Damaged& damaged : slice.damaged) {
    page.end = std::max(page.end, Seq{damaged.seq.v + 1});
    page.damaged.push_back({damaged.seq, damaged.why});
  }
  return page;
}

std::uint64_t load_page(queue::StreamWindow& window, PageRead& page, const queue::StreamExtent& extent) {
  const Seq end = page.to_end ? page.stream->stored : page.end;
  const std::uint64_t missing = window.load(page.stream->entries, page.end, end, extent.holes_from());
  return missing - std::min<std::uint64_t>(missing, page.damaged.size());
}

}  // namespace hermod::broker
