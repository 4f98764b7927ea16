#pragma once
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <string>
#include <thread>

#include "tests/support/broker_test.h"
#include "tests/support/tls_files.h"
#include "tests/support/tls_stream.h"

namespace hermod::integration {

using ::testing::HasSubstr;

/// A broker with a listener `secure` beside the plain one, its files in a folder of the test.
class Tls : public BrokerTest {
 protected:
  void SetUp() override { HERMOD_NEEDS_OWN_BROKER(); }

  /// More settings of the listener, by their last word, and of the broker.
  void start_tls(const Settings& listener = {}, const Settings& others = {}, int threads = 2) {
    BrokerSetup setup{.settings = files_.settings(tls_port_.number()), .threads = threads};
    for (const auto& [key, value] : listener) setup.settings.emplace_back("listeners.secure." + key, value);
    for (const auto& setting : others) setup.settings.push_back(setting);
    start_broker(std::move(setup));
  }
  /// Clients must have a certificate of the authority.
  void start_with_client_certificates(const std::string& mode, Settings listener = {},
                                      const Settings& others = {}) {
    listener.emplace_back("client_certificate", mode);
    listener.emplace_back("ca", files_.path("ca.pem"));
    start_tls(listener, others);
  }

  RawClient raw_over_tls(const TlsClient& client = {}) { return {tls_port_.number(), client}; }
  MqttClient over_tls(const std::string& id, const TlsClient& client = {}, Where where = Where::current()) {
    return {raw_over_tls(client), {.client_id = id}, where};
  }
  /// Why a client with this is not let in, in OpenSSL's words; empty: it is, up to its CONNACK.
  std::string refusal(const TlsClient& client) {
    try {
      RawClient raw = raw_over_tls(client);
      raw.try_send(connect_bytes({.client_id = "tried"}));
      // In TLS 1.3 a client is done before the broker has looked at its certificate.
      if (raw.poll(kPatience)) return "";
      return raw.tls().fault().empty() ? "closed" : raw.tls().fault();
    } catch (const Unexpected& fault) {
      return fault.what();
    }
  }

  /// A session with its ticket, of a client that was let in.
  TlsSession session_of(const TlsClient& client) {
    RawClient raw = raw_over_tls(client);
    raw.send(connect_bytes({.client_id = "first"}));
    raw.next();
    TlsSession session = raw.tls().session();
    if (!session) throw Unexpected("no ticket came");
    return session;
  }
  bool resumes(TlsClient client, const TlsSession& session) {
    client.session = session;
    return raw_over_tls(client).tls().resumed();
  }
  /// The common name of the certificate that the broker shows.
  std::string server() { return raw_over_tls().tls().server(); }

  void expect_logged(const std::string& words, Where where = Where::current()) {
    const auto deadline = Clock::now() + kPatience;
    while (broker().log().find(words) == std::string::npos && Clock::now() < deadline)
      std::this_thread::sleep_for(Millis(5));
    if (broker().log().find(words) == std::string::npos) fail(where, "not in the log: " + words);
  }
  /// Does `change` and waits for `answer` in what the log says from here on.
  template <class Change>
  void after(Change change, const std::string& answer, Where where = Where::current()) {
    const std::size_t before = broker().log().size();
    change();
    const auto deadline = Clock::now() + kPatience;
    while (broker().log().find(answer, before) == std::string::npos) {
      if (Clock::now() > deadline) fail(where, "not in the log: " + answer);
      std::this_thread::sleep_for(Millis(5));
    }
  }
  /// SIGHUP, and waits for `answer`.
  void reload(const std::string& answer, Where where = Where::current()) {
    after([&] { broker().process().signal(SIGHUP); }, answer, where);
  }

  TlsFiles files_;
  LeasedPort tls_port_;
};

}  // namespace hermod::integration
