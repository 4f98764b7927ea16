#pragma once
#include <map>
#include <string>
#include <vector>

#include "config/assignment.h"
#include "config/key.h"
#include "config/listen_url.h"
#include "config/queue_sections.h"
#include "config/settings.h"

namespace hermod::config {

/// The settings that result from defaults, files, environment and flags. Immutable once built.
class Configuration {
 public:
  /// Applies `values` in their order, so a later one wins, and checks the result. Everything that is wrong is
  /// added to `problems`; with any problem the configuration must not be used.
  static Configuration build(const std::vector<Assignment>& values, std::vector<Problem>& problems);

  const Settings& settings() const { return settings_; }
  /// Every key, listener and queue with its value and origin, in the order of the reference.
  std::vector<Effective> effective() const;
  /// The same for people: a line "key = value   (origin)" for each.
  std::string effective_text() const;

 private:
  struct Listener {
    std::vector<ListenUrl> urls{ListenUrl{}};
    Origin origin{};  ///< of the url
    bool has_url = false;
    net::TlsOptions tls{};
    std::map<std::string, Value, std::less<>> sockets{};   ///< values of SocketKeys, by their last word
    std::map<std::string, Origin, std::less<>> origins{};  ///< of its other keys, by their last word

    bool is_tls() const { return urls.front().is_tls; }
    /// The keys of TLS, or of its sockets, that somebody wrote.
    std::vector<std::string> written(bool of_sockets) const;
    std::string url_text() const;
    Origin origin_of(std::string_view key) const;
    /// With `net` where nothing is written.
    net::ListenerOptions options(const std::string& name, const net::SocketOptions& net) const;
    std::string fault(const net::ListenerOptions& options) const;
  };

  void apply(const Assignment& one, std::vector<Problem>& problems);
  void apply_listener(const Assignment& one, std::vector<Problem>& problems);
  Status apply_url(const std::string& listener, const Assignment& one);
  Status apply_key(const std::string& listener, const std::string& name, const Assignment& one);
  void settle_listeners();
  void check(std::vector<Problem>& problems);
  void check_listeners(std::vector<Problem>& problems);
  void check_exposure(std::vector<Problem>& problems);
  Origin origin_of(std::string_view key) const;
  void list_listener(const std::string& name, const Listener& listener, std::vector<Effective>& out) const;

  Settings settings_;
  std::map<std::string, Origin, std::less<>> origins_;  ///< by key; a missing one is a default
  std::map<std::string, Listener> listeners_;           ///< by name
  QueueSections queues_;
};

/// One key whose value differs between two configurations.
struct Difference {
  std::string key;
  std::string before;  ///< empty: the listener or the queue did not exist
  std::string after;   ///< empty: it is gone
  bool live = false;   ///< takes effect without a restart
};

std::vector<Difference> differences(const Configuration& before, const Configuration& after);

}  // namespace hermod::config
