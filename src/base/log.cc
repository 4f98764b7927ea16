#include "base/log.h"

#include <fmt/format.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>
#include <sys/uio.h>
#include <syslog.h>
#define SD_JOURNAL_SUPPRESS_LOCATION
#include <systemd/sd-journal.h>

#include <chrono>
#include <vector>

namespace hermod::log {
namespace {

// The process has one log; it is set up before any thread starts and only its level changes afterwards.
std::atomic<Level> lowest_level{Level::Info};
Sink active_sink = Sink::Text;

spdlog::level::level_enum spdlog_level(Level level) {
  switch (level) {
    case Level::Debug:
      return spdlog::level::debug;
    case Level::Info:
    case Level::Notice:
      return spdlog::level::info;
    case Level::Warning:
      return spdlog::level::warn;
    case Level::Error:
      return spdlog::level::err;
  }
  return spdlog::level::info;
}

int priority(Level level) {
  switch (level) {
    case Level::Debug:
      return LOG_DEBUG;
    case Level::Info:
      return LOG_INFO;
    case Level::Notice:
      return LOG_NOTICE;
    case Level::Warning:
      return LOG_WARNING;
    case Level::Error:
      return LOG_ERR;
  }
  return LOG_INFO;
}

std::string_view word(Level level) {
  switch (level) {
    case Level::Debug:
      return "debug";
    case Level::Info:
      return "info";
    case Level::Notice:
      return "notice";
    case Level::Warning:
      return "warning";
    case Level::Error:
      return "error";
  }
  return "info";
}

std::string text_line(std::string_view event, std::span<const Field> fields) {
  std::string line(event);
  for (const Field& field : fields) {
    const bool quoted = field.value.empty() || field.value.find(' ') != std::string::npos;
    const std::string_view mark = quoted ? "\"" : "";
    line += fmt::format(" {}={}{}{}", field.key, mark, escaped(field.value), mark);
  }
  return line;
}

std::string json_line(Level level, std::string_view event, std::span<const Field> fields) {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  std::string line = fmt::format(R"({{"time":{:.6f},"level":"{}","event":"{}")",
                                 std::chrono::duration<double>(now).count(), word(level), event);
  for (const Field& field : fields) {
    line += fmt::format(R"(,"{}":")", field.key);
    for (char c : field.value) {
      if (c == '"' || c == '\\') {
        line += '\\';
        line += c;
      } else if (static_cast<unsigned char>(c) < 0x20) {
        line += fmt::format("\\u{:04x}", static_cast<unsigned>(c));
      } else {
        line += c;
      }
    }
    line += '"';
  }
  return line + "}";
}

void to_journal(Level level, std::string_view event, std::span<const Field> fields) {
  std::vector<std::string> entries;
  entries.push_back("MESSAGE=" + text_line(event, fields));
  entries.push_back(fmt::format("PRIORITY={}", priority(level)));
  entries.push_back(fmt::format("HERMOD_EVENT={}", event));
  for (const Field& field : fields) {
    std::string name = "HERMOD_";
    for (char c : field.key) name += c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c;
    entries.push_back(name + "=" + escaped(field.value));
  }
  std::vector<iovec> pieces;
  pieces.reserve(entries.size());
  for (std::string& entry : entries) pieces.push_back({entry.data(), entry.size()});
  // A journal that cannot be written must not stop the broker, and there is nobody left to tell.
  (void)sd_journal_sendv(pieces.data(), static_cast<int>(pieces.size()));
}

}  // namespace

void start(Sink sink, Level lowest) {
  active_sink = sink;
  set_level(lowest);
  auto logger = std::make_shared<spdlog::logger>("hermod", std::make_shared<spdlog::sinks::stderr_sink_mt>());
  // The level is part of the line, because spdlog has no word for a notice.
  logger->set_pattern(sink == Sink::Json ? "%v" : "%Y-%m-%dT%H:%M:%S.%e%z %v");
  logger->set_level(spdlog::level::trace);
  logger->flush_on(spdlog::level::trace);
  spdlog::set_default_logger(std::move(logger));
}

void set_level(Level lowest) {
  lowest_level.store(lowest, std::memory_order_relaxed);
}

bool enabled(Level level) {
  return level >= lowest_level.load(std::memory_order_relaxed);
}

void event(Level level, std::string_view event, std::span<const Field> fields) {
  if (!enabled(level)) return;
  switch (active_sink) {
    case Sink::Journal:
      to_journal(level, event, fields);
      return;
    case Sink::Json:
      spdlog::log(spdlog_level(level), "{}", json_line(level, event, fields));
      return;
    case Sink::Text:
      spdlog::log(spdlog_level(level), "{} {}", word(level), text_line(event, fields));
      return;
  }
}

bool RateLimit::allow(std::uint64_t& suppressed) {
  const auto now = static_cast<std::uint64_t>(
      std::chrono::duration_cast<std::chrono::seconds>(std::chrono::steady_clock::now().time_since_epoch())
          .count());
  if (second_.exchange(now, std::memory_order_relaxed) != now) written_.store(0, std::memory_order_relaxed);
  if (written_.fetch_add(1, std::memory_order_relaxed) >= kBurst) {
    suppressed_.fetch_add(1, std::memory_order_relaxed);
    return false;
  }
  suppressed = suppressed_.exchange(0, std::memory_order_relaxed);
  return true;
}

std::string escaped(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (byte < 0x20 || byte == 0x7F) {
      out += fmt::format("\\x{:02x}", byte);
    } else {
      out += c;
    }
  }
  return out;
}

}  // namespace hermod::log
