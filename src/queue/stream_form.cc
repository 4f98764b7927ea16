#include "queue/stream_form.h"

#include <chrono>
#include <limits>

#include "queue/decimal.h"
#include "queue/queue_definition.h"
#include "queue/queue_form.h"

namespace hermod::queue {
namespace {

constexpr std::string_view kStreamPrefix = "$stream/";
constexpr std::string_view kMillis = "ms";
constexpr std::string_view kSharePrefix = "$share/";
constexpr std::string_view kOffsetPrefix = "offset:";
constexpr std::uint64_t kMost = std::numeric_limits<std::int64_t>::max();

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

/// Takes fields of fixed width from the front of a text.
class FieldReader {
 public:
  explicit FieldReader(std::string_view text) : rest_(text) {}

  /// So many digits, whose value is in these bounds.
  int number(std::size_t width, int least, int most) {
    int value = 0;
    if (rest_.size() < width) ok_ = false;
    for (std::size_t i = 0; ok_ && i < width; ++i) {
      ok_ = is_digit(rest_[i]);
      value = value * 10 + (rest_[i] - '0');
    }
    ok_ = ok_ && value >= least && value <= most;
    if (ok_) rest_.remove_prefix(width);
    return ok_ ? value : least;
  }
  /// One of these.
  char one_of(std::string_view those) {
    ok_ = ok_ && !rest_.empty() && those.find(rest_.front()) != std::string_view::npos;
    if (!ok_) return '\0';
    const char c = rest_.front();
    rest_.remove_prefix(1);
    return c;
  }
  /// Behind a point: digits of a second, in microseconds; what is finer is left out.
  std::int64_t fraction() {
    if (!ok_ || rest_.empty() || rest_.front() != '.') return 0;
    rest_.remove_prefix(1);
    ok_ = !rest_.empty() && is_digit(rest_.front());
    std::int64_t micros = 0;
    for (std::int64_t unit = 100'000; !rest_.empty() && is_digit(rest_.front()); unit /= 10) {
      micros += unit * (rest_.front() - '0');
      rest_.remove_prefix(1);
    }
    return micros;
  }
  bool is_at_end() const { return ok_ && rest_.empty(); }
  bool ok() const { return ok_; }

