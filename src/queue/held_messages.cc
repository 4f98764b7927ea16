#include "queue/held_messages.h"

#include <algorithm>
#include <utility>

namespace hermod::queue {
namespace {

/// Pages that may be held at once.
constexpr std::uint64_t kPages = 4;

}  // namespace

Amount HeldMessages::page() const {
  return {std::max<std::uint64_t>(limit_.messages / kPages, 1),
          std::max<std::uint64_t>(limit_.bytes / kPages, 1)};
}

bool HeldMessages::is_low() const {
  const Amount page = this->page();
  return amount_.messages <= page.messages && amount_.bytes <= page.bytes;
}

bool HeldMessages::has_room(std::uint64_t size) const {
  return amount_.messages < limit_.messages && size <= limit_.bytes && amount_.bytes <= limit_.bytes - size;
}

void HeldMessages::set_limit(const Amount& limit) {
  if (limit == limit_) return;
  limit_ = limit;
  too_large_.clear();
  for (auto it = first(); it; it = messages_.first_from(Seq{it->v + 1}))
    if (!could_hold((*messages_.find(*it))->size())) too_large_.insert(*it);
}

void HeldMessages::put(Seq seq, MessagePtr message) {
  if (!message || messages_.contains(seq)) return;
  add_to(amount_, message->size());
  if (!could_hold(message->size())) too_large_.insert(seq);
  messages_.insert(seq, std::move(message));
}

MessagePtr HeldMessages::take(Seq seq) {
  MessagePtr* const found = messages_.find(seq);
  if (found == nullptr) return {};
  MessagePtr taken = std::move(*found);
  messages_.erase(seq);
  too_large_.erase(seq);
  take_from(amount_, taken->size());
  return taken;
}

MessagePtr HeldMessages::find(Seq seq) const {
  const MessagePtr* const found = messages_.find(seq);
  return found != nullptr ? *found : MessagePtr{};
}

Seq HeldMessages::trim(Seq from) {
  Seq farthest;
  while (is_above_limit() && !too_large_.empty()) take(*too_large_.begin());
  while (is_above_limit()) {
    const bool is_held_up = *first() < from;
    const Seq victim = is_held_up ? *first() : *last();
    take(victim);
    if (!is_held_up) farthest = std::max(farthest, victim);
  }
  return farthest;
}

}  // namespace hermod::queue
