#include "config/configuration.h"

#include <algorithm>

#include "config/listener_keys.h"
#include "config/socket_keys.h"
#include "config/text_list.h"

namespace hermod::config {
namespace {

constexpr std::string_view kNoList = "one value and no list is expected";

bool is_listener_key(std::string_view key) {
  return key.starts_with("listeners.") || key == "listeners";
}

std::string unknown_key(const std::string& key) {
  if (is_listener_key(key)) {
    std::string keys = "url";
    for (const ListenerKey& one : listener_keys()) keys += ", " + std::string(one.key.name);
    for (const SocketKey& one : socket_keys()) keys += ", " + std::string(one.key.name);
    return "unknown key " + key +
           "; a listener is written as [listeners.NAME] with url = \"mqtt://127.0.0.1:1883\", and its keys "
           "are " +
           keys;
  }
  if (key.starts_with("queues.") || key == "queues") return QueueSections::unknown_key(key);
  const std::string nearest = nearest_key(key);
  return "unknown key " + key + (nearest.empty() ? "" : "; did you mean " + nearest + "?");
}

/// Nobody comes in without a name: by a certificate, or by a key where there is nothing else.
bool names_everybody(const net::TlsOptions& tls) {
  const bool has_only_keys = tls.certificates.empty() && !tls.psk_file.empty();
  const bool needs_name =
      tls.identity == net::TlsIdentity::CommonName || tls.identity == net::TlsIdentity::AlternativeName;
  if (has_only_keys) return tls.identity != net::TlsIdentity::None;
  return tls.client_certificate == net::ClientCertificate::Required && needs_name;
}

/// A page of anybody's can then use the browsers on this machine to get here.
bool admits_every_page(const net::ListenerOptions& listener) {
  return listener.websocket && std::ranges::any_of(listener.websocket->origins, [](const std::string& one) {
           return one == "*" || one == "null";  // a page can ask to be shown without an origin
         });
}

}  // namespace

Configuration Configuration::build(const std::vector<Assignment>& values, std::vector<Problem>& problems) {
  Configuration built;
  for (const Assignment& one : values) built.apply(one, problems);
  built.settle_listeners();
  built.settings_.broker.queues.configured = built.queues_.settle(problems);
  built.check(problems);
  return built;
}

void Configuration::apply(const Assignment& one, std::vector<Problem>& problems) {
  if (!split_listener_key(one.key).listener.empty()) return apply_listener(one, problems);
  if (QueueSections::is_queue_key(one.key)) return queues_.apply(one, problems);
  const Key* key = find_key(one.key);
  if (key == nullptr) {
    problems.push_back({one.origin, unknown_key(one.key)});
    return;
  }
  const Result<Value> value = one.is_list && !key->is_list ? failure(Errc::Invalid, std::string(kNoList))
                                                           : key->accept(one.value, one.typed);
  if (!value) {
    problems.push_back({one.origin, one.key + ": " + value.error().detail});
    return;
  }
  key->write(settings_, *value);
  origins_.insert_or_assign(one.key, one.origin);
}

void Configuration::apply_listener(const Assignment& one, std::vector<Problem>& problems) {
  const ListenerName name = split_listener_key(one.key);
  const Status applied =
      name.key == "url" ? apply_url(name.listener, one) : apply_key(name.listener, name.key, one);
  if (!applied) problems.push_back({one.origin, one.key + ": " + applied.error().detail});
}

Status Configuration::apply_key(const std::string& listener, const std::string& name, const Assignment& one) {
  const ListenerKey* of_tls = find_listener_key(name);
  const SocketKey* of_sockets = find_socket_key(name);
  const Key& key = of_tls != nullptr ? of_tls->key : of_sockets->key;
  if (one.is_list && !key.is_list) return failure(Errc::Invalid, std::string(kNoList));
  const Result<Value> value = key.accept(one.value, one.typed);
  if (!value) return tl::unexpected(value.error());
  Listener& changed = listeners_[listener];
  if (of_tls != nullptr) {
    of_tls->write(changed.tls, std::get<std::string>(*value));
  } else {
    changed.sockets.insert_or_assign(name, *value);
  }
  changed.origins.insert_or_assign(name, one.origin);
  return {};
}

Status Configuration::apply_url(const std::string& listener, const Assignment& one) {
  const auto* text = std::get_if<std::string>(&one.value);
  if (text == nullptr) return failure(Errc::Invalid, "a text in quotes, or a list of them, is expected");
  std::vector<ListenUrl> urls;
  std::vector<std::string> words = split_list(*text);
  if (words.empty()) words.emplace_back();
  for (const std::string& word : words) {
    const Result<ListenUrl> url = parse_listen_url(word);
    if (!url) return failure(url.error().code, (words.size() > 1 ? word + ": " : "") + url.error().detail);
    urls.push_back(*url);
  }
  for (const ListenUrl& url : urls) {
    const ListenUrl& first = urls.front();
    if (url.is_tls != first.is_tls || url.is_websocket != first.is_websocket ||
        url.address.is_unix() != first.address.is_unix())
      return failure(Errc::Invalid, "all urls of a listener begin alike; another scheme is another listener");
    if (url.path != first.path)
      return failure(Errc::Invalid, "all urls of a listener have the same path; another is another listener");
    if (std::ranges::count(urls, url) > 1)
      return failure(Errc::Invalid, listen_url(url) + " stands there twice");
  }
  Listener& changed = listeners_[listener];
  changed.urls = std::move(urls);
  changed.origin = one.origin;
  changed.has_url = true;
  return {};
}

void Configuration::settle_listeners() {
  // Somebody who names listeners on the command line means those and no others.
  const auto from_flag = [](const auto& entry) {
    return entry.second.has_url && entry.second.origin.place == Origin::Place::Flag;
  };
  if (std::ranges::any_of(listeners_, from_flag)) std::erase_if(listeners_, std::not_fn(from_flag));
  if (listeners_.empty()) listeners_.emplace("default", Listener{.has_url = true});
  settings_.broker.net.listeners.clear();
  for (const auto& [name, listener] : listeners_)
    settings_.broker.net.listeners.push_back(listener.options(name, settings_.broker.net));
}

std::vector<std::string> Configuration::Listener::written(bool of_sockets) const {
  std::vector<std::string> out;
  for (const auto& [key, where] : origins)
    if (sockets.contains(key) == of_sockets) out.push_back(key);
  return out;
}

std::string Configuration::Listener::url_text() const {
  std::vector<std::string> texts;
  for (const ListenUrl& url : urls) texts.push_back(listen_url(url));
  return list_text(texts);
}

Origin Configuration::Listener::origin_of(std::string_view key) const {
  const auto found = origins.find(key);
  return found == origins.end() ? Origin{} : found->second;
}

net::ListenerOptions Configuration::Listener::options(const std::string& name,
                                                      const net::SocketOptions& net) const {
  net::ListenerOptions out{.name = name, .addresses = {}, .socket = net};
  for (const ListenUrl& url : urls) out.addresses.push_back(url.address);
  const bool is_websocket = urls.front().is_websocket;
  if (is_websocket) out.websocket = net::WebSocketOptions{.path = urls.front().path};
  for (const auto& [key, value] : sockets) find_socket_key(key)->write(out, value);
  if (!is_tls()) {
    out.identity = tls.identity;
    return out;
  }
  out.tls = tls;
  out.tls->application_protocol = is_websocket ? "http/1.1" : "mqtt";
  return out;
}

std::string Configuration::Listener::fault(const net::ListenerOptions& options) const {
  if (!has_url) return "it has no url";
  std::string of_tls = tls_fault(tls, written(false), is_tls());
  return of_tls.empty() ? socket_fault(options, written(true)) : of_tls;
}

void Configuration::check_listeners(std::vector<Problem>& problems) {
  for (const auto& [name, listener] : listeners_) {
    const Origin& where = listener.has_url ? listener.origin : listener.origins.begin()->second;
    const std::string fault = listener.fault(listener.options(name, settings_.broker.net));
    if (fault.empty()) continue;
    std::string text = "listener ";
    text.append(name).append(": ").append(fault);
    problems.push_back({where, std::move(text)});
  }
}

void Configuration::check(std::vector<Problem>& problems) {
  check_listeners(problems);
  check_exposure(problems);
  const broker::MqttOptions& mqtt = settings_.broker.mqtt;
  // A connection has this time for everything up to its CONNECT.
  const auto up_to_connect = std::chrono::duration_cast<std::chrono::milliseconds>(mqtt.connect_timeout);
  std::chrono::milliseconds& handshake = settings_.broker.net.tls.handshake_timeout;
  handshake = std::min(handshake, up_to_connect);
  std::chrono::milliseconds& request = settings_.broker.net.websocket.request_timeout;
  request = std::min(request, up_to_connect);
  if (origins_.contains("mqtt.max_connect_size") && mqtt.max_connect_size > mqtt.max_packet_size) {
    problems.push_back(
        {origin_of("mqtt.max_connect_size"), "mqtt.max_connect_size must not be above mqtt.max_packet_size"});
  }
}

void Configuration::check_exposure(std::vector<Problem>& problems) {
  if (origins_.contains("auth.allow_anonymous")) return;
  settings_.broker.allow_anonymous = true;
  for (const auto& [name, listener] : listeners_) {
    const auto reachable =
        std::ranges::find_if(listener.urls, [](const ListenUrl& url) { return !is_loopback(url.address); });
    const net::ListenerOptions options = listener.options(name, settings_.broker.net);
    const bool is_proxied = options.proxy.use != net::ProxyUse::Off || !options.proxy.proxies.empty();
    const bool is_remote = reachable != listener.urls.end();
    if (!is_remote && !is_proxied && !admits_every_page(options)) continue;
    // Who is named in a request for a WebSocket has no name by the proxy's certificate.
    const bool may_be_forwarded = options.websocket && is_proxied;
    if (listener.is_tls() && names_everybody(listener.tls) && !may_be_forwarded) continue;
    settings_.broker.allow_anonymous = false;
    std::string text = "listener " + name + " (" +
                       listen_url(is_remote ? *reachable : listener.urls.front()) +
                       (is_remote || is_proxied
                            ? ") can be reached from other machines"
                            : ") can be reached by every web page in a browser on this machine (origins)");
    if (is_proxied) text += ", through a proxy";
    text +=
        ", and nothing says whether clients need a user name. "
        "If everybody may connect, these two lines in the configuration file settle it:\n"
        "    [auth]\n    allow_anonymous = true";
    if (listener.origin.place == Origin::Place::Flag)
      text += "\nor this flag:\n    --set auth.allow_anonymous=true";
    problems.push_back({listener.origin, std::move(text)});
  }
}

Origin Configuration::origin_of(std::string_view key) const {
  const auto found = origins_.find(key);
  return found == origins_.end() ? Origin{} : found->second;
}

void Configuration::list_listener(const std::string& name, const Listener& listener,
                                  std::vector<Effective>& out) const {
  const std::string lead = "listeners." + name + ".";
  const net::ListenerOptions options = listener.options(name, settings_.broker.net);
  out.push_back({lead + "url", listener.url_text(), listener.origin});
  for (const ListenerKey& one : listener_keys()) {
    if (!listener.is_tls() && !listener.origins.contains(one.key.name)) continue;
    out.push_back(
        {lead + std::string(one.key.name), one.read(listener.tls), listener.origin_of(one.key.name)});
  }
  for (const SocketKey& one : socket_keys()) {
    if (!one.is_for(options)) continue;
    const Origin origin = one.follows_net && !listener.sockets.contains(one.key.name)
                              ? origin_of("net." + std::string(one.key.name))
                              : listener.origin_of(one.key.name);
    out.push_back({lead + std::string(one.key.name), one.key.plain_text(one.read(options)), origin});
  }
}

std::vector<Effective> Configuration::effective() const {
  std::vector<Effective> out;
  for (const auto& [name, listener] : listeners_) list_listener(name, listener, out);
  queues_.list(out);
  for (const Key& key : keys()) {
    out.push_back({std::string(key.name), key.plain_text(key.read(settings_)), origin_of(key.name)});
  }
  return out;
}

std::string Configuration::effective_text() const {
  const std::vector<Effective> all = effective();
  std::size_t width = 0;
  for (const Effective& one : all) width = std::max(width, one.key.size() + one.value.size());
  std::string out;
  for (const Effective& one : all) {
    const std::size_t gap = width - one.key.size() - one.value.size() + 3;
    out += one.key + " = " + one.value + std::string(gap, ' ') + "(" + one.origin.text() + ")\n";
  }
  return out;
}

namespace {

/// The key that stands for all of the listener or the queue that `key` belongs to; empty for that one itself,
/// and for other keys.
std::string head_of(const std::string& key) {
  const ListenerName name = split_listener_key(key);
  const std::string head =
      name.listener.empty() ? QueueSections::head_of(key) : "listeners." + name.listener + ".url";
  return head == key ? "" : head;
}

/// A key of TLS takes effect at once where the listener itself stays what it was.
bool is_live_listener_key(const std::string& key, const Difference& url) {
  const bool is_tls = url.after.starts_with("mqtts") || url.after.starts_with("wss");
  return find_listener_key(split_listener_key(key).key) != nullptr && is_tls && url.before == url.after;
}

}  // namespace

std::vector<Difference> differences(const Configuration& before, const Configuration& after) {
  std::map<std::string, Difference> by_key;
  for (const Effective& one : before.effective()) by_key[one.key].before = one.value;
  for (const Effective& one : after.effective()) by_key[one.key].after = one.value;
  std::vector<Difference> out;
  for (auto& [name, difference] : by_key) {
    if (difference.before == difference.after) continue;
    const auto beside = by_key.find(head_of(name));
    const Difference* head = beside == by_key.end() ? nullptr : &beside->second;
    if (head != nullptr && (head->before.empty() || head->after.empty())) continue;  // all comes or goes
    const Key* key = find_key(name);
    difference.key = name;
    difference.live = (key != nullptr && key->change == Change::Live) ||
                      (head != nullptr && is_live_listener_key(name, *head));
    out.push_back(difference);
  }
  return out;
}

}  // namespace hermod::config
