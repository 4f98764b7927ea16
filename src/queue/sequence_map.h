#pragma once
#include <absl/container/btree_map.h>

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <utility>

#include "base/assert.h"
#include "base/ids.h"

namespace hermod::queue {

/// A value for each of many sequences, in their order. Most of what is in a queue are neighbours, so a page
/// holds those of eight sequences side by side; one whose neighbours have all gone keeps a page for itself. A
/// value stays at its place in memory until it is erased. A value of one thread. Every call costs O(log n),
/// and O(1) near the calls before. Precondition of T: it has a default.
template <class T>
class SequenceMap {
 public:
  /// Null: there is none.
  T* find(Seq seq) { return const_cast<T*>(std::as_const(*this).find(seq)); }
  const T* find(Seq seq) const {
    if (size_ == 0) return nullptr;
    const Page* page = page_with(number_of(seq));
    return page != nullptr && (page->used & bit_of(seq)) != 0 ? &page->values[slot_of(seq)] : nullptr;
  }
  bool contains(Seq seq) const { return find(seq) != nullptr; }
  /// Precondition: there is none.
  T& insert(Seq seq, T value) {
    Page* page = page_with(number_of(seq));
    if (page == nullptr) page = add_page(number_of(seq));
    HERMOD_ASSERT((page->used & bit_of(seq)) == 0);
    page->used |= bit_of(seq);
    ++size_;
    return page->values[slot_of(seq)] = std::move(value);
  }
  /// Precondition: there is one.
  void erase(Seq seq) {
    Page* page = page_with(number_of(seq));
    HERMOD_ASSERT(page != nullptr && (page->used & bit_of(seq)) != 0);
    page->values[slot_of(seq)] = T{};
    page->used &= static_cast<Bits>(~bit_of(seq));
    --size_;
    if (page->used == 0) erase_page(number_of(seq));
  }

  std::optional<Seq> first() const {
    if (pages_.empty()) return std::nullopt;
    const auto& [number, page] = *pages_.begin();
    return first_in(number, page->used);
  }
  /// The first at or behind a sequence.
  std::optional<Seq> first_from(Seq from) const {
    const std::uint64_t number = number_of(from);
    const auto bits_behind = [&](const Page& page) { return page.used >> slot_of(from) << slot_of(from); };
    if (const Page* page = page_with(number); page != nullptr && bits_behind(*page) != 0)
      return first_in(number, bits_behind(*page));
    const auto next = pages_.upper_bound(number);
    if (next == pages_.end()) return std::nullopt;
    return first_in(next->first, next->second->used);
  }
  std::optional<Seq> last() const {
    if (pages_.empty()) return std::nullopt;
    const auto& [number, page] = *pages_.rbegin();
    return Seq{number * kSlots + static_cast<std::uint64_t>(std::bit_width(page->used)) - 1};
  }
  std::size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }

 private:
  static constexpr std::uint64_t kSlots = 8;
  using Bits = std::uint8_t;
  struct Page {
    std::array<T, kSlots> values{};
    Bits used = 0;
  };

  static std::uint64_t number_of(Seq seq) { return seq.v / kSlots; }
  static std::size_t slot_of(Seq seq) { return seq.v % kSlots; }
  static Bits bit_of(Seq seq) { return static_cast<Bits>(1U << slot_of(seq)); }
  static Seq first_in(std::uint64_t number, int bits) {
    const auto slot = std::countr_zero(static_cast<unsigned>(bits));
    return Seq{number * kSlots + static_cast<std::uint64_t>(slot)};
  }

  /// Those of late are found without the tree: what comes in, what is lent and what has ended are some pages
  /// apart, and each is asked for in turn.
  struct Near {
    std::uint64_t number = 0;
    Page* page = nullptr;
  };
  static constexpr std::uint64_t kFewNear = 2;
  static constexpr std::uint64_t kMostNear = 64;

  Page* page_with(std::uint64_t number) const {
    if (near_ == nullptr) return nullptr;
    const Near& late = near_[number & near_mask_];
    return late.number == number && late.page != nullptr ? late.page : find_page(number);
  }
  [[gnu::noinline]] Page* find_page(std::uint64_t number) const {
    const auto found = pages_.find(number);
    if (found == pages_.end()) return nullptr;
    near_[number & near_mask_] = {number, found->second.get()};
    return found->second.get();
  }
  [[gnu::noinline]] Page* add_page(std::uint64_t number) {
    std::unique_ptr<Page> page = spare_ ? std::move(spare_) : std::make_unique<Page>();
    Page* const added = pages_.emplace_hint(pages_.end(), number, std::move(page))->second.get();
    if (near_ == nullptr) set_near(kFewNear);
    if (pages_.size() > near_mask_ && near_mask_ + 1 < kMostNear) set_near(2 * (near_mask_ + 1));
    near_[number & near_mask_] = {number, added};
    return added;
  }
  [[gnu::noinline]] void erase_page(std::uint64_t number) {
    const auto empty = pages_.find(number);
    if (size_ > 0) spare_ = std::move(empty->second);
    pages_.erase(empty);
    if (Near& late = near_[number & near_mask_]; late.number == number) late = {};
    if (size_ > 0) return;
    spare_.reset();
    if (near_mask_ >= kFewNear) set_near(kFewNear);
  }
  /// Precondition: a power of two.
  void set_near(std::uint64_t count) {
    near_ = std::make_unique<Near[]>(count);
    near_mask_ = count - 1;
  }

  absl::btree_map<std::uint64_t, std::unique_ptr<Page>> pages_;
  std::unique_ptr<Page> spare_;  ///< empty: as a queue goes on, one page goes as another comes
  std::size_t size_ = 0;
  std::uint64_t near_mask_ = 0;
  std::unique_ptr<Near[]> near_;  ///< by the lowest bits of their numbers; null: there was no page yet
};

}  // namespace hermod::queue