 private:
  std::string_view rest_;
  bool ok_ = true;
};

}  // namespace

Result<WallTime> parse_time(std::string_view text) {
  namespace chrono = std::chrono;
  const auto wrong = failure(Errc::Invalid, "a time such as 2026-11-29T07:00:00Z is expected");
  FieldReader in(text);
  const int year = in.number(4, 1970, 9999);
  in.one_of("-");
  const int month = in.number(2, 1, 12);
  in.one_of("-");
  const int day = in.number(2, 1, 31);
  in.one_of("Tt ");
  const int hour = in.number(2, 0, 23);
  in.one_of(":");
  const int minute = in.number(2, 0, 59);
  in.one_of(":");
  const int second = in.number(2, 0, 60);  // a leap second
  const std::int64_t micros = in.fraction();
  const char zone = in.one_of("Zz+-");
  chrono::minutes ahead{0};
  if (zone == '+' || zone == '-') {
    const int hours = in.number(2, 0, 23);
    in.one_of(":");
    ahead = chrono::hours(hours) + chrono::minutes(in.number(2, 0, 59));
    if (zone == '-') ahead = -ahead;
  }
  const chrono::year_month_day date{chrono::year(year), chrono::month(static_cast<unsigned>(month)),
                                    chrono::day(static_cast<unsigned>(day))};
  if (!in.is_at_end() || !date.ok()) return wrong;
  const WallTime time = WallTime(chrono::sys_days(date)) + chrono::hours(hour) + chrono::minutes(minute) +
                        chrono::seconds(second) + chrono::microseconds(micros) - ahead;
  if (time.time_since_epoch().count() < 0) return wrong;
  return time;
}

Result<StreamStart> StreamStart::parse(std::string_view text) {
  StreamStart start;
  if (text == "latest") return start;
  if (text == "earliest") {
    start.from = From::Earliest;
    return start;
  }
  if (text.starts_with(kOffsetPrefix)) {
    const auto offset = decimal(text.substr(kOffsetPrefix.size()), kMost);
    if (!offset) return failure(Errc::Invalid, "a whole number is expected behind offset:");
    start.from = From::Offset;
    start.offset = Seq{*offset};
    return start;
  }
  start.from = From::Time;
  if (const auto millis = text.ends_with(kMillis)
                              ? decimal(text.substr(0, text.size() - kMillis.size()), kMost / 1000)
                              : std::nullopt) {
    start.time = wall_time_of(*millis * 1000);
    return start;
  }
  if (const auto micros = decimal(text, kMost)) {
    start.time = wall_time_of(*micros);
    return start;
  }
  const auto time = parse_time(text);
  if (!time)
    return failure(
        Errc::Invalid,
        "a reader begins at earliest, latest, offset:<n>, microseconds since the epoch, milliseconds "
        "with ms behind them, or a time such as 2026-11-29T07:00:00Z");
  start.time = *time;
  return start;
}

bool is_stream_form(std::string_view text) {
  return text.starts_with(kStreamPrefix);
}

bool is_named_form(std::string_view text) {
  return is_queue_form(text) || is_stream_form(text) || is_group_form(text);
}

std::string_view name_in_form(std::string_view text) {
  if (is_queue_form(text)) {
    const auto form = QueueForm::parse(text);
    return form ? form->name : std::string_view{};
  }
  if (is_group_form(text)) {
    const auto form = GroupForm::parse(text);
    return form ? form->stream.name : std::string_view{};
  }
  const auto form = StreamForm::parse(text);
  return form ? form->name : std::string_view{};
}

PropertyFilter filter_in_form(std::string_view text) {
  auto filter = take_property_filter(text);
  return filter ? *std::move(filter) : PropertyFilter{};
}

bool is_group_form(std::string_view text) {
  if (!text.starts_with(kSharePrefix)) return false;
  const std::size_t slash = text.find('/', kSharePrefix.size());
  return slash != std::string_view::npos && is_stream_form(text.substr(slash + 1));
}

Result<GroupForm> GroupForm::parse(std::string_view text) {
  const std::size_t slash = text.find('/', kSharePrefix.size());
  GroupForm form;
  form.group = text.substr(kSharePrefix.size(), slash - kSharePrefix.size());
  if (!is_queue_name(form.group))
    return failure(Errc::Invalid,
                   "the name of a consumer group is a letter or digit, then letters, digits, - . or _, 128 "
                   "bytes at most");
  auto stream = StreamForm::parse(text.substr(slash + 1));
  if (!stream) return tl::unexpected(std::move(stream).error());
  form.stream = *std::move(stream);
  return form;
}

Result<StreamForm> StreamForm::parse(std::string_view text) {
  StreamForm form;
  std::string_view rest = text.substr(kStreamPrefix.size());
  auto properties = take_property_filter(rest);
  if (!properties) return tl::unexpected(std::move(properties).error());
  form.properties = *std::move(properties);
  const std::size_t slash = rest.find('/');
  form.name = rest.substr(0, slash);
  if (!is_queue_name(form.name))
    return failure(Errc::Invalid, "the name of a stream is expected behind $stream/");
  if (slash == std::string_view::npos) return form;
  rest.remove_prefix(slash + 1);
  if (!rest.starts_with('@'))
    return failure(Errc::Invalid, "behind $stream/<name>/ only @<start> can stand, such as @earliest");
  auto start = StreamStart::parse(rest.substr(1));
  if (!start) return tl::unexpected(std::move(start).error());
  form.start = *start;
  return form;
}

}  // namespace hermod::queue
