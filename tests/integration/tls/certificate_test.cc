#include "tests/integration/tls/tls_test.h"

namespace hermod::integration {

class TlsCertificates : public Tls {
 protected:
  /// Further pairs of files, named like these.
  void start_with_pairs(const std::vector<std::string>& names, const Settings& more = {}) {
    std::string certificates = files_.path("server.pem");
    std::string keys = files_.path("server.key");
    for (const std::string& name : names) {
      certificates += ", " + files_.path(name + ".pem");
      keys += ", " + files_.path(name + ".key");
    }
    Settings settings{{"certificate", certificates}, {"key", keys}};
    settings.insert(settings.end(), more.begin(), more.end());
    start_tls(settings);
  }
  std::string server_for(const std::string& host, int only_version = 0) {
    return raw_over_tls({.host = host, .only_version = only_version}).tls().server();
  }
};

TEST_F(TlsCertificates, AreChosenByTheNameTheClientAsksFor) {
  files_.write_pair("exact",
                    files_.authority().issue({.common_name = "exact", .names = {"DNS:mqtt.example.org"}}));
  files_.write_pair("wild",
                    files_.authority().issue({.common_name = "wild", .names = {"DNS:*.example.org"}}));
  start_with_pairs({"wild", "exact"});
  for (const int version : {12, 13}) {
    EXPECT_EQ(server_for("mqtt.example.org", version), "exact");
    EXPECT_EQ(server_for("MQTT.Example.ORG", version), "exact");
    EXPECT_EQ(server_for("other.example.org", version), "wild");
    EXPECT_EQ(server_for("a.b.example.org", version), "localhost") << "a wildcard is one label";
    EXPECT_EQ(server_for("example.org", version), "localhost");
    EXPECT_EQ(server_for("", version), "localhost") << "no name: the first";
  }
}

TEST_F(TlsCertificates, OfTwoKindsStandSideBySide) {
  const std::vector<std::string> names{"DNS:localhost", "IP:127.0.0.1"};
  files_.write_pair(
      "rsa", files_.authority().issue({.common_name = "localhost", .names = names, .kind = KeyKind::Rsa}));
  start_with_pairs({"rsa"});
  EXPECT_TRUE(raw_over_tls({.only_version = 12, .ciphers = "ECDHE-RSA-AES128-GCM-SHA256"})
                  .tls()
                  .has_rsa_certificate());
  EXPECT_FALSE(raw_over_tls({.only_version = 12, .ciphers = "ECDHE-ECDSA-AES128-GCM-SHA256"})
                   .tls()
                   .has_rsa_certificate());
}

TEST_F(TlsCertificates, AnExpiredOneIsServedAndWarnedOf) {
  files_.write_pair(
      "server", files_.authority().issue({.common_name = "localhost", .valid_for = std::chrono::hours{-1}}));
  start_tls();
  EXPECT_EQ(refusal({}), "");
  expect_logged("the certificate expired on");
}

TEST_F(TlsCertificates, AKeyThatOthersMayReadOrChangeIsWarnedOf) {
  start_tls({}, {{"tls.watch_files", "false"}});
  const auto warning_at = [&](unsigned mode) {
    const std::size_t before = broker().log().size();
    std::filesystem::permissions(files_.path("server.key"), std::filesystem::perms{mode});
    reload("config.reloaded");
    const std::string said = broker().log().substr(before);
    const std::size_t begin = said.find("server.key: ");
    return begin == std::string::npos ? "" : said.substr(begin, said.find('"', begin) - begin);
  };
  EXPECT_EQ(warning_at(0600), "");
  EXPECT_EQ(warning_at(0640), "") << "so it is shared with a service";
  EXPECT_EQ(warning_at(0644), "server.key: every user of this machine may read the key; chmod o-rwx");
  EXPECT_EQ(warning_at(0602), "server.key: every user of this machine may change the key; chmod o-rwx");
  EXPECT_EQ(warning_at(0606),
            "server.key: every user of this machine may read and change the key; chmod o-rwx");
  EXPECT_EQ(warning_at(0666),
            "server.key: every user of this machine may read and change the key; chmod g-w,o-rwx");
  EXPECT_EQ(warning_at(0620), "server.key: everybody in the file's group may change the key; chmod g-w");
  EXPECT_EQ(warning_at(0664),
            "server.key: every user of this machine may read the key, and everybody in the file's group may "
            "change it; chmod g-w,o-rwx");
}

TEST_F(TlsCertificates, EveryFileMayBeACredentialOfTheService) {
  const Certificate server =
      files_.authority().issue({.common_name = "localhost", .names = {"DNS:localhost"}});
  files_.write_pair("server", server);
  files_.write("server.ocsp", files_.authority().ocsp_response(server));
  files_.write("crl.pem", files_.authority().revocations({}));
  files_.write("psk.txt", "sensor:00112233445566778899aabbccddeeff\n");
  BrokerSetup setup{.settings = files_.settings(tls_port_.number()),
                    .in_front = {"env", "CREDENTIALS_DIRECTORY=" + files_.path("")}};
  setup.settings.emplace_back("listeners.secure.client_certificate", "required");
  for (const auto& [key, file] : Settings{{"certificate", "server.pem"},
                                          {"key", "server.key"},
                                          {"ocsp", "server.ocsp"},
                                          {"ca", "ca.pem"},
                                          {"crl", "crl.pem"},
                                          {"psk_file", "psk.txt"}})
    setup.settings.emplace_back("listeners.secure." + key, "cred:" + file);
  start_broker(std::move(setup));
  EXPECT_EQ(refusal({.certificate = files_.authority().issue({.common_name = "device"})}), "");
  EXPECT_NE(refusal({}), "");
}

/// A broker that cannot start with its files: what it says.
class TlsRefusedFiles : public TlsCertificates {
 protected:
  std::string refused(const Settings& listener) {
    BrokerSetup setup{.settings = files_.settings(tls_port_.number())};
    for (const auto& [key, value] : listener) setup.settings.emplace_back("listeners.secure." + key, value);
    BrokerProcess process(std::move(setup));
    EXPECT_THROW(process.start(), Unexpected);
    return process.log();
  }
};

TEST_F(TlsRefusedFiles, AreNamedWithWhatIsWrong) {
  files_.write("empty.pem", "");
  files_.write("words.pem", "these are no certificates\n");
  files_.write_pair("other", files_.authority().issue({.common_name = "other"}));
  files_.write("secret.key", encrypted_key_pem(files_.authority().own()));
  std::string broken = certificate_pem(files_.authority().own());
  broken.erase(broken.size() / 2, 4);
  files_.write("broken.pem", broken);

  EXPECT_THAT(refused({{"certificate", files_.path("missing.pem")}}),
              HasSubstr(files_.path("missing.pem") + ": No such file"));
  EXPECT_THAT(refused({{"certificate", files_.path("empty.pem")}}),
              HasSubstr("empty.pem: the file is empty"));
  EXPECT_THAT(refused({{"certificate", files_.path("words.pem")}}),
              HasSubstr("words.pem: there is no certificate (PEM) in it"));
  EXPECT_THAT(refused({{"certificate", files_.path("broken.pem")}}),
              HasSubstr("broken.pem: certificate 1 in it is damaged"));
  EXPECT_THAT(refused({{"key", files_.path("server.pem")}}),
              HasSubstr("server.pem: there is no private key (PEM) in it"));
  EXPECT_THAT(
      refused({{"key", files_.path("other.key")}}),
      HasSubstr("other.key: the key does not belong to the certificate in " + files_.path("server.pem")));
  EXPECT_THAT(refused({{"key", files_.path("secret.key")}}), HasSubstr("secret.key: the key is encrypted"));
  EXPECT_THAT(refused({{"ocsp", files_.path("words.pem")}}),
              HasSubstr("words.pem: this is no OCSP response"));
  EXPECT_THAT(refused({{"key", "cred:server.key"}}), HasSubstr("LoadCredential="));
  EXPECT_THAT(refused({{"client_certificate", "required"}, {"ca", files_.path("words.pem")}}),
              HasSubstr("words.pem: there is no certificate (PEM) in it"));
  EXPECT_THAT(refused({{"client_certificate", "required"},
                       {"ca", files_.path("ca.pem")},
                       {"crl", files_.path("ca.pem")}}),
              HasSubstr("ca.pem: there is no revocation list (PEM) in it"));
}

TEST_F(TlsRefusedFiles, KeysThatDoNotFitTogetherAreTold) {
  EXPECT_THAT(refused({{"key", ""}}), HasSubstr("every certificate needs its key"));
  EXPECT_THAT(refused({{"certificate", ""}}), HasSubstr("TLS needs certificate and key"));
  EXPECT_THAT(refused({{"client_certificate", "optional"}}), HasSubstr("client_certificate needs ca"));
  EXPECT_THAT(refused({{"identity", "cn"}}),
              HasSubstr("identity does nothing while client_certificate is off"));
  EXPECT_THAT(refused({{"url", "mqtt://127.0.0.1:" + std::to_string(tls_port_.number())}}),
              HasSubstr("certificate is for a url with mqtts://"));
}

}  // namespace hermod::integration
