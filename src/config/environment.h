#pragma once
#include <span>
#include <string>

#include "config/assignment.h"

namespace hermod::config {

/// The settings among `variables` ("NAME=value"): HERMOD_<SECTION>__<KEY>. HERMOD_LOG__LEVEL=debug sets
/// log.level; HERMOD_LISTENERS__LAN__URL sets listeners.lan.url. Names without a double underscore mean
/// something else and are passed over.
Assignments parse_environment(std::span<const std::string> variables);

/// What systemd says in the environment about the folders of the service: STATE_DIRECTORY is where the store
/// lives when nothing else is said.
Assignments parse_service_environment(std::span<const std::string> variables);

}  // namespace hermod::config
