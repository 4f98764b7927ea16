#pragma once
#include <string>

/// The key table as documents; config/hermod.toml and docs/configuration.md are held against these.
namespace hermod::config {

/// A configuration file with every key and its default, all of it commented out.
std::string reference_toml();
/// docs/configuration.md.
std::string reference_markdown();

}  // namespace hermod::config
