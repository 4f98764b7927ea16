#include "broker/entry_properties.h"

#include "base/units.h"
#include "wire/property_writer.h"

namespace hermod::broker {
namespace {

constexpr std::string_view kKey = "key";
constexpr std::string_view kQueue = "queue";
constexpr std::string_view kOffset = "offset";
constexpr std::string_view kTime = "ts";
constexpr std::string_view kDeliveries = "x-delivery-count";
constexpr std::string_view kDeathReason = "x-first-death-reason";
constexpr std::string_view kDeathQueue = "x-first-death-queue";

}  // namespace

Bytes EntryProperties::behind(Bytes from_publisher, const Said& said, bool is_short) {
  using Filler = wire::UserPropertyFiller;
  const bool says_key = !is_short && !said.key.empty() && !wire::has_user_property(from_publisher, kKey);
  const queue::Death* const death = is_short ? nullptr : said.first_death;
  const std::string_view reason = death != nullptr ? queue::name_of(death->reason) : std::string_view{};
  std::size_t room = from_publisher.size() + Filler::size_of(kQueue.size(), said.queue.size());
  for (const std::string_view name : {kOffset, kTime, kDeliveries})
    room += Filler::size_of(name.size(), Filler::kMostDigits);
  if (says_key) room += Filler::size_of(kKey.size(), said.key.size());
  if (death != nullptr)
    room += Filler::size_of(kDeathReason.size(), reason.size()) +
            Filler::size_of(kDeathQueue.size(), death->queue.size());
  if (memory_.size() < room) memory_.resize(room);

  ByteFiller publishers(memory_.data());
  publishers.bytes(as_text(from_publisher));
  Filler out(memory_.data() + from_publisher.size());
  if (says_key) out.add(kKey, said.key);
  if (!said.queue.empty()) out.add(kQueue, said.queue);
  out.add(kOffset, said.offset.v);
  out.add(kTime, micros_of(said.stored_at));
  if (said.deliveries) out.add(kDeliveries, *said.deliveries);
  if (death != nullptr) {
    out.add(kDeathReason, reason);
    out.add(kDeathQueue, death->queue);
  }
  return as_bytes({memory_.data(), static_cast<std::size_t>(out.at() - memory_.data())});
}

}  // namespace hermod::broker
