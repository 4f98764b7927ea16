#include "net/websocket_guest.h"

#include <libwebsockets.h>

#include <mutex>
#include <string_view>

#include "base/log.h"
#include "net/websocket_link.h"

namespace hermod::net {
namespace {

/// What the library has to say concerns its own work; what a client did wrong is logged by its transport.
void log_library(int, const char* line) {
  std::string_view text(line);
  while (text.ends_with('\n')) text.remove_suffix(1);
  log::event(log::Level::Debug, "websocket.library", {{"line", text}});
}

/// The library sends no pings of its own: that would need its clock.
const lws_retry_bo_t* no_pings() {
  static const lws_retry_bo_t kNone{};
  return &kNone;
}

}  // namespace

void WebSocketGuest::Free::operator()(lws_context* context) const {
  lws_context_destroy(context);
}

WebSocketGuest::WebSocketGuest() : room_(kMargin + kFrame) {
  static_assert(kMargin >= LWS_PRE);
}

WebSocketGuest::~WebSocketGuest() = default;

Result<std::unique_ptr<WebSocketGuest>> WebSocketGuest::make() {
  // The library's log is the process's; whoever comes first sets it, for all.
  static std::once_flag log_is_set;
  std::call_once(log_is_set, [] { lws_set_log_level(LLL_ERR | LLL_WARN, log_library); });

  std::unique_ptr<WebSocketGuest> guest(new WebSocketGuest);
  lws_context_creation_info info{};
  info.port = CONTEXT_PORT_NO_LISTEN;
  info.options = LWS_SERVER_OPTION_EXPLICIT_VHOSTS | LWS_SERVER_OPTION_SKIP_SERVER_CANONICAL_NAME;
  guest->context_.reset(lws_create_context(&info));
  if (guest->context_ == nullptr) return failure(Errc::Io, "libwebsockets cannot start");
  info.vhost_name = "hermod";
  info.protocols = WebSocketLink::subprotocols();
  info.retry_and_idle_policy = no_pings();
  guest->host_ = lws_create_vhost(guest->context_.get(), &info);
  if (guest->host_ == nullptr) return failure(Errc::Io, "libwebsockets cannot start");
  return guest;
}

}  // namespace hermod::net
