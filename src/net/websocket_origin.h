#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace hermod::net {

/// Which web pages may connect, by the Origin header their browser sends. A pure value, made once.
class OriginList {
 public:
  /// Elements: "https://example.org", "http://localhost:8080", "https://*.example.org" for every host below
  /// example.org, "null" as browsers send it for pages without an origin, and "absent" for requests without
  /// the header, as programs that are no browsers send them. None: everybody may. Errors: Invalid.
  static Result<OriginList> from(const std::vector<std::string>& elements);

  /// Precondition: `origin` is the header's value, none without the header.
  bool allows(std::optional<std::string_view> origin) const;

 private:
  struct Entry {
    std::string scheme_and_port;  ///< "https:443"
    std::string host;             ///< in lower case
    bool below = false;           ///< every host below it
  };
  static std::optional<Entry> parse(std::string_view origin);

  std::vector<Entry> entries_;
  bool all_ = true;
  bool null_ = false;
  bool absent_ = false;
};

}  // namespace hermod::net
