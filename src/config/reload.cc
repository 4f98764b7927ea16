#include "config/reload.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>

namespace hermod::config {
namespace {

/// systemd names the device and inode of the stream it reads; a child with another stderr inherits the
/// variable.
bool stderr_is_journal() {
  const char* stream = std::getenv("JOURNAL_STREAM");
  struct stat errors {};
  if (stream == nullptr || fstat(STDERR_FILENO, &errors) != 0) return false;
  return stream == std::to_string(errors.st_dev) + ":" + std::to_string(errors.st_ino);
}

}  // namespace

log::Sink log_sink(LogFormat format) {
  switch (format) {
    case LogFormat::Automatic:
      return stderr_is_journal() ? log::Sink::Journal : log::Sink::Text;
    case LogFormat::Text:
      return log::Sink::Text;
    case LogFormat::Json:
      return log::Sink::Json;
    case LogFormat::Journal:
      return log::Sink::Journal;
  }
  return log::Sink::Text;
}

bool reload(const CommandLine& line, const std::vector<std::string>& environment, Configuration& current,
            const Acceptance& accept) {
  Loaded loaded = load(line, environment);
  for (const Problem& problem : loaded.problems) {
    log::event(log::Level::Error, "config.refused", {{"problem", problem.message()}});
  }
  if (!loaded.problems.empty()) return false;
  if (const Status accepted = accept ? accept(loaded.configuration.settings()) : Status{}; !accepted) {
    log::event(log::Level::Error, "config.refused", {{"problem", accepted.error().detail}});
    return false;
  }
  for (const Difference& one : differences(current, loaded.configuration)) {
    log::event(log::Level::Notice, one.live ? "config.changed" : "config.needs_restart",
               {{"key", one.key}, {"from", one.before}, {"to", one.after}});
  }
  current = std::move(loaded.configuration);
  log::set_level(current.settings().log.level);
  log::event(log::Level::Notice, "config.reloaded");
  return true;
}

}  // namespace hermod::config
