#pragma once
#include "config/loader.h"

namespace hermod::config {

/// Where the log goes in this process: `automatic` is the journal when systemd reads our standard error for
/// it.
log::Sink log_sink(LogFormat format);

/// Reads everything again and, when nothing is wrong, makes it `current`: live keys take effect, every
/// changed key is logged, with whether it needs a restart. With any problem all of them are logged, `current`
/// stays as it was and the answer is false. Main thread.
bool reload(const CommandLine& line, const std::vector<std::string>& environment, Configuration& current);

}  // namespace hermod::config
