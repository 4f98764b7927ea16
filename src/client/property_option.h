#pragma once
#include <span>
#include <string>
#include <vector>

#include "client/failure.h"
#include "wire/property_writer.h"

namespace hermod::client {

/// The MQTT 5.0 properties asked for with -D, by the packet they go into. Owns their bytes.
struct PropertyOptions {
  wire::PropertyWriter connect;
  wire::PropertyWriter publish;
  wire::PropertyWriter subscribe;
  wire::PropertyWriter unsubscribe;
  wire::PropertyWriter disconnect;
  wire::PropertyWriter will;
  bool any = false;

  /// `words` is what stands behind -D: "<command> <identifier> <value>", for a user property
  /// "<command> user-property <name> <value>". The text of a Failure names the word that is wrong.
  Outcome<void> add(std::span<const std::string> words);
};

/// Takes every "-D ..." and "--property ..." out of `arguments` and into `properties`.
Outcome<void> extract_properties(std::vector<std::string>& arguments, PropertyOptions& properties);

/// "content-type" for ContentType; the names of the specification with dashes.
std::string_view option_name(wire::PropertyId id);

}  // namespace hermod::client
