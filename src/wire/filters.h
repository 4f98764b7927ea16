#pragma once
#include <concepts>
#include <cstddef>
#include <iterator>
#include <span>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "wire/types.h"

namespace hermod::wire {

/// One entry of a SUBSCRIBE payload: a topic filter and its options byte (3.8.3.1). Whether the text is a
/// valid filter is topic/'s to say; here it is valid UTF-8 without NUL.
struct SubscribeFilter {
  std::string_view filter{};
  QoS qos = QoS::AtMostOnce;
  bool no_local = false;
  bool retain_as_published = false;
  RetainHandling retain_handling = RetainHandling::SendAtSubscribe;
};

/// One entry of an UNSUBSCRIBE payload.
using UnsubscribeFilter = std::string_view;

/// The filters of a SUBSCRIBE or UNSUBSCRIBE, read entry by entry from the validated payload: a packet of a
/// thousand filters allocates nothing. Seen, not owned.
template <class Filter>
class FilterList {
 public:
  class iterator {
   public:
    using iterator_category = std::forward_iterator_tag;
    using difference_type = std::ptrdiff_t;
    using value_type = Filter;
    using pointer = const Filter*;
    using reference = Filter;

    iterator() = default;
    explicit iterator(const std::uint8_t* at) : at_(at) {}
    Filter operator*() const;
    iterator& operator++();
    iterator operator++(int) {
      iterator before = *this;
      ++*this;
      return before;
    }
    friend bool operator==(const iterator&, const iterator&) = default;

   private:
    const std::uint8_t* at_ = nullptr;
  };

  FilterList() = default;
  /// Precondition: `payload` holds exactly `count` well-formed entries.
  FilterList(Bytes payload, std::size_t count) : payload_(payload), count_(count) {}

  iterator begin() const { return iterator(payload_.data()); }
  iterator end() const { return iterator(payload_.data() + payload_.size()); }
  std::size_t size() const { return count_; }
  bool empty() const { return count_ == 0; }
  /// The entries as they stand in the packet.
  Bytes raw() const { return payload_; }

 private:
  Bytes payload_;
  std::size_t count_ = 0;
};

using SubscribeFilters = FilterList<SubscribeFilter>;
using UnsubscribeFilters = FilterList<UnsubscribeFilter>;

/// Builds the filters of a SUBSCRIBE of our own. Owns the bytes that filters() shows.
class SubscribeFilterWriter {
 public:
  /// Precondition: the filter has at most 65535 bytes. On 3.x only the QoS is kept.
  SubscribeFilterWriter& add(const SubscribeFilter& filter, Version version);
  /// Valid until the next change.
  SubscribeFilters filters() const { return {as_bytes(payload_), count_}; }

 private:
  std::string payload_;
  std::size_t count_ = 0;
};

/// The same for an UNSUBSCRIBE.
class UnsubscribeFilterWriter {
 public:
  /// Precondition: the filter has at most 65535 bytes.
  UnsubscribeFilterWriter& add(std::string_view filter);
  /// Valid until the next change.
  UnsubscribeFilters filters() const { return {as_bytes(payload_), count_}; }

 private:
  std::string payload_;
  std::size_t count_ = 0;
};

/// The reason codes of a SUBACK or UNSUBACK, seen and not owned.
class ReasonCodes {
 public:
  class iterator {
   public:
    using iterator_category = std::forward_iterator_tag;
    using difference_type = std::ptrdiff_t;
    using value_type = ReasonCode;
    using pointer = const ReasonCode*;
    using reference = ReasonCode;

    iterator() = default;
    explicit iterator(const std::uint8_t* at) : at_(at) {}
    ReasonCode operator*() const { return static_cast<ReasonCode>(*at_); }
    iterator& operator++() {
      ++at_;
      return *this;
    }
    iterator operator++(int) { return iterator(at_++); }
    friend bool operator==(const iterator&, const iterator&) = default;

   private:
    const std::uint8_t* at_ = nullptr;
  };

  ReasonCodes() = default;
  explicit ReasonCodes(Bytes raw) : raw_(raw) {}
  /// Of an array, a vector or a span of reasons.
  template <std::convertible_to<std::span<const ReasonCode>> Reasons>
  ReasonCodes(const Reasons& reasons)  // NOLINT(google-explicit-constructor): a view of a view
      : ReasonCodes(bytes_of(reasons)) {}

  iterator begin() const { return iterator(raw_.data()); }
  iterator end() const { return iterator(raw_.data() + raw_.size()); }
  std::size_t size() const { return raw_.size(); }
  bool empty() const { return raw_.empty(); }
  /// Precondition: index < size().
  ReasonCode operator[](std::size_t index) const { return static_cast<ReasonCode>(raw_[index]); }
  Bytes raw() const { return raw_; }

 private:
  static Bytes bytes_of(std::span<const ReasonCode> reasons) {
    return {reinterpret_cast<const std::uint8_t*>(reasons.data()), reasons.size()};
  }

  Bytes raw_;
};

template <>
inline SubscribeFilter SubscribeFilters::iterator::operator*() const {
  const std::size_t size = static_cast<std::size_t>(at_[0]) << 8 | at_[1];
  const std::uint8_t options = at_[2 + size];
  return {as_text({at_ + 2, size}), static_cast<QoS>(options & 0x03), (options & 0x04) != 0,
          (options & 0x08) != 0, static_cast<RetainHandling>(options >> 4 & 0x03)};
}
template <>
inline SubscribeFilters::iterator& SubscribeFilters::iterator::operator++() {
  at_ += 3 + (static_cast<std::size_t>(at_[0]) << 8 | at_[1]);
  return *this;
}
template <>
inline UnsubscribeFilter UnsubscribeFilters::iterator::operator*() const {
  return as_text({at_ + 2, static_cast<std::size_t>(at_[0]) << 8 | at_[1]});
}
template <>
inline UnsubscribeFilters::iterator& UnsubscribeFilters::iterator::operator++() {
  at_ += 2 + (static_cast<std::size_t>(at_[0]) << 8 | at_[1]);
  return *this;
}

}  // namespace hermod::wire
