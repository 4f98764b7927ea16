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
  /// example.org, "loopback" for what a web server on the browser's own machine serves (localhost,
  /// 127.0.0.0/8 and [::1], any port), "null" as browsers send it for pages without an origin, "absent" for
  /// requests without the header, as programs that are no browsers send them, and "*" for everybody. Errors:
  /// Invalid, also without any element.
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
  static bool is_loopback(const Entry& origin);

  std::vector<Entry> entries_;
  bool all_ = false;
  bool loopback_ = false;
  bool null_ = false;
  bool absent_ = false;
};

}  // namespace hermod::net
