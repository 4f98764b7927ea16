#include <functional>

#include "tests/integration/tls/tls_test.h"

namespace hermod::integration {

/// The revocation list is replaced while clients are connected.
class TlsRevocation : public Tls {
 protected:
  using Replace = std::function<void(const std::string& list)>;

  TlsClient issued_client(int version, const std::string& name) {
    TlsClient made{.only_version = version, .certificate = files_.authority().issue({.common_name = name})};
    made.session = session_of(made);
    return made;
  }
  /// `replace` writes the list and waits until the broker has read it.
  void expect_the_new_list_counts(bool is_watched, const Replace& replace) {
    files_.write("crl.pem", files_.authority().revocations({}));
    start_with_client_certificates("required", {{"crl", files_.path("crl.pem")}},
                                   {{"tls.watch_files", is_watched ? "true" : "false"}});
    std::vector<long> revoked;
    for (const int version : {12, 13}) {
      const TlsClient lost = issued_client(version, "lost");
      const TlsClient good = issued_client(version, "good");
      ASSERT_TRUE(resumes(lost, lost.session)) << version << ": otherwise the refusal below shows nothing";
      MqttClient live = over_tls("live", good);
      live.subscribe("revocation/topic", 2);

      revoked.push_back(lost.certificate->serial);
      replace(files_.authority().revocations(revoked));

      TlsClient lost_without_session = lost;
      lost_without_session.session.reset();
      EXPECT_THAT(refusal(lost_without_session), HasSubstr("certificate revoked")) << version;
      EXPECT_THAT(refusal(lost), HasSubstr("certificate revoked")) << version << ": it must not resume";
      EXPECT_EQ(refusal(good), "") << version;
      live.publish("revocation/topic", "still here", 2);
      EXPECT_EQ(live.receive().payload, "still here") << version;
      live.disconnect();
    }
  }
};

TEST_F(TlsRevocation, CountsAfterSighup) {
  expect_the_new_list_counts(false, [&](const std::string& list) {
    files_.write("crl.pem", list);
    reload("config.reloaded");
  });
  EXPECT_EQ(broker().log().find("tls.files_reloaded"), std::string::npos) << "nobody watches";
}

TEST_F(TlsRevocation, CountsAsSoonAsTheFileIsReplaced) {
  expect_the_new_list_counts(true, [&](const std::string& list) {
    files_.write("next.pem", list);
    after([&] { std::filesystem::rename(files_.path("next.pem"), files_.path("crl.pem")); },
          "tls.files_reloaded");
  });
}

}  // namespace hermod::integration
