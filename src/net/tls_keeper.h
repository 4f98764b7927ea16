#pragma once
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "net/fd.h"
#include "net/file_watch.h"
#include "net/options.h"
#include "net/tls_server.h"

namespace hermod::net {

/// Looks after the files of all TLS listeners: reads them when it is told to and when they change, and warns
/// once a day of certificates that end. Owned by the broker, on the main thread, which polls its descriptor.
class TlsKeeper {
 public:
  /// `servers` and `clock` outlive it.
  TlsKeeper(TlsServers& servers, const Clock& clock, bool watches_files);
  TlsKeeper(const TlsKeeper&) = delete;
  TlsKeeper& operator=(const TlsKeeper&) = delete;

  /// TlsServers::load(), and from now on again when one of these files changes. What cannot be watched is
  /// logged. Errors: those of TlsServers::load(); then the files of the last good call stay watched.
  Status load(const std::vector<ListenerOptions>& listeners);

  /// Readable when there is something to do; -1: there never is, which a later load() does not change.
  int descriptor() const { return ready_.get(); }
  /// Does it. A set of files that is not good is logged and not used.
  void work();

 private:
  Status open();
  void watch(const std::vector<ListenerOptions>& listeners);
  void wait_until_settled();

  TlsServers& servers_;
  const Clock& clock_;
  const bool watches_files_;
  std::vector<ListenerOptions> listeners_;
  FileWatch files_;
  Fd ready_;    ///< an epoll over the other three
  Fd settled_;  ///< a timer: nothing has changed for a moment
  Fd day_;      ///< a timer
  bool opened_ = false;
  bool changing_ = false;
  MonotonicTime first_change_{};
};

}  // namespace hermod::net
