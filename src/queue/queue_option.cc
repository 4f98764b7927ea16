#include "queue/queue_option.h"

#include <algorithm>
#include <array>
#include <limits>
#include <utility>

#include "base/assert.h"
#include "base/units.h"

namespace hermod::queue {
namespace {

using std::chrono::milliseconds;
using Definition = QueueDefinition;

constexpr std::string_view kNone = "none";
constexpr std::string_view kAllOf = "all:";
constexpr std::string_view kAnyOf = "any:";
constexpr std::string_view kAsBroker = "broker";

template <class Enum>
struct Word {
  std::string_view text;
  Enum value;
};

constexpr std::array<Word<Definition::Kind>, 2> kKinds{
    {{"queue", Definition::Kind::Queue}, {"stream", Definition::Kind::Stream}}};
constexpr std::array<Word<Definition::Order>, 3> kOrders{{{"none", Definition::Order::None},
                                                          {"key", Definition::Order::Key},
                                                          {"strict", Definition::Order::Strict}}};
constexpr std::array<Word<Definition::Dispatch>, 5> kDispatches{
    {{"least-inflight", Definition::Dispatch::LeastInflight},
     {"round-robin", Definition::Dispatch::RoundRobin},
     {"random", Definition::Dispatch::Random},
     {"sticky", Definition::Dispatch::Sticky},
     {"key-hash", Definition::Dispatch::KeyHash}}};
constexpr std::array<Word<Definition::Overflow>, 4> kOverflows{
    {{"reject", Definition::Overflow::Reject},
     {"drop-oldest", Definition::Overflow::DropOldest},
     {"drop-newest", Definition::Overflow::DropNewest},
     {"dead-letter", Definition::Overflow::DeadLetter}}};
constexpr std::array<Word<Definition::SequenceCheck>, 2> kSequenceChecks{
    {{"off", Definition::SequenceCheck::Off}, {"detect", Definition::SequenceCheck::Detect}}};
constexpr std::array<Word<bool>, 2> kBooleans{{{"true", true}, {"false", false}}};

// How a value of each kind is read and written. The first error text that fits an option is enough:
// set_option() puts its name in front.

template <class Enum, std::size_t N>
Status read_word(const std::array<Word<Enum>, N>& words, std::string_view text, Enum& out) {
  std::string expected;
  for (const Word<Enum>& word : words) {
    if (word.text == text) {
      out = word.value;
      return {};
    }
    if (!expected.empty()) expected += ", ";
    expected += word.text;
  }
  return failure(Errc::Invalid, "one of " + expected + " is expected");
}

template <class Enum, std::size_t N>
std::string word_for(const std::array<Word<Enum>, N>& words, Enum value) {
  const auto word =
      std::find_if(words.begin(), words.end(), [&](const Word<Enum>& one) { return one.value == value; });
  return std::string(word->text);
}

template <class T>
Status take(Result<T> value, T& out) {
  if (!value) return tl::unexpected(std::move(value).error());
  out = std::move(*value);
  return {};
}

template <class Number>
Status read_number(std::string_view text, Number& out) {
  // parse_integer() reads nothing larger.
  constexpr auto kMost =
      std::min<std::uint64_t>(std::numeric_limits<Number>::max(), std::numeric_limits<std::int64_t>::max());
  const auto number = parse_integer(text);
  if (!number || !std::in_range<Number>(*number))
    return failure(Errc::Invalid, "a whole number from 0 to " + std::to_string(kMost) + " is expected");
  out = static_cast<Number>(*number);
  return {};
}

Status read_size(std::string_view text, std::uint64_t& out) {
  const auto size = parse_size(text);
  if (!size) return tl::unexpected(size.error());
  out = static_cast<std::uint64_t>(*size);
  return {};
}

Status read_time(std::string_view text, milliseconds& out) {
  const auto duration = parse_duration(text);
  if (!duration) return tl::unexpected(duration.error());
  out = milliseconds(*duration);
  return {};
}

/// "none" or what `read` reads.
template <class T, class Read>
Status read_optional(std::string_view text, std::optional<T>& out, Read read) {
  if (text == kNone) {
    out.reset();
    return {};
  }
  T value{};
  if (Status status = read(text, value); !status) return status;
  out = value;
  return {};
}

template <class T, class Write>
std::string optional_text(const std::optional<T>& value, Write write) {
  return value ? write(*value) : std::string(kNone);
}

std::string time_text(milliseconds value) {
  return duration_text(value.count());
}

Status read_rate(std::string_view text, Rate& out) {
  return take(Rate::parse(text), out);
}

/// "none", "all:<filter>" or "any:<filter>".
Status read_match(std::string_view text, PropertyFilter& out) {
  if (text == kNone) {
    out = {};
    return {};
  }
  if (text.starts_with(kAllOf))
    return take(PropertyFilter::parse(text.substr(kAllOf.size()), PropertyFilter::Join::All), out);
  if (text.starts_with(kAnyOf))
    return take(PropertyFilter::parse(text.substr(kAnyOf.size()), PropertyFilter::Join::Any), out);
  return failure(Errc::Invalid, "none, all:<property filter> or any:<property filter> is expected");
}

std::string match_text(const PropertyFilter& match) {
  if (match.empty()) return std::string(kNone);
  return std::string(match.join() == PropertyFilter::Join::All ? kAllOf : kAnyOf) + match.text();
}

/// "broker", or what store.flush takes.
Status read_flush(std::string_view text, std::optional<store::Flush>& out) {
  if (text == kAsBroker) {
    out.reset();
    return {};
  }
  const auto flush = store::Flush::parse(text);
  if (!flush)
    return failure(Errc::Invalid,
                   std::string(kAsBroker) + ", " + std::string(store::kFlushPolicies) + " is expected");
  out = *flush;
  return {};
}

std::string flush_text(const std::optional<store::Flush>& flush) {
  return flush ? flush->text() : std::string(kAsBroker);
}

std::string dead_letter_text(const Definition& definition) {
  const std::string target = definition.dead_letter_target();
  return target.empty() ? std::string(kNoDeadLetters) : target;
}

/// The default is not spelled out: a definition stays equal to itself on the way through its text.
Status read_dead_letter(std::string_view text, Definition& definition) {
  if (!is_queue_name(text)) return failure(Errc::Invalid, "the name of a queue, or none, is expected");
  definition.dead_letter.clear();
  if (text != dead_letter_text(definition)) definition.dead_letter = text;
  return {};
}

std::string number_text(std::uint64_t number) {
  return std::to_string(number);
}

std::string bytes_text(std::uint64_t bytes) {
  return size_text(static_cast<std::int64_t>(bytes));
}

enum class HadBy : std::uint8_t { Both, Queues, Streams };

struct Option {
  std::string_view name;
  Status (*set)(Definition&, std::string_view);
  std::string (*text)(const Definition&);
  HadBy had_by = HadBy::Queues;
};

constexpr std::array<Option, 24> kOptions{{
    {"match", [](Definition& d, std::string_view v) { return read_match(v, d.match); },
     [](const Definition& d) { return match_text(d.match); }, HadBy::Both},
    {"kind", [](Definition& d, std::string_view v) { return read_word(kKinds, v, d.kind); },
     [](const Definition& d) { return word_for(kKinds, d.kind); }, HadBy::Both},
    {"order", [](Definition& d, std::string_view v) { return read_word(kOrders, v, d.order); },
     [](const Definition& d) { return word_for(kOrders, d.order); }, HadBy::Both},
    {"key", [](Definition& d, std::string_view v) { return take(KeySource::parse(v), d.key); },
     [](const Definition& d) { return d.key.text(); }, HadBy::Both},
    {"lanes", [](Definition& d, std::string_view v) { return read_number(v, d.lanes); },
     [](const Definition& d) { return std::to_string(d.lanes); }, HadBy::Both},
    {"dispatch", [](Definition& d, std::string_view v) { return read_word(kDispatches, v, d.dispatch); },
     [](const Definition& d) { return word_for(kDispatches, d.dispatch); }, HadBy::Both},
    {"max_inflight", [](Definition& d, std::string_view v) { return read_number(v, d.max_inflight); },
     [](const Definition& d) { return std::to_string(d.max_inflight); }, HadBy::Both},
    {"ack_timeout", [](Definition& d, std::string_view v) { return read_time(v, d.ack_timeout); },
     [](const Definition& d) { return time_text(d.ack_timeout); }, HadBy::Both},
    {"retry", [](Definition& d, std::string_view v) { return take(RetryPolicy::parse(v), d.retry); },
     [](const Definition& d) { return d.retry.text(); }, HadBy::Both},
    {"max_deliveries", [](Definition& d, std::string_view v) { return read_number(v, d.max_deliveries); },
     [](const Definition& d) { return std::to_string(d.max_deliveries); }, HadBy::Both},
    {"dead_letter", [](Definition& d, std::string_view v) { return read_dead_letter(v, d); },
     [](const Definition& d) { return dead_letter_text(d); }, HadBy::Both},
    {"ttl", [](Definition& d, std::string_view v) { return read_optional(v, d.ttl, read_time); },
     [](const Definition& d) { return optional_text(d.ttl, time_text); }},
    {"max_length",
     [](Definition& d, std::string_view v) {
       return read_optional(v, d.max_length, read_number<std::uint64_t>);
     },
     [](const Definition& d) { return optional_text(d.max_length, number_text); }},
    {"max_bytes", [](Definition& d, std::string_view v) { return read_optional(v, d.max_bytes, read_size); },
     [](const Definition& d) { return optional_text(d.max_bytes, bytes_text); }},
    {"overflow", [](Definition& d, std::string_view v) { return read_word(kOverflows, v, d.overflow); },
     [](const Definition& d) { return word_for(kOverflows, d.overflow); }},
    {"dedup_window", [](Definition& d, std::string_view v) { return read_time(v, d.dedup_window); },
     [](const Definition& d) { return time_text(d.dedup_window); }},
    {"last_value", [](Definition& d, std::string_view v) { return read_word(kBooleans, v, d.last_value); },
     [](const Definition& d) { return word_for(kBooleans, d.last_value); }, HadBy::Both},
    {"rate_in", [](Definition& d, std::string_view v) { return read_optional(v, d.rate_in, read_rate); },
     [](const Definition& d) { return optional_text(d.rate_in, [](const Rate& r) { return r.text(); }); }},
    {"rate_out", [](Definition& d, std::string_view v) { return read_optional(v, d.rate_out, read_rate); },
     [](const Definition& d) { return optional_text(d.rate_out, [](const Rate& r) { return r.text(); }); }},
    {"seq", [](Definition& d, std::string_view v) { return read_word(kSequenceChecks, v, d.seq); },
     [](const Definition& d) { return word_for(kSequenceChecks, d.seq); }, HadBy::Both},
    {kFlushOption, [](Definition& d, std::string_view v) { return read_flush(v, d.flush); },
     [](const Definition& d) { return flush_text(d.flush); }, HadBy::Both},
    {"retention_time",
     [](Definition& d, std::string_view v) { return read_optional(v, d.retention_time, read_time); },
     [](const Definition& d) { return optional_text(d.retention_time, time_text); }, HadBy::Streams},
    {"retention_bytes",
     [](Definition& d, std::string_view v) { return read_optional(v, d.retention_bytes, read_size); },
     [](const Definition& d) { return optional_text(d.retention_bytes, bytes_text); }, HadBy::Streams},
    {"retention_count",
     [](Definition& d, std::string_view v) {
       return read_optional(v, d.retention_count, read_number<std::uint64_t>);
     },
     [](const Definition& d) { return optional_text(d.retention_count, number_text); }, HadBy::Streams},
}};

constexpr auto kOptionNames = [] {
  std::array<std::string_view, kOptions.size()> names{};
  for (std::size_t i = 0; i < kOptions.size(); ++i) names[i] = kOptions[i].name;
  return names;
}();

constexpr bool has(HadBy had_by, Definition::Kind kind) {
  return had_by == HadBy::Both || (had_by == HadBy::Streams) == (kind == Definition::Kind::Stream);
}

template <Definition::Kind kKind>
constexpr auto kOptionNamesOf = [] {
  constexpr auto kCount = static_cast<std::size_t>(std::count_if(
      kOptions.begin(), kOptions.end(), [](const Option& one) { return has(one.had_by, kKind); }));
  std::array<std::string_view, kCount> names{};
  std::size_t count = 0;
  for (const Option& one : kOptions)
    if (has(one.had_by, kKind)) names[count++] = one.name;
  return names;
}();

const Option* find_option(std::string_view name) {
  const auto option =
      std::find_if(kOptions.begin(), kOptions.end(), [&](const Option& one) { return one.name == name; });
  return option == kOptions.end() ? nullptr : &*option;
}

}  // namespace

Status set_option(QueueDefinition& definition, std::string_view option, std::string_view value) {
  const Option* found = find_option(option);
  if (found == nullptr) return failure(Errc::NotFound, "no option of a queue has this name");
  if (Status status = found->set(definition, value); !status)
    return failure(status.error().code, std::string(option) + ": " + status.error().detail);
  return {};
}

std::string option_text(const QueueDefinition& definition, std::string_view option) {
  const Option* found = find_option(option);
  HERMOD_ASSERT(found != nullptr);
  return found->text(definition);
}

std::span<const std::string_view> option_names() {
  return kOptionNames;
}

bool has_option(QueueDefinition::Kind kind, std::string_view option) {
  const Option* found = find_option(option);
  return found != nullptr && has(found->had_by, kind);
}

std::span<const std::string_view> option_names(QueueDefinition::Kind kind) {
  if (kind == Definition::Kind::Stream) return kOptionNamesOf<Definition::Kind::Stream>;
  return kOptionNamesOf<Definition::Kind::Queue>;
}

}  // namespace hermod::queue
