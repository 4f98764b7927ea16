#include "config/listener_keys.h"

#include <gtest/gtest.h>

#include "config/socket_keys.h"

namespace hermod::config {
namespace {

using Tls = net::TlsOptions;

TEST(ListenerKeys, EveryNameIsOneOfAListenerAndOfOneKindOnly) {
  for (const ListenerKey& one : listener_keys()) {
    const std::string key = "listeners.lan." + std::string(one.key.name);
    EXPECT_EQ(split_listener_key(key).listener, "lan") << key;
    EXPECT_EQ(split_listener_key(key).key, one.key.name);
    EXPECT_EQ(find_listener_key(one.key.name), &one);
    if (one.key.name == "identity") continue;
    EXPECT_EQ(find_socket_key(one.key.name), nullptr) << key << " would be written to two places";
  }
}

TEST(ListenerKeys, EveryOneReadsWhatItWrites) {
  for (const ListenerKey& one : listener_keys()) {
    Tls tls;
    std::vector<std::string> texts{"a"};
    if (!one.key.choices.empty()) texts.assign(one.key.choices.begin(), one.key.choices.end());
    if (one.key.is_list) texts = {"a", "a, b", ""};
    for (const std::string& text : texts) {
      one.write(tls, text);
      EXPECT_EQ(one.read(tls), text) << one.key.name;
      Tls again;
      one.write(again, text);
      EXPECT_EQ(again, tls) << one.key.name << " writes more than itself";
    }
    one.write(tls, one.read(Tls{}));
    EXPECT_EQ(tls, Tls{}) << one.key.name;
  }
}

TEST(SplitListenerKey, WhatIsNoKeyOfAListenerHasNoName) {
  for (const char* key :
       {"", "listeners", "listeners.", "listeners.lan", "listeners.lan.", "listeners..url",
        "listeners.lan.colour", "listeners.lan.tls.url", "listener.lan.url", "mqtt.max_qos"}) {
    EXPECT_EQ(split_listener_key(key).listener, "") << key;
    EXPECT_EQ(split_listener_key(key).key, "") << key;
  }
  EXPECT_EQ(split_listener_key("listeners.lan-2.url").listener, "lan-2");
}

/// TLS with what it needs, as a listener of mqtts:// has it.
Tls good_tls() {
  Tls tls;
  tls.certificates = {"a.pem"};
  tls.keys = {"a.key"};
  return tls;
}

template <class Change>
std::string fault_of(Change change, const std::vector<std::string>& written = {}) {
  Tls tls = good_tls();
  change(tls);
  return tls_fault(tls, written, true);
}

TEST(TlsFaultOfListener, WhatIsMissingOrTooMuchIsNamed) {
  EXPECT_EQ(fault_of([](Tls&) {}), "");
  EXPECT_EQ(tls_fault(Tls{}, {}, true), "TLS needs certificate and key, or a psk_file");
  EXPECT_EQ(fault_of([](Tls& t) { t.keys.clear(); }), "every certificate needs its key, and only it");
  EXPECT_EQ(fault_of([](Tls& t) { t.keys.emplace_back("b"); }),
            "every certificate needs its key, and only it");
  EXPECT_EQ(fault_of([](Tls& t) { t.ocsp = {"a", "b"}; }), "there are more OCSP responses than certificates");
  EXPECT_EQ(fault_of([](Tls& t) { t.ocsp = {""}; }), "") << "one that has none to staple";
  EXPECT_EQ(fault_of([](Tls& t) {
              t.certificates = {"a", ""};
              t.keys = {"a", "b"};
            }),
            "there is a comma with no file beside it");
  EXPECT_EQ(fault_of([](Tls& t) { t.psk_hint = "h"; }), "psk_hint does nothing without a psk_file");
  EXPECT_EQ(fault_of([](Tls& t) { t.identity = net::TlsIdentity::PreSharedKey; }),
            "identity = psk needs a psk_file");
  EXPECT_EQ(fault_of([](Tls& t) { t.identity = net::TlsIdentity::SystemUser; }),
            "identity = \"user\" is for a url with unix://");
}

TEST(TlsFaultOfListener, AKeyFileStandsForCertificates) {
  Tls tls;
  tls.psk_file = "keys";
  EXPECT_EQ(tls_fault(tls, {"psk_file"}, true), "");
  tls.psk_hint = "h";
  tls.identity = net::TlsIdentity::PreSharedKey;
  EXPECT_EQ(tls_fault(tls, {"psk_file", "psk_hint", "identity"}, true), "");
}

TEST(TlsFaultOfListener, CertificatesOfClientsNeedTheirAuthorities) {
  for (const auto asked : {net::ClientCertificate::Optional, net::ClientCertificate::Required}) {
    const auto asking = [&](Tls& tls) { tls.client_certificate = asked; };
    EXPECT_EQ(fault_of(asking), "client_certificate needs ca: who signs certificates of clients");
    EXPECT_EQ(fault_of(
                  [&](Tls& tls) {
                    asking(tls);
                    tls.ca = "ca.pem";
                    tls.crl = "crl.pem";
                    tls.identity = net::TlsIdentity::CommonName;
                  },
                  {"ca", "crl", "identity"}),
              "");
  }
}

TEST(TlsFaultOfListener, WhatDoesNothingIsToldWhenSomebodyWroteIt) {
  const std::pair<const char*, void (*)(Tls&)> needless[] = {
      {"ca", [](Tls& t) { t.ca = "ca.pem"; }},
      {"crl", [](Tls& t) { t.crl = "crl.pem"; }},
      {"identity", [](Tls& t) { t.identity = net::TlsIdentity::CommonName; }}};
  for (const auto& [key, change] : needless) {
    EXPECT_EQ(fault_of(change, {key}), std::string(key) + " does nothing while client_certificate is off");
    EXPECT_EQ(fault_of([](Tls&) {}, {key}), "") << "it says what holds anyway";
  }
}

TEST(TlsFaultOfListener, WithoutTlsOnlyTheIdentityMeansSomething) {
  EXPECT_EQ(tls_fault(Tls{}, {"identity"}, false), "");
  EXPECT_EQ(tls_fault(Tls{}, {"identity", "certificate"}, false),
            "certificate is for a url with mqtts:// or wss://");
}

}  // namespace
}  // namespace hermod::config
