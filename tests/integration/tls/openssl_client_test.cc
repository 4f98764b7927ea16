#include "tests/integration/tls/tls_test.h"

namespace hermod::integration {

/// What another implementation of the client's side says: `openssl s_client`, in its own words.
class TlsOpensslClient : public Tls {
 protected:
  void SetUp() override {
    Tls::SetUp();
    ASSERT_TRUE(find_program("openssl")) << "install openssl";
  }

  /// Connects, says CONNECT and DISCONNECT, and ends when the broker closes; so whatever the broker sends
  /// behind the handshake, a ticket or an alert, has come.
  Finished s_client(const std::vector<std::string>& options) {
    files_.write("stdin", connect_bytes({.client_id = "s_client", .version = Version::V311}) +
                              disconnect_bytes(Version::V311));
    std::vector<std::string> words{"sh",
                                   "-c",
                                   R"(exec openssl s_client "$@" <"$0")",
                                   files_.path("stdin"),
                                   "-ign_eof",
                                   "-CAfile",
                                   files_.path("ca.pem"),
                                   "-verify_return_error",
                                   "-connect",
                                   "127.0.0.1:" + std::to_string(tls_port_.number())};
    words.insert(words.end(), options.begin(), options.end());
    return run(words);
  }
  /// Its output, of a handshake that succeeded and a client that got its CONNACK.
  std::string accepted(const std::vector<std::string>& options) {
    const Finished finished = s_client(options);
    EXPECT_EQ(finished.exit_code, 0) << finished.errors;
    EXPECT_THAT(finished.output, HasSubstr(std::string("\x20\x02\0\0", 4))) << finished.errors;
    return finished.output;
  }
  /// Its errors, of a handshake that failed.
  std::string refused(const std::vector<std::string>& options) {
    const Finished finished = s_client(options);
    EXPECT_NE(finished.exit_code, 0) << finished.output;
    EXPECT_EQ(finished.output.find(std::string("\x20\x02\0\0", 4)), std::string::npos) << finished.output;
    return finished.errors;
  }
  std::vector<std::string> certificate_of(const std::string& name) {
    return {"-cert", files_.path(name + ".pem"), "-key", files_.path(name + ".key")};
  }
};

TEST_F(TlsOpensslClient, SpeaksTls12And13AndNothingOlder) {
  start_tls();
  for (const auto& [option, name] : {std::pair{"-tls1_2", "TLSv1.2"}, std::pair{"-tls1_3", "TLSv1.3"}}) {
    const std::string output = accepted({option});
    EXPECT_THAT(output, HasSubstr(std::string("New, ") + name + ", Cipher is "));
    EXPECT_THAT(output, HasSubstr("Verify return code: 0 (ok)"));
    EXPECT_THAT(output, HasSubstr("Compression: NONE"));
  }
  // Without that level it would not even ask.
  for (const char* option : {"-tls1", "-tls1_1"})
    EXPECT_THAT(refused({option, "-cipher", "DEFAULT:@SECLEVEL=0"}), HasSubstr("alert protocol version"))
        << option;
}

TEST_F(TlsOpensslClient, GetsTheCipherItAsksForUnlessThatIsWeak) {
  files_.write_pair("server", files_.authority().issue({.common_name = "localhost", .kind = KeyKind::Rsa}));
  start_tls();
  for (const char* good : {"ECDHE-RSA-AES128-GCM-SHA256", "DHE-RSA-CHACHA20-POLY1305"})
    EXPECT_THAT(accepted({"-tls1_2", "-cipher", good}),
                HasSubstr(std::string("New, TLSv1.2, Cipher is ") + good + "\n"));
  for (const char* weak : {"AES128-GCM-SHA256", "ECDHE-RSA-AES128-SHA256", "AES128-SHA"})
    EXPECT_THAT(refused({"-tls1_2", "-cipher", weak}), HasSubstr("alert handshake failure")) << weak;
  EXPECT_THAT(accepted({"-tls1_3", "-ciphersuites", "TLS_CHACHA20_POLY1305_SHA256"}),
              HasSubstr("New, TLSv1.3, Cipher is TLS_CHACHA20_POLY1305_SHA256\n"));
  EXPECT_THAT(refused({"-tls1_3", "-ciphersuites", "TLS_AES_128_CCM_SHA256"}),
              HasSubstr("alert handshake failure"));
}

TEST_F(TlsOpensslClient, AgreesOnTheProtocolMqtt) {
  start_tls();
  EXPECT_THAT(accepted({"-alpn", "http/1.1,mqtt"}), HasSubstr("ALPN protocol: mqtt\n"));
  EXPECT_THAT(accepted({}), HasSubstr("No ALPN negotiated\n"));
  EXPECT_THAT(refused({"-alpn", "http/1.1"}), HasSubstr("alert no application protocol"));
}

TEST_F(TlsOpensslClient, IsShownTheCertificateOfTheNameItAsksFor) {
  files_.write_pair("other",
                    files_.authority().issue({.common_name = "other", .names = {"DNS:mqtt.example.org"}}));
  start_tls({{"certificate", files_.path("server.pem") + ", " + files_.path("other.pem")},
             {"key", files_.path("server.key") + ", " + files_.path("other.key")}});
  EXPECT_THAT(accepted({"-servername", "mqtt.example.org", "-verify_hostname", "mqtt.example.org"}),
              HasSubstr("subject=CN = other\n"));
  for (const std::vector<std::string>& options :
       {std::vector<std::string>{"-servername", "localhost"}, std::vector<std::string>{"-noservername"}})
    EXPECT_THAT(accepted(options), HasSubstr("subject=CN = localhost\n"));
}

TEST_F(TlsOpensslClient, IsSentTheResponseOfTheAuthority) {
  const Certificate server =
      files_.authority().issue({.common_name = "localhost", .names = {"DNS:localhost"}});
  files_.write_pair("server", server);
  files_.write("server.ocsp", files_.authority().ocsp_response(server));
  start_tls({{"ocsp", files_.path("server.ocsp")}});
  for (const char* version : {"-tls1_2", "-tls1_3"}) {
    const std::string output = accepted({version, "-status"});
    EXPECT_THAT(output, HasSubstr("OCSP Response Status: successful (0x0)"));
    EXPECT_THAT(output, HasSubstr("Cert Status: good"));
  }
  files_.write("server.ocsp", files_.authority().ocsp_response(server, -1s));
  reload("config.reloaded");
  EXPECT_THAT(accepted({"-status"}), HasSubstr("OCSP response: no response sent"));
}

TEST_F(TlsOpensslClient, ResumesItsSession) {
  start_tls({}, {}, 4);
  for (const auto& [option, name] : {std::pair{"-tls1_2", "TLSv1.2"}, std::pair{"-tls1_3", "TLSv1.3"}}) {
    EXPECT_THAT(accepted({option, "-sess_out", files_.path("session")}),
                HasSubstr(std::string("New, ") + name + ", Cipher is "));
    EXPECT_THAT(accepted({option, "-sess_in", files_.path("session")}),
                HasSubstr(std::string("Reused, ") + name + ", Cipher is "));
  }
}

TEST_F(TlsOpensslClient, ShowsItsCertificateUnlessThatIsRevoked) {
  const Certificate lost = files_.authority().issue({.common_name = "lost"});
  files_.write_pair("lost", lost);
  files_.write_pair("device", files_.authority().issue({.common_name = "device"}));
  files_.write("crl.pem", files_.authority().revocations({lost.serial}));
  start_with_client_certificates("required", {{"crl", files_.path("crl.pem")}, {"identity", "cn"}});
  for (const std::string version : {"-tls1_2", "-tls1_3"}) {
    const auto with = [&](const std::string& name) {
      std::vector<std::string> options = certificate_of(name);
      options.push_back(version);
      return options;
    };
    EXPECT_THAT(accepted(with("device")),
                HasSubstr("Acceptable client certificate CA names\nCN = hermod test authority\n"));
    EXPECT_THAT(refused(with("lost")), HasSubstr("alert certificate revoked")) << version;
    EXPECT_THAT(refused({version}),
                HasSubstr(version == "-tls1_2" ? "alert handshake failure" : "alert certificate required"));
  }
  expect_logged("user=device");
}

TEST_F(TlsOpensslClient, MayHaveAKeyInstead) {
  const std::string key = "00112233445566778899aabbccddeeff";
  files_.write("psk.txt", "sensor:" + key + "\n");
  start_tls({{"certificate", ""},
             {"key", ""},
             {"psk_file", files_.path("psk.txt")},
             {"psk_hint", "which of them"},
             {"identity", "psk"}});
  const auto with = [](const std::string& psk, const std::string& identity = "sensor") {
    return std::vector<std::string>{"-tls1_2", "-cipher", "PSK", "-psk_identity", identity, "-psk", psk};
  };
  const std::string output = accepted(with(key));
  EXPECT_THAT(output, HasSubstr("New, TLSv1.2, Cipher is "));
  EXPECT_THAT(output, HasSubstr("PSK identity: sensor\n"));
  EXPECT_THAT(output, HasSubstr("PSK identity hint: which of them\n"));
  EXPECT_THAT(output, HasSubstr("no peer certificate available"));
  // To TLS 1.3 a key is what a session is.
  EXPECT_THAT(accepted({"-tls1_3", "-psk_identity", "sensor", "-psk", key}),
              HasSubstr("Reused, TLSv1.3, Cipher is TLS_AES_128_GCM_SHA256\n"));
  expect_logged("user=sensor");
  EXPECT_THAT(refused(with("0011")), HasSubstr("alert bad record mac"));
  EXPECT_THAT(refused(with(key, "stranger")), HasSubstr("alert unknown psk identity"));
}

}  // namespace hermod::integration
