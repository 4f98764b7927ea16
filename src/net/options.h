#pragma once
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace hermod::net {

/// Where to listen: a numeric IPv4 or IPv6 address (a scope as in fe80::1%eth0 is fine), "localhost" for
/// 127.0.0.1, or "*" for every address of both families. Port 0 lets the system choose. Or the path of a Unix
/// socket, and then host and port say nothing.
struct ListenAddress {
  std::string host = "127.0.0.1";
  std::uint16_t port = 1883;
  std::string path{};
  bool takes_ipv4 = false;  ///< of "::": IPv4 too, as "*" always does

  bool is_unix() const { return !path.empty(); }
  friend bool operator==(const ListenAddress&, const ListenAddress&) = default;
};

enum class TlsVersion : std::uint8_t { Tls12, Tls13 };

/// Whether a client is asked for a certificate, and may come without one.
enum class ClientCertificate : std::uint8_t { Off, Optional, Required };

/// What says who the client is: a name of its certificate, the system's name of the user who connected to a
/// Unix socket, or the identity of its pre-shared key, which counts with the names of certificates too.
enum class TlsIdentity : std::uint8_t { None, CommonName, AlternativeName, SystemUser, PreSharedKey };

/// The TLS side of one listener. Files are paths of PEM files, or cred:NAME for the credential NAME that
/// systemd hands to the service. `certificates`, `keys` and, unless empty, `ocsp` belong together by
/// position.
struct TlsOptions {
  std::vector<std::string> certificates;  ///< each with its chain behind it; the first is the one without SNI
  std::vector<std::string> keys;
  std::vector<std::string> ocsp;  ///< OCSP responses (DER) to staple; an empty name: none
  std::string ca;                 ///< who signs certificates of clients
  std::string crl;                ///< which of those are revoked; empty: not asked
  std::string psk_file;           ///< lines of identity:key; who has such a key needs no certificate
  std::string psk_hint;           ///< for clients of TLS 1.2 that have several keys
  ClientCertificate client_certificate = ClientCertificate::Off;
  TlsIdentity identity = TlsIdentity::None;
  TlsVersion minimum_version = TlsVersion::Tls12;
  std::string application_protocol;  ///< ALPN; a client that offers some, and not this one, is refused
  friend bool operator==(const TlsOptions&, const TlsOptions&) = default;
};

/// The WebSocket side of one listener.
struct WebSocketOptions {
  std::string path = "/mqtt";
  bool requires_subprotocol = true;  ///< false: a client may ask for none
  bool compresses = false;           ///< with clients that offer permessage-deflate
  /// See OriginList. A page from elsewhere must be named: its visitor's browser may reach what it cannot.
  std::vector<std::string> origins{"absent", "loopback"};
  friend bool operator==(const WebSocketOptions&, const WebSocketOptions&) = default;
};

/// What the sockets of a listener are told; accepted connections inherit it.
struct SocketOptions {
  int backlog = 4096;    ///< connections the kernel holds for us; capped by net.core.somaxconn
  bool no_delay = true;  ///< TCP_NODELAY: output is coalesced per tick already
  std::chrono::seconds keep_alive_idle{600};     ///< TCP keep-alive after this long; 0 = off
  std::chrono::seconds keep_alive_interval{30};  ///< between probes
  int keep_alive_probes = 3;                     ///< unanswered probes before the connection counts as dead
  int send_buffer = 0;                           ///< SO_SNDBUF in bytes; 0 = the kernel decides
  int receive_buffer = 0;                        ///< SO_RCVBUF in bytes; 0 = the kernel decides
  friend bool operator==(const SocketOptions&, const SocketOptions&) = default;
};

/// The file of a Unix socket that we make.
struct SocketFileOptions {
  std::uint32_t mode = 0660;  ///< who may connect: needs the right to write
  std::string owner{};        ///< as for chown(1): "user", "user:group" or ":group"; empty: who we are
  friend bool operator==(const SocketFileOptions&, const SocketFileOptions&) = default;
};

/// IP addresses with the same first bits; an IPv4 address is held as IPv4-mapped IPv6, so 10.0.0.0/8 has 104.
struct AddressRange {
  std::array<std::uint8_t, 16> first{};
  std::uint8_t bits = 128;
  friend bool operator==(const AddressRange&, const AddressRange&) = default;
};

/// Who sends a PROXY header in front of its clients' bytes.
enum class ProxyUse : std::uint8_t {
  Off,         ///< nobody
  Required,    ///< everybody: only proxies may connect
  FromProxies  ///< the proxies; everybody else connects without one
};

/// The proxies of one listener, and the PROXY protocol.
struct ProxyOptions {
  ProxyUse use = ProxyUse::Off;
  /// Who is believed about the addresses of clients, by a PROXY header or, over WebSocket, X-Forwarded-For;
  /// not asked on a Unix socket.
  std::vector<AddressRange> proxies{};
  std::chrono::milliseconds timeout{3000};  ///< for the whole header
  std::uint32_t max_size = 536;             ///< bytes of a header of version 2
  friend bool operator==(const ProxyOptions&, const ProxyOptions&) = default;
};

/// One listener.
struct ListenerOptions {
  std::string name = "default";
  std::vector<ListenAddress> addresses{ListenAddress{}};  ///< all of them IP, or all of them Unix sockets
  std::optional<TlsOptions> tls{};                        ///< none: plain
  std::optional<WebSocketOptions> websocket{};            ///< none: MQTT without frames
  SocketOptions socket{};
  SocketFileOptions file{};
  ProxyOptions proxy{};
  /// Without TLS: CommonName is that of a certificate a proxy has verified, SystemUser is for Unix sockets.
  TlsIdentity identity = TlsIdentity::None;
  std::uint32_t max_connections = 0;              ///< at the same time; 0 = no limit
  std::uint32_t max_connections_per_address = 0;  ///< of them; 0 = no limit
  friend bool operator==(const ListenerOptions&, const ListenerOptions&) = default;
};

/// What handshakes may cost; for all TLS listeners together.
struct TlsLimits {
  std::chrono::milliseconds handshake_timeout{10'000};
  std::uint32_t max_handshakes_per_second = 0;              ///< more wait for their turn; 0 = no limit
  std::uint32_t max_handshakes_per_second_per_address = 0;  ///< more are refused; 0 = no limit
  std::chrono::seconds ticket_rotation{3600};  ///< a ticket is good for at least this long, at most for twice
  bool watch_files = true;                     ///< the files of listeners are read again when they change
};

/// What a WebSocket may cost; for all WebSocket listeners.
struct WebSocketLimits {
  std::chrono::milliseconds request_timeout{5000};  ///< for the request that asks for it
  std::uint32_t max_request_size = 8U << 10;        ///< bytes of this request
  std::chrono::milliseconds ping_interval{0};       ///< between pings to every client; 0 = none
};

/// Numbers of the net room; plain data, filled by config, unchanged while the broker runs. The SocketOptions
/// are those of sockets without a listener's own.
struct Options : SocketOptions {
  std::vector<ListenerOptions> listeners{ListenerOptions{}};
  TlsLimits tls;
  WebSocketLimits websocket;

  std::uint32_t accept_batch = 64;              ///< connections taken per readiness of a listener
  std::chrono::milliseconds accept_pause{100};  ///< rest after running out of descriptors or memory

  std::size_t write_high_mark = 256U << 10;    ///< bytes of output at which a transport counts as full
  std::size_t write_low_mark = 64U << 10;      ///< bytes of output at which it takes more again
  std::chrono::milliseconds close_time{5000};  ///< for the last output and the peer's end of stream at close
};

}  // namespace hermod::net
