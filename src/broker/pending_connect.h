#pragma once
#include <cstdint>
#include <memory>
#include <string>

#include "session/will.h"
#include "wire/property_writer.h"

namespace hermod::broker {

/// What a CONNECT leaves behind while its session is on the way. Owned by the connection.
struct PendingConnect {
  std::string client_id;
  bool client_id_assigned = false;
  std::uint32_t asked_expiry_interval = 0;  ///< seconds
  std::uint32_t expiry_interval = 0;        ///< seconds, as granted
  std::unique_ptr<session::Will> will;
  std::uint16_t server_keep_alive = 0;  ///< seconds; 0: the client's own value stands
  bool response_information = false;
  wire::PropertyWriter about_us;  ///< what CONNACK will tell an MQTT 5 client
};

}  // namespace hermod::broker
