#pragma once

/// Names of the broker's settings that the tests change.
namespace hermod::support::setting {

constexpr const char* kConnectTimeout = "mqtt.connect_timeout";
constexpr const char* kMaxSessionExpiry = "mqtt.max_session_expiry";
constexpr const char* kMaxKeepAlive = "mqtt.max_keep_alive";
constexpr const char* kMaxPacketSize = "mqtt.max_packet_size";
constexpr const char* kMaxUserProperties = "mqtt.max_user_properties";
constexpr const char* kMaxFilters = "mqtt.max_filters";
constexpr const char* kReceiveMaximum = "mqtt.receive_maximum";
constexpr const char* kReceiveMaximumMode = "mqtt.receive_maximum_mode";
constexpr const char* kTopicAliasMaximum = "mqtt.topic_alias_maximum";
constexpr const char* kValidatePayloadFormat = "mqtt.validate_payload_format";
constexpr const char* kMaxConnections = "limits.max_connections";
constexpr const char* kMaxConnectionsPerAddress = "limits.max_connections_per_address";
constexpr const char* kTakeoversPerMinute = "limits.takeovers_per_minute";
constexpr const char* kMaxSessions = "limits.max_sessions";
constexpr const char* kMaxSubscriptionsPerSession = "limits.max_subscriptions_per_session";
constexpr const char* kMaxQueuedMessages = "session.max_queued_messages";
constexpr const char* kMaxInflight = "session.max_inflight";
constexpr const char* kCloseTime = "net.close_time";
constexpr const char* kSysInterval = "admin.sys_interval";
constexpr const char* kAllowAnonymous = "auth.allow_anonymous";

}  // namespace hermod::support::setting
