#include "tests/crash/returning_client.h"

namespace hermod::crash {

using namespace support;

ConnectOptions returning(const std::string& id, Version version) {
  ConnectOptions options{.client_id = id, .version = version, .clean = false};
  if (version == Version::V5) options.properties.add(property::kSessionExpiryInterval, 3600);
  return options;
}

void ReturningClient::start() {
  thread_ = std::thread([this] { run(); });
}

void ReturningClient::stop() {
  stopping_ = true;
  if (thread_.joinable()) thread_.join();
}

void ReturningClient::run() {
  while (!stopping_) {
    try {
      if (!holds_ && connect()) {
        greet();
        while (!stopping_ && !raw_->closed() && step())
          if (const auto packet = raw_->poll(5ms)) on_packet(*packet);
      }
    } catch (const Unexpected&) {
      // The broker died in the middle of something.
    }
    if (connection_ != 0) ledger_.left(connection_);
    connection_ = 0;
    raw_.reset();
    std::this_thread::sleep_for(3ms);
  }
}

bool ReturningClient::connect() {
  life_ = ledger_.life();
  raw_ = std::make_unique<RawClient>(port_);
  if (!raw_->try_send(connect_bytes(options_))) return false;
  const auto answer = raw_->poll(kPatience);
  if (!answer) return false;
  const Connack connack = parse_connack(options_.version, *answer);
  // The life must be the one that has answered.
  if (connack.reason != 0 || ledger_.life() != life_) return false;
  if (has_session_ && !options_.clean && !connack.session_present) ledger_.broken(id() + " lost its session");
  has_session_ = true;
  connection_ = ledger_.connected();
  return true;
}

}  // namespace hermod::crash
