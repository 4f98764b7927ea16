#pragma once
#include <functional>

#include "config/loader.h"

namespace hermod::config {

/// Where the log goes in this process: `automatic` is the journal when systemd reads our standard error for
/// it.
log::Sink log_sink(LogFormat format);

/// What has to succeed before new settings count, such as reading the files they name.
using Acceptance = std::function<Status(const Settings&)>;

/// Reads everything again and, when nothing is wrong and `accept` agrees, makes it `current`: live keys take
/// effect, every changed key is logged, with whether it needs a restart. With any problem all of them are
/// logged, `current` stays as it was and the answer is false. Main thread.
bool reload(const CommandLine& line, const std::vector<std::string>& environment, Configuration& current,
            const Acceptance& accept = {});

}  // namespace hermod::config
