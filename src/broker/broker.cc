#include "broker/broker.h"

#include <unistd.h>

#include <algorithm>
#include <optional>
#include <string>
#include <thread>
#include <utility>

#include "base/log.h"
#include "broker/delayed_start.h"
#include "broker/queue_start.h"
#include "broker/recovery.h"
#include "broker/transaction_start.h"
#include "net/open_listener.h"

namespace hermod::broker {
namespace {

/// Fills in what depends on the machine or on other options.
Options completed(Options options) {
  if (options.threads == 0)
    options.threads = static_cast<std::uint16_t>(std::clamp(std::thread::hardware_concurrency(), 1U, 256U));
  // A transport tells that its output drained long before the client's limit is reached again.
  options.net.write_high_mark = options.limits.outbound_buffer / 4;
  options.net.write_low_mark = options.limits.outbound_buffer / 16;
  const long pages = ::sysconf(_SC_PHYS_PAGES);
  const long page = ::sysconf(_SC_PAGESIZE);
  if (pages > 0 && page > 0)
    options.store.machine_memory = static_cast<std::uint64_t>(pages) * static_cast<std::uint64_t>(page);
  if (options.store.path.empty()) options.store.elide_wait = {};  // there is no disk to spare
  return options;
}

std::string_view protocol_of(const net::ListenerOptions& listener) {
  if (listener.websocket) return listener.tls ? "wss" : "ws";
  return listener.tls ? "mqtts" : "mqtt";
}

Result<std::optional<net::WebSocketRules>> websocket_rules(const net::ListenerOptions& listener) {
  if (!listener.websocket) return std::nullopt;
  auto rules = net::WebSocketRules::from(*listener.websocket, listener.proxy.proxies, listener.name,
                                         listener.proxy.use != net::ProxyUse::Off);
  if (!rules) return failure(rules.error().code, "listener " + listener.name + ": " + rules.error().detail);
  return std::move(*rules);
}

}  // namespace

Broker::Broker(Options options, Progress progress)
    : options_(completed(std::move(options))),
      progress_(std::move(progress)),
      counters_(options_.threads + std::size_t{2}),
      retained_(options_.retain),
      directory_({options_.session.max_sessions, options_.session.takeovers_per_minute}),
      queues_({options_.queues.max_queues}),
      delayed_(options_.delayed.max_pending),
      addresses_(options_.limits.max_connections_per_address, options_.net.listeners),
      tls_(options_.net.tls, clock_),
      tls_keeper_(tls_, clock_, options_.net.tls.watch_files) {
  undrained_ = options_.threads;
  for (std::uint16_t i = 0; i < options_.threads; ++i) {
    shards_.push_back(
        std::make_unique<ShardThread>(ShardId{i}, options_, clock_, counters_.block(i), undrained_));
    mailboxes_.push_back(&shards_.back()->mailbox());
  }
  fanout_ = std::make_unique<CommitFanout>(mailboxes_, directory_.slots(), retained_,
                                           counters_.block(options_.threads));
}

net::TlsServers::Opinion Broker::check_files(const Options& options) {
  const SystemClock clock;
  net::TlsServers::Opinion out = net::TlsServers(options.net.tls, clock).check(options.net.listeners);
  for (const net::ListenerOptions& listener : options.net.listeners)
    if (const auto rules = websocket_rules(listener); !rules) out.faults.push_back(rules.error().detail);
  return out;
}

Broker::~Broker() {
  stop();
}

Status Broker::start(std::vector<net::HandedSocket> sockets) {
  for (auto& shard : shards_)
    if (Status status = shard->status(); !status) return status;
  // First what takes no time and goes wrong most often.
  if (Status status = tls_keeper_.load(options_.net.listeners); !status) return status;
  if (Status status = open_store(); !status) return status;
  if (Status status = recover(); !status) return status;
  if (Status status = listen(std::move(sockets)); !status) return status;
  if (store_) store_->start();
  if (keeper_) keeper_->start();
  if (reader_) reader_->start(options_.store.reader_threads);
  committer_->start();
  for (auto& shard : shards_) shard->start();
  running_ = true;
  log_listeners();
  return {};
}

void Broker::log_listeners() const {
  for (const Listening& one : listening_) {
    const log::Field listener{"listener", one.entrance->name()};
    const log::Field protocol{"protocol", protocol_of(one.entrance->options())};
    const log::Field opened{"opened_by", one.is_handed_over ? "systemd" : "hermod"};
    if (one.address.is_unix()) {
      log::event(log::Level::Notice, "listener.started",
                 {listener, {"path", one.address.path}, protocol, opened});
    } else {
      log::event(log::Level::Notice, "listener.started",
                 {listener, {"address", one.address.host}, {"port", one.address.port}, protocol, opened});
    }
  }
}

Status Broker::open_store() {
  if (options_.store.path.empty()) {
    committer_ = std::make_unique<store::Committer>(options_.store, memory_journal_, *fanout_, clock_);
    return {};
  }
  store::OpenReport report;
  auto opened = store::Store::open(options_.store, clock_, report, progress_);
  if (!opened) return tl::unexpected(opened.error());
  store_ = std::move(*opened);
  if (report.set_aside)
    log::event(log::Level::Error, "store.set_aside",
               {{"folder", options_.store.path}, {"moved_to", report.set_aside_path}, {"why", report.why}});
  if (report.upgraded)
    log::event(
        log::Level::Notice, "store.upgraded",
        {{"folder", options_.store.path},
         {"backup", report.backup_path},
         {"why", "the store was of an older format; the backup is not needed any more once all is well"}});
  log::event(log::Level::Notice, "store.opened",
             {{"folder", options_.store.path},
              {"fresh", report.fresh ? "1" : "0"},
              {"groups_replayed", report.groups_replayed},
              {"torn_tail", report.torn_tail ? "1" : "0"},
              {"flush", options_.store.flush.text()}});
  if (options_.store.flush.when != store::Flush::When::Sync)
    log::event(log::Level::Warning, "store.flush",
               {{"policy", options_.store.flush.text()},
                {"why", "a power cut may take QoS 1 messages that were acknowledged"}});
  committer_ = std::make_unique<store::Committer>(options_.store, store_->journal(), *fanout_, clock_,
                                                  &store_->sink());
  committer_->resume(store_->next_group());
  keeper_ = std::make_unique<StoreKeeper>(*store_, *committer_, mailboxes_,
                                          counters_.block(options_.threads + std::size_t{1}));
  reader_ = std::make_unique<StoreReader>(*store_, mailboxes_);
  fanout_->report_failures_to([this] { keeper_->on_failure(); });
  return {};
}

/// On this thread, before there is another.
Status Broker::recover() {
  std::unique_ptr<store::ReadView> view = store_ ? store_->view() : nullptr;
  std::optional<Recovery> recovery;
  if (view) {
    const Recovery::Parts parts{options_,    subscriptions_, retained_,    directory_,
                                *committer_, shards_.size(), clock_.wall()};
    recovery.emplace(parts, *view, [this](const Recovered& found) {
      if (progress_)
        progress_("Recovering: " + std::to_string(found.sessions) + " sessions, " +
                  std::to_string(found.queued_messages) + " queued messages");
    });
  }
  Recovery::Living living;  // until there are shards, which want the number of this start
  if (recovery) {
    const auto found = recovery->run(living);
    if (!found) return tl::unexpected(found.error());
    log::event(log::Level::Notice, "store.recovered",
               {{"sessions", found->sessions},
                {"subscriptions", found->subscriptions},
                {"queued_messages", found->queued_messages},
                {"remaining_messages", found->remaining_messages},
                {"exchanges", found->exchanges},
                {"retained_messages", found->retained_messages},
                {"damaged", found->damaged}});
  }
  queue_ids_.begin(recovery ? recovery->epoch() : 1);
  QueueStart queues(
      {options_,
       subscriptions_,
       queues_,
       queue_ids_,
       *committer_,
       shards_.size(),
       {clock_.now(), clock_.wall()}},
      [this](const QueueStart::Found& found) {
        if (progress_)
          progress_("Recovering: " + std::to_string(found.messages) + " messages of named queues");
      });
  const auto found_queues = queues.run(view.get(), living);
  if (!found_queues) return tl::unexpected(found_queues.error());
  if (found_queues->queues > 0)
    log::event(log::Level::Notice, "queues.recovered",
               {{"queues", found_queues->queues},
                {"messages", found_queues->messages},
                {"claims", found_queues->claims},
                {"lost_claims", found_queues->lost_claims},
                {"damaged", found_queues->damaged}});
  DelayedStart delayed(delayed_, {clock_.now(), clock_.wall()}, [this](const DelayedStart::Found& found) {
    if (progress_) progress_("Recovering: " + std::to_string(found.messages) + " delayed messages");
  });
  if (view) {
    const auto found = delayed.run(*view);
    if (!found) return tl::unexpected(found.error());
    if (found->messages + found->damaged > 0)
      log::event(log::Level::Notice, "delayed.recovered",
                 {{"messages", found->messages}, {"damaged", found->damaged}});
  }
  TransactionStart transactions(options_.transactions, {clock_.now(), clock_.wall()});
  if (view) {
    const auto found = transactions.run(*view);
    if (!found) return tl::unexpected(found.error());
    if (found->open + found->ended + found->damaged > 0)
      log::event(log::Level::Notice, "transactions.recovered",
                 {{"open", found->open},
                  {"messages", found->messages},
                  {"remembered", found->ended},
                  {"damaged", found->damaged}});
  }
  const Shared shared{options_,      recovery ? recovery->epoch() : 1,
                      clock_,        subscriptions_,
                      retained_,     directory_,
                      queues_,       queue_ids_,
                      delayed_,      transactions_,
                      *committer_,   mailboxes_,
                      connections_,  addresses_,
                      keeper_.get(), reader_.get()};
  for (auto& shard : shards_) shard->build(shared);
  for (auto& [home, session, reads] : living.sessions)
    shards_[home.v]->adopt(std::move(session), std::move(reads));
  for (auto& [home, ended, queue] : living.remains) shards_[home.v]->adopt_remains(ended, std::move(queue));
  for (QueueStart::Home& home : queues.take()) shards_[home.shard.v]->adopt_queue(std::move(home.queue));
  if (auto table = transactions.take()) shards_[kTransactionOwner.v]->adopt_transactions(std::move(table));
  if (auto messages = delayed.take()) shards_[kDelayedOwner.v]->adopt_delayed(std::move(messages));
  for (auto& shard : shards_) shard->catch_up();
  committer_->run_once();  // the number of this start, and what recovery has cleaned up
  if (!committer_->healthy())
    return failure(Errc::Io, "the store in " + options_.store.path + " cannot be written");
  return {};
}

Status Broker::listen(std::vector<net::HandedSocket> sockets) {
  net::HandedSockets handed(std::move(sockets));
  if (Status wanted = handed.all_wanted(options_.net.listeners); !wanted) return wanted;
  load_users(options_);
  for (const net::ListenerOptions& listener : options_.net.listeners) {
    auto websocket = websocket_rules(listener);
    if (!websocket) return tl::unexpected(std::move(websocket.error()));
    entrances_.push_back(
        std::make_unique<net::Entrance>(listener, tls_.find(listener.name), &users_, std::move(*websocket)));
    auto opened = net::open_listener(listener, shards_.size(), handed);
    if (!opened) return tl::unexpected(opened.error());
    for (net::OpenAddress& one : *opened) {
      listening_.push_back({entrances_.back().get(), one.address, one.is_handed_over, std::move(one.file)});
      for (std::size_t i = 0; i < shards_.size(); ++i)
        if (Status status = shards_[i]->listen(std::move(one.sockets[i]), *entrances_.back()); !status)
          return status;
    }
  }
  return {};
}

/// On the main thread: it may take its time.
void Broker::load_users(const Options& options) {
  const auto asks = [](const net::ListenerOptions& one) {
    return one.identity == net::TlsIdentity::SystemUser;
  };
  if (std::ranges::none_of(options.net.listeners, asks)) return;
  if (const Status loaded = users_.load(); !loaded)
    log::event(log::Level::Error, "users.not_read",
               {{"reason", loaded.error().detail}, {"then", "those that were read before are known"}});
}

Status Broker::reload(const Options& options) {
  // Else a listener's new rules could let in, until the restart, whom the new configuration wants to keep
  // out.
  if (options_.allow_anonymous && !options.allow_anonymous)
    return failure(Errc::Invalid,
                   "auth.allow_anonymous becomes false, which takes a restart; until then nothing of the new "
                   "configuration is used");
  if (Status loaded = tls_keeper_.load(options.net.listeners); !loaded) return loaded;
  load_users(options_);
  return {};
}

void Broker::stop(std::chrono::milliseconds patience) {
  if (!std::exchange(running_, false)) return;
  // While the sockets still listen: who finds a file that nobody listens on may put another one in its place.
  for (Listening& one : listening_) one.file = {};
  for (auto& shard : shards_) shard->request_stop(patience);
  for (auto& shard : shards_) shard->join();
  if (reader_) reader_->stop();
  if (keeper_) keeper_->stop();
  committer_->stop();
  if (store_) store_->stop();
  listening_.clear();
}

bool Broker::made_progress() {
  last_ticks_.resize(shards_.size());
  bool all = commit_watch_.moved(*committer_);
  for (std::size_t i = 0; i < shards_.size(); ++i) {
    shards_[i]->wake();
    const std::uint64_t ticks = shards_[i]->ticks();
    all = all && ticks != last_ticks_[i];
    last_ticks_[i] = ticks;
  }
  return all;
}

}  // namespace hermod::broker
