#pragma once
#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/counters.h"
#include "base/result.h"
#include "broker/commit_fanout.h"
#include "broker/commit_watch.h"
#include "broker/options.h"
#include "broker/queue_ids.h"
#include "broker/shard_thread.h"
#include "broker/store_keeper.h"
#include "broker/store_reader.h"
#include "broker/view.h"
#include "net/entrance.h"
#include "net/handed_sockets.h"
#include "net/tls_keeper.h"
#include "net/tls_server.h"
#include "net/unix_socket.h"
#include "net/user_names.h"
#include "queue/delayed_room.h"
#include "queue/queue_catalog.h"
#include "queue/transaction_numbers.h"
#include "retain/retained_index.h"
#include "session/session_directory.h"
#include "store/committer.h"
#include "store/memory_journal.h"
#include "store/store.h"
#include "topic/subscription_index.h"

namespace hermod::broker {

/// The whole broker: builds the parts in order, starts their threads and stops them. Owned by main; start()
/// and stop() are called by one thread.
class Broker {
 public:
  /// Told how far a start has come, in words for people.
  using Progress = std::function<void(const std::string&)>;

  explicit Broker(Options options, Progress progress = {});
  Broker(const Broker&) = delete;
  Broker& operator=(const Broker&) = delete;
  /// Stops it if it runs.
  ~Broker();

  /// Opens the store, brings back what it holds, opens the listeners and starts every thread; when it returns
  /// clients can connect. `sockets` were handed over for listeners and are used instead of opening their
  /// addresses. Errors name the folder or the listener and what to do; then nothing runs.
  Status start(std::vector<net::HandedSocket> sockets = {});
  /// Says 0x8B to every client, waits until what was acknowledged is stored and what was written is sent (at
  /// most `patience`), and ends every thread.
  void stop(std::chrono::milliseconds patience = std::chrono::seconds{5});

  /// Reads the files of every TLS listener again, as `options` name them now; new handshakes use them, and
  /// who is connected stays. Errors: of a file that is not good, naming it; then all of them stay as they
  /// were. The system's users are read again too, for listeners that ask for their names.
  Status reload(const Options& options);
  /// Readable when work() has something to do, on the thread that started it; -1: there never is.
  int work_descriptor() const { return tls_keeper_.descriptor(); }
  void work() { tls_keeper_.work(); }

  /// What a start with these options would say of the files and the origins they name, without one.
  static net::TlsServers::Opinion check_files(const Options& options);

  /// True when since the last call every shard thread answered and the committer, if it had work, finished
  /// some; for the watchdog. Calls must be further apart than the slowest healthy write to the disk.
  bool made_progress();

  /// For admin; lives no longer than the broker.
  View view() {
    View::OfStore store;
    if (store_)
      store = {options_.store.flush, [this] { return store_->wear(); },
               [this] {
                 return StoreNumbers{store_->stats(), committer_->healthy()};
               }};
    View::OfTls tls;
    if (!tls_.empty()) tls = {[this] { return tls_.next_expiry(); }};
    View::OfListeners listeners{};
    for (const net::ListenerOptions& each : options_.net.listeners) {
      listeners.websocket = listeners.websocket || each.websocket.has_value();
      listeners.proxies = listeners.proxies || each.proxy.use != net::ProxyUse::Off;
    }
    return {counters_, directory_,          subscriptions_,   retained_,      connections_,
            clock_,    *mailboxes_.front(), std::move(store), std::move(tls), listeners,
            &queues_,  &delayed_,           &transactions_};
  }

 private:
  /// An address that clients can connect to.
  struct Listening {
    const net::Entrance* entrance;
    net::ListenAddress address;
    bool is_handed_over;
    net::SocketFile file;
  };

  Status open_store();
  Status recover();
  Status listen(std::vector<net::HandedSocket> sockets);
  void log_listeners() const;
  void load_users(const Options& options);

  const Options options_;
  const Progress progress_;
  SystemClock clock_;
  Counters counters_;
  topic::SubscriptionIndex subscriptions_;
  retain::RetainedIndex retained_;
  session::SessionDirectory directory_;
  queue::QueueCatalog queues_;
  QueueIds queue_ids_;
  queue::DelayedRoom delayed_;
  queue::TransactionNumbers transactions_;
  std::atomic<std::uint32_t> connections_{0};
  AddressLimits addresses_;
  net::TlsServers tls_;
  net::TlsKeeper tls_keeper_;
  net::UserNames users_;
  std::vector<std::unique_ptr<net::Entrance>> entrances_;  ///< one per listener
  std::unique_ptr<store::Store> store_;                    ///< null: everything is in memory
  store::MemoryJournal memory_journal_;
  std::atomic<std::size_t> undrained_{0};  ///< shards that still have something to end before they stop
  std::vector<std::unique_ptr<ShardThread>> shards_;
  std::vector<ShardMailbox*> mailboxes_;
  std::unique_ptr<CommitFanout> fanout_;
  std::unique_ptr<store::Committer> committer_;
  std::unique_ptr<StoreKeeper> keeper_;
  std::unique_ptr<StoreReader> reader_;  ///< null like store_
  std::vector<Listening> listening_;
  std::vector<std::uint64_t> last_ticks_;
  CommitWatch commit_watch_;
  bool running_ = false;
};

}  // namespace hermod::broker
