#pragma once
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace hermod::net {

/// Where to listen: a numeric IPv4 or IPv6 address (a scope as in fe80::1%eth0 is fine), "localhost" for
/// 127.0.0.1, or "*" for every address of both families. Port 0 lets the system choose.
struct ListenAddress {
  std::string host = "127.0.0.1";
  std::uint16_t port = 1883;
  friend bool operator==(const ListenAddress&, const ListenAddress&) = default;
};

/// Numbers of the net room; plain data, filled by config, unchanged while the broker runs.
struct Options {
  std::vector<ListenAddress> listen{ListenAddress{}};

  int backlog = 4096;               ///< connections the kernel holds for us; capped by net.core.somaxconn
  std::uint32_t accept_batch = 64;  ///< connections taken per readiness of a listener
  std::chrono::milliseconds accept_pause{100};  ///< rest after running out of descriptors or memory

  bool no_delay = true;                          ///< TCP_NODELAY: output is coalesced per tick already
  std::chrono::seconds keep_alive_idle{0};       ///< TCP keep-alive after this long; 0 = off
  std::chrono::seconds keep_alive_interval{30};  ///< between probes
  int keep_alive_probes = 3;                     ///< unanswered probes before the connection counts as dead
  int send_buffer = 0;                           ///< SO_SNDBUF in bytes; 0 = the kernel decides
  int receive_buffer = 0;                        ///< SO_RCVBUF in bytes; 0 = the kernel decides

  std::size_t write_high_mark = 256U << 10;    ///< bytes of output at which a transport counts as full
  std::size_t write_low_mark = 64U << 10;      ///< bytes of output at which it takes more again
  std::chrono::milliseconds close_time{5000};  ///< for the last output and the peer's end of stream at close
};

}  // namespace hermod::net
