#pragma once
#include <cstdint>
#include <span>
#include <string>

#include "control_client.h"
#include "output.h"

namespace hermod::ctl {

// What a broker has answered, for people and as JSON. None of it is trusted to have the form it should.

/// A value as JSON that a terminal takes.
std::string value_json(const Json& value);
/// The fields of an object, and in their place those of one that is inside under "options".
Fields fields_of(const Json& object);
/// A member that has to be a list; empty when it is none.
Json list_in(const Json& data, const char* name);
/// A member that has to be a text; empty when it is none.
std::string text_in(const Json& object, const char* name);
/// 0: it is not there, or no number.
std::uint64_t number_in(const Json& object, const char* name);
/// There are others behind what was answered.
bool has_more(const Json& data);

/// A line for each object, and above them the names of these columns.
void print_table(const Json& objects, std::span<const char* const> columns);
/// A line for each object, with all its fields.
void print_lines(const Json& objects, Format format);
/// One object: a line for each field, or JSON. Nothing when there is none.
void print_object(const Json& object, Format format);

/// All queues and streams of the broker, page by page.
Result<Json> all_queues(ControlClient& broker);

}  // namespace hermod::ctl
