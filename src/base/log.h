#pragma once
#include <atomic>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>

namespace hermod::log {

enum class Level { Debug, Info, Notice, Warning, Error };

/// Where the lines go. Journal: one structured record per event through sd_journal_send.
enum class Sink { Text, Json, Journal };

/// One key=value of an event. Values from peers are escaped when written, so a control character never
/// reaches the log raw.
struct Field {
  std::string_view key;
  std::string value;
  Field(std::string_view k, std::string_view v) : key(k), value(v) {}
  Field(std::string_view k, const char* v) : key(k), value(v) {}
  Field(std::string_view k, const std::string& v) : key(k), value(v) {}
  template <class N>
  requires std::is_arithmetic_v<N> Field(std::string_view k, N v) : key(k), value(std::to_string(v)) {}
};

/// Call once at the start of the process, before other threads exist.
void start(Sink sink, Level lowest);
void set_level(Level lowest);
bool enabled(Level level);

/// Writes one line. `event` is a stable name such as "client.connected". Any thread.
void event(Level level, std::string_view event, std::span<const Field> fields);
inline void event(Level level, std::string_view name, std::initializer_list<Field> fields = {}) {
  event(level, name, std::span<const Field>(fields.begin(), fields.size()));
}

/// Lets a call site speak at most `kBurst` times a second; the rest is counted and told with the next line.
class RateLimit {
 public:
  /// True when the line may be written; `suppressed` is how many were not since the last that was.
  bool allow(std::uint64_t& suppressed);

 private:
  static constexpr std::uint64_t kBurst = 5;
  std::atomic<std::uint64_t> second_{0};
  std::atomic<std::uint64_t> written_{0};
  std::atomic<std::uint64_t> suppressed_{0};
};

/// `text` with control characters, quotes and backslashes as \xNN, \" and \\.
std::string escaped(std::string_view text);

}  // namespace hermod::log

/// An event that a peer can cause: rate-limited per call site, so a hostile client cannot fill the disk.
#define HERMOD_LOG_LIMITED(level, name, ...)                                                            \
  do {                                                                                                  \
    static ::hermod::log::RateLimit hermod_limit;                                                       \
    std::uint64_t hermod_suppressed = 0;                                                                \
    if (::hermod::log::enabled(level) && hermod_limit.allow(hermod_suppressed)) {                       \
      if (hermod_suppressed > 0)                                                                        \
        ::hermod::log::event(level, "log.suppressed", {{"event", name}, {"count", hermod_suppressed}}); \
      ::hermod::log::event(level, name, {__VA_ARGS__});                                                 \
    }                                                                                                   \
  } while (false)
