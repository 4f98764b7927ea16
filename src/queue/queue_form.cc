#include "queue/queue_form.h"

#include <charconv>
#include <cstdint>
#include <limits>
#include <utility>

#include "queue/queue_definition.h"

namespace hermod::queue {
namespace {

constexpr std::string_view kQueuePrefix = "$queue/";
constexpr std::string_view kNackLevel = "$nack";
/// In place of an offset, which a client of MQTT 3.1.1 is not told.
constexpr std::string_view kOldest = "oldest";

/// The first level of `rest`, which begins behind it then. Without a separator everything is the first level.
std::string_view take_level(std::string_view& rest) {
  const std::size_t slash = rest.find('/');
  const std::string_view level = rest.substr(0, slash);
  rest = slash == std::string_view::npos ? std::string_view{} : rest.substr(slash + 1);
  return level;
}

std::optional<std::uint64_t> whole_number(std::string_view text, std::uint64_t most) {
  std::uint64_t number = 0;
  const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (fault != std::errc{} || end != text.data() + text.size() || number > most) return std::nullopt;
  return number;
}

}  // namespace

bool is_queue_form(std::string_view text) {
  return text.starts_with(kQueuePrefix);
}

Result<QueueForm> QueueForm::parse(std::string_view text) {
  QueueForm form;
  std::string_view rest = text.substr(kQueuePrefix.size());
  auto properties = take_property_filter(rest);
  if (!properties) return tl::unexpected(std::move(properties).error());
  form.properties = std::move(*properties);
  const bool has_filter = rest.find('/') != std::string_view::npos;
  form.name = take_level(rest);
  form.filter = rest;
  if (!is_queue_name(form.name))
    return failure(Errc::Invalid, "the name of a queue is expected behind $queue/");
  if (has_filter && form.filter.empty())
    return failure(Errc::Invalid, "a topic filter is expected behind $queue/<name>/");
  // These levels are what clients say to a queue, and nothing that could be bound to it.
  if (form.filter == kNackLevel || form.filter.starts_with("$nack/"))
    return failure(Errc::Invalid, "$nack is published to, not subscribed to");
  return form;
}

Result<NackForm> NackForm::parse(std::string_view topic) {
  constexpr std::uint64_t kMostSeconds = std::numeric_limits<std::uint32_t>::max();
  NackForm form;
  std::string_view rest = topic.substr(kQueuePrefix.size());
  form.name = take_level(rest);
  const bool has_offset = rest.find('/') != std::string_view::npos;
  if (!is_queue_name(form.name) || take_level(rest) != kNackLevel)
    return failure(Errc::Invalid, "only $queue/<name>/$nack/<offset> can be published to");
  if (!has_offset) return form;
  const bool has_seconds = rest.find('/') != std::string_view::npos;
  const std::string_view which = take_level(rest);
  if (which != kOldest) {
    const auto offset = whole_number(which, std::numeric_limits<std::int64_t>::max());
    if (!offset || *offset == 0)
      return failure(Errc::Invalid, "the offset of a message, or \"oldest\", is expected behind $nack/");
    form.offset = Seq{*offset};
  }
  if (!has_seconds) return form;
  const auto seconds = whole_number(rest, kMostSeconds);
  if (!seconds) return failure(Errc::Invalid, "seconds are expected behind $nack/<offset>/");
  form.retry_after = std::chrono::seconds(*seconds);
  return form;
}

}  // namespace hermod::queue
