#pragma once
#include <string>

#include "admin/options.h"
#include "base/log.h"
#include "broker/options.h"

namespace hermod::config {

enum class LogFormat {
  Automatic,  ///< the journal when systemd started the process, text otherwise
  Text,
  Json,
  Journal,
};

struct LogOptions {
  log::Level level = log::Level::Info;
  LogFormat format = LogFormat::Automatic;
};

/// One options struct per room. Only main sees the whole; it hands every room its own.
struct Settings {
  broker::Options broker;
  admin::Options admin;
  LogOptions log;
};

}  // namespace hermod::config
