#pragma once
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "net/tls_files.h"

namespace hermod::net {

/// What the authority of a certificate says about it (OCSP), to be sent along with it: "stapled". A value of
/// the TlsContext it was read for.
struct TlsStaple {
  std::string file;                       ///< for messages
  std::string response;                   ///< DER; empty: there is none
  WallTime good_until = WallTime::max();  ///< its nextUpdate; max: it names none

  /// A client takes one that is past its time for an error, and none at all for no news.
  bool is_good(WallTime now) const { return !response.empty() && now <= good_until; }

  /// The response in `file` about `certificate`. One about others gives a warning and no staple: a
  /// certificate that has been renewed must not wait for its response. Errors: Invalid when it is none, or
  /// says that the responder failed. Pure.
  static Result<TlsStaple> parse(const tls_files::File& file, const X509& certificate,
                                 std::vector<std::string>& warnings);
};

}  // namespace hermod::net
